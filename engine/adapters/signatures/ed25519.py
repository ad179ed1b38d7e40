"""Ed25519 by `cryptography`: what devices sign, verified where it comes."""

from __future__ import annotations

import base64
import binascii
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

KEY_BYTES: Final = 32
SIGNATURE_BYTES: Final = 64


class Ed25519Keys:
    """Keys and signatures of devices."""

    def make(self) -> tuple[str, str]:
        """Make a key: private and public."""
        key = Ed25519PrivateKey.generate()
        return _written(key.private_bytes_raw()), _written(key.public_key().public_bytes_raw())

    def sign(self, private: str, message: bytes) -> str:
        """Sign a message."""
        key = Ed25519PrivateKey.from_private_bytes(base64.b64decode(private))
        return _written(key.sign(message))

    def verify(self, public: str, signature: str, message: bytes) -> bool:
        """Whether the key has signed this message."""
        key, signed = _read(public, KEY_BYTES), _read(signature, SIGNATURE_BYTES)
        if key is None or signed is None:
            return False
        try:
            Ed25519PublicKey.from_public_bytes(key).verify(signed, message)
        except InvalidSignature:
            return False
        return True


def _written(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


def _read(text: str, length: int) -> bytes | None:
    """Read base64 as it is written, and in no other way: one key has one name."""
    try:
        found = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    return found if len(found) == length and _written(found) == text else None
