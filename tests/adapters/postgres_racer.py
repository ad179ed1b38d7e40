"""A program that races another one on one database, when it is told to; it prints how it went.

python postgres_racer.py <address> <name> <count>
"""

import asyncio
import json
import sys

from engine.adapters.address import Address
from engine.adapters.postgres import PostgresStore
from engine.model.names import MAIN_TENANT, AccountKey, HopId, InstanceId
from engine.ports.store import ClaimKey, Committed, Hop, Redeem
from engine.testing import NOON, a_hop, a_token, an_instance
from tests.adapters.claimant import one_more

ACCOUNT = AccountKey("user:u1")
FIRST = InstanceId("0" * 26)
CLAIMED = InstanceId("1" * 26)
REVISIONS = 20
TOKEN = a_token().id


def racing(name: str, revision: int, number: int) -> Hop:
    """Make a hop that others make as well; who wrote it is the language of the instance."""
    id = HopId(f"{name}-{revision}-{number}")
    return a_hop(an_instance(id=FIRST, revision=revision, language=id), id=id)


def redeeming(name: str, number: int) -> Hop:
    """Make a hop that begins an instance and uses up the token."""
    instance = an_instance(id=InstanceId(f"{name}{number}".zfill(26)))
    return a_hop(instance, redeem=Redeem(token=TOKEN, at=NOON))


async def won(store: PostgresStore, hops: list[Hop]) -> list[str]:
    """Commit all at once; give the ids of those that were kept."""
    answers = await asyncio.gather(*map(store.commit, hops))
    return [
        hop.id for hop, answer in zip(hops, answers, strict=True) if isinstance(answer, Committed)
    ]


async def main(address: str, name: str, count: int) -> None:
    store = await PostgresStore.open(Address.parse(address))
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()
    redeemed = await won(store, [redeeming(name, number) for number in range(count)])
    moved: list[str] = []
    for revision in range(2, REVISIONS + 2):
        moved += await won(store, [racing(name, revision, number) for number in range(5)])
        while (await store.load(MAIN_TENANT, FIRST)).instance.revision < revision:
            pass
    step = ClaimKey(tenant=MAIN_TENANT, instance=CLAIMED, revision=1)
    claims = await asyncio.gather(
        *(
            store.claim_and_charge(step, HopId(f"{name}{number}"), ACCOUNT, one_more)
            for number in range(count)
        )
    )
    charged = [type(answer).__name__ for answer in claims].count("Charged")
    sys.stdout.write(json.dumps({"redeemed": redeemed, "moved": moved, "charged": charged}) + "\n")
    await store.close()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))
