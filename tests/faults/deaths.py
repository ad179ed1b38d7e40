"""A program of its own: lets children die at a named point, the 1st, 2nd, 3rd time it is passed.

    python -m tests.faults.deaths PLACE WALK EVERY POINT...

PLACE is a folder, or the address of a PostgreSQL server. EVERY is 1, or more to leave some times
out: 5 kills at the 1st, 6th, 11th, ... A walk goes the same way at every try, so
what it leaves is known commit by commit: once it is walked in peace, and all rows of all tables are
written down after each commit. What a child leaves that was killed must be one of these states, row
by row, and none before its last answer: nothing answered is lost, nothing is applied twice or by
half, and no record tells another story than the journal. Each state is judged once besides.

Prints `POINT kills states` for each point.
"""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import os
import signal
import sys
import traceback
from collections.abc import Callable, Coroutine, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from engine.adapters.address import Address
from engine.ports.outside import Probe
from engine.run.catalogue import Catalogue
from engine.testing import NOON, FrozenClock
from tests.bench import ROOT, bench
from tests.faults.judging import judge
from tests.faults.places import File, Place, Rows, Schema
from tests.faults.walks import ELSEWHERE, PLANTED, WALKS, Go, Said, Walk
from tests.postgres import tell

MOST: Final = 400
MIGRATION: Final = "migration"
COMMITTED: Final = "after-commit-before-ack"
FIRST_SCHEMA: Final = ROOT / "tests/golden/upgrade/1/trustflow.db.gz"
BY_THE_CLOCK: Final = "kept_until"
"""What the migration of the first schema takes from the machine's clock."""
CATALOGUE: Final = Catalogue.installed()
"""Read once: each child has it from its parent."""

Act = Callable[[Probe, Said], Coroutine[object, object, None]]
"""What is killed: goes by itself, passes points, says when an answer went out."""


@dataclass(frozen=True, slots=True)
class Known:
    """What a walk leaves after each commit, and which state each of its answers promises."""

    states: Sequence[Rows]
    promised: Sequence[int]


def killer(point: str, count: int) -> Probe:
    """Kill this program the `count`-th time `point` is passed."""
    left = count

    def probe(name: str) -> None:
        nonlocal left
        left -= name == point
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    return probe


def act_of(place: Place, go: Go, secret: str) -> Act:
    """Give a walk as something that can be killed."""

    async def act(probe: Probe, said: Said) -> None:
        clock = FrozenClock(NOON)
        store = await place.open(clock, probe)
        house = bench(store, clock, catalogue=CATALOGUE, probe=probe, seed=1, redirects=ELSEWHERE)
        await go(house, secret, said)
        await store.close()

    return act


def migrating(place: Place) -> Act:
    """Give a migration as something that can be killed."""

    async def act(probe: Probe, said: Said) -> None:
        await place.migrate(probe)
        said()

    return act


async def prepared(place: Place, walk: Walk) -> str:
    """Make what a walk needs."""
    clock = FrozenClock(NOON)
    await place.migrate()
    store = await place.open(clock)
    secret = await walk.prepare(bench(store, clock, redirects=ELSEWHERE))
    await store.close()
    return secret


def known(place: Place, act: Act) -> Known:
    """Walk once in peace."""
    place.back()
    states, promised = [place.rows()], []

    def probe(name: str) -> None:
        if name == COMMITTED:
            states.append(place.rows())

    asyncio.run(act(probe, lambda: promised.append(len(states) - 1)))
    if len(states) == 1:  # a migration: nothing in between may ever be seen
        states.append(place.rows())
        promised = [1]
    return Known(states, promised)


def dies(place: Place, act: Act, probe: Probe) -> tuple[bool, int]:
    """Let a child go; tell whether it was killed, and how many answers went out before."""
    place.back()
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            asyncio.run(act(probe, lambda: _said(writing)))
        except BaseException:  # noqa: BLE001 - a child must not go on as its parent
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    os.close(writing)
    _, status = os.waitpid(child, 0)
    answers = 0
    while told := os.read(reading, 1024):
        answers += len(told)
    os.close(reading)
    code = os.waitstatus_to_exitcode(status)
    assert code in (0, -signal.SIGKILL), f"the child ended with {code}"
    place.settled()
    return code != 0, answers


def _said(pipe: int) -> None:
    os.write(pipe, b".")


def deaths(
    place: Place, act: Act, point: str, *, oracle: Known, judged: set[int], every: int
) -> int:
    """Let one child after the other die at a point, until it is not passed so often."""
    for kills, count in enumerate(range(1, MOST, every)):
        was_killed, answers = dies(place, act, killer(point, count))
        rows = place.rows()
        assert rows in oracle.states, f"{point} {count}: a state that no commit has made"
        found = max(n for n, state in enumerate(oracle.states) if state == rows)
        promised = oracle.promised[answers - 1] if answers else 0
        assert found >= promised, f"{point} {count}: an answered step is lost"
        if not was_killed:
            assert found == len(oracle.states) - 1
            return kills
        if found not in judged:
            judged.add(found)
            judge(place)
    raise AssertionError(point)


def main(place: Place, name: str, every: int, points: Sequence[str]) -> None:
    """Kill at every point."""
    if name == MIGRATION:
        if isinstance(place, File):
            place = replace(place, without=BY_THE_CLOCK)
            place.path.write_bytes(gzip.decompress(FIRST_SCHEMA.read_bytes()))
            place.keep()
        act = right = migrating(place)
    else:
        walk = {**WALKS, **PLANTED}[name]
        secret = asyncio.run(prepared(place, walk))
        place.keep()
        right = act_of(place, walk.go, secret)
        act = right if walk.mistaken is None else act_of(place, walk.mistaken, secret)
    oracle = known(place, right)
    judged: set[int] = set() if name != MIGRATION else {0, 1}
    for point in points:
        kills = deaths(place, act, point, oracle=oracle, judged=judged, every=every)
        print(f"{point} {kills} {len(oracle.states)}", flush=True)  # noqa: T201 - the test reads it


@contextlib.contextmanager
def place_at(text: str) -> Iterator[Place]:
    """Give a folder's file, or a schema that is made on a server and dropped at the end."""
    if not text.startswith("postgresql:"):
        yield File(Path(text))
        return
    name = f"trustflow_faults_{os.getpid()}"
    tell(text, f"CREATE SCHEMA {name}")
    try:
        yield Schema(Address.parse(f"{text}?search_path={name}"), name)
    finally:
        tell(text, f"DROP SCHEMA {name} CASCADE")


if __name__ == "__main__":
    with place_at(sys.argv[1]) as _place:
        main(_place, sys.argv[2], int(sys.argv[3]), sys.argv[4:])
