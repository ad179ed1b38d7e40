"""What the operations of the process manager share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Final

from msgspec import Meta

from engine.model.problem import Problem
from engine.web.api.frame.operation import Detail, Stopped
from engine.web.api.frame.values import Answer
from engine.web.gate.door import Needs

PROCESS_MANAGER: Final = "/api/process-manager"
ProcessName = Annotated[str, Meta(max_length=50, examples=["passcode-authentication"])]
TextName = Annotated[
    str,
    Meta(
        pattern=r"^[A-Za-z][A-Za-z0-9_-]{0,63}\.v[1-9][0-9]{0,8}$",
        description="Name and version, such as person.v1.",
    ),
]


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


def needs(operation: str) -> Needs:
    """Name a permission of the service."""
    return Needs(service="ProcessManager", operation=operation)


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
    """Say why a definition is not kept: 409 where another text has its version."""
    is_there = any(problem.rule == "D101" for problem in problems)
    return Stopped(kind="exists" if is_there else "invalid", details=problem_details(problems))


def problem_details(problems: Sequence[Problem]) -> list[Detail]:
    """Write mistakes as the details of an error."""
    return [
        {name: getattr(shown, name) for name in shown.__struct_fields__}
        for shown in map(problem_shown, problems)
    ]
