"""A provider that cannot be reached, or takes us no more: what ends there ends at last."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from engine.access.rtas_clients import client_named, exchange_secret
from engine.model.names import MAIN_TENANT
from engine.records.trustfactor import Contract, Transaction
from engine.run.unit import Unit, is_written
from tests.web.provider_steps import approving, by_program, cancel, reasons, rows, there
from tests.web.town import Town, changed, resigned, said, told


def test_a_phone_that_is_removed_while_its_provider_is_away_is_reset_when_it_is_back() -> None:
    async def story(town: Town) -> list[Any]:
        _, journey = await approving(town)
        await town.work()
        await cancel(town, journey)
        await town.work()
        await by_program(town)
        town.wire.fails = 10**6
        for _ in range(60):
            await town.work(1)
            town.move(timedelta(minutes=1))
        town.wire.fails = 0
        for _ in range(8):
            town.move(timedelta(hours=1))
            await town.work(1)
        return [await there(town, Contract), await reasons(town)]

    assert told(story) == [["RESET"], []]


def test_a_phone_that_was_removed_here_decides_nothing_by_its_provider() -> None:
    async def story(town: Town) -> list[Any]:
        phone, journey = await approving(town)
        await town.work()
        await by_program(town)  # its provider has not heard of it yet
        await phone.decide((await phone.asked()).json["transactions"][0])
        await town.outbox(town.vendor).sweep()
        return [[row.status for row in await rows(town.ours, Transaction)],
                (await journey.look()).title]  # fmt: skip

    assert told(story) == [["PENDING"], "Approve on your phone"]


def test_a_decision_of_another_user_is_about_nothing() -> None:
    async def story(town: Town) -> list[Any]:
        phone, journey = await approving(town)
        await town.work()
        await phone.decide((await phone.asked()).json["transactions"][0])
        town.wire.fails = 10**6
        await town.work(1)
        call = next(one for one in town.wire.sent[::-1] if one.uri.endswith("/transaction"))
        body = changed(call.body, app_user_unique_id="somebody.else")
        place = urlsplit(call.uri).path
        answer = await said(town.ours, place, resigned(town, body), body)
        theirs = await said(town.ours, place, resigned(town, call.body), call.body)
        return [answer.status, theirs.status, (await journey.look()).title]

    assert told(story) == [404, 204, "Thank you, all done"]


def test_a_login_that_is_refused_is_tried_once_for_each_try() -> None:
    async def story(town: Town) -> list[str]:
        await town.begin()
        store, bench = town.vendor.bench.store, town.vendor.bench
        for _ in range(2):  # the secret that we have opens nothing any more
            unit = Unit(store, MAIN_TENANT)
            us = await client_named(unit, "us")
            assert us is not None
            exchange_secret(unit, bench.actor(), us)
            assert await is_written(unit, store)
        town.wire.sent.clear()
        town.client.logins.clear()
        await town.outbox(town.ours).sweep()
        return [request.uri.rpartition("/")[2] for request in town.wire.sent]

    assert told(story) == ["login"]


def test_a_page_whose_provider_is_away_looks_again_when_its_time_is_over() -> None:
    async def story(town: Town) -> list[Any]:
        town.wire.fails = 10**6
        journey = await town.begin()
        await town.work(1)
        page = await journey.look()
        town.move(timedelta(minutes=16))
        return ["data-then" in page.text, "The code works until" in page.text, page.title,
                (await journey.look()).title]  # fmt: skip

    assert told(story)[0] is True
