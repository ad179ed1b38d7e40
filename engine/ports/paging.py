"""Reading all there is of a kind: a store gives pages, and the first is not all."""

from __future__ import annotations

from collections.abc import AsyncIterator

from engine.model.names import TenantId
from engine.ports.store import LARGEST_PAGE, PageQuery, Records
from engine.records.record import R


async def every(
    records: Records,
    tenant: TenantId,
    kind: type[R],
    by: str | None = None,
    value: str | None = None,
) -> AsyncIterator[R]:
    """Read every row whose listed property `by` is `value` (both None: all), a page at a time.

    Whoever deletes what is read collects it first: rows that go shift the pages behind them.
    """
    number = 0
    while True:
        query = PageQuery(by=by, value=value, page=number, size=LARGEST_PAGE)
        found = await records.page(tenant, kind, query)
        for row in found.rows:
            yield row
        number += 1
        if number * LARGEST_PAGE >= found.total:
            return
