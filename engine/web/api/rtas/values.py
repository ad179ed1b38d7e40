"""What all of RTAS is written in: names with underscores, one token, its place."""

from __future__ import annotations

from typing import Annotated, Final

from msgspec import Meta, Struct

RTAS: Final = "/rtas"
Id = Annotated[str, Meta(min_length=1, max_length=128)]


class SentToRtas(Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
    """What is sent to RTAS: strictly, a field that it does not have is refused (G6)."""


class Token(Struct, kw_only=True, frozen=True):
    """A token."""

    token: str
