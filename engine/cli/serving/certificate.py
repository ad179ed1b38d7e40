"""A certificate for this machine's own address, so that a phone beside it can be served by https.

It is nobody's but ours: self-signed, made in the data folder, for one address, for some months.
"""

from __future__ import annotations

import ipaddress
import os
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from engine.cli.serving.listen import Tls

LIFE: Final = timedelta(days=90)
RENEWED: Final = timedelta(days=7)
CLOCKS_DIFFER: Final = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalCertificate:
    """The files, and the SHA-256 fingerprint that a careful person compares on the phone."""

    tls: Tls
    fingerprint: str


def local_certificate(folder: Path, address: str, now: datetime) -> LocalCertificate:
    """Give the certificate of an address, made anew when it is another's or runs out.

    Args:
        folder: Made for its owner alone when missing.
        address: An IP address of this machine.
        now: UTC.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    tls = Tls(certificate=folder / "certificate.pem", key=folder / "key.pem")
    kept = _read(tls.certificate) if tls.key.is_file() else None
    if kept is None or not _serves(kept, address, now):
        kept = _make(tls, address, now)
    return LocalCertificate(tls=tls, fingerprint=_fingerprint(kept))


def _read(path: Path) -> x509.Certificate | None:
    try:
        return x509.load_pem_x509_certificate(path.read_bytes())
    except (OSError, ValueError):
        return None


def _serves(kept: x509.Certificate, address: str, now: datetime) -> bool:
    names = kept.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    known = names.get_values_for_type(x509.IPAddress)
    return ipaddress.ip_address(address) in known and now + RENEWED < kept.not_valid_after_utc


def _make(tls: Tls, address: str, now: datetime) -> x509.Certificate:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "trustflow demo")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - CLOCKS_DIFFER)
        .not_valid_after(now + LIFE)
        .add_extension(_alternative(address), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(key, hashes.SHA256())
    )
    _write(tls.key, key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ))  # fmt: skip
    _write(tls.certificate, made.public_bytes(serialization.Encoding.PEM))
    return made


def _alternative(address: str) -> x509.SubjectAlternativeName:
    return x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(address))])


def _write(path: Path, content: bytes) -> None:
    """Write a file for its owner alone, whole or not at all."""
    draft = path.with_suffix(".draft")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
    draft.replace(path)


def _fingerprint(kept: x509.Certificate) -> str:
    digest = kept.fingerprint(hashes.SHA256()).hex().upper()
    return " ".join(digest[start : start + 4] for start in range(0, len(digest), 4))
