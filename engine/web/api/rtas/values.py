"""What all of RTAS is written in: names with underscores, one token, its place."""

from __future__ import annotations

from typing import Final

from msgspec import Struct

RTAS: Final = "/rtas"


class SentToRtas(Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
    """What is sent to RTAS: strictly, a field that it does not have is refused (G6)."""


class Token(Struct, kw_only=True, frozen=True):
    """A token."""

    token: str
