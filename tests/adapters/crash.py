"""A program that is killed at the 1st, 2nd, 3rd ... passing of a named point, until it is not.

    python crash.py <folder> <point>

Each life has a database of its own, `<n>.db`, and writes a line per answered hop to
`<n>.answered`. A life is three rounds of four hops at once, each round moving the same instances
on, with one more hop that must be refused; every second hop stages a user.
"""

import asyncio
import os
import signal
import sys
from itertools import count
from pathlib import Path

from engine.adapters.sqlite import SqliteStore
from engine.adapters.system import SystemClock
from engine.model.names import InstanceId
from engine.ports.store import Committed, Hop
from engine.records.identity import User
from engine.records.record import Absent, Put, Staged
from engine.testing import NOON, a_hop, an_instance

ROUNDS, WIDTH = 3, 4


def hop_of(round: int, number: int) -> Hop:
    instance = an_instance(id=InstanceId(f"{number:026}"), revision=round)
    user = User(id=f"u{round}-{number}", store="s", created_at=NOON, updated_at=NOON)
    staged = Staged(writes=(Put(row=user, expect=Absent()),)) if number % 2 else Staged()
    return a_hop(instance, staged=staged)


async def live(folder: Path, point: str, life: int) -> None:
    passed = 0

    def probe(name: str) -> None:
        nonlocal passed
        passed += name == point
        if passed == life:
            os.kill(os.getpid(), signal.SIGKILL)

    answered = os.open(folder / f"{life}.answered", os.O_WRONLY | os.O_CREAT)
    store = await SqliteStore.open(folder / f"{life}.db", clock=SystemClock(), probe=probe)

    async def commit(hop: Hop) -> None:
        if await store.commit(hop) == Committed():
            os.write(answered, f"{hop.id} {hop.instance.id} {hop.instance.revision}\n".encode())

    for round in range(1, ROUNDS + 1):
        hops = [hop_of(round, number) for number in range(WIDTH)]
        late = a_hop(an_instance(id=InstanceId(f"{0:026}"), revision=round + 7))
        await asyncio.gather(*map(commit, [*hops[:2], late, *hops[2:]]))
    await store.close()


def main(folder: Path, point: str) -> None:
    """Live again and again; each life is a process of its own, forked before there are threads."""
    for life in count(1):
        child = os.fork()
        if child == 0:
            asyncio.run(live(folder, point, life))
            os._exit(0)
        _, status = os.waitpid(child, 0)
        if not os.WIFSIGNALED(status):
            sys.exit(os.waitstatus_to_exitcode(status))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
