"""Listeners end with what let them in: their client, and the page that they came from (I1)."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

import pytest

from engine.access.rtas_clients import change_client, remove_client
from engine.adapters.signatures.rs256 import Rs256Signer
from engine.model.names import MAIN_TENANT, TenantId
from engine.ports.store import Records
from engine.realtime.channels import Group
from engine.realtime.tokens import Listener
from engine.records.realtime import RtasClient
from engine.records.record import Record
from engine.run.unit import Unit
from engine.web.hub.member import Member
from engine.web.hub.standing import fallen
from tests.web.application import ApplicationServer, application
from tests.web.listening import HANDSHAKE, connect, negotiate, stream
from tests.web.surface import Surface, play, send, surface

PAGE: Final = "https://bank.example"
OTHER: Final = "https://shop.example"
ENDED: Final = [{"type": 7}, {"closed": 1000}]
R = TypeVar("R", bound=Record)
Change = Callable[[ApplicationServer], Awaitable[None]]


async def changed(server: ApplicationServer, **what: Any) -> None:
    """Change the client in the store alone, as another program does; no hub is told."""
    bench = server.house.bench
    unit = Unit(bench.store, MAIN_TENANT)
    client = await unit.get(RtasClient, server.made.client.id)
    assert client is not None
    if what:
        change_client(unit, bench.actor(), client, **what)
    else:
        remove_client(unit, bench.actor(), client)
    await bench.store.write(MAIN_TENANT, unit.staged())


async def blocked(server: ApplicationServer) -> None:
    await changed(server, status="BLOCKED")


async def removed(server: ApplicationServer) -> None:
    await changed(server)


async def unlisted(server: ApplicationServer) -> None:
    await changed(server, origins=(OTHER,))


async def heard(house: Surface, token: str, origin: str | None) -> Any:
    """Open a socket from a page, and be greeted."""
    headers = [] if origin is None else [("Origin", origin)]
    ear = await connect(house, token, headers=headers)
    assert (await ear.event())[0] == "ConnectionEstablished"
    return ear


@pytest.mark.parametrize("ends", [blocked, removed, unlisted])
def test_a_listener_ends_for_good_that_would_not_be_let_in_any_more(ends: Change) -> None:
    async def story(house: Surface) -> tuple[list[object], bool]:
        server = await application(house, origins=(PAGE, OTHER))
        other = await application(house, "other-app", origins=(PAGE,))
        ear = await heard(house, await server.end_user_token(), PAGE)
        stays = await heard(house, await other.end_user_token(), PAGE)
        await ends(server)
        return [await ear.message(), await ear.message()], await stays.is_quiet()

    assert play(story) == (ENDED, True)


@pytest.mark.parametrize("origin", [None, OTHER, "https://id.example"])
def test_a_list_of_pages_ends_nobody_who_did_not_need_what_it_has_lost(origin: str | None) -> None:
    async def story(house: Surface) -> bool:
        server = await application(house, origins=(PAGE, OTHER))
        ear = await heard(house, await server.end_user_token(), origin)
        await unlisted(server)
        return bool(await ear.is_quiet())

    assert play(story)


def test_a_page_is_kept_in_mind_that_has_only_negotiated() -> None:
    """Its socket names another page, or none: one of the two that it is from is not listed now."""

    async def story(house: Surface) -> list[object]:
        server = await application(house, origins=(PAGE, OTHER))
        token = await server.end_user_token()
        made = await negotiate(house, token, headers=[("Origin", PAGE)])
        ear = await connect(house, token, id=made.json["connectionToken"])
        await ear.event()
        await unlisted(server)
        return [await ear.message(), await ear.message()]

    assert play(story) == ENDED


def test_a_page_counts_that_comes_with_the_socket_of_a_negotiation_without_one() -> None:
    async def story(house: Surface) -> list[object]:
        server = await application(house, origins=(PAGE, OTHER))
        token = await server.end_user_token()
        id = (await negotiate(house, token)).json["connectionToken"]
        ear = await connect(house, token, id=id, headers=[("Origin", PAGE)])
        await ear.event()
        await unlisted(server)
        return [await ear.message(), await ear.message()]

    assert play(story) == ENDED


def test_a_listener_ends_before_its_handshake() -> None:
    async def story(house: Surface) -> list[object]:
        server = await application(house)
        ear = await connect(house, await server.end_user_token(), shakes=False)
        assert (await ear.outward.get())["type"] == "websocket.accept"
        await blocked(server)
        return [await ear.message(), await ear.message()]

    told, closed = play(story)

    assert closed == {"closed": 1000}
    assert told == {"error": "Handshake was canceled."}


def test_a_stream_of_events_ends_too() -> None:
    async def story(house: Surface) -> bytes:
        server = await application(house)
        token = await server.end_user_token()
        id = (await negotiate(house, token)).json["connectionToken"]
        streaming = asyncio.ensure_future(stream(house, token, id, taken=100))
        head = [("Authorization", f"Bearer {token}")]
        while True:  # until its transport is there
            shaken = await send(
                house.app, "POST", f"/rtas?id={id}", headers=head, body=HANDSHAKE.encode()
            )
            if shaken.status == 200:
                break
        await blocked(server)
        return b"".join(part.get("body", b"") for part in await streaming)

    assert play(story).endswith(b'data: {"type":7}\x1e\r\n\r\n')


@dataclass(slots=True)
class Counted:
    """A store that counts what is read."""

    records: Records
    read: list[str] = field(default_factory=list)

    async def get(self, tenant: TenantId, kind: type[R], id: str) -> R | None:
        self.read.append(kind.__name__)
        return await self.records.get(tenant, kind, id)


def test_keys_and_client_are_read_once_for_all_who_listen_with_its_tokens() -> None:
    async def story() -> tuple[list[str], int]:
        house = surface()
        ends = house.bench.clock.now()
        servers = [await application(house, f"app-{n}") for n in range(2)]
        clients = [server.made.client.id for server in servers]
        key = Rs256Signer().kid(await servers[0].end_user_token()) or ""
        members = [
            Member(
                Listener(
                    tenant=MAIN_TENANT,
                    group=Group(client=id, flow="registration", subject=str(n), user_id="x"),
                    key=key,
                    ends=ends,
                ),
                None, 0.0, is_ours=False,
            )
            for id in [*clients, "Z" * 26]
            for n in range(20)
        ]  # fmt: skip
        counted = Counted(house.bench.store)
        gone = await fallen(counted, members, ends)  # type: ignore[arg-type]  # reads alone
        return counted.read, len(gone)

    read, gone = asyncio.run(story())

    assert read == ["SigningKeys", *["RtasClient"] * 3]
    assert gone == 20
