"""A text that was read: plain values, each with its place."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType
from typing import TypeAlias

from msgspec import Struct

from engine.model.names import JsonValue
from engine.model.problem import Place, Problem

Spot: TypeAlias = tuple[int, int]
"""Line and column, both from 1, in characters."""
Step: TypeAlias = str | int
LARGEST_INTEGER = 2**53
"""Beyond it a double, and so a browser, cannot tell neighbours apart (security G2)."""
LARGEST_TEXT_BYTES = 256 * 1024
MARK = "\N{ZERO WIDTH NO-BREAK SPACE}"
"""The byte order mark; it counts nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A text in UTF-8, and the name by which problems call it."""

    path: str
    text: bytes


class Written(Struct, frozen=True, gc=False):
    """One value as it was written; a Struct, because a text has thousands and they are made fast.

    Neither it nor the other Structs of compiling can ever lie on a circle of references, so the
    garbage collector is told not to look at them: on a long text its looking took a third of all.

    Attributes:
        value: Plain JSON.
        spot: Where the value begins.
        entries: Of a mapping: key -> its value.
        keys: Of a mapping: key -> where the key begins.
        items: Of a sequence.
        span: Of a scalar: where its writing begins and ends, in characters of the text.
        style: Of a scalar: its quotation mark, `|`, `>` or nothing.
    """

    value: JsonValue
    spot: Spot
    entries: Mapping[str, Written] = MappingProxyType({})
    keys: Mapping[str, Spot] = MappingProxyType({})
    items: Sequence[Written] = ()
    span: tuple[int, int] = (0, 0)
    style: str = ""


_PIECES: Mapping[str, re.Pattern[str]] = {
    '"': re.compile(r"\\(?:x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|.)|.", re.DOTALL),
    "'": re.compile(r"''|.", re.DOTALL),
}
"""Quotation mark -> how one character of the value is written between two of them."""


@dataclass(frozen=True, kw_only=True)
class Document:
    """A text, the values in it, and where they are; `is_json`: so words about it speak JSON."""

    path: str
    text: str = field(repr=False)
    root: Written
    is_json: bool = False

    def place(self, spot: Spot) -> Place:
        """Name a spot together with the file."""
        return Place(file=self.path, line=spot[0], column=spot[1])

    def told(self, problem: Problem, spot: Spot) -> Problem:
        """Complete a problem at a spot with what only the document knows: here, nothing."""
        return problem

    def find(self, steps: Sequence[Step]) -> Written:
        """Give the value at the end of a path of keys and positions."""
        current = self.root
        for step in steps:
            current = current.items[step] if isinstance(step, int) else current.entries[step]
        return current

    def inside(self, written: Written, offsets: Sequence[int]) -> Sequence[Spot]:
        """Give the spots of some characters of a text value, or where the value begins."""
        start, end = written.span
        raw, value = self.text[start:end], str(written.value)
        found = raw.find(value)
        if found >= 0:
            return [self.spot_at(start + found + offset) for offset in offsets]
        if written.style in _PIECES and "\n" not in raw:
            pieces = [piece.start() for piece in _PIECES[written.style].finditer(raw, 1)]
            return [self.spot_at(start + pieces[offset]) for offset in offsets]
        return [self._in_block(written, value, offset) for offset in offsets]

    def _in_block(self, written: Written, value: str, offset: int) -> Spot:
        """Find the line of a block scalar by its text; a folded one keeps its beginning."""
        start, end = written.span
        line_start = value.rfind("\n", 0, offset) + 1
        line = value[line_start:].partition("\n")[0]
        found = self.text.find(line, start, end)
        return written.spot if found < 0 else self.spot_at(found + offset - line_start)

    def spot_at(self, index: int) -> Spot:
        """Turn a position in the text into line and column."""
        line = bisect_right(self._lines, index)
        return line, index - self._lines[line - 1] + 1

    @cached_property
    def _lines(self) -> list[int]:
        return list(_line_starts(self.text))


def _line_starts(text: str) -> Iterator[int]:
    yield 0
    for newline in re.finditer("\n", text):
        yield newline.end()
