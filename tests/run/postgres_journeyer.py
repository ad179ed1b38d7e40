"""A program that walks journeys on PostgreSQL and is killed at a named point, each time further on.

    python -m tests.run.postgres_journeyer ADDRESS POINT

Prints `done COUNT INSTANCE REVISION` for each answer that went out, and `died COUNT`.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys

from engine.adapters.address import Address
from engine.adapters.postgres import PostgresStore
from engine.run.current import Current
from engine.testing import FrozenClock
from tests.bench import RIGHT, WRONG, bench
from tests.run.journeyer import MOST, acknowledged, killer, say


async def prepared(address: Address, count: int) -> str:
    """Add a user for this walk alone, and make a link; give its secret."""
    clock = FrozenClock()
    store = await PostgresStore.open(address, clock=clock)
    house = bench(store, clock, seed=1_000 + count)
    name = f"person-{count}"
    await house.user(name)
    secret = (await house.link(parameters={"userExternalId": name})).secret
    await store.close()
    return secret


async def walked(address: Address, point: str, count: int) -> None:
    """Walk: begin, wrong, right; ids of each walk are its own."""
    secret = await prepared(address, count)
    clock = FrozenClock()
    probe = killer(point, count)
    store = await PostgresStore.open(address, clock=clock, probe=probe)
    house = bench(store, clock, probe=probe, seed=count + 1)
    begun = await house.begin(secret)
    acknowledged(count, await house.at(begun))
    for passcode in (WRONG, RIGHT):
        now = await house.answer(begun, passcode=passcode)
        assert isinstance(now, Current)
        acknowledged(count, now)
    await store.close()


def all_deaths(address: Address, point: str) -> None:
    """Let one child after the other die, until one lives."""
    for count in range(1, MOST):
        child = os.fork()
        if child == 0:
            asyncio.run(walked(address, point, count))
            os._exit(0)
        _, status = os.waitpid(child, 0)
        if os.WIFEXITED(status) and os.WEXITSTATUS(status) == 0:
            return
        if not os.WIFSIGNALED(status) or os.WTERMSIG(status) != signal.SIGKILL:
            sys.exit(f"child {count} ended with status {status}")
        say(f"died {count}")


if __name__ == "__main__":
    all_deaths(Address.parse(sys.argv[1]), sys.argv[2])
