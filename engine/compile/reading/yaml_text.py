"""YAML by the C library's events: limits are kept before anything is built (security G1)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
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


class _Open:
    """A collection that is not closed yet."""

    __slots__ = ("entries", "is_mapping", "items", "key", "keys", "spot", "value")

    def __init__(self, spot: Spot, value: list[JsonValue] | dict[str, JsonValue]) -> None:
        self.spot, self.value = spot, value
        self.is_mapping = isinstance(value, dict)
        self.key: str | None = None
        self.entries: dict[str, Written] = {}
        self.keys: dict[str, Spot] = {}
        self.items: list[Written] = []


def read_yaml(source: Source) -> Document | tuple[Problem, ...]:
    """Read one YAML 1.2 document of plain values.

    Args:
        source: At most 256 KiB of UTF-8; at most 32 levels and 20,000 nodes.

    Returns:
        The document; or what is wrong: the first thing that makes it unreadable, else every
        key that stands twice.
    """
    builder: _Builder | None = None
    try:
        text = decode(source)
        builder = _Builder()
        try:
            builder.take(text)
        except yaml.YAMLError as error:
            raise explain(error, text) from None
    except Refusal as refusal:
        doubles = builder.doubles if builder else []
        return tuple(double.problem(source.path) for double in [*doubles, refusal])
    if builder.doubles:
        return tuple(double.problem(source.path) for double in builder.doubles)
    return Document(path=source.path, text=text, root=builder.result())


class _Builder:
    """Takes events, counts them, and puts values together from the inside out."""

    def __init__(self) -> None:
        self.doubles: list[Refusal] = []
        self.nodes = 0
        self._open: list[_Open] = []
        self._roots: list[Written] = []
        self._acts: dict[type[yaml.Event], Callable[..., None]] = {
            yaml.ScalarEvent: self._scalar,
            yaml.MappingStartEvent: self._start_mapping,
            yaml.SequenceStartEvent: self._start_sequence,
            yaml.MappingEndEvent: self._end_mapping,
            yaml.SequenceEndEvent: self._end_sequence,
            yaml.AliasEvent: self._alias,
            yaml.DocumentStartEvent: self._document,
        }

    def take(self, text: str) -> None:
        """Take the whole text. Raises `Refusal`, or what the scanner raises."""
        acts = self._acts
        for event in iter(yaml.CSafeLoader(text).get_event, None):  # None is behind the last one
            act = acts.get(type(event))
            if act is not None:
                act(event)

    def result(self) -> Written:
        """Give the document's value; an empty text is an empty one."""
        return self._roots[0] if self._roots else Written(None, (1, 1))

    def _document(self, event: yaml.DocumentStartEvent) -> None:
        if self._roots:
            raise Refusal(_spot(event), "Y105", "a second document begins here",
                "write one document in a file, without `---` between parts",
            )  # fmt: skip

    def _alias(self, event: yaml.AliasEvent) -> None:
        raise _by_name(event, "Y106", "an alias (`*`) repeats a value from elsewhere")

    def _count(self, event: yaml.ScalarEvent | yaml.CollectionStartEvent) -> Spot:
        self.nodes += 1
        start: Any = event.start_mark
        spot = start.line + 1, start.column + 1
        if self.nodes > MOST_NODES or event.anchor is not None or event.tag is not None:
            raise _unwanted(event, spot)
        return spot

    def _scalar(self, event: yaml.ScalarEvent) -> None:
        spot = self._count(event)
        top = self._open[-1] if self._open else None
        if top is not None and top.is_mapping and top.key is None:
            self._key(top, event, spot)
            return
        style = event.style or ""
        value = event.value if style else plain(event.value, spot)
        start: Any = event.start_mark
        end: Any = event.end_mark
        self._add(Written(value, spot, span=(start.index, end.index), style=style))

    def _key(self, top: _Open, event: yaml.ScalarEvent, spot: Spot) -> None:
        name = event.value
        if name == "<<" and not event.style:
            raise _by_name(event, "Y107", "a merge key (`<<`) copies keys from elsewhere")
        if name in top.keys:
            line, column = top.keys[name]
            self.doubles.append(
                Refusal(
                    spot,
                    "Y109",
                    "this key stands twice in the same mapping",
                    f"keep one of the two; the first is at {line}:{column}",
                )
            )
        else:
            top.keys[name] = spot
        top.key = name

    def _start_mapping(self, event: yaml.MappingStartEvent) -> None:
        self._start(event, {})

    def _start_sequence(self, event: yaml.SequenceStartEvent) -> None:
        self._start(event, [])

    def _start(
        self, event: yaml.CollectionStartEvent, value: list[JsonValue] | dict[str, JsonValue]
    ) -> None:
        spot = self._count(event)
        top = self._open[-1] if self._open else None
        if top is not None and top.is_mapping and top.key is None:
            raise Refusal(spot, "Y112", "a key is a list or a mapping", "use a name as the key")
        if len(self._open) >= DEEPEST:
            raise Refusal(
                spot, "Y103", f"values are nested more than {DEEPEST} levels deep", "nest them less"
            )
        self._open.append(_Open(spot, value))

    def _end_mapping(self, event: yaml.MappingEndEvent) -> None:
        done = self._open.pop()
        self._add(Written(done.value, done.spot, entries=done.entries, keys=done.keys))

    def _end_sequence(self, event: yaml.SequenceEndEvent) -> None:
        done = self._open.pop()
        self._add(Written(done.value, done.spot, items=done.items))

    def _add(self, written: Written) -> None:
        if not self._open:
            self._roots.append(written)
            return
        top = self._open[-1]
        if isinstance(top.value, list):
            top.value.append(written.value)
            top.items.append(written)
        elif top.key is not None:
            top.value[top.key] = written.value
            top.entries[top.key] = written
            top.key = None


def _spot(event: yaml.Event) -> Spot:
    mark: Any = event.start_mark  # the stubs allow for none, the library always gives one
    return mark.line + 1, mark.column + 1


def _unwanted(event: yaml.ScalarEvent | yaml.CollectionStartEvent, spot: Spot) -> Refusal:
    """Say why a value is one too many, or more than a value."""
    if event.anchor is not None:
        return _by_name(event, "Y106", "an anchor (`&`) names a value for use elsewhere")
    if event.tag is not None:
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
