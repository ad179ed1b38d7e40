"""Every kill and race in full, counted: `poe faults`, or `python -m tests.faults killed` for rows.

Prints a row a line as it is done, ready for README. What goes wrong ends the program.
"""

from __future__ import annotations

import asyncio
import logging
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Final

from engine.testing import FrozenClock
from tests.faults.deaths import MIGRATION, place_at
from tests.faults.races import RACES, Race, track_on, two_stores
from tests.faults.test_killed import POINTS, deaths
from tests.faults.test_lives import lived
from tests.faults.test_races import answered_or_timed_out
from tests.faults.walks import WALKS
from tests.postgres import is_there, server

LIVES: Final = 100
ROUNDS: Final = 1_000
FIFTIES: Final = 20
Stores = dict[str, Callable[[], str]]


def databases() -> Stores:
    """Give where each database can be had: a fresh folder, or the server."""
    found: Stores = {"SQLite": tempfile.mkdtemp}
    if asyncio.run(is_there()):
        found["PostgreSQL"] = server
    return found


def killed() -> Iterator[str]:
    """Kill at every point of every walk, every time it is passed."""
    for store, place in databases().items():
        total = 0
        for walk in WALKS:
            kills = sum(deaths(place(), walk, 1, POINTS).values())
            total += kills
            yield f"{walk}, {store}: {kills} kills at {len(POINTS)} points"
        kills = deaths(place(), MIGRATION, 1, ("in-migration",))["in-migration"]
        yield f"migration, {store}: {kills} kills"
        yield f"all of {store}: {total + kills} kills"


def lives() -> Iterator[str]:
    """Kill at random moments."""
    for store, place in databases().items():
        kills, hops, answers = lived(place(), LIVES, "figures")
        yield f"random moments, {store}: {kills} kills, {hops} hops kept, {answers} answered"


def races() -> Iterator[str]:
    """Race two houses."""
    kinds = {"memory": "memory", "SQLite": "sqlite", "PostgreSQL": "postgres"}
    for store, kind in kinds.items():
        if kind == "postgres" and not asyncio.run(is_there()):
            continue
        for name, race in RACES.items():
            won = asyncio.run(_raced(race, kind))
            yield f"{name}, {store}: {won.total()} rounds, {_said(won)}"


async def _raced(race: Race, kind: str) -> Counter[str]:
    async with AsyncExitStack() as stack:
        clock = FrozenClock()
        folder = Path(tempfile.mkdtemp())
        return await race(track_on(*await two_stores(kind, folder, clock, stack), clock), ROUNDS)


def programs() -> Iterator[str]:
    """Race two programs."""
    for store, place in databases().items():
        with place_at(place()) as made:
            asyncio.run(made.migrate())
            won = answered_or_timed_out(made, FIFTIES)
        yield f"timer against submit, two programs, {store}: {won.total()} visits, {_said(won)}"


def _said(won: Counter[str]) -> str:
    return ", ".join(f"{name} {count}" for name, count in sorted(won.items()))


ROWS: Final = {"killed": killed, "lives": lives, "races": races, "programs": programs}

if __name__ == "__main__":
    logging.disable()  # a thousand incidents are meant to be there
    for _name in sys.argv[1:] or ROWS:
        for _line in ROWS[_name]():
            print(_line, flush=True)  # noqa: T201 - the figures
