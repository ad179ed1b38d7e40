"""A program of its own for the kill tests: walks journeys that die at a named point of a hop.

    python -m tests.run.journeyer FOLDER POINT

For count 1, 2, ... a forked child walks one journey on `FOLDER/<count>.db` and is killed the
count-th time it passes POINT; the last child passes it less often and lives. A child prints
`done <count> <instance> <revision>` after each acknowledged step, the parent `died <count>`.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import sys
from pathlib import Path

from engine.adapters.sqlite import SqliteStore
from engine.ports.outside import Probe
from engine.run.current import Current
from engine.testing import FrozenClock
from tests.bench import RIGHT, WRONG, bench

MOST = 400


def killer(point: str, count: int) -> Probe:
    """Kill this program the `count`-th time `point` is passed."""
    left = count

    def probe(name: str) -> None:
        nonlocal left
        if name == point:
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    return probe


def say(line: str) -> None:
    """Tell the test, at once."""
    print(line, flush=True)  # noqa: T201 - the test reads it


def acknowledged(count: int, now: Current) -> None:
    """Say that an answer went out."""
    say(f"done {count} {now.instance.id} {now.instance.revision}")


async def prepared(path: Path) -> str:
    """Deploy, add a user, make a link; give its secret."""
    clock = FrozenClock()
    store = await SqliteStore.open(path, clock=clock)
    house = bench(store, clock)
    await house.deploy()
    await house.user()
    secret = (await house.link()).secret
    await store.close()
    return secret


async def walked(path: Path, secret: str, point: str, count: int) -> None:
    """Walk: begin, wrong, right."""
    clock = FrozenClock()
    probe = killer(point, count)
    store = await SqliteStore.open(path, clock=clock, probe=probe)
    house = bench(store, clock, probe=probe, seed=1)
    begun = await house.begin(secret)
    acknowledged(count, await house.at(begun))
    for passcode in (WRONG, RIGHT):
        now = await house.answer(begun, passcode=passcode)
        assert isinstance(now, Current)
        acknowledged(count, now)
    await store.close()


def all_deaths(folder: Path, point: str) -> None:
    """Let one child after the other die, until one lives."""
    base = folder / "base"
    secret = asyncio.run(prepared(base))
    for count in range(1, MOST):
        shutil.copy(base, folder / f"{count}.db")
        child = os.fork()
        if child == 0:
            asyncio.run(walked(folder / f"{count}.db", secret, point, count))
            os._exit(0)
        _, status = os.waitpid(child, 0)
        if os.WIFEXITED(status) and os.WEXITSTATUS(status) == 0:
            return
        if not os.WIFSIGNALED(status) or os.WTERMSIG(status) != signal.SIGKILL:
            sys.exit(f"child {count} ended with status {status}")
        say(f"died {count}")


if __name__ == "__main__":
    all_deaths(Path(sys.argv[1]), sys.argv[2])
