"""A definition and the copies of its parts as one document: each place is in the text it is from.

Every copy is a volume of its own and has its lines in a range of their own, so that a place tells
which copy it is in, and by that the calls that led there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from msgspec import structs

from engine.compile.reading.document import Document, Spot, Written
from engine.model.problem import Place, Problem

RANGE = 1 << 20
"""More lines than any text has: it is at most 256 KiB long."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Volume:
    """One text in its place.

    Attributes:
        document: As it was read, its lines not moved.
        prefix: What the names of its nodes, keys and variables begin with: `<call>.`, or nothing.
        calls: Where the parts are called that lead here, the outermost first.
    """

    document: Document
    prefix: str
    calls: Sequence[Spot]


@dataclass(frozen=True, kw_only=True)
class Bound(Document):
    """The document that `root` is from, among all volumes; more are bound in as they are read."""

    volumes: list[Volume] = field(repr=False)

    def with_volume(self, volume: Volume) -> Bound:
        """Bind a text in, and give it as a document whose places are its own."""
        self.volumes.append(volume)
        lines = (len(self.volumes) - 1) * RANGE
        return replace(self, root=moved(volume.document.root, lines))

    def place(self, spot: Spot) -> Place:
        """Name the text that a spot is in, and where in it."""
        line, column = spot
        return self._volume(spot).document.place((line % RANGE, column))

    def inside(self, written: Written, offsets: Sequence[int]) -> Sequence[Spot]:
        """Give the spots of some characters of a text value, or where the value begins."""
        line, column = written.spot
        home = structs.replace(written, spot=(line % RANGE, column))
        found = self._volume(written.spot).document.inside(home, offsets)
        return [_down(spot, line // RANGE * RANGE) for spot in found]

    def told(self, problem: Problem, spot: Spot) -> Problem:
        """Tell a problem as its text's own author knows the names, and with the calls."""
        volume = self._volume(spot)
        key = problem.key.partition("@")[0]
        if not volume.prefix:
            return problem if key is problem.key else structs.replace(problem, key=key)
        mark, near = f"`{volume.prefix}", problem.nearest
        return structs.replace(
            problem,
            message=problem.message.replace(mark, "`"),
            remedy=problem.remedy.replace(mark, "`"),
            key=key.replace(f"flow.{volume.prefix}", "flow.", 1),
            nearest=near.removeprefix(volume.prefix) if near else None,
            also=(*problem.also, *self.led(volume.calls)),
        )

    def led(self, calls: Sequence[Spot]) -> tuple[Place, ...]:
        """Name the places of calls."""
        return tuple(map(self.place, calls))

    def _volume(self, spot: Spot) -> Volume:
        return self.volumes[spot[0] // RANGE]


def bound(document: Document) -> Bound:
    """Make a definition the first volume."""
    first = Volume(document=document, prefix="", calls=())
    return Bound(path=document.path, text=document.text, root=document.root, volumes=[first])


def moved(written: Written, lines: int) -> Written:
    """Move a value, and all that is inside of it, down by some lines."""
    return Written(
        written.value,
        _down(written.spot, lines),
        {name: moved(inner, lines) for name, inner in written.entries.items()},
        {name: _down(spot, lines) for name, spot in written.keys.items()},
        [moved(item, lines) for item in written.items],
        written.span,
        written.style,
    )


def _down(spot: Spot, lines: int) -> Spot:
    return spot[0] + lines, spot[1]


def counted(written: Written) -> int:
    """Count the values of a text, keys among them, as its reader does."""
    inner = [*written.entries.values(), *written.items]
    return 1 + len(written.keys) + sum(map(counted, inner))


Entries = Mapping[str, Written]


def with_entries(written: Written, entries: Entries) -> Written:
    """Give a mapping other entries; keys that are gone are forgotten, new ones have no place."""
    return structs.replace(
        written,
        value={name: inner.value for name, inner in entries.items()},
        entries=entries,
        keys={name: spot for name, spot in written.keys.items() if name in entries},
    )
