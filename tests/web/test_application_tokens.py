"""Tokens of application servers end with the secret that bought them (security E)."""

from __future__ import annotations

from datetime import timedelta

from engine.access.bearers import OF_APPLICATIONS
from engine.access.rtas_clients import exchange_secret
from engine.model.names import MAIN_TENANT
from engine.records.realtime import RtasClient
from engine.run.unit import Unit
from tests.web.application import ApplicationServer, application
from tests.web.surface import Answer, Surface, play

RENEW = "/rtas/v1/token/renew"
FOR_LISTENING = "/rtas/v2/end-user/registration/token"
ASKED = {"user_id": "john.doe", "unique_id": "7c0e"}


async def exchanged(server: ApplicationServer) -> str:
    """Exchange the client's secret; the server goes on with what it has. Gives the new one."""
    bench = server.house.bench
    unit = Unit(bench.store, MAIN_TENANT)
    client = await unit.get(RtasClient, server.made.client.id)
    assert client is not None
    made = exchange_secret(unit, bench.actor(), client)
    await bench.store.write(MAIN_TENANT, unit.staged())
    return made.secret


async def renewed(server: ApplicationServer, times: int) -> Answer:
    """Renew every half hour, as often as that goes well. Gives the last answer."""
    answer = await server.post(RENEW)
    for _ in range(times):
        if answer.status != 200:
            break
        server.token = answer.json["token"]
        server.house.bench.clock.move(timedelta(minutes=30))
        answer = await server.post(RENEW)
    return answer


def test_no_renewal_outlives_the_secret_that_bought_the_first_token() -> None:
    async def story(house: Surface) -> list[Answer]:
        server = await application(house)
        await exchanged(server)
        still = await renewed(server, times=2 * 24 - 1)
        server.token = still.json["token"]
        house.bench.clock.move(timedelta(minutes=30))
        return [still, await server.post(RENEW), await server.post(FOR_LISTENING, ASKED)]

    still, over, asked = play(story)

    assert (still.status, over.status, asked.status) == (200, 401, 401)
    assert over.json["code"] == "outdated"


def test_a_token_of_a_secret_that_was_exchanged_twice_ends_at_once() -> None:
    async def story(house: Surface) -> Answer:
        server = await application(house)
        await exchanged(server)
        await exchanged(server)
        return await server.post(RENEW)

    answer = play(story)

    assert (answer.status, answer.json["code"]) == (401, "outdated")


def test_the_new_secret_buys_what_is_renewed_for_days() -> None:
    async def story(house: Surface) -> int:
        server = await application(house)
        secret = await exchanged(server)
        await server.log_in(client_secret=secret)
        return (await renewed(server, times=2 * 24 * 3)).status

    assert play(story) == 200


def test_a_token_bought_with_the_old_secret_late_ends_with_it_all_the_same() -> None:
    async def story(house: Surface) -> list[int]:
        server = await application(house)
        await exchanged(server)
        house.bench.clock.move(timedelta(hours=23, minutes=50))
        found = [(await server.log_in()).status]
        house.bench.clock.move(timedelta(minutes=10))
        return [*found, (await server.post(RENEW)).status]

    assert play(story) == [200, 401]


def test_a_token_that_names_no_secret_is_over() -> None:
    """As they were made before: the program logs in again, and nothing was guessed."""

    async def story(house: Surface) -> Answer:
        server, bench = await application(house), house.bench
        of, now = server.made.client.id, bench.clock.now()
        return await server.post(
            RENEW, token=OF_APPLICATIONS.make(bench.vault, MAIN_TENANT, of, now)
        )

    answer = play(story)

    assert (answer.status, answer.json["code"]) == (401, "outdated")


def test_a_mark_cannot_be_written_anew() -> None:
    async def story(house: Surface) -> Answer:
        server = await application(house)
        secret, old = await exchanged(server), server.token
        await server.log_in(client_secret=secret)
        parts, fresh = old.split("."), server.token.split(".")
        forged = ".".join((*parts[:2], fresh[2], *parts[3:]))
        return await server.post(RENEW, token=forged)

    answer = play(story)

    assert (answer.status, answer.json["code"]) == (401, "bearer")
