"""The benchmark: each figure beside its baseline, measured in turn, in one run.

python -m tests.benchmarks                     all rows
python -m tests.benchmarks steps journeys      these rows alone
python -m tests.benchmarks --windows 9 steps   with more windows
"""

from __future__ import annotations

import argparse
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime

import uvloop

from engine.adapters.system import SystemClock
from tests.benchmarks import compiling, hub, instances, passcodes, postgres, sizes, starting, steps
from tests.benchmarks.measure import Effort, Row, head, say, table

ROWS: Mapping[str, Callable[[Effort], Awaitable[list[Row]]]] = {
    "steps": steps.steps,
    "journeys": passcodes.journeys,
    "memory": instances.memory,
    "durable": instances.durable,
    "postgres": postgres.durable,
    "compile": compiling.compiling,
    "start": starting.starting,
    "size": sizes.sizes,
    "hub": hub.hub,
}


def main() -> None:
    """Measure what was asked for and print the table."""
    asked = argparse.ArgumentParser(
        prog="python -m tests.benchmarks",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    asked.add_argument("rows", nargs="*", type=_row, metavar="row", help=f"of {', '.join(ROWS)}")
    asked.add_argument("--windows", type=int, default=Effort().windows, help="for each side")
    asked.add_argument("--seconds", type=float, default=Effort().seconds, help="of each window")
    given = asked.parse_args()
    effort = Effort(windows=given.windows, seconds=given.seconds)
    at: datetime = SystemClock().now()
    say(head(f"{at:%Y-%m-%d %H:%M} UTC"))
    found: list[Row] = []
    for name in given.rows or ROWS:
        rows = uvloop.run(_measured(name, effort))
        say(f"  {name}: " + ", ".join(f"{row.ours:,.2f} {row.unit}" for row in rows))
        found += rows
    say("\n" + table(found))


def _row(name: str) -> str:
    if name not in ROWS:
        message = f"there is no row {name}; there are {', '.join(ROWS)}"
        raise argparse.ArgumentTypeError(message)
    return name


async def _measured(name: str, effort: Effort) -> list[Row]:
    return list(await ROWS[name](effort))


if __name__ == "__main__":
    main()
