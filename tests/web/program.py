"""An application server for tests: a key, the bearer value that it gives, and calls in JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field

from engine.access.keys import Minted, add_key
from engine.access.permissions import everything
from engine.model.names import MAIN_TENANT, TenantId
from engine.ports.store import Committed
from engine.run.unit import Unit
from tests.web.surface import Answer, Surface, send

JSON = ("Content-Type", "application/json")


@dataclass(slots=True, kw_only=True)
class Program:
    """Calls the API with the bearer value of its key."""

    house: Surface
    key: Minted
    token: str = field(default="", repr=False)

    async def issue(self) -> Answer:
        """Exchange the key anew."""
        answer = await send(
            self.house.app, "POST", "/api/arthr/apiKeys/issue",
            headers=[("X-API-Key", self.key.secret)],
        )  # fmt: skip
        if answer.status == 200:
            self.token = answer.json["token"]
        return answer

    async def call(
        self,
        method: str,
        target: str,
        body: object = None,
        *,
        headers: Iterable[tuple[str, str]] = (),
    ) -> Answer:
        """Call with a body in JSON, or without one."""
        raw = b"" if body is None else json.dumps(body).encode()
        carried = [("Authorization", f"Bearer {self.token}"), *headers]
        if body is not None:
            carried.append(JSON)
        return await send(self.house.app, method, target, headers=carried, body=raw)

    async def get(self, target: str) -> Answer:
        """Read."""
        return await self.call("GET", target)

    async def post(self, target: str, body: object = None, *, key: str | None = None) -> Answer:
        """Make or change; `key`: its Idempotency-Key."""
        headers = [] if key is None else [("Idempotency-Key", key)]
        return await self.call("POST", target, {} if body is None else body, headers=headers)

    async def delete(self, target: str) -> Answer:
        """End."""
        return await self.call("DELETE", target)


async def program(
    house: Surface, *permissions: str, tenant: TenantId = MAIN_TENANT, name: str = "shop"
) -> Program:
    """Make a key that may do this, all of the tenant without, and come in with it."""
    bench = house.bench
    unit = Unit(bench.store, tenant)
    wanted = permissions or (everything(tenant).written,)
    made = await add_key(unit, bench.actor(), name, permissions=wanted)
    assert isinstance(made, Minted), made
    assert await bench.store.write(tenant, unit.staged()) == Committed()
    found = Program(house=house, key=made)
    assert (await found.issue()).status == 200
    return found
