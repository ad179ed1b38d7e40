"""A forged token is a failed try of its source, one that is over is none (security C4, E, I1)."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from typing import Final

import pytest

from engine.access.rtas_clients import change_client, remove_client
from engine.model.names import MAIN_TENANT
from engine.realtime.tokens import Issuer, rotate
from engine.run.unit import Unit
from engine.secret import base64url
from engine.web.sources import SourceLimits
from tests.web.application import ApplicationServer, application
from tests.web.listening import connect
from tests.web.surface import Answer, Surface, journeys_of, play, send

THREE: Final = SourceLimits(per_minute=3, per_hour=100)


async def answered(house: Surface, way: str, token: str, *, client: str = "198.51.100.7") -> Answer:
    """Ask with a token: `way` is method and target, and `stream` behind it for EventSource."""
    method, target, *stream = way.split()
    headers = [("Authorization", f"Bearer {token}")]
    if stream:
        headers, target = [("Accept", "text/event-stream")], f"{target}&access_token={token}"
    return await send(house.app, method, target, headers=headers, client=client)


async def status_of(house: Surface, way: str, token: str) -> int:
    """Ask with a token, or open a socket with it; give the status."""
    if way != "socket":
        return (await answered(house, way, token)).status
    said = await (await connect(house, token)).message()
    return int(said.get("refused", 101))


HUB: Final = (
    "POST /rtas/negotiate", "GET /rtas?id=1", "GET /rtas?id=1 stream", "POST /rtas?id=1",
    "DELETE /rtas?id=1", "socket", "POST /hubs/some/negotiate",
)  # fmt: skip
REST: Final = ("POST /rtas/v1/token/renew", "GET /trustfactor/v1/transactions/1")
GOOD: Final[Mapping[str, int]] = {
    "POST /rtas/negotiate": 200, "POST /hubs/some/negotiate": 200, "socket": 101,
    "POST /rtas/v1/token/renew": 200,
}  # fmt: skip
"""What a good token is answered; 404 elsewhere: there is nothing."""


async def good_token(server: ApplicationServer, way: str) -> str:
    return server.token if way in REST else await server.end_user_token()


@pytest.mark.parametrize("way", [*HUB, *REST])
def test_who_forges_tokens_must_wait(way: str, caplog: pytest.LogCaptureFixture) -> None:
    async def story(house: Surface) -> list[int]:
        server = await application(house)
        good = await good_token(server, way)
        tries = [f"{good[:-4]}AAAA", f"{good[:-5]}BBBBB", "x" * 40, good]
        return [await status_of(house, way, token) for token in tries]

    with caplog.at_level(logging.WARNING):
        statuses = play(story, limits=THREE)

    assert statuses == [401, 401, 401, 429]
    assert [one.getMessage() for one in caplog.records].count("source-limit") == 1


@pytest.mark.parametrize("way", HUB)
def test_a_token_of_bytes_that_are_no_text_is_forged_like_any(way: str) -> None:
    header = b'{"alg":"RS256","typ":"JWT","kid":"\xff.x"}'
    token = f"{base64url(header)}.e30.AA"

    async def story(house: Surface) -> list[int]:
        await application(house)
        return [await status_of(house, way, token) for _ in range(4)]

    assert play(story, limits=THREE) == [401, 401, 401, 429]


@pytest.mark.parametrize("way", [*HUB, *REST])
def test_who_comes_back_with_a_token_that_is_over_need_not_wait(way: str) -> None:
    async def story(house: Surface) -> list[int]:
        server = await application(house)
        old = await good_token(server, way)
        house.bench.clock.move(timedelta(minutes=60))
        await server.log_in()
        found = [await status_of(house, way, old) for _ in range(5)]
        return [*found, await status_of(house, way, await good_token(server, way))]

    assert play(story, limits=THREE) == [401] * 5 + [GOOD.get(way, 404)]


async def blocked(server: ApplicationServer) -> None:
    unit = Unit(server.house.bench.store, MAIN_TENANT)
    change_client(unit, server.house.bench.actor(), server.made.client, status="BLOCKED")
    await server.house.bench.store.write(MAIN_TENANT, unit.staged())


async def removed(server: ApplicationServer) -> None:
    unit = Unit(server.house.bench.store, MAIN_TENANT)
    remove_client(unit, server.house.bench.actor(), server.made.client)
    await server.house.bench.store.write(MAIN_TENANT, unit.staged())


async def rotated(server: ApplicationServer) -> None:
    """Let the key that has signed be over, and forgotten as far as may be."""
    house = server.house
    bench, signer = house.bench, journeys_of(house).offices.signer
    issuer = Issuer(vault=bench.vault, signer=signer, chance=bench.chance, url="")
    for _ in range(2):
        unit = Unit(bench.store, MAIN_TENANT)
        await rotate(unit, issuer, bench.actor())
        await bench.store.write(MAIN_TENANT, unit.staged())
        bench.clock.move(timedelta(minutes=62))


@pytest.mark.parametrize("way", ["POST /rtas/negotiate", "socket", "POST /rtas/v1/token/renew"])
@pytest.mark.parametrize("ended", [blocked, removed, rotated])
def test_a_token_was_genuine_whatever_has_ended_it(
    way: str, ended: Callable[[ApplicationServer], Awaitable[None]]
) -> None:
    async def story(house: Surface) -> list[int]:
        server = await application(house)
        token = await good_token(server, way)
        await ended(server)
        other = await application(house, "other-app")
        found = [await status_of(house, way, token) for _ in range(5)]
        return [*found, await status_of(house, way, await good_token(other, way))]

    assert play(story, limits=THREE) == [401] * 5 + [GOOD[way]]


@pytest.mark.parametrize("way", ["POST /rtas/negotiate", "POST /rtas/v1/token/renew"])
def test_who_has_no_token_has_guessed_none(way: str) -> None:
    async def story(house: Surface) -> list[int]:
        server = await application(house)
        method, target = way.split()
        found = [(await send(house.app, method, target)).status for _ in range(5)]
        return [*found, await status_of(house, way, await good_token(server, way))]

    assert play(story, limits=THREE) == [401] * 5 + [200]


@pytest.mark.parametrize("way", [*HUB, *REST])
def test_a_source_that_failed_elsewhere_must_wait_here_too(way: str) -> None:
    async def story(house: Surface) -> tuple[int, str]:
        server = await application(house)
        good = await good_token(server, way)
        for _ in range(3):
            await server.log_in(client_id="another")
        if way == "socket":
            said = await (await connect(house, good)).outward.get()
            return said["status"], dict(said["headers"])[b"retry-after"].decode()
        answer = await answered(house, way, good)
        return answer.status, answer.header("retry-after")

    assert play(story, limits=THREE) == (429, "61")


def test_a_forger_makes_nobody_else_wait() -> None:
    async def story(house: Surface) -> int:
        server = await application(house)
        good = await server.end_user_token()
        for _ in range(3):
            await status_of(house, "socket", f"{good[:-4]}AAAA")
        return (await answered(house, "POST /rtas/negotiate", good, client="203.0.113.9")).status

    assert play(story, limits=THREE) == 200
