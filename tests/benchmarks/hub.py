"""The hub beside bare uvicorn sockets: memory of each that waits, connects, fan-out, latency."""

from __future__ import annotations

import asyncio
import gc
import json
import resource
import statistics
import tempfile
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter
from typing import Any

import httpx2
from websockets.asyncio.client import ClientConnection, connect

from engine.access.rtas_clients import MintedClient, add_client
from engine.app import Application, open_application
from engine.model.names import MAIN_TENANT
from engine.ports.actor import Actor
from engine.run.unit import Unit
from engine.settings import Settings
from tests.benchmarks import servers
from tests.benchmarks.measure import Effort, Row, in_turn, middle

SOCKETS = 2_000
PLACES = str(20 * SOCKETS)  # one channel has a tenth of them
AT_ONCE = 50
HANDSHAKE = '{"protocol":"json","version":1}\x1e'
ID = "fan-out"
EVENT = {
    "unique_id": ID, "status": "REGISTRATION_CREATED_V2", "user_id": "john.doe",
    "user_display_name": "John Doe", "application_name": "Bank", "qr_code": "iVBORw0KGgo" * 200,
    "qr_code_expiration": 1_900_000_000, "deeplink_url": "https://tf.example/register?p=djI",
    "store_in_cache": True,
}  # fmt: skip
Tell = Callable[[], Awaitable[None]]


@dataclass(slots=True, kw_only=True)
class Side:
    """One server and its sockets."""

    server: servers.Server
    address: str
    tell: Tell
    greets: bool
    sockets: list[ClientConnection] = field(default_factory=list)
    idle_kib: float = 0.0
    connects: float = 0.0

    async def fill(self) -> None:
        """Open all sockets, and note what that took."""
        before, began = _rss_kib(self.server.pid), perf_counter()
        for _ in range(SOCKETS // AT_ONCE):
            self.sockets += await asyncio.gather(*[self._open() for _ in range(AT_ONCE)])
        self.connects = SOCKETS / (perf_counter() - began)
        self.idle_kib = (_rss_kib(self.server.pid) - before) / SOCKETS

    async def _open(self) -> ClientConnection:
        made = await connect(self.address, compression=None, max_size=None)
        await made.send(HANDSHAKE)
        said = await made.recv()
        if self.greets and b"Established" not in _raw(said):
            await made.recv()
        return made

    async def fan_out(self) -> list[float]:
        """Tell once; give after how many milliseconds each has heard it.

        This program's own garbage is no work of the servers, and a collection of so many sockets
        takes longer than they do: it would fall on one side by chance.
        """
        gc.collect()
        gc.disable()
        try:
            return await self._told()
        finally:
            gc.enable()

    async def _told(self) -> list[float]:
        began = perf_counter()

        async def heard(one: ClientConnection) -> float:
            while b'"type":1' not in _raw(await one.recv()):
                pass
            return (perf_counter() - began) * 1_000

        waiting = [asyncio.create_task(heard(one)) for one in self.sockets]
        await self.tell()
        return sorted(await asyncio.gather(*waiting))


async def hub(effort: Effort) -> list[Row]:
    """Measure both, in turn."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, 8_192)), hard))
    with tempfile.TemporaryDirectory() as folder:
        made = await _client(Path(folder))
        async with (
            httpx2.AsyncClient(timeout=60) as http,
            servers.served(Path(folder), TRUSTFLOW_LISTENERS_AT_ONCE=PLACES) as ours,
            servers.bare_hub(Path(folder)) as bare,
        ):
            sides = [await _ours(http, ours, made), _bare(http, bare)]
            for side in sides:
                await side.fill()
            return await _rows(effort, *sides)


async def _rows(effort: Effort, ours: Side, bare: Side) -> list[Row]:
    found: dict[str, list[list[float]]] = {"ours": [], "bare": []}

    def window(name: str, side: Side) -> Callable[[], Awaitable[float]]:
        async def measured() -> float:
            heard = await side.fan_out()
            found[name].append(heard)
            return heard[int(len(heard) * 0.99) - 1]

        return measured

    p99 = await in_turn(effort, window("ours", ours), window("bare", bare))
    p50 = [middle([middle(heard) for heard in found[name]]) for name in ("ours", "bare")]
    for side in (ours, bare):
        await asyncio.gather(*(one.close() for one in side.sockets[1:]))
        del side.sockets[1:]
    alone = await in_turn(effort, _alone(ours), _alone(bare))
    name = f"event to {SOCKETS:,} sockets"
    return [
        Row(name="memory of a connection that waits", unit="KiB", ours=ours.idle_kib,
            baseline=bare.idle_kib, bar=40, better="less", absolute=True),
        Row(name="connections", unit="/s", ours=ours.connects, baseline=bare.connects,
            note="ours is greeted, and its token verified"),
        Row(name=f"{name}, p50", unit="ms", ours=p50[0], baseline=p50[1], bar=2, better="less"),
        Row(name=f"{name}, p99", unit="ms", ours=middle(p99[0]), baseline=middle(p99[1]), bar=2,
            better="less"),
        Row(name="event to one socket, p50", unit="ms", ours=middle(alone[0]),
            baseline=middle(alone[1]), better="less", note="ours is durable before it is told"),
    ]  # fmt: skip


def _alone(side: Side) -> Callable[[], Awaitable[float]]:
    async def measured() -> float:
        return statistics.median([(await side.fan_out())[0] for _ in range(50)])

    return measured


async def _ours(http: httpx2.AsyncClient, server: servers.Server, made: MintedClient) -> Side:
    base = f"http://127.0.0.1:{server.port}/rtas"
    said = {"client_id": made.client.name, "client_secret": made.secret}
    token = (await http.post(f"{base}/v1/login", json=said)).json()["token"]
    headers = {"Authorization": f"Bearer {token}"}
    asked = {"user_id": EVENT["user_id"], "unique_id": ID}
    path = f"{base}/v2/end-user/registration/token"
    listening = (await http.post(path, json=asked, headers=headers)).json()["token"]

    async def tell() -> None:
        answer = await http.post(f"{base}/v3/registration/callback", json=EVENT, headers=headers)
        answer.raise_for_status()

    address = f"ws://127.0.0.1:{server.port}/rtas?access_token={listening}"
    return Side(server=server, address=address, tell=tell, greets=True)


def _bare(http: httpx2.AsyncClient, server: servers.Server) -> Side:
    event: Any = {"type": 1, "target": "RegistrationCreatedEvent", "arguments": [EVENT]}
    text = json.dumps(event, separators=(",", ":")) + "\x1e"

    async def tell() -> None:
        await http.post(f"http://127.0.0.1:{server.port}/tell", content=text)

    address = f"ws://127.0.0.1:{server.port}/rtas"
    return Side(server=server, address=address, tell=tell, greets=False)


async def _client(folder: Path) -> MintedClient:
    application: Application = await open_application(Settings(data=folder))
    store = application.store
    unit = Unit(store, MAIN_TENANT)
    actor = Actor(name="benchmark", at=await store.now(), chance=application.chance)
    made = await add_client(unit, actor, "bench")
    if not isinstance(made, MintedClient):
        raise TypeError(made)
    await store.write(MAIN_TENANT, unit.staged())
    await application.close()
    return made


def _raw(said: str | bytes) -> bytes:
    return said.encode() if isinstance(said, str) else said


def _rss_kib(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    line = next(one for one in status.splitlines() if one.startswith("VmRSS"))
    return float(line.split()[1])
