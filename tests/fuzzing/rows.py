"""The rows by name, in the order of the table."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import closing
from typing import Final

from tests.fuzzing.addresses import Addresses
from tests.fuzzing.definitions import Definitions
from tests.fuzzing.expressions import Expressions
from tests.fuzzing.forms import Forms, Submissions
from tests.fuzzing.frames import Frames
from tests.fuzzing.hub import Hub
from tests.fuzzing.opening import Secrets
from tests.fuzzing.running import Effort, Figures, Row, fuzzed


def _hub(effort: Effort) -> Figures:
    with closing(Hub()) as row:
        return fuzzed(row, effort)


def _of(row: Callable[[], Row]) -> Callable[[Effort], Figures]:
    return lambda effort: fuzzed(row(), effort)


ROWS: Final[Mapping[str, Callable[[Effort], Figures]]] = {
    "definitions": _of(Definitions),
    "forms": _of(Forms),
    "submissions": _of(Submissions),
    "expressions": _of(Expressions),
    "secrets": _of(Secrets),
    "addresses": _of(Addresses),
    "frames": _of(Frames),
    "hub": _hub,
}
