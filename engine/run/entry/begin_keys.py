"""The landing form's begin key: 128 random bits sealed with the token's hash (design 7)."""

from __future__ import annotations

import hmac
import re
from datetime import datetime, timedelta
from typing import Final

from engine.ports.outside import Chance, Purpose, Vault

LIFE: Final = timedelta(minutes=15)
PURPOSE: Final[Purpose] = "begin"
PARTS: Final = 3
ENDS: Final = re.compile(r"[1-9][0-9]{0,11}")
"""Written in one way alone: a key in other words would be another mark for the same press."""


def make(vault: Vault, chance: Chance, ticket: str, at: datetime) -> str:
    """Make a key for the token or ticket whose hash is `ticket`."""
    nonce, ends = chance.bytes(16).hex(), int((at + LIFE).timestamp())
    return f"{nonce}.{ends}.{_seal(vault, ticket, nonce, ends)}"


def is_good(vault: Vault, key: str, ticket: str, at: datetime) -> bool:
    """Whether `key` was made for this token or ticket and is not 15 minutes old."""
    parts = key.split(".")
    if len(parts) != PARTS or not ENDS.fullmatch(parts[1]):
        return False
    nonce, ends, seal = parts[0], int(parts[1]), parts[2]
    told = _seal(vault, ticket, nonce, ends)
    return hmac.compare_digest(seal.encode(), told.encode()) and at.timestamp() < ends


def _seal(vault: Vault, ticket: str, nonce: str, ends: int) -> str:
    return vault.mac(PURPOSE, f"{ticket}|{nonce}|{ends}".encode()).hex()
