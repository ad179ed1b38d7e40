"""RS256 by `cryptography`: keys and signatures are made in a thread, verified where they come.

A JWT is three parts of base64url (RFC 7519, RFC 7515 3.1). One algorithm, one type, keys from the
caller alone: whatever else a header says is not read, and a `crit` refuses it (E4).
"""

from __future__ import annotations

import asyncio
import base64
import binascii
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Final

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from engine.errors import VaultRefused
from engine.model.names import JsonObject
from engine.ports.signing import KeyPair
from engine.secret import base64url

ALGORITHM: Final = "RS256"
TYPE: Final = "JWT"
BITS: Final = 3072
LONGEST_TOKEN: Final = 8 * 1024
_EXPONENT: Final = 65_537


class Rs256Signer:
    """Signs and verifies with RSA keys of 3,072 bits."""

    async def make(self) -> KeyPair:
        """Make a key."""
        return await asyncio.to_thread(_made)

    async def sign(self, private: bytes, kid: str, claims: Mapping[str, object]) -> str:
        """Write a JWT."""
        return await asyncio.to_thread(_signed, private, kid, claims)

    def kid(self, token: str) -> str | None:
        """Read which key a token names; None where it is none."""
        header = _object(token.partition(".")[0]) if len(token) <= LONGEST_TOKEN else None
        if header is None or "crit" in header:
            return None
        kid = header.get("kid")
        known = header.get("alg") == ALGORITHM and header.get("typ") == TYPE
        return kid if known and isinstance(kid, str) else None

    def read(self, token: str, public: Sequence[JsonObject]) -> JsonObject | None:
        """Give the claims of a token that one of the keys has signed; None of any other."""
        kid, parts = self.kid(token), token.split(".")
        key = next((one for one in public if one.get("kid") == kid), None)
        if kid is None or key is None or len(parts) != 3:
            return None
        signature = _bytes(parts[2])
        try:
            _public(str(key["n"]), str(key["e"])).verify(
                signature or b"", f"{parts[0]}.{parts[1]}".encode(), padding.PKCS1v15(),
                hashes.SHA256(),
            )  # fmt: skip
        except InvalidSignature:
            return None
        return _object(parts[1])


def _made() -> KeyPair:
    key = rsa.generate_private_key(public_exponent=_EXPONENT, key_size=BITS)
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    numbers = key.public_key().public_numbers()
    public: JsonObject = {"kty": "RSA", "n": _number(numbers.n), "e": _number(numbers.e)}
    return KeyPair(private=private, public=public)


def _signed(private: bytes, kid: str, claims: Mapping[str, object]) -> str:
    header = {"alg": ALGORITHM, "typ": TYPE, "kid": kid}
    said = ".".join(base64url(msgspec.json.encode(part)) for part in (header, claims))
    signature = _private(private).sign(said.encode(), padding.PKCS1v15(), hashes.SHA256())
    return f"{said}.{base64url(signature)}"


@lru_cache(maxsize=64)
def _private(text: bytes) -> rsa.RSAPrivateKey:
    """Read a key once: that takes longer than to sign with it."""
    key = serialization.load_pem_private_key(text, password=None)
    if not isinstance(key, rsa.RSAPrivateKey):
        raise VaultRefused(purpose="rtas", reason="no RSA key")
    return key


@lru_cache(maxsize=64)
def _public(n: str, e: str) -> rsa.RSAPublicKey:
    numbers = [int.from_bytes(_bytes(part) or b"") for part in (n, e)]
    return rsa.RSAPublicNumbers(n=numbers[0], e=numbers[1]).public_key()


def _number(value: int) -> str:
    return base64url(value.to_bytes((value.bit_length() + 7) // 8))


def _bytes(text: str) -> bytes | None:
    """Read base64url as it is written, and in no other way: one token has one form."""
    try:
        found = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (binascii.Error, ValueError):
        return None
    return found if base64url(found) == text else None


def _object(part: str) -> JsonObject | None:
    raw = _bytes(part)
    if raw is None:
        return None
    try:
        found: JsonObject = msgspec.json.decode(raw, type=dict[str, object])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return found
