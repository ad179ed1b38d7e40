"""Lists as Spring's pages, as TrustX answers them (trustx-identity.md 3.2, 10.1)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Final, Generic, Literal, TypeVar

from msgspec import Meta

from engine.ports.store import LARGEST_PAGE, Page, PageQuery
from engine.web.api.frame.values import Answer, Sent

T = TypeVar("T")
R = TypeVar("R")
Number = Annotated[int, Meta(ge=0, le=2**31 - 1, description="From 0.")]
Size = Annotated[int, Meta(ge=1, le=LARGEST_PAGE, description="Rows of a page.")]
Orders = Mapping[str, str | None]
"""Field that a list can be sorted by, the usual first -> property of its rows, None for the id."""
BY_AGE: Final[Orders] = {"createdDtm": None}
BY_NAME: Final[Orders] = {"name": None}


class NamedWords(Sent, kw_only=True, frozen=True):
    """Which page of a list that is sorted by name.

    Attributes:
        sort: By name; `desc` from the end.
    """

    page: Number = 0
    size: Size = 20
    sort: Literal["name", "name,asc", "name,desc"] | None = None


class Sorting(Answer, kw_only=True, frozen=True):
    """Whether a list is sorted."""

    sorted: bool = True
    unsorted: bool = False
    empty: bool = False


class Pageable(Answer, kw_only=True, frozen=True):
    """Where a page stands in its list."""

    page_number: int
    page_size: int
    offset: int
    sort: Sorting = Sorting()
    paged: bool = True
    unpaged: bool = False


class SpringPage(Answer, Generic[T], kw_only=True, frozen=True):
    """One page of a list."""

    content: list[T]
    number: int
    size: int
    number_of_elements: int
    total_elements: int
    total_pages: int
    first: bool
    last: bool
    empty: bool
    sort: Sorting
    pageable: Pageable


def page_query(
    page: int,
    size: int,
    sort: str | None,
    *,
    by: tuple[str, str] | None = None,
    begins: tuple[str, str] | None = None,
    orders: Orders = BY_AGE,
) -> PageQuery:
    """Ask the store for a page.

    Args:
        page: From 0.
        size: Rows.
        sort: `field` or `field,asc` or `field,desc`, the field one of `orders`.
        by: A listed property and its value.
        begins: A property and how it begins.
        orders: Field -> property.
    """
    field, _, way = (sort or next(iter(orders))).partition(",")
    return PageQuery(
        by=None if by is None else by[0],
        value=None if by is None else by[1],
        page=page,
        size=size,
        begins=begins,
        order=orders[field],
        descending=way == "desc",
    )


def spring_page(query: PageQuery, page: Page[R], shown: Callable[[R], T]) -> SpringPage[T]:
    """Write a page of rows, each as `shown` writes it."""
    return spring_rows(query.page, query.size, [shown(row) for row in page.rows], page.total)


def spring_rows(number: int, size: int, content: Sequence[T], total: int) -> SpringPage[T]:
    """Write a page of rows that are written already."""
    pages = -(-total // size)
    return SpringPage(
        content=list(content),
        number=number,
        size=size,
        number_of_elements=len(content),
        total_elements=total,
        total_pages=pages,
        first=number == 0,
        last=number >= pages - 1,
        empty=not content,
        sort=Sorting(),
        pageable=Pageable(page_number=number, page_size=size, offset=number * size),
    )
