"""Signatures by which a receiver knows that a message is ours, and is told for the first time.

Source: the Standard Webhooks specification, "Signature scheme" (symmetric, `v1`); security H2.
"""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Sequence
from datetime import datetime
from typing import Final

SECRET_PREFIX: Final = "whsec_"  # noqa: S105 - how a secret begins, not one
SECRET_BYTES: Final = 32
SHORTEST, LONGEST = 24, 64
"""Bytes of a secret."""


def written(secret: bytes) -> str:
    """Write a secret as receivers are given it: `whsec_` and base64."""
    return SECRET_PREFIX + base64.b64encode(secret).decode()


def read(text: str) -> bytes | None:
    """Read a secret that somebody else has made; None where it is none, too short or too long."""
    if not text.startswith(SECRET_PREFIX):
        return None
    try:
        found = base64.b64decode(text.removeprefix(SECRET_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        return None
    return found if SHORTEST <= len(found) <= LONGEST else None


def headers(
    secrets: Sequence[bytes], id: str, at: datetime, body: bytes
) -> tuple[tuple[str, str], ...]:
    """Sign one try of a message.

    Args:
        secrets: Of which the receiver knows one; two while they are exchanged.
        id: The message's, the same at every try.
        at: Of this try: whoever receives it refuses what is more than some minutes old.
        body: As it is sent.
    """
    stamp = str(int(at.timestamp()))
    signed = b"%b.%b.%b" % (id.encode(), stamp.encode(), body)
    signatures = " ".join(f"v1,{_signature(secret, signed)}" for secret in secrets)
    return (
        ("webhook-id", id),
        ("webhook-timestamp", stamp),
        ("webhook-signature", signatures),
    )


def _signature(secret: bytes, signed: bytes) -> str:
    return base64.b64encode(hmac.digest(secret, signed, "sha256")).decode()
