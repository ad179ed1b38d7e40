"""RS256 by joserfc: keys and signatures are made in a thread, verified where they are needed."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, Final, cast

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet, RSAKey
from joserfc.jws import extract_compact

from engine.model.names import JsonObject
from engine.ports.signing import KeyPair

ALGORITHM: Final = "RS256"
BITS: Final = 3072
LONGEST_TOKEN: Final = 8 * 1024
_PUBLIC: Final = ("kty", "n", "e")


class Rs256Signer:
    """Signs and verifies with RSA keys of 3,072 bits."""

    async def make(self) -> KeyPair:
        """Make a key."""
        return await asyncio.to_thread(_made)

    async def sign(self, private: bytes, kid: str, claims: Mapping[str, object]) -> str:
        """Write a JWT."""
        return await asyncio.to_thread(_signed, private, kid, dict(claims))

    def kid(self, token: str) -> str | None:
        """Read which key a token names; None where it is none."""
        if len(token) > LONGEST_TOKEN:
            return None
        try:
            header = extract_compact(token.encode()).headers()
        except (JoseError, ValueError):
            return None
        known = header.get("alg") == ALGORITHM and header.get("typ") == "JWT"
        kid = header.get("kid")
        return kid if known and isinstance(kid, str) else None

    def read(self, token: str, public: Sequence[JsonObject]) -> JsonObject | None:
        """Give the claims of a token that one of the keys has signed; None of any other."""
        kid = self.kid(token)
        keys = [one for one in public if one.get("kid") == kid]
        if kid is None or not keys:
            return None
        try:
            known = KeySet([RSAKey.import_key(cast("dict[str, Any]", one)) for one in keys])
            found = jwt.decode(token, known, algorithms=[ALGORITHM])
        except (JoseError, ValueError):
            return None
        return cast("JsonObject", dict(found.claims))


def _made() -> KeyPair:
    key = rsa.generate_private_key(public_exponent=65_537, key_size=BITS)
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    written = RSAKey.import_key(private).as_dict(private=False)
    return KeyPair(private=private, public={name: str(written[name]) for name in _PUBLIC})


def _signed(private: bytes, kid: str, claims: dict[str, Any]) -> str:
    header = {"alg": ALGORITHM, "typ": "JWT", "kid": kid}
    return jwt.encode(header, claims, RSAKey.import_key(private), algorithms=[ALGORITHM])
