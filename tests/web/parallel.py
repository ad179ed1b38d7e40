"""Calls at once, round after round: `python -m tests.web.parallel ROUNDS [STORE ...]`.

In each round several callers do the same thing at one moment: answer a step, use up a token, guess
a passcode, create under one Idempotency-Key. One wins each. The tests go a hundred rounds.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Final
from urllib.parse import parse_qs, urlsplit

from engine.adapters.memory import MemoryStore
from engine.adapters.sqlite import SqliteStore
from engine.ports.store import Store
from engine.testing import FrozenClock
from engine.web.sources import SourceLimits
from tests.bench import RIGHT, WRONG, bench
from tests.postgres import a_database, a_store_at, is_there
from tests.web.program import Program, program
from tests.web.surface import PERSON, TWO_FORMS, Answer, Surface, send, surface_of

AT_ONCE: Final = 6
MANY: Final = 10_000
"""Failures a minute that are allowed of one address, and of the tenant."""
BREATH: Final = 500
"""After so many rounds a minute passes: else their wrong guesses trip the tenant's circuit (C4)."""
STORE: Final = "/api/identity-store/stores/customers"
MANAGER: Final = "/api/process-manager"
INES: Final = "ines.carvalho"


@asynccontextmanager
async def stores() -> AsyncIterator[dict[str, tuple[Store, FrozenClock]]]:
    """Give every store that is there, each with its clock, for the length of the block."""
    clocks = {name: FrozenClock() for name in ("memory", "SQLite", "PostgreSQL")}
    found: dict[str, Store] = {"memory": MemoryStore(clocks["memory"])}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "trustflow.db"
        found["SQLite"] = await SqliteStore.open(path, clock=clocks["SQLite"])
        try:
            if await is_there():
                async with (
                    a_database() as address,
                    a_store_at(address, clocks["PostgreSQL"]) as found["PostgreSQL"],
                ):
                    yield {name: (store, clocks[name]) for name, store in found.items()}
            else:
                yield {name: (store, clocks[name]) for name, store in found.items()}
        finally:
            await found["SQLite"].close()


async def furnished(
    store: Store, clock: FrozenClock, *, tenant_per_minute: int = MANY
) -> tuple[Surface, Program]:
    """Put a surface in front of a store with a journey, a user and a key."""
    limits = SourceLimits(per_minute=MANY, per_hour=MANY, tenant_per_minute=tenant_per_minute)
    house = surface_of(bench(store, clock), limits=limits)
    await house.bench.deploy(TWO_FORMS, {"person.v1": PERSON})
    await house.bench.user()
    return house, await program(house)


async def gone(house: Surface, shop: Program, number: int) -> None:
    """Go one round of each kind; raise AssertionError where not exactly one wins."""
    await _answered(house, shop, number)
    await _used_up(house, shop, number)
    await _guessed(house, shop, number)
    await _created(house, shop, number)


async def _token(shop: Program, name: str, uses: int = 1) -> str:
    body = {"name": name, "processDefnName": "two-forms", "maxCount": uses}
    return str((await shop.post(f"{MANAGER}/processTokens", body)).json["id"])


async def _all(*calls: object) -> Counter[int]:
    answers: list[Answer] = await asyncio.gather(*calls)  # type: ignore[call-overload]  # calls of one kind
    return Counter(one.status for one in answers)


async def _answered(house: Surface, shop: Program, number: int) -> None:
    token = await _token(shop, f"a{number}")
    created = (await shop.post(f"{MANAGER}/processInstances/create?pt={token}")).json
    (start,) = parse_qs(urlsplit(created["redirectUrl"]).query)["ps"]
    screen = await send(house.app, "POST", f"{urlsplit(start).path}?{urlsplit(start).query}")
    person = Program(house=house, key=shop.key, token=screen.json["sessionToken"])
    way = f"/api/process-server/processInstances/{created['processInstanceId']}/steps"
    body = {"revision": screen.json["revision"], "data": {"name": "x"}}
    answers = await asyncio.gather(
        *(person.post(f"{way}/{screen.json['stepKey']}", body) for _ in range(AT_ONCE))
    )
    moved = [one for one in answers if not one.json.get("alreadyAnswered")]
    assert [one.status for one in answers] == [200] * AT_ONCE
    assert len(moved) == 1, f"round {number}: {len(moved)} answers counted"
    assert len({one.json["revision"] for one in answers}) == 1


async def _used_up(house: Surface, shop: Program, number: int) -> None:
    token = await _token(shop, f"u{number}", uses=2)
    way = f"{MANAGER}/processInstances/create?pt={token}"
    statuses = await _all(*(shop.post(way) for _ in range(AT_ONCE)))
    assert statuses == {201: 2, 410: AT_ONCE - 2}, f"round {number}: {statuses}"


async def _guessed(house: Surface, shop: Program, number: int) -> None:
    begins = f"{STORE}/users/{INES}/passcodes/authentications/default/ext"
    ids = [(await shop.post(begins)).json["sessionId"] for _ in range(AT_ONCE + 2)]
    way = f"{STORE}/passcodes/authentications/sessions"
    same = await _all(*(shop.post(f"{way}/{ids[0]}", {"passcode": RIGHT}) for _ in range(AT_ONCE)))
    assert same == {200: 1, 400: AT_ONCE - 1}, f"round {number}: {same}"
    pool = house.bench.pool
    pool.verified.clear()
    await _all(*(shop.post(f"{way}/{id}", {"passcode": WRONG}) for id in ids[1:]))
    guesses = sum(record != pool.dummy for record in pool.verified)
    assert guesses <= 6, f"round {number}: {guesses} guesses were verified"
    await shop.post(f"{STORE}/users/{INES}/ext", {"status": "ACTIVE"})


async def _created(house: Surface, shop: Program, number: int) -> None:
    body, key = {"extId": f"user {number}"}, f"key {number}".replace(" ", "-")
    answers = await asyncio.gather(
        *(shop.post(f"{STORE}/users", body, key=key) for _ in range(AT_ONCE))
    )
    assert {one.status for one in answers} == {201}
    assert len({one.body for one in answers}) == 1, f"round {number}: two users under one key"


async def main() -> None:
    """Go so many rounds of each kind on each store, or on those that are named."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    async with stores() as found:
        for name in sys.argv[2:] or found:
            store, clock = found[name]
            house, shop = await furnished(store, clock)
            for number in range(rounds):
                if number % BREATH == BREATH - 1:
                    clock.move(timedelta(minutes=1))
                    await shop.issue()  # a key's bearer value lasts half an hour
                await gone(house, shop, number)
            sys.stdout.write(f"{name}: {rounds:,} rounds of each kind, one wins each\n")


if __name__ == "__main__":
    asyncio.run(main())
