"""Kill -9 at each named point of a hop on PostgreSQL: no answered step is lost, none is doubled."""

from __future__ import annotations

import subprocess
import sys

import pytest

from engine.adapters.address import Address
from engine.model.names import MAIN_TENANT, InstanceId
from engine.ports.store import InstanceQuery
from engine.testing import FrozenClock
from tests.bench import ROOT, bench
from tests.postgres import a_database, a_store_at
from tests.run.test_killed import POINTS, rebuilt

pytestmark = [pytest.mark.anyio, pytest.mark.postgres, pytest.mark.slow]


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def deaths(address: Address, point: str) -> list[list[str]]:
    """Run the journeys that die there; give what they say, line by line."""
    words = [sys.executable, "-m", "tests.run.postgres_journeyer", address.whole, point]
    run = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=240, check=False)
    assert run.returncode == 0, run.stderr
    return [line.split() for line in run.stdout.splitlines()]


@pytest.mark.parametrize("point", POINTS)
async def test_what_was_answered_survives_a_kill_at(point: str) -> None:
    clock = FrozenClock()
    async with a_database() as address, a_store_at(address, clock) as store:
        house = bench(store, clock)
        await house.deploy()

        lines = deaths(address, point)

        kills = sum(words[0] == "died" for words in lines)
        answered = [words[1:] for words in lines if words[0] == "done"]
        for _, id, revision in answered:
            loaded = await store.load(MAIN_TENANT, InstanceId(id))
            assert loaded.instance.revision >= int(revision)
        for kept in (await store.instances(MAIN_TENANT, InstanceQuery(size=200))).rows:
            assert await rebuilt(house, kept) == kept
    assert kills > 0, f"{point} was never passed"
    assert sum(int(count) == kills + 1 for count, _, _ in answered) == 3, "the one that lived"
