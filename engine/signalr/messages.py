"""Hub messages as frozen values, and what stands in for one where the bytes hold none.

Source: HubProtocol.md, the sections on each message and "JSON Encoding", whose names the members
carry there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, TypeAlias, get_args

import msgspec
from msgspec import UNSET, UnsetType

if TYPE_CHECKING:
    Item: TypeAlias = (
        bool | int | float | str | bytes | datetime | Sequence["Item"] | Mapping[str, "Item"] | None
    )
    """What an argument, a result or a streamed item may be; JSON has neither bytes nor moments."""
else:  # msgspec cannot decode a recursive alias; at run time it decodes whatever is there
    Item = Any

DEEPEST: Final = 64
"""Lists and mappings inside each other, in one argument; .NET's JSON reader stops there too."""


class _Message(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    tag_field="type",
    rename="camel",
    omit_defaults=True,
    gc=False,
):
    """What hub messages have in common: `type` says which one it is."""


class Invocation(_Message, frozen=True, kw_only=True, tag=1):
    """Call a method of the other side.

    Attributes:
        invocation_id: Under which an answer is wanted; None (or empty, from a client): none is,
            ever. Ours have none: clients of JavaScript up to 6 end the connection over it.
        stream_ids: Of the streams that the caller is going to send.
        headers: None has a meaning; they are carried and ignored.
    """

    target: str
    arguments: tuple[Item, ...]
    invocation_id: str | None = None
    stream_ids: tuple[str, ...] = ()
    headers: dict[str, str] = {}


class StreamItem(_Message, frozen=True, kw_only=True, tag=2):
    """Hand over one item of a stream."""

    invocation_id: str
    item: Item
    headers: dict[str, str] = {}


class Completion(_Message, frozen=True, kw_only=True, tag=3):
    """End an invocation or a stream: with a result, with an error, or with neither.

    Raises:
        ValueError: It has both.
    """

    invocation_id: str
    result: Item | UnsetType = UNSET
    error: str | None = None
    headers: dict[str, str] = {}

    def __post_init__(self) -> None:
        """Refuse what has both."""
        if self.error is not None and self.result is not UNSET:
            message = "a completion has a result or an error, not both"
            raise ValueError(message)


class StreamInvocation(_Message, frozen=True, kw_only=True, tag=4):
    """Call a method that answers with a stream."""

    invocation_id: str
    target: str
    arguments: tuple[Item, ...]
    stream_ids: tuple[str, ...] = ()
    headers: dict[str, str] = {}


class CancelInvocation(_Message, frozen=True, kw_only=True, tag=5):
    """Ask for no more items of a stream."""

    invocation_id: str
    headers: dict[str, str] = {}


class Ping(_Message, frozen=True, kw_only=True, tag=6):
    """Show that the connection lives."""


class Close(_Message, frozen=True, kw_only=True, tag=7):
    """End the connection. Without `allow_reconnect` a client stops for good, also without error."""

    error: str | None = None
    allow_reconnect: bool = False


class Ack(_Message, frozen=True, kw_only=True, tag=8):
    """Tell how far messages have come; of stateful reconnect, which we never grant."""

    sequence_id: int


class SequenceMessage(_Message, frozen=True, kw_only=True, tag=9):
    """Tell where messages begin again; of stateful reconnect, which we never grant."""

    sequence_id: int


HubMessage: TypeAlias = (
    Invocation
    | StreamItem
    | Completion
    | StreamInvocation
    | CancelInvocation
    | Ping
    | Close
    | Ack
    | SequenceMessage
)

SHAPES: Final[tuple[type[HubMessage], ...]] = get_args(HubMessage)


def type_of(message: HubMessage | type[HubMessage]) -> int:
    """Give the number of a message's type."""
    tag = message.__struct_config__.tag
    return tag if isinstance(tag, int) else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Unknown:
    """A well-formed message of a type that is not known yet: to be ignored."""

    type: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """The bytes hold no message. `reason`: what is wrong, in words that the peer may read."""

    reason: str


Decoded: TypeAlias = HubMessage | Unknown | Refused


def why_refused(fault: Exception) -> str:
    """Say what is wrong with bytes over which a decoder gave up."""
    match fault:
        case RecursionError():
            return too_deep()
        case UnicodeDecodeError():
            return "The message is not valid UTF-8."
        case _:
            return f"The message is malformed: {fault}"[:200]


def too_deep() -> str:
    """Say that a message nests deeper than any may."""
    return f"The message nests deeper than {DEEPEST} levels."


def trouble_in(message: HubMessage) -> str | None:
    """Say what in a decoded message is none of ours: its depth, a type, a key that is no text.

    Goes level by level, so that nothing is deep enough to exhaust a stack.
    """
    level: Sequence[Item] = _told(message)
    for _ in range(DEEPEST + 1):
        if not level:
            return None
        for found in level:
            if not isinstance(found, _KNOWN):
                return "The message holds an extension type that is not known here."
            if isinstance(found, dict) and not all(isinstance(key, str) for key in found):
                return "The message holds a map whose keys are not all strings."
        level = [child for found in level for child in _inside(found)]
    return too_deep() if level else None


_KNOWN: Final = (type(None), bool, int, float, str, bytes, datetime, list, dict)


def _told(message: HubMessage) -> Sequence[Item]:
    """Give what a message holds that may be of any shape."""
    match message:
        case Invocation() | StreamInvocation():
            return message.arguments
        case StreamItem():
            return (message.item,)
        case Completion(result=result) if not isinstance(result, UnsetType):
            return (result,)
        case _:
            return ()


def _inside(value: Item) -> Sequence[Item]:
    match value:
        case list():
            return value
        case dict():
            return tuple(value.values())
        case _:
            return ()
