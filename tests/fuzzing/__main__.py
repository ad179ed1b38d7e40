"""Every row of made-up input: `poe fuzz`, or `python -m tests.fuzzing expressions --minutes 5`.

Prints a line a row as it is done, ready for README. What fails is shown as small as it gets, and
the task ends with 1.
"""

from __future__ import annotations

import argparse
import logging
import sys

from tests.fuzzing.rows import ROWS
from tests.fuzzing.running import HEAD, Effort


def main() -> int:
    """Fuzz what was asked for."""
    asked = argparse.ArgumentParser(prog="python -m tests.fuzzing", description=__doc__)
    asked.add_argument("rows", nargs="*", type=_row, metavar="row", help=f"of {', '.join(ROWS)}")
    asked.add_argument("--cases", type=int, help="of each row; else what security K wants")
    asked.add_argument("--seed", type=int, default=1)
    asked.add_argument("--minutes", type=float, help="for each row, at most")
    given = asked.parse_args()
    effort = Effort(cases=given.cases, seed=given.seed, minutes=given.minutes)
    logging.disable()  # a million refusals are meant to be there
    say(HEAD)
    failed = False
    for name in given.rows or ROWS:
        figures = ROWS[name](effort)
        say(figures.line)
        if figures.wrong:
            say(f"\n{name}: {figures.wrong}\n")
            failed = True
    return 1 if failed else 0


def _row(name: str) -> str:
    if name not in ROWS:
        message = f"there is no row {name}; there are {', '.join(ROWS)}"
        raise argparse.ArgumentTypeError(message)
    return name


def say(text: str) -> None:
    """Print, at once."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
