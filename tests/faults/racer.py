"""One of two programs that race on one store: reads a job a line, answers with a line.

    python -m tests.faults.racer PLACE SEED

PLACE is a file, or the address of a PostgreSQL schema. Jobs are JSON: {"job": "begin", "secret",
"count"}, {"job": "guess", "visits", "seconds"}, {"job": "answer", "visits", "seconds"},
{"job": "sweep", "seconds"}; `seconds` is how late it is by then.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

from engine.adapters.address import Address
from engine.adapters.postgres import PostgresStore
from engine.adapters.sqlite import SqliteStore
from engine.model.names import MAIN_TENANT, InstanceId
from engine.ports.store import Store
from engine.run.current import Current, InstanceRef
from engine.run.entry.answers import Begun
from engine.run.pump import Pump
from engine.testing import NOON, FrozenClock
from tests.bench import ROOT, Bench, bench
from tests.faults.races import begins


async def begin(house: Bench, job: dict[str, Any]) -> object:
    """Press Begin; tell the ends by what was said, and where each visit stands."""
    told = await begins(house, job["secret"], job["count"])
    return Counter("begun" if isinstance(one, Begun) else one.reason for one in told)


async def answered(house: Bench, id: str, body: dict[str, list[str]]) -> bool:
    """Answer a step as it stands at this moment; tell whether the answer counted."""
    ref = InstanceRef(tenant=MAIN_TENANT, id=InstanceId(id))
    now = (await house.store.load(ref.tenant, ref.id)).instance
    if now.step is None:
        return False
    found = await house.loop.submit(ref, step=now.step, revision=now.revision, body=body)
    assert isinstance(found, Current)
    return not found.already_answered and not found.still_checking


async def guess(house: Bench, job: dict[str, Any]) -> object:
    """Guess once in each visit, all at once; tell how many real records were hashed."""
    before = len(house.pool.verified)
    body = {"passcode": ["a guess that is wrong"]}
    await asyncio.gather(*(answered(house, id, body) for id in job["visits"]))
    return sum(record != house.pool.dummy for record in house.pool.verified[before:])


async def answer(house: Bench, job: dict[str, Any]) -> object:
    """Answer every visit, all at once; tell which answers counted."""
    told = await asyncio.gather(*(answered(house, id, {"name": ["Ines"]}) for id in job["visits"]))
    return [id for id, counted in zip(job["visits"], told, strict=True) if counted]


async def sweep(house: Bench, job: dict[str, Any]) -> object:
    """Fire what is due."""
    return await Pump(house.store, house.loop, house.clock).sweep()


JOBS = {"begin": begin, "guess": guess, "answer": answer, "sweep": sweep}


async def main(place: str, seed: int) -> None:
    """Do jobs until the input ends."""
    clock = FrozenClock(NOON)
    store: Store
    if place.startswith("postgresql:"):
        store = await PostgresStore.open(Address.parse(place), clock=clock)
    else:
        store = await SqliteStore.open(Path(place), clock=clock)
    house = bench(store, clock, seed=seed)
    print("ready", flush=True)  # noqa: T201 - the test reads it
    while line := sys.stdin.readline():
        job = json.loads(line)
        clock.move(NOON + timedelta(seconds=job.get("seconds", 0)) - clock.now())
        found = await JOBS[job["job"]](house, job)
        print(json.dumps(found), flush=True)  # noqa: T201 - the test reads it
    await store.close()


class Racers:
    """Two programs; each job is given to both before either is waited for."""

    def __init__(self, place: str) -> None:
        self._programs = [
            subprocess.Popen(
                [sys.executable, "-m", "tests.faults.racer", place, str(seed)],
                cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            )
            for seed in (501, 502)
        ]  # fmt: skip

    def __enter__(self) -> Racers:
        assert [self._read(program) for program in self._programs] == ["ready"] * 2
        return self

    def __exit__(self, *_: object) -> None:
        for program in self._programs:
            program.communicate(timeout=60)

    def race(self, *jobs: dict[str, object]) -> Sequence[Any]:
        """Give each program its job; give what they say."""
        for program, job in zip(self._programs, jobs, strict=True):
            assert program.stdin is not None
            program.stdin.write(json.dumps(job) + "\n")
            program.stdin.flush()
        return [json.loads(self._read(program)) for program in self._programs]

    @staticmethod
    def _read(program: subprocess.Popen[str]) -> str:
        assert program.stdout is not None
        return program.stdout.readline().rstrip("\n")


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2])))
