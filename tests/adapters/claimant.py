"""A program that claims one step many times at once, when it is told to; it prints how it went.

python claimant.py <database> <name> <count>
"""

import asyncio
import sys
from datetime import datetime
from pathlib import Path

from engine.adapters.sqlite import SqliteStore
from engine.adapters.system import SystemClock
from engine.model.names import MAIN_TENANT, AccountKey, HopId, InstanceId
from engine.ports.store import Attempts, ClaimKey

ACCOUNT = AccountKey("user:u1")
STEP = ClaimKey(tenant=MAIN_TENANT, instance=InstanceId("0" * 26), revision=1)


def one_more(before: Attempts | None, now: datetime, account: AccountKey) -> Attempts:
    failures = 1 if before is None else before.failures + 1
    return Attempts(account=account, failures=failures, last_at=now)


async def main(path: Path, name: str, count: int) -> None:
    store = await SqliteStore.open(path, clock=SystemClock())
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()
    answers = await asyncio.gather(
        *(
            store.claim_and_charge(STEP, HopId(f"{name}{n}"), ACCOUNT, one_more)
            for n in range(count)
        )
    )
    kinds = [type(answer).__name__ for answer in answers]
    sys.stdout.write(f"{kinds.count('Charged')} {kinds.count('Claimed')}\n")
    await store.close()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])))
