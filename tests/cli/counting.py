"""`trustflow`, told to count what it hashes, and if wanted to be careless.

    python -m tests.cli.counting FAULT serve ...

FAULT is `sound`, or what is planted: `unclaimed` verifies without a claim, `doubled` takes a
refused commit for a kept one. At its end it prints how many records were hashed to verify, and how
many of them were dummies.
"""

from __future__ import annotations

import atexit
import sys

from engine import app
from engine.adapters import hashing
from engine.adapters.sqlite import SqliteStore
from engine.cli.main import main
from engine.model.names import AccountKey, HopId
from engine.ports.store import (
    Attempts,
    Capped,
    Charge,
    Charged,
    Claimed,
    ClaimKey,
    Committed,
    Conflict,
    Hop,
)
from engine.secret import Secret
from engine.testing import NOON

verified: list[str] = []
dummies: list[str] = []


class Counting(hashing.Hasher):
    """The real one, with a list."""

    def verify(self, stored: str, passcode: Secret) -> bool:
        verified.append(stored)
        return super().verify(stored, passcode)

    def dummy(self) -> str:
        dummies.append(super().dummy())
        return dummies[-1]


class Unclaimed(SqliteStore):
    """The planted fault: whoever asks may verify."""

    async def claim_and_charge(
        self, step: ClaimKey, owner: HopId, account: AccountKey, charge: Charge
    ) -> Charged | Capped | Claimed:
        found = await super().claim_and_charge(step, owner, account, charge)
        careless = Charged(attempts=Attempts(account=account, failures=1, last_at=NOON))
        return careless if isinstance(found, Claimed) else found


class Doubled(SqliteStore):
    """The planted fault: the slower commit is taken for a kept one."""

    async def commit(self, hop: Hop) -> Committed | Conflict:
        await super().commit(hop)
        return Committed()


STORES = {"sound": SqliteStore, "unclaimed": Unclaimed, "doubled": Doubled}


def tell() -> None:
    """Say what was counted."""
    print(len(verified), sum(one in dummies for one in verified), flush=True)  # noqa: T201 - the test reads it


if __name__ == "__main__":
    # Where the wiring and the pool look for them: a server is told nothing else.
    setattr(hashing, "Hasher", Counting)  # noqa: B010 - checkers want no class to be changed
    setattr(app, "SqliteStore", STORES[sys.argv[1]])  # noqa: B010 - as above
    atexit.register(tell)
    main(sys.argv[2:])
