"""Where the problems of one check are gathered."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterable, Sequence
from itertools import islice

from msgspec.structs import replace

from engine.compile.reading.document import Document, Spot, Written
from engine.compile.rules import RULES
from engine.expressions import ExpressionProblem
from engine.model.problem import Place, Problem
from engine.nearest import MOST, nearest

MOST_COMPARED = 20_000
"""So many known names are compared with the unknown ones of a file; further ones are only told."""


class Findings:
    """The problems of one document, in the order in which they are found; each is told once."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self._problems: dict[tuple[str, Place, str], Problem] = {}
        self._compared = 0

    def add(
        self, rule: str, spot: Spot, message: str, remedy: str, *,
        key: str = "", nearest: str | None = None, also: Iterable[Spot] = (),
    ) -> None:  # fmt: skip
        """Note that a rule is broken at a spot of this document."""
        if nearest is not None:
            remedy = f"did you mean `{nearest}`?"
        problem = Problem(
            rule=rule, place=self.document.place(spot), severity=RULES[rule].severity,
            message=message, remedy=remedy, key=key, nearest=nearest,
            also=tuple(self.document.place(other) for other in also),
        )  # fmt: skip
        self.keep(self.document.told(problem, spot))

    def within(self, document: Document) -> Findings:
        """Begin with another document; what was compared until now counts there as well."""
        other = Findings(document)
        other._compared = self._compared
        return other

    def take(self, other: Findings) -> None:
        """Take what was found in another document, and what was compared there."""
        self._compared = max(self._compared, other._compared)
        for problem in other.problems:
            self.keep(problem)

    def turn_to(self, root: Written) -> None:
        """Go on with other values of the same document."""
        self.document = dataclasses.replace(self.document, root=root)

    def nearest(self, name: str, known: Iterable[str]) -> str | None:
        """Find which of some names was probably meant, for the first unknown names of a file."""
        if self._compared >= MOST_COMPARED:
            return None
        options = list(islice(known, MOST + 1))
        self._compared += len(options)
        return nearest(name, options)

    def keep(self, problem: Problem) -> None:
        """Note a problem of this or another document; what else takes part is told with it."""
        name = problem.rule, problem.place, problem.message
        known = self._problems.setdefault(name, problem)
        if known is not problem and not set(problem.also) <= set(known.also):
            also = tuple(dict.fromkeys((*known.also, *problem.also)))
            self._problems[name] = replace(known, also=also)

    def leave_out(self, rules: Collection[str]) -> None:
        """Forget every problem of some rules."""
        self._problems = {
            name: problem for name, problem in self._problems.items() if problem.rule not in rules
        }

    def expression(
        self, written: Written, problems: Sequence[ExpressionProblem], *, key: str
    ) -> None:
        """Note what is wrong with an expression, at its very characters."""
        spots = self.document.inside(written, [problem.offset for problem in problems])
        for found, spot in zip(problems, spots, strict=True):
            near = found.nearest
            remedy = f"did you mean `{near}`?" if near else found.remedy
            problem = Problem(
                rule=found.rule, place=self.document.place(spot), message=found.message,
                remedy=remedy, key=key, nearest=near,
            )  # fmt: skip
            self.keep(self.document.told(problem, written.spot))

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
