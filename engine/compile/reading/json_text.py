"""Strict JSON with the place of every value (security G2): no doubles, no NaN, nothing deep."""

from __future__ import annotations

import json
import re
from math import isfinite

from engine.compile.reading.document import LARGEST_INTEGER, Document, Source, Spot, Written
from engine.compile.reading.refusal import Refusal, decode
from engine.model.names import JsonValue
from engine.model.problem import Problem

DEEPEST = 16
MOST_NODES = 20_000

_BLANK = re.compile(r"[ \t\r\n]*")
_STRING = re.compile(r'"(?:[^"\\\x00-\x1f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"')
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?")
_WORD = re.compile(r"true|false|null")
_COMMENTS = ("//", "/*", "#")
_WORDS: dict[str, JsonValue] = {"true": True, "false": False, "null": None}


def read_json(source: Source) -> Document | tuple[Problem, ...]:
    """Read one JSON text (RFC 8259), at most 256 KiB, 16 levels and 20,000 values.

    Returns:
        The document; or the first thing that makes it unreadable, with every key that stands
        twice before it.
    """
    try:
        text = decode(source)
        reader = _Reader(text)
    except Refusal as refusal:
        return (refusal.problem(source.path),)
    try:
        root = reader.whole()
    except Refusal as refusal:
        reader.doubles.append(refusal)
        root = None
    if root is None or reader.doubles:
        return tuple(double.problem(source.path) for double in reader.doubles)
    return Document(path=source.path, text=text, root=root, is_json=True)


class _Reader:
    """Goes through the text once, from left to right."""

    def __init__(self, text: str) -> None:
        self.doubles: list[Refusal] = []
        self._text = text
        self._at = 0
        self._nodes = 0
        self._spots = Document(path="", text=text, root=Written(None, (1, 1)))

    def whole(self) -> Written:
        """Read the one value there is."""
        self._skip()
        if self._at == len(self._text):
            raise self._wrong(message="the file is empty", remedy="begin with `{`")
        root = self._value(1)
        self._skip()
        if self._at < len(self._text):
            raise self._wrong(
                message="something stands behind the end of the value", remedy="remove it"
            )
        return root

    def _value(self, level: int) -> Written:
        self._skip()
        spot, sign = self._spot(), self._text[self._at : self._at + 1]
        self._nodes += 1
        if self._nodes > MOST_NODES:
            raise Refusal(spot, "Y104", f"there are more than {MOST_NODES} values", "write fewer")
        if sign in ("{", "["):
            if level > DEEPEST:
                message = f"values are nested more than {DEEPEST} levels deep"
                raise Refusal(spot, "Y103", message, "nest them less")
            return self._object(spot, level) if sign == "{" else self._array(spot, level)
        return self._scalar(spot, sign)

    def _object(self, spot: Spot, level: int) -> Written:
        value: dict[str, JsonValue] = {}
        entries: dict[str, Written] = {}
        keys: dict[str, Spot] = {}
        self._at += 1
        more = not self._closes("}")
        while more:
            self._no_end("}")
            where = self._spot()
            name = self._string()
            self._double(name, where, keys)
            self._expect(":")
            entries[name] = self._value(level + 1)
            value[name] = entries[name].value
            more = self._goes_on("}")
        return Written(value, spot, entries=entries, keys=keys)

    def _double(self, name: str, where: Spot, keys: dict[str, Spot]) -> None:
        if name in keys:
            line, column = keys[name]
            self.doubles.append(
                Refusal(
                    where,
                    "Y109",
                    "this key stands twice in the same object",
                    f"keep one of the two; the first is at {line}:{column}",
                )
            )
        keys.setdefault(name, where)

    def _array(self, spot: Spot, level: int) -> Written:
        items: list[Written] = []
        self._at += 1
        more = not self._closes("]")
        while more:
            if items:
                self._no_end("]")
            items.append(self._value(level + 1))
            more = self._goes_on("]")
        return Written([item.value for item in items], spot, items=items)

    def _scalar(self, spot: Spot, sign: str) -> Written:
        start = self._at
        if sign == '"':
            value: JsonValue = self._string()
            return Written(value, spot, span=(start, self._at), style='"')
        if found := _WORD.match(self._text, start):
            self._at = found.end()
            return Written(_WORDS[found[0]], spot, span=found.span())
        if found := _NUMBER.match(self._text, start):
            self._at = found.end()
            return Written(_number(found, spot), spot, span=found.span())
        raise self._wrong(
            message="a value is missing or not written as JSON", remedy="write one here"
        )

    def _string(self) -> str:
        found = _STRING.match(self._text, self._at)
        if found is None:
            raise self._wrong(
                message="a text in double quotation marks belongs here",
                remedy="write it as JSON asks for",
            )
        self._at = found.end()
        text: str = json.loads(found[0])
        if any("\ud800" <= sign <= "\udfff" for sign in text):
            raise self._wrong(
                message="half of a surrogate pair is no character", remedy="write both halves"
            )
        return text

    def _expect(self, sign: str) -> None:
        if not self._closes(sign):
            raise self._wrong(message=f"a `{sign}` belongs here", remedy=f"put `{sign}` here")

    def _closes(self, sign: str) -> bool:
        self._skip()
        closes = self._text.startswith(sign, self._at)
        self._at += closes
        return closes

    def _goes_on(self, closing: str) -> bool:
        if self._closes(closing):
            return False
        if not self._closes(","):
            message = f"a `,` or a `{closing}` belongs here"
            raise self._wrong(
                message=message, remedy="separate the parts by commas, without one at the end"
            )
        return True

    def _no_end(self, closing: str) -> None:
        """See that something stands behind a comma."""
        self._skip()
        if self._text.startswith(closing, self._at):
            message = f"JSON allows no comma before `{closing}`"
            raise self._wrong(message=message, remedy="remove it")

    def _skip(self) -> None:
        found = _BLANK.match(self._text, self._at)
        self._at = found.end() if found else self._at

    def _spot(self) -> Spot:
        return self._spots.spot_at(self._at)

    def _wrong(self, *, message: str, remedy: str) -> Refusal:
        if self._text.startswith(_COMMENTS, self._at):
            message, remedy = "JSON knows no comments", "remove it"
        return Refusal(self._spot(), "Y114", message, remedy)


def _number(found: re.Match[str], spot: Spot) -> int | float:
    is_whole = found[1] is None and found[2] is None
    if is_whole and len(found[0]) <= 20 and abs(int(found[0])) <= LARGEST_INTEGER:
        return int(found[0])
    number = float("inf") if is_whole else float(found[0])
    if not isfinite(number):
        message = "this number cannot be kept exactly"
        raise Refusal(spot, "Y113", message, "use a number within 2^53")
    return number
