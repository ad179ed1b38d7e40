"""An application server for tests: a client, the token of its login, and calls in JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from engine.access.rtas_clients import MintedClient, add_client
from engine.model.names import MAIN_TENANT
from engine.ports.store import Committed
from engine.run.unit import Unit
from tests.web.program import JSON
from tests.web.surface import Answer, Surface, send

DEVICE: Final = {
    "device_model": "TFVA", "manufacturer": "SecuritySide", "name": "Virtual Agent #1",
    "marketing_name": "SecuritySide TFVA", "operating_system": "TFVA", "os_version": "1.0",
}  # fmt: skip
CREATED: Final[Mapping[str, Any]] = {
    "unique_id": "7c0e", "status": "REGISTRATION_CREATED_V2", "user_id": "john.doe",
    "user_display_name": "John Doe", "application_name": "Bank", "qr_code": "iVBORw0KGgo=",
    "qr_code_expiration": 1678104748, "deeplink_url": "https://tf.example/register?payload=djI",
    "close_connection_on_receive": False, "store_in_cache": True,
    "cache_expires_after_minutes": 15,
}  # fmt: skip
SUCCESS: Final[Mapping[str, Any]] = {
    "unique_id": "7c0e", "status": "REGISTRATION_SUCCESS_V2", "user_id": "john.doe",
    "user_display_name": "John Doe", "application_name": "Bank", "contract_key": "7D/Iw9i3",
    "device_key": "N+RlRWij", "device_info": DEVICE, "close_connection_on_receive": True,
    "store_in_cache": True, "cache_expires_after_minutes": 15,
}  # fmt: skip


@dataclass(slots=True, kw_only=True)
class ApplicationServer:
    """Calls RTAS with the token of its login."""

    house: Surface
    made: MintedClient
    token: str = field(default="", repr=False)

    async def log_in(self, **other: str) -> Answer:
        """Exchange id and secret for a token."""
        said = {"client_id": self.made.client.name, "client_secret": self.made.secret, **other}
        answer = await send(
            self.house.app, "POST", "/rtas/v1/login", headers=[JSON], body=json.dumps(said).encode()
        )
        if answer.status == 200:
            self.token = answer.json["token"]
        return answer

    async def post(self, target: str, body: object = None, *, token: str = "") -> Answer:
        """Call with a body in JSON."""
        raw = b"" if body is None else json.dumps(body).encode()
        headers = [("Authorization", f"Bearer {token or self.token}"), JSON]
        return await send(self.house.app, "POST", target, headers=headers, body=raw)

    async def end_user_token(self, user_id: str = "john.doe", unique_id: str = "7c0e") -> str:
        """Make a token for whoever listens to a registration."""
        said = {"user_id": user_id, "unique_id": unique_id}
        answer = await self.post("/rtas/v2/end-user/registration/token", said)
        assert answer.status == 200, answer.text
        return str(answer.json["token"])

    async def tell(self, said: Mapping[str, Any], **other: object) -> Answer:
        """Publish what became of a registration."""
        return await self.post("/rtas/v3/registration/callback", {**said, **other})


async def application(
    house: Surface, name: str = "bank-app", *, origins: Sequence[str] = ()
) -> ApplicationServer:
    """Add a client and log it in."""
    store = house.bench.store
    unit = Unit(store, MAIN_TENANT)
    made = await add_client(unit, house.bench.actor(), name, origins=origins)
    assert isinstance(made, MintedClient), made
    assert isinstance(await store.write(MAIN_TENANT, unit.staged()), Committed)
    server = ApplicationServer(house=house, made=made)
    await server.log_in()
    return server
