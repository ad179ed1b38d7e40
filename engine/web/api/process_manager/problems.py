"""Mistakes of a definition or form, as a check shows them and as an error tells them."""

from __future__ import annotations

from collections.abc import Sequence

from engine.model.problem import Problem
from engine.web.api.frame.operation import Detail, Stopped
from engine.web.api.frame.values import Answer


class ProblemShown(Answer, kw_only=True, frozen=True):
    """A mistake in a definition or form: what is wrong, where, what would be right."""

    rule: str
    severity: str
    field: str
    file: str
    line: int
    column: int
    message: str
    remedy: str
    nearest: str | None


class CheckedShown(Answer, kw_only=True, frozen=True):
    """What a check has found. `valid`: it could be kept; there may be warnings."""

    valid: bool
    problems: list[ProblemShown]


def problem_shown(problem: Problem) -> ProblemShown:
    """Write a mistake."""
    return ProblemShown(
        rule=problem.rule,
        severity=problem.severity,
        field=problem.key,
        file=problem.place.file,
        line=problem.place.line,
        column=problem.place.column,
        message=problem.message,
        remedy=problem.remedy,
        nearest=problem.nearest,
    )


def refused(problems: Sequence[Problem]) -> Stopped:
    """Refuse what has mistakes; that a version is there already is said as such."""
    is_taken = any(problem.rule == "D101" for problem in problems)
    return Stopped(kind="exists" if is_taken else "invalid", details=problem_details(problems))


def problem_details(problems: Sequence[Problem]) -> list[Detail]:
    """Write mistakes as the details of an error."""
    return [
        {name: getattr(shown, name) for name in shown.__struct_fields__}
        for shown in map(problem_shown, problems)
    ]
