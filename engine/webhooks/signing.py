"""Signatures by which a receiver knows that a message is ours, and is told for the first time.

Source: the Standard Webhooks specification, "Signature scheme" (symmetric, `v1`); security H2.
"""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

SECRET_PREFIX: Final = "whsec_"  # noqa: S105 - how a secret begins, not one
SECRET_BYTES: Final = 32
SHORTEST, LONGEST = 24, 64
"""Bytes of a secret."""
TOLERANCE_SECONDS: Final = 300
"""How far from now a message may have been signed."""


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


def is_signed(
    secrets: Sequence[bytes], headers: Mapping[str, str], body: bytes, at: datetime
) -> bool:
    """Whether a message that has come is signed with one of the secrets, and not long ago.

    Args:
        secrets: That the sender may have used.
        headers: Names in lower case.
        body: As it came.
        at: Now.
    """
    id, stamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    is_number = stamp.isascii() and stamp.isdigit() and len(stamp) < 12
    if not id or not is_number or abs(at.timestamp() - int(stamp)) > TOLERANCE_SECONDS:
        return False
    signed = b"%b.%b.%b" % (id.encode(), stamp.encode(), body)
    fitting = [f"v1,{_signature(secret, signed)}" for secret in secrets]
    given = headers.get("webhook-signature", "").split(" ")
    return any(hmac.compare_digest(one.encode(), two.encode()) for one in given for two in fitting)


def _signature(secret: bytes, signed: bytes) -> str:
    return base64.b64encode(hmac.digest(secret, signed, "sha256")).decode()
