"""What the operations of the process manager share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated, Final, Literal, TypeVar

from msgspec import Meta

from engine.model.problem import Problem
from engine.web.api.frame.operation import Detail, Stopped
from engine.web.api.frame.pages import Number, Size
from engine.web.api.frame.values import Answer, Sent
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


Text = Annotated[str, Meta(max_length=256 * 1024)]
"""A definition, form or part, as it was written; the most that one may be is G1's to say."""
T = TypeVar("T")


class VersionWords(Sent, kw_only=True, frozen=True):
    """Which page of the versions of one thing.

    Attributes:
        sort: By version, the first one first without it; `desc` for the newest.
    """

    page: Number = 0
    size: Size = 20
    sort: Literal["version", "version,asc", "version,desc"] | None = None


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


def page_of_versions(
    words: VersionWords, rows: Sequence[T], number: Callable[[T], int]
) -> Sequence[T]:
    """Cut a page from all versions of one thing, by their `number`: there are not many."""
    is_descending = words.sort is not None and words.sort.endswith(",desc")
    ordered = sorted(rows, key=number, reverse=is_descending)
    return ordered[words.page * words.size :][: words.size]


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
    """Refuse what has mistakes; that a version is there already is said as such."""
    is_taken = any(problem.rule == "D101" for problem in problems)
    return Stopped(kind="exists" if is_taken else "invalid", details=problem_details(problems))


def problem_details(problems: Sequence[Problem]) -> list[Detail]:
    """Write mistakes as the details of an error."""
    return [
        {name: getattr(shown, name) for name in shown.__struct_fields__}
        for shown in map(problem_shown, problems)
    ]
