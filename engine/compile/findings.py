"""Where the problems of one check are gathered."""

from __future__ import annotations

from collections.abc import Iterable

from engine.compile.reading.document import Document, Spot, Written
from engine.compile.rules import RULES
from engine.expressions import ExpressionProblem
from engine.model.problem import Place, Problem
from engine.nearest import nearest

MOST_SEARCHES = 50
"""So many unknown names of a file are compared with all others; further ones are only told."""


class Findings:
    """The problems of one document, in the order in which they are found; each is told once."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self._problems: dict[tuple[str, Place, str], Problem] = {}
        self._searches = 0

    def add(
        self, rule: str, spot: Spot, message: str, remedy: str, *,
        key: str = "", nearest: str | None = None, also: Iterable[Spot] = (),
    ) -> None:  # fmt: skip
        """Note that a rule is broken at a spot of this document."""
        if nearest is not None:
            remedy = f"did you mean `{nearest}`?"
        self.keep(
            Problem(
                rule=rule, place=self.document.place(spot), severity=RULES[rule].severity,
                message=message, remedy=remedy, key=key, nearest=nearest,
                also=tuple(self.document.place(other) for other in also),
            )
        )  # fmt: skip

    def nearest(self, name: str, known: Iterable[str]) -> str | None:
        """Find which of many names was probably meant, for the first unknown names of a file."""
        self._searches += 1
        return nearest(name, known) if self._searches <= MOST_SEARCHES else None

    def keep(self, problem: Problem) -> None:
        """Note a problem of this or another document."""
        self._problems.setdefault((problem.rule, problem.place, problem.message), problem)

    def expression(
        self, written: Written, problems: Iterable[ExpressionProblem], *, key: str
    ) -> None:
        """Note what is wrong with an expression, at its very characters."""
        for found in problems:
            spot = self.document.inside(written, found.offset)
            near = found.nearest
            remedy = f"did you mean `{near}`?" if near else found.remedy
            self.keep(
                Problem(
                    rule=found.rule, place=self.document.place(spot), message=found.message,
                    remedy=remedy, key=key, nearest=near,
                )
            )  # fmt: skip

    @property
    def problems(self) -> tuple[Problem, ...]:
        """Everything found, by file and place."""
        return tuple(
            sorted(
                self._problems.values(),
                key=lambda p: (p.place.file, p.place.line, p.place.column, p.rule),
            )
        )

    @property
    def count(self) -> int:
        """How many problems there are by now."""
        return len(self._problems)

    @property
    def has_errors(self) -> bool:
        """Whether anything forbids compiling."""
        return any(problem.severity == "error" for problem in self._problems.values())
