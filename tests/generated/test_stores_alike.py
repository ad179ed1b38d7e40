"""The stores behave alike: a made journey gives the same states and the same journal on each."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from engine.adapters.memory import MemoryStore
from engine.adapters.sqlite import SqliteStore
from engine.model.graph import ActivityNode
from engine.model.instance import ProcessInstance
from engine.model.names import MAIN_TENANT
from engine.ports.store import Store
from engine.records.journal import JournalRow
from engine.testing import FrozenClock
from tests.bench import RIGHT, WRONG, Bench, bench, ref
from tests.generated.definitions import NOTE, definitions
from tests.generated.test_definitions import compiled
from tests.postgres import a_store

Told = tuple[list[ProcessInstance], list[JournalRow]]
STEPS = st.lists(
    st.sampled_from(("again", "left", "right", "wrong", "press", "late", "stale")), max_size=12
)


async def journey(house: Bench, text: str, ext_id: str, steps: Sequence[str]) -> Told:
    """Walk one made definition in a house."""
    await house.deploy(text, {"note.v1": NOTE})
    await house.user()
    minted = await house.link("made", {"userExternalId": ext_id, "kind": "b"})
    begun = await house.begin(minted.secret)
    states = [(await house.at(begun)).instance]
    for step in steps:
        now = states[-1]
        if now.wait is None:
            break
        if step == "late":
            house.wait(minutes=3)
        elif step == "press":
            node = (await house.at(begun)).graph.nodes[now.wait.node]
            assert isinstance(node, ActivityNode)
            action = next(iter(node.actions), "none")
            await house.loop.press(
                ref(begun), step=now.wait.step, revision=now.revision, action=action
            )
        else:
            passcode = RIGHT if step in ("left", "right") else WRONG
            asks = any("passcode" in p for p in map(repr, now.wait.screen.panels))
            body = {"passcode": [passcode]} if asks else {"choice": [step], "words": ["many"]}
            revision = now.revision - (step == "stale")
            await house.loop.submit(ref(begun), step=now.wait.step, revision=revision, body=body)
        states.append((await house.at(begun)).instance)
    return states, list(await house.store.journal(MAIN_TENANT, begun.instance))


async def on(
    store: Store, clock: FrozenClock, text: str, ext_id: str, steps: Sequence[str]
) -> Told:
    """Tell it on a store."""
    try:
        return await journey(bench(store, clock), text, ext_id, steps)
    finally:
        await store.close()


MADE = (definitions(), st.sampled_from(("ines.carvalho", "nobody")), STEPS)
SLOW = [HealthCheck.too_slow, HealthCheck.filter_too_much]


@settings(max_examples=40, suppress_health_check=SLOW)
@given(*MADE)
def test_a_made_journey_is_the_same_on_both_stores(
    text: str, ext_id: str, steps: list[str]
) -> None:
    assume(compiled(text).graph is not None)

    async def both(folder: Path) -> tuple[Told, Told]:
        one, two = FrozenClock(), FrozenClock()
        kept = await SqliteStore.open(folder / "store.db", clock=two)
        return (
            await on(MemoryStore(one), one, text, ext_id, steps),
            await on(kept, two, text, ext_id, steps),
        )

    with tempfile.TemporaryDirectory() as folder:
        memory, sqlite = asyncio.run(both(Path(folder)))

    assert memory == sqlite


@pytest.mark.postgres
@settings(max_examples=20, suppress_health_check=SLOW)
@given(*MADE)
def test_a_made_journey_is_the_same_on_postgres(text: str, ext_id: str, steps: list[str]) -> None:
    assume(compiled(text).graph is not None)

    async def both() -> tuple[Told, Told]:
        one, two = FrozenClock(), FrozenClock()
        async with a_store(two) as kept:
            return (
                await on(MemoryStore(one), one, text, ext_id, steps),
                await on(kept, two, text, ext_id, steps),
            )

    memory, postgres = asyncio.run(both())

    assert memory == postgres
