"""The name that was probably meant; it stands on the ground, because every floor meets slips."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice

_LONGEST = 80
"""Longer names are not compared: looking for the nearest would take longer than it helps."""
_MOST = 1_000
"""Nor are more names than this."""
_SLIPS = 2
"""Letters wrong, missing, too many or exchanged with their neighbour that are still one slip."""


def nearest(name: str, known: Iterable[str]) -> str | None:
    """Find the known name that `name` looks like a slip of, capitals aside; else None."""
    options = list(islice(known, _MOST + 1))
    if len(name) > _LONGEST or len(options) > _MOST:
        return None
    meant, size = name.casefold(), len(name)
    near = [option for option in options if abs(len(option) - size) <= _SLIPS]
    judged = ((_slips(meant, option.casefold()), option) for option in near)
    best = min(judged, default=(_SLIPS + 1, ""))
    return best[1] if best[0] <= min(_SLIPS, (size + 1) // 3) else None


def _slips(one: str, other: str) -> int:
    """Count the slips between two texts; any number above `_SLIPS` means more than that."""
    if one == other:
        return 0
    if len(set(one) ^ set(other)) > 2 * _SLIPS:
        return _SLIPS + 1
    return _distance(one, other)


def _distance(one: str, other: str) -> int:
    """Fill the band of the table of distances that at most `_SLIPS` slips can reach."""
    far = _SLIPS + 1
    before: dict[int, int] = {}
    row = {column: column for column in range(min(_SLIPS, len(other)) + 1)}
    for line in range(1, len(one) + 1):
        rows = before, row
        before, row = row, {}
        for column in range(max(0, line - _SLIPS), min(len(other), line + _SLIPS) + 1):
            row[column] = _cell(one, other, line, column, rows, row)
        if min(row.values()) >= far:
            return far
    return row.get(len(other), far)


def _cell(
    one: str, other: str, line: int, column: int,
    rows: tuple[dict[int, int], dict[int, int]], row: dict[int, int],
) -> int:  # fmt: skip
    """Give the slips between the first letters of both, from those between fewer letters."""
    far, (second, first) = _SLIPS + 1, rows
    if column == 0:
        return line
    is_same = one[line - 1] == other[column - 1]
    best = min(
        first.get(column - 1, far) + (not is_same),
        first.get(column, far) + 1,
        row.get(column - 1, far) + 1,
    )
    is_exchanged = (
        line > 1 and column > 1 and one[line - 2 : line] == other[column - 2 : column][::-1]
    )
    return min(best, second.get(column - 2, far) + 1) if is_exchanged else best
