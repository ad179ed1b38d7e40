"""YAML by the C library's events: limits are kept before anything is built (security G1)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from math import isfinite
from typing import Any

import yaml

from engine.compile.reading.document import LARGEST_INTEGER, Document, Source, Spot, Written
from engine.compile.reading.quoting import explain
from engine.compile.reading.refusal import Refusal, decode
from engine.model.names import JsonValue
from engine.model.problem import Problem

DEEPEST = 32
MOST_NODES = 20_000

_INTEGER = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_NUMBER = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_ENDLESS = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")
_WORDS: Mapping[str, JsonValue] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
"""The words of YAML 1.2's core schema; `yes`, `no`, `on` and `off` are texts."""
_FIRST_OF_NUMBER = frozenset("+-.0123456789")


def read_yaml(source: Source) -> Document | tuple[Problem, ...]:
    """Read one YAML 1.2 document of plain values.

    Args:
        source: At most 256 KiB of UTF-8; at most 32 levels and 20,000 nodes.

    Returns:
        The document; or what is wrong: the first thing that makes it unreadable, else every
        key that stands twice.
    """
    try:
        text = decode(source)
        reader = _Reader(text)
    except Refusal as refusal:
        return (refusal.problem(source.path),)
    wrong = reader.doubles
    root = None
    try:
        root = reader.whole()
    except yaml.YAMLError as error:
        wrong = [*wrong, explain(error, text)]
    except Refusal as refusal:
        wrong = [*wrong, refusal]
    if root is None or wrong:
        return tuple(refusal.problem(source.path) for refusal in wrong)
    return Document(path=source.path, text=text, root=root)


class _Reader:
    """Goes through the events once; each call reads one value with all that is inside of it."""

    def __init__(self, text: str) -> None:
        self.doubles: list[Refusal] = []
        self._events: Iterator[yaml.Event] = iter(yaml.CSafeLoader(text).get_event, None)
        self._nodes = 0

    def whole(self) -> Written:
        """Read the one document there is; an empty text is an empty value.

        Raises:
            Refusal: The first thing that makes the text unreadable.
            yaml.YAMLError: What the scanner cannot read.
        """
        root: Written | None = None
        for event in self._events:
            if isinstance(event, yaml.DocumentStartEvent) and root is not None:
                raise Refusal(_spot(event), "Y105", "a second document begins here",
                    "write one document in a file, without `---` between parts",
                )  # fmt: skip
            if isinstance(event, yaml.NodeEvent):
                root = self._value(event, 1)
        return root or Written(None, (1, 1))

    def _value(self, event: yaml.Event, level: int) -> Written:
        """Read the value that begins with this event, at the `level`-th level of nesting."""
        spot = self._count(event)
        if isinstance(event, yaml.ScalarEvent):
            return _scalar(event, spot)
        if level > DEEPEST:
            raise Refusal(
                spot, "Y103", f"values are nested more than {DEEPEST} levels deep", "nest them less"
            )
        if isinstance(event, yaml.MappingStartEvent):
            return self._mapping(spot, level)
        return self._sequence(spot, level)

    def _count(self, event: yaml.Event) -> Spot:
        self._nodes += 1
        begun: Any = event  # an event with which a value begins; its stubs leave most of it out
        start = begun.start_mark
        spot = start.line + 1, start.column + 1
        if self._nodes > MOST_NODES or begun.anchor is not None or begun.tag is not None:
            raise _unwanted(event, spot)
        return spot

    def _mapping(self, spot: Spot, level: int) -> Written:
        value: dict[str, JsonValue] = {}
        entries: dict[str, Written] = {}
        keys: dict[str, Spot] = {}
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            name = self._key(event, keys)
            entries[name] = written = self._value(next(self._events), level + 1)
            value[name] = written.value
        return Written(value, spot, entries, keys)

    def _key(self, event: yaml.Event, keys: dict[str, Spot]) -> str:
        """Read a key, and note where it is or that it stands twice."""
        spot = self._count(event)
        if not isinstance(event, yaml.ScalarEvent):
            raise Refusal(spot, "Y112", "a key is a list or a mapping", "use a name as the key")
        name = event.value
        if name == "<<" and not event.style:
            raise _by_name(event, "Y107", "a merge key (`<<`) copies keys from elsewhere")
        if keys.setdefault(name, spot) is not spot:
            self.doubles.append(_double(spot, keys[name]))
        return name

    def _sequence(self, spot: Spot, level: int) -> Written:
        items: list[Written] = []
        while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
            items.append(self._value(event, level + 1))
        return Written([item.value for item in items], spot, items=items)


def _scalar(event: yaml.ScalarEvent, spot: Spot) -> Written:
    style = event.style or ""
    value = event.value if style else plain(event.value, spot)
    start: Any = event.start_mark  # the stubs allow for none, the library always gives one
    end: Any = event.end_mark
    return Written(value, spot, span=(start.index, end.index), style=style)


def _double(spot: Spot, first: Spot) -> Refusal:
    return Refusal(spot, "Y109", "this key stands twice in the same mapping",
        f"keep one of the two; the first is at {first[0]}:{first[1]}",
    )  # fmt: skip


def _spot(event: yaml.Event) -> Spot:
    mark: Any = event.start_mark
    return mark.line + 1, mark.column + 1


def _unwanted(event: yaml.Event, spot: Spot) -> Refusal:
    """Say why a value is one too many, or more than a value."""
    if isinstance(event, yaml.AliasEvent):
        return _by_name(event, "Y106", "an alias (`*`) repeats a value from elsewhere")
    if getattr(event, "anchor", None) is not None:
        return _by_name(event, "Y106", "an anchor (`&`) names a value for use elsewhere")
    if getattr(event, "tag", None) is not None:
        return _by_name(event, "Y108", "a tag (`!`) gives the value a type")
    return Refusal(
        spot, "Y104", f"the file has more than {MOST_NODES} values", "split the definition"
    )


def _by_name(event: yaml.Event, rule: str, message: str) -> Refusal:
    return Refusal(_spot(event), rule, message, "write the value out where it is used")


def plain(text: str, spot: Spot) -> JsonValue:
    """Give the value of an unquoted scalar by YAML 1.2's core schema: `no` is text, `010` is ten.

    Raises:
        Refusal: A number that JSON cannot hold, or that a double cannot hold exactly.
    """
    if text in _WORDS:
        return _WORDS[text]
    if text[0] not in _FIRST_OF_NUMBER:
        return text
    if _ENDLESS.fullmatch(text):
        raise _unfit(spot)
    if _INTEGER.fullmatch(text):
        return _integer(text, spot)
    if not _NUMBER.fullmatch(text):
        return text
    number = float(text)
    if not isfinite(number):
        raise _unfit(spot)
    return number


def _integer(text: str, spot: Spot) -> int:
    if len(text) > 40:  # more digits than any number within the bounds, zeros in front included
        raise _unfit(spot)
    based = text.startswith(("0o", "0x"))
    number = int(text, 0) if based else int(text)
    if abs(number) > LARGEST_INTEGER:
        raise _unfit(spot)
    return number


def _unfit(spot: Spot) -> Refusal:
    return Refusal(spot, "Y113", "this number cannot be kept exactly",
        "use a number within 2^53, or put quotation marks around a text of digits",
    )  # fmt: skip
