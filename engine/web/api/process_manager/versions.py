"""Names, texts and versions of what a designer has written, and pages of versions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated, Literal, TypeVar

from msgspec import Meta

from engine.web.api.frame.pages import Number, Size
from engine.web.api.frame.values import Sent

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


def page_of_versions(
    words: VersionWords, rows: Sequence[T], number: Callable[[T], int]
) -> Sequence[T]:
    """Cut a page from all versions of one thing, by their `number`: there are not many."""
    is_descending = words.sort is not None and words.sort.endswith(",desc")
    ordered = sorted(rows, key=number, reverse=is_descending)
    return ordered[words.page * words.size :][: words.size]
