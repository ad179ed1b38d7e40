"""Lists as Spring's pages, as TrustX answers them (trustx-identity.md 3.2, 10.1)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated, Generic, TypeVar

from msgspec import Meta, Struct

from engine.ports.store import LARGEST_PAGE, Page

T = TypeVar("T")
R = TypeVar("R")


class PageWords(Struct, rename="camel", forbid_unknown_fields=True, kw_only=True, frozen=True):
    """Which page of a list."""

    page: Annotated[int, Meta(ge=0, le=2**31 - 1, description="From 0.")] = 0
    size: Annotated[int, Meta(ge=1, le=LARGEST_PAGE, description="Rows of a page.")] = 20


class Sorting(Struct, rename="camel", kw_only=True, frozen=True):
    """Whether a list is sorted."""

    sorted: bool = True
    unsorted: bool = False
    empty: bool = False


class Pageable(Struct, rename="camel", kw_only=True, frozen=True):
    """Where a page stands in its list."""

    page_number: int
    page_size: int
    offset: int
    sort: Sorting = Sorting()
    paged: bool = True
    unpaged: bool = False


class SpringPage(Struct, Generic[T], rename="camel", kw_only=True, frozen=True):
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


def spring_page(words: PageWords, page: Page[R], shown: Callable[[R], T]) -> SpringPage[T]:
    """Write a page of rows, each as `shown` writes it."""
    return spring_rows(words, [shown(row) for row in page.rows], page.total)


def spring_rows(words: PageWords, content: Sequence[T], total: int) -> SpringPage[T]:
    """Write a page of rows that are written already."""
    pages = -(-total // words.size)
    return SpringPage(
        content=list(content),
        number=words.page,
        size=words.size,
        number_of_elements=len(content),
        total_elements=total,
        total_pages=pages,
        first=words.page == 0,
        last=words.page >= pages - 1,
        empty=not content,
        sort=Sorting(),
        pageable=Pageable(
            page_number=words.page, page_size=words.size, offset=words.page * words.size
        ),
    )
