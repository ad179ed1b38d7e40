"""One of several programs that answer the same step at once, each time with another passcode.

    python -m tests.run.contender DATABASE INSTANCE STEP REVISION FIRST COUNT

Waits for a line on its input, answers COUNT times at once, prints how many records were hashed,
how many verdicts were given and how many times the current screen was shown.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from engine.adapters.sqlite import SqliteStore
from engine.model.names import MAIN_TENANT, InstanceId, StepKey
from engine.run.current import Current, InstanceRef
from engine.testing import FrozenClock
from tests.bench import bench


async def main(path: Path, instance: str, step: str, revision: int, passcodes: range) -> None:
    """Answer, all at once."""
    clock = FrozenClock()
    store = await SqliteStore.open(path, clock=clock)
    house = bench(store, clock, seed=passcodes.start + 7)
    ref = InstanceRef(tenant=MAIN_TENANT, id=InstanceId(instance))
    print("ready", flush=True)  # noqa: T201 - the test reads it
    sys.stdin.readline()
    answers = await asyncio.gather(
        *(
            house.loop.submit(
                ref,
                step=StepKey(step),
                revision=revision,
                body={"passcode": [f"another guess, number {number}"]},
            )
            for number in passcodes
        )
    )
    verdicts = sum(
        isinstance(a, Current) and not a.still_checking and not a.already_answered for a in answers
    )
    shown = sum(isinstance(a, Current) for a in answers) - verdicts
    hashed = house.pool.calls.count("verify")
    print(f"{hashed} {verdicts} {shown}", flush=True)  # noqa: T201 - the test reads it
    await store.close()


if __name__ == "__main__":
    first, count = int(sys.argv[5]), int(sys.argv[6])
    asyncio.run(
        main(
            Path(sys.argv[1]),
            sys.argv[2],
            sys.argv[3],
            int(sys.argv[4]),
            range(first, first + count),
        )
    )
