"""Whether time tells why a passcode failed: `poe timing`, or `python -m tests.timing PAIRS REAL`.

Pairs of tries are made in turn, cheap hashes for PAIRS of each cause and hashes at the floor for
REAL of each; their times are compared by Welch's t. A planted millisecond and a planted early
return must be told apart in ten of ten runs, or the task finds nothing that matters (security B6).
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from typing import Final

from engine.adapters.hashing import ArgonPool
from engine.adapters.system import SystemChance
from engine.ports.outside import HashPool
from tests.identity.test_equal_work import CLASSES
from tests.identity.world import World
from tests.timing.causes import Cause, Pools, a_millisecond, alone, causes
from tests.timing.welch import BOUND, are_apart, t_of

PAIRS: Final = 20_000
REAL: Final = 300
RUNS: Final = 10
PLANTED_PAIRS: Final = 300
BLOCK: Final = 100
"""Pairs in one world."""
BASE: Final = "wrong passcode"


async def compared(one: Cause, other: Cause, pairs: int) -> tuple[list[float], list[float]]:
    """Time two causes in turn, first one, then the other first."""
    times: tuple[list[float], list[float]] = ([], [])
    for number in range(pairs):
        for place in (0, 1) if number % 2 else (1, 0):
            times[place].append(await (one, other)[place].seconds())
    return times


async def told(kind: str, pairs: int, pool: Pools = None) -> bool:
    """Compare every cause with a wrong passcode; give whether none is told apart.

    A wrong passcode is compared with itself, too: more than that nothing can be asked of a cause.
    """
    is_fine = True
    for name in CLASSES:
        t = t_of(*await compared_anew(name, pairs, pool))
        if abs(t) >= BOUND:  # seen once more before it counts: a machine has its moods
            t = t_of(*await compared_anew(name, pairs, pool))
        is_fine = is_fine and abs(t) < BOUND
        say(f"| {kind} | {name} | {pairs:,} | {t:+.2f} |")
    return is_fine


async def compared_anew(
    name: str, pairs: int, pool: Pools = None
) -> tuple[list[float], list[float]]:
    """Time a wrong passcode and a cause in turn, in a new world after every few pairs.

    Where in memory a world happens to lie is worth a tenth of a microsecond, which 20,000 pairs in
    one and the same would take for the cause's.
    """
    times: tuple[list[float], list[float]] = ([], [])
    for begun in range(0, pairs, BLOCK):
        base, cause = await alone(BASE, pool), await alone(name, pool)
        some = await compared(base, cause, min(BLOCK, pairs - begun))
        for all_, fresh in zip(times, some, strict=True):
            all_ += fresh
    return times


async def planted(kind: str, plant: Callable[[Cause], None], pool: Pools, pairs: int) -> bool:
    """Plant a difference; give whether ten of ten runs tell it."""
    found = 0
    for _ in range(RUNS):
        every = {cause.name: cause for cause in await causes(pool)}
        plant(every["unknown user"])
        found += are_apart(*await compared(every[BASE], every["unknown user"], pairs))
    say(f"| {kind} | found in {found} of {RUNS} runs | {pairs:,} | |")
    return found == RUNS


def real(world: World) -> HashPool:
    """Hash at the floor of security A4."""
    return ArgonPool(world.vault, memory_kib=19_456, passes=2, workers=1, chance=SystemChance())


def late(cause: Cause) -> None:
    """Make a cause a millisecond slower."""
    cause.planted = a_millisecond


def early(cause: Cause) -> None:
    """Make a cause return before its work."""
    cause.returns_early = True


async def main() -> int:
    """Time everything; 1 where a cause is told apart, or something planted is not."""
    pairs = int(sys.argv[1]) if len(sys.argv) > 1 else PAIRS
    at_floor = int(sys.argv[2]) if len(sys.argv) > 2 else REAL
    say("| how | cause | pairs | t |\n| --- | --- | --- | --- |")
    fine = [
        await told("cheap hashes", pairs),
        await told("hashes at the floor", at_floor, real),
        await planted("a planted millisecond", late, None, PLANTED_PAIRS),
        await planted("a planted early return", early, None, PLANTED_PAIRS),
    ]
    return 0 if all(fine) else 1


def say(text: str) -> None:
    """Print, at once."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
