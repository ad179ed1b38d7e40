"""Signatures: tokens that anybody can verify, and what devices say of themselves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from engine.model.names import JsonObject


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyPair:
    """A new key.

    Attributes:
        private: PKCS#8 in PEM.
        public: A JWK: `kty`, `n`, `e`; nothing of the private one.
    """

    private: bytes = field(repr=False)
    public: JsonObject


class Signer(Protocol):
    """RS256, and nothing else (E4). Work that takes long is done beside the event loop."""

    async def make(self) -> KeyPair:
        """Make a key of 3,072 bits."""
        ...

    async def sign(self, private: bytes, kid: str, claims: Mapping[str, object]) -> str:
        """Write a JWT: `alg` RS256, `typ` JWT, `kid`, and the claims."""
        ...

    def kid(self, token: str) -> str | None:
        """Read which key a token names; None where it is none. It proves nothing."""
        ...

    def read(self, token: str, public: Sequence[JsonObject]) -> JsonObject | None:
        """Give the claims of a token that one of the keys has signed, whenever; None of any other.

        Attributes of the header besides `alg`, `typ` and `kid` are not believed: a key that comes
        with the token is no key, and an unknown `crit` refuses it.
        """
        ...


class DeviceKeys(Protocol):
    """Ed25519 (RFC 8032): keys and signatures of devices, written in base64."""

    def make(self) -> tuple[str, str]:
        """Make a key: the private one, and the public one (32 bytes)."""
        ...

    def sign(self, private: str, message: bytes) -> str:
        """Sign a message."""
        ...

    def verify(self, public: str, signature: str, message: bytes) -> bool:
        """Whether the key has signed this message; False for whatever is no key or signature."""
        ...
