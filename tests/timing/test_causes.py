"""What the timing task times: every cause meets records of the pool that it is timed with."""

from __future__ import annotations

import asyncio

from engine.model.names import MAIN_TENANT
from engine.ports.store import PageQuery
from engine.records.identity import Passcode
from tests.timing.__main__ import real
from tests.timing.causes import causes


def test_records_cost_what_the_pools_dummy_costs() -> None:
    async def costs() -> set[str]:
        found = set()
        for cause in await causes(real):
            rows = await cause.world.store.page(MAIN_TENANT, Passcode, PageQuery(page=0, size=10))
            found |= {row.hash.split("$")[3] for row in rows.rows}
            found.add(cause.world.pool.dummy.split("$")[3])
        return found

    assert asyncio.run(costs()) == {"m=19456,t=2,p=1,keyid=k1-test"}
