"""What another TrustFactor answers: only what is used, read strictly, and refused by field.

Nothing a provider says is believed because it is logged in at: it is typed and bounded here, before
anything is made of it.
"""

from __future__ import annotations

import re
from typing import Final, TypeVar

import msgspec

A = TypeVar("A", bound=msgspec.Struct)
_FIELD: Final = re.compile(r"required field `(?P<missing>\w+)`|at `\$\.(?P<place>\w+)")


class Token(msgspec.Struct, kw_only=True, frozen=True):
    """What a login gives, and its renewal."""

    token: str


class CallbackSecret(msgspec.Struct, kw_only=True, frozen=True):
    """What its calls to us are signed with, `whsec_...`."""

    secret: str


class CodeMade(msgspec.Struct, kw_only=True, frozen=True):
    """A registration code there, and what devices open."""

    unique_id: str
    deeplink_url: str


class TransactionMade(msgspec.Struct, kw_only=True, frozen=True):
    """A transaction there, and what devices open."""

    transaction_id: str
    deeplink_url: str


class Done(msgspec.Struct, kw_only=True, frozen=True):
    """That it was done: whatever else is said is not looked at."""


def read(body: bytes, kind: type[A]) -> A | str:
    """Read an answer; a text says what is wrong with it, and names the field, never its value."""
    if kind is Done:
        return kind()
    try:
        return msgspec.json.decode(body, type=kind)
    except msgspec.ValidationError as error:
        found = _FIELD.search(str(error))
        named = found and (found["missing"] or found["place"])
        return unfit(named or "the whole")
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return "its answer is no JSON"


def unfit(field: str) -> str:
    """Say that a field of an answer is not what was asked for."""
    return f"its answer is not what was asked for: {field}"
