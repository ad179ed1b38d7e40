"""Databases and journals that earlier programs wrote: they open, replay, and are gone on with.

`tests/golden/upgrade/<schema>/` holds what the program of that schema wrote, once and for all.
"""

from __future__ import annotations

import asyncio
import gzip
import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import apsw
import msgspec
import pytest
from msgspec.structs import replace

from engine.adapters.sqlite import SqliteStore
from engine.adapters.sqlite.database import shipped
from engine.interpret import advance, new_instance
from engine.model.event import Started
from engine.model.instance import ProcessInstance
from engine.model.names import MAIN_TENANT, InstanceId
from engine.model.turn import Turn
from engine.ports.store import InstanceQuery
from engine.records.journal import JournalRow
from engine.run.current import Current, InstanceRef
from engine.run.entry.answers import Begun
from engine.run.hop.journal import broken_at, event_of
from engine.testing import FrozenClock
from tests.bench import RIGHT, Bench, bench

KEPT = Path(__file__).parent.parent / "golden/upgrade"
SCHEMAS = sorted(path.name for path in KEPT.iterdir())


def told(schema: str) -> tuple[datetime, Mapping[str, Any]]:
    found = json.loads((KEPT / schema / "journals.json").read_text(encoding="utf-8"))
    return datetime.fromisoformat(found["now"]), found["journals"]


async def opened(schema: str, folder: Path) -> tuple[SqliteStore, Bench]:
    path = folder / "trustflow.db"
    path.write_bytes(gzip.decompress((KEPT / schema / "trustflow.db.gz").read_bytes()))
    clock = FrozenClock(told(schema)[0])
    store = await SqliteStore.open(path, clock=clock)
    return store, bench(store, clock, seed=2)


@pytest.mark.parametrize("schema", SCHEMAS)
def test_a_database_of_an_earlier_schema_is_brought_to_todays(schema: str, tmp_path: Path) -> None:
    async def story() -> int:
        store, _ = await opened(schema, tmp_path)
        page = await store.instances(MAIN_TENANT, InstanceQuery())
        for row in page.rows:
            if not row.is_over:  # what they are found by was filled in
                found = InstanceQuery(bundle=row.bundle, since=row.created_at)
                assert row in (await store.instances(MAIN_TENANT, found)).rows
        await store.close()
        return page.total

    count = asyncio.run(story())

    assert count == len(told(schema)[1])
    connection = apsw.Connection(str(tmp_path / "trustflow.db"))
    versions = connection.execute("SELECT number FROM schema_versions ORDER BY number").fetchall()
    assert versions == [(step.number,) for step in shipped()]
    assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    connection.close()


@pytest.mark.parametrize("schema", SCHEMAS)
@pytest.mark.parametrize("name", ["accepted", "declined", "abandoned", "waiting"])
def test_a_recorded_journal_replays_to_the_state_that_was_kept(
    schema: str, name: str, tmp_path: Path
) -> None:
    known = told(schema)[1][name]
    rows = msgspec.convert(known["rows"], list[JournalRow])
    kept = msgspec.convert(known["instance"], ProcessInstance)

    async def story() -> ProcessInstance:
        store, house = await opened(schema, tmp_path)
        graph = await house.library.graph(MAIN_TENANT, kept.bundle)
        first = event_of(rows[0])
        assert isinstance(first, Started)
        instance = new_instance(
            graph, tenant=kept.tenant, id=kept.id, parameters=first.parameters,
            at=kept.created_at, deadline=first.deadline,
        )  # fmt: skip
        for row in rows:
            event = event_of(row)
            assert event is not None
            turn = advance(graph, instance, event)
            assert isinstance(turn, Turn), (row.kind, turn)
            instance = turn.instance
        await store.close()
        return instance

    replayed = asyncio.run(story())

    assert broken_at(rows) is None
    # What later programs have added to an instance was not kept then.
    same = replace(
        replayed, revision=kept.revision, sequence=kept.sequence, chain=kept.chain,
        kept_until=kept.kept_until,
    )  # fmt: skip
    assert same == kept


@pytest.mark.parametrize("schema", SCHEMAS)
def test_a_visit_that_waited_is_gone_on_with(schema: str, tmp_path: Path) -> None:
    waiting = told(schema)[1]["waiting"]

    async def story() -> Current:
        store, house = await opened(schema, tmp_path)
        id = InstanceId(waiting["instance"]["id"])
        begun = Begun(instance=id, session=waiting["session"], expires_at=house.clock.now())
        entered = await house.visits.enter(MAIN_TENANT, id, begun.session, reads=True)
        now = await house.answer(begun, passcode=RIGHT)
        journal = await store.journal(MAIN_TENANT, id)
        await store.close()
        assert entered is not None
        assert broken_at(journal) is None
        assert isinstance(now, Current)
        return now

    assert asyncio.run(story()).instance.status == "COMPLETED_ENDED_SUCCESS"


@pytest.mark.parametrize("schema", SCHEMAS)
def test_what_ended_before_retention_was_kept_is_purged_in_its_time(
    schema: str, tmp_path: Path
) -> None:
    async def story() -> tuple[int, int]:
        store, house = await opened(schema, tmp_path)
        first = await house.eraser.sweep([MAIN_TENANT], audit_kept=timedelta(days=400))
        house.wait(days=36_500)
        second = await house.eraser.sweep([MAIN_TENANT], audit_kept=timedelta(days=400))
        left = await house.loop.current(
            InstanceRef(
                tenant=MAIN_TENANT, id=InstanceId(told(schema)[1]["waiting"]["instance"]["id"])
            )
        )
        await store.close()
        assert left.instance.is_over
        return first, second

    assert asyncio.run(story()) == (0, 3)
