"""A real server process for the timing task: the API on loopback, hashes `cheap` or at the `floor`.

Prints its port and a bearer value. What a request asks for by `X-Planted` is what must be found:
`late` works a thousandth of a second more, `early` answers before anything was looked at. `forget`
takes back what tries have left in the ledger, and answers nothing.
"""

from __future__ import annotations

import asyncio
import json
import socket
import sys
from collections.abc import Mapping

import uvicorn
from msgspec.structs import replace
from starlette.types import ASGIApp, Receive, Scope, Send

from engine.access.bearers import OF_KEYS
from engine.access.keys import Minted, add_key
from engine.access.permissions import everything
from engine.adapters.hashing import ArgonPool
from engine.adapters.memory import MemoryStore
from engine.adapters.system import SystemChance
from engine.identity.attempts import LockRules, charging, user_account
from engine.identity.policies import add_policy
from engine.identity.stores import change_store
from engine.identity.users import lock, set_status
from engine.model.names import MAIN_TENANT
from engine.ports.store import Committed
from engine.records.identity import IdentityStore, Passcode, User, use_key
from engine.records.record import Version
from engine.run.unit import Unit
from engine.testing import CheapPool, FrozenClock, SeededVault
from engine.web.sources import SourceLimits
from tests.bench import RIGHT, Bench, bench
from tests.timing.causes import a_millisecond
from tests.web.surface import Surface, surface_of

MANY = 10_000_000
STORE = "customers"
NAMES = ("wrong-passcode", "locked", "throttled", "expired", "none-registered", "disabled")
FAILED = (
    b'{"code":2615,"message":"The authentication failed","requestId":"00000000000000000000000000"}'
)


async def furnished(port: int, hashes: str) -> tuple[Surface, str]:
    """Build a house with a user for each cause, named as it; give a bearer value, too."""
    clock, vault = FrozenClock(), SeededVault()
    dear = ArgonPool(vault, memory_kib=19_456, passes=2, workers=1, chance=SystemChance())
    pool = dear if hashes == "floor" else CheapPool(vault)
    inside = bench(MemoryStore(clock), clock, pool=pool)  # type: ignore[arg-type]  # either does
    limits = SourceLimits(per_minute=1_000, per_hour=1_000, tenant_per_minute=MANY)
    house = surface_of(inside, public_url=f"http://127.0.0.1:{port}", limits=limits)
    users = {
        name: await inside.user(name, None if name == "none-registered" else RIGHT)
        for name in NAMES
    }
    unit = Unit(inside.store, MAIN_TENANT)
    await _spoil(unit, inside, users)
    assert await inside.store.write(MAIN_TENANT, unit.staged()) == Committed()
    return house, await _bearer(house)


async def _spoil(unit: Unit, inside: Bench, users: Mapping[str, User]) -> None:
    """Make each fail for its own cause."""
    actor = inside.actor()
    lock(unit, actor, users["locked"])
    set_status(unit, actor, users["disabled"], "DISABLED")
    row = await unit.find(Passcode, "by_use", use_key(users["expired"].id, "default"))
    assert row is not None
    unit.put(replace(row, expires_at=actor.at), Version(number=row.version))
    for _ in range(6):
        account = user_account(users["throttled"].id)
        await inside.store.charge(MAIN_TENANT, account, charging(LockRules()))
    store = await unit.get(IdentityStore, STORE)
    assert store is not None
    change_store(unit, actor, store, replace(store, hide_unknown_users=True))
    assert not isinstance(await add_policy(unit, actor, store, "other"), tuple)


async def _bearer(house: Surface) -> str:
    """Make a key that may do everything, and a bearer value of it."""
    inside = house.bench
    unit = Unit(inside.store, MAIN_TENANT)
    permissions = (everything(MAIN_TENANT).written,)
    made = await add_key(unit, inside.actor(), "timing", permissions=permissions)
    assert isinstance(made, Minted), made
    await inside.store.write(MAIN_TENANT, unit.staged())
    return OF_KEYS.make(inside.vault, MAIN_TENANT, made.key.id, inside.clock.now())


def planted(app: ASGIApp, inside: Bench) -> ASGIApp:
    """Plant what a request asks for."""
    assert isinstance(inside.store, MemoryStore)
    ledger = inside.store._ledger
    before = dict(ledger)

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        asked = dict(scope.get("headers", ())).get(b"x-planted", b"")
        if asked == b"early":
            head = [
                (b"content-type", b"application/json"),
                (b"content-length", b"%d" % len(FAILED)),
            ]
            await send({"type": "http.response.start", "status": 400, "headers": head})
            await send({"type": "http.response.body", "body": FAILED})
            return
        if asked == b"forget":
            ledger.clear()
            ledger.update(before)
            await send({"type": "http.response.start", "status": 204, "headers": []})
            await send({"type": "http.response.body", "body": b""})
            return
        if asked == b"late":
            a_millisecond()
        await app(scope, receive, send)

    return answer


async def main() -> None:
    """Serve until somebody ends us."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        # Else a body waits 40 ms for the head's receipt, and nothing smaller can be seen.
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        port = listening.getsockname()[1]
        house, token = await furnished(port, sys.argv[1])
        sys.stdout.write(json.dumps({"port": port, "token": token}) + "\n")
        sys.stdout.flush()
        config = uvicorn.Config(
            planted(house.app, house.bench), log_level="critical", lifespan="off"
        )
        await uvicorn.Server(config).serve(sockets=[listening])


if __name__ == "__main__":
    asyncio.run(main())
