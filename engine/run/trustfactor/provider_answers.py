"""What another TrustFactor answers: only what is used, read strictly, and refused by field.

Nothing a provider says is believed because it is logged in at: it is typed and bounded here, before
anything is made of it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated, Final, TypeVar

import msgspec
from msgspec import Meta

from engine.realtime.trustfactor.display_text import is_plain
from engine.realtime.trustfactor.links import LONGEST

A = TypeVar("A", bound=msgspec.Struct)
# `\Z`, as `$` lets a line end follow. Ids stand in paths, and the token in a header.
RemoteId = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_][A-Za-z0-9._~-]{0,127}\Z")]
Bearer = Annotated[str, Meta(pattern=r"^[\x21-\x7e]{1,8192}\Z")]
Link = Annotated[str, Meta(min_length=1, max_length=LONGEST)]
LONGEST_TOLD: Final = 500
_FIELD: Final = re.compile(r"required field `(?P<missing>\w+)`|at `\$\.(?P<place>\w+)")


class Token(msgspec.Struct, kw_only=True, frozen=True):
    """What a login gives, and its renewal."""

    token: Bearer


class CallbackSecret(msgspec.Struct, kw_only=True, frozen=True):
    """What its calls to us are signed with, `whsec_...`."""

    secret: Annotated[str, Meta(max_length=200)]


class CodeMade(msgspec.Struct, kw_only=True, frozen=True):
    """A registration code there, and what devices open."""

    unique_id: RemoteId
    deeplink_url: Link


class TransactionMade(msgspec.Struct, kw_only=True, frozen=True):
    """A transaction there, and what devices open."""

    transaction_id: RemoteId
    deeplink_url: Link


class _Problem(msgspec.Struct, frozen=True):
    field: str
    message: str


class _Problems(msgspec.Struct, frozen=True):
    problems: list[_Problem] = []


class _Refusal(msgspec.Struct, frozen=True):
    message: str = ""
    details: _Problems = _Problems()


class Empty(msgspec.Struct, kw_only=True, frozen=True):
    """That it was done: whatever else is said is not looked at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UnfitAnswer:
    """Why an answer is not taken.

    Attributes:
        reason: With the field's name, and never its value.
        again: Whether another try may be answered otherwise: what was cut off, and no wrong field.
    """

    reason: str
    again: bool


def read(body: bytes, kind: type[A]) -> A | UnfitAnswer:
    """Read an answer."""
    if kind is Empty:
        return kind()
    try:
        return msgspec.json.decode(body, type=kind)
    except msgspec.ValidationError as error:
        found = _FIELD.search(str(error))
        return unfit((found and (found["missing"] or found["place"])) or "all of it")
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return UnfitAnswer(reason="its answer is no JSON", again=True)


def unfit(field: str) -> UnfitAnswer:
    """Say that a field of an answer is not what was asked for."""
    return UnfitAnswer(reason=f"its answer is not what was asked for: {field}", again=False)


def told_in(body: bytes) -> str:
    """Read why it refuses, in its own words: what is wrong with the first field, or all of it.

    Empty where it says nothing that can be shown.
    """
    try:
        said = msgspec.json.decode(body, type=_Refusal)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return ""
    first = next(iter(said.details.problems), None)
    sentence = said.message if first is None else f"{first.field}: {first.message}"
    return sentence if len(sentence) <= LONGEST_TOLD and is_plain(sentence) else ""
