"""The ways in which a passcode fails, each as something that can be timed again and again."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from engine.identity.authentication import Attempt, verify
from engine.ports.outside import HashPool
from engine.secret import Secret
from tests.identity.test_equal_work import CLASSES, failing
from tests.identity.world import World

Planted = Callable[[], None]
PLANTED_SECONDS: Final = 0.001


@dataclass(slots=True)
class Cause:
    """One way to fail: the same before every try, since what a try leaves is taken back."""

    name: str
    world: World
    attempt: Attempt
    passcode: str
    ledger: dict[object, object]
    planted: Planted | None = None
    returns_early: bool = False

    async def seconds(self) -> float:
        """Fail once; give how long it took."""
        step = await self.world.step()
        verifier = await self.world.verifier(self.world.unit(), step)
        secret = Secret(self.passcode)
        began = time.perf_counter()
        if not self.returns_early:
            await verify(verifier, self.attempt, secret)
        if self.planted is not None:
            self.planted()
        took = time.perf_counter() - began
        kept = self.world.store._ledger
        kept.clear()
        kept.update(self.ledger)  # type: ignore[arg-type]  # it came from there
        self.world.calls.clear()
        return took


def a_millisecond() -> None:
    """Work for a thousandth of a second."""
    ends = time.perf_counter() + PLANTED_SECONDS
    while time.perf_counter() < ends:
        pass


Pools = Callable[[World], HashPool] | None
"""What makes a pool in place of the cheap one."""


async def causes(pool: Pools = None) -> list[Cause]:
    """Build every cause, each in a world of its own."""
    return [await alone(name, pool) for name in CLASSES]


async def alone(name: str, pool: Pools = None) -> Cause:
    """Build one cause in a world of its own."""
    world = World()
    if pool is not None:  # from the first: it makes the records, too
        world.pool = pool(world)  # type: ignore[assignment]  # a real one does as well
    _, attempt, passcode = await failing(name, world)
    ledger = dict(world.store._ledger)
    return Cause(name, world, attempt, passcode, ledger)  # type: ignore[arg-type]  # any mapping


Timed = Callable[[], Awaitable[float]]
