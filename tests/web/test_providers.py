"""Journeys with another TrustFactor: two houses, one of which asks the other over HTTP."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import pytest

from engine.app import wire
from engine.model.names import MAIN_TENANT, InstanceId
from engine.ports.store import PageQuery
from engine.records.realtime import RtasChannel
from engine.records.trustfactor import Provider, RegistrationCode
from engine.records.work import Job
from engine.run.current import InstanceRef
from engine.run.trustfactor.providers import Wanted, add_provider, remove_provider
from engine.run.unit import Unit
from engine.settings import Settings
from engine.testing import CheapPool
from tests.web.agent import Agent
from tests.web.application import application
from tests.web.journey import Journey
from tests.web.listening import Elsewhere
from tests.web.provider_steps import showing
from tests.web.surface import Surface, play
from tests.web.town import FLOW, VENDOR, Town, changed, heard, payload, resigned, said, told


def test_a_phone_is_registered_and_asked_at_another_trustfactor() -> None:
    async def story(town: Town) -> list[Any]:
        phone, journey = Agent(house=town.vendor), await town.begin()
        first = journey.page.words
        await town.work()
        await journey.look()
        link = journey.link
        await phone.register(payload(journey))
        await town.work()
        await journey.look()
        named = journey.page.title
        await journey.answer(device="mine")
        await town.work()
        waiting = (await journey.look()).title
        listed = (await phone.asked()).json["transactions"]
        await phone.decide(listed[0])
        await town.work()
        await journey.look()
        return [first, link, named, waiting, listed[0]["message"], journey.page.title,
                await town.contracts() == [phone.contract[1]]]  # fmt: skip

    first, link, named, waiting, message, end, kept = told(story)

    assert "Open the app here" not in first
    assert link.startswith(f"{VENDOR}/web/device?payload=")
    assert (named, waiting) == ("Your phone is ready", "Approve on your phone")
    assert (message, end, kept) == ("To Ana?", "Thank you, all done", True)


def test_its_rtas_is_told_of_both_so_that_others_may_listen() -> None:
    async def story(town: Town) -> list[Any]:
        phone, journey = Agent(house=town.vendor), await showing(town)
        await phone.register(payload(journey))
        await town.work()
        return [
            json.loads(one.body)["status"]
            for one in town.wire.sent
            if one.uri.endswith("/rtas/v3/registration/callback")
        ]

    assert told(story) == ["REGISTRATION_CREATED_V2", "REGISTRATION_SUCCESS_V2"]


def test_other_machines_are_told_where_a_page_has_a_link_now(tmp_path: Path) -> None:
    async def story(town: Town) -> list[Any]:
        bench, hints = town.ours.bench, Elsewhere()
        application = wire(
            Settings(data=tmp_path), bench.store, bench.clock, chance=bench.chance,
            vault=bench.vault, pool=CheapPool(bench.vault), http=town.wire, hints=hints,
        )  # fmt: skip
        phone, journey = Agent(house=town.vendor), await town.begin()
        heard_of = [len(hints.given)]
        await application.outbox.sweep()
        heard_of.append(len(hints.given))
        await journey.look()
        await phone.register(payload(journey))
        await town.work()
        await journey.look()
        await journey.answer(device="mine")
        await application.outbox.sweep()
        heard_of.append(len(hints.given))
        rows = (await bench.store.page(MAIN_TENANT, RtasChannel, PageQuery())).rows
        return [heard_of, set(hints.given) == {(MAIN_TENANT, row.id) for row in rows}]

    assert told(story) == [[0, 1, 2], True]


def test_what_fails_is_tried_again_and_done_once() -> None:
    async def story(town: Town) -> list[Any]:
        journey = await town.begin()
        town.wire.fails = 3
        for _ in range(6):
            await town.work(1)
            town.move(timedelta(seconds=20))
        await journey.look()
        rows = (await town.vendor.bench.store.page(MAIN_TENANT, RegistrationCode, PageQuery())).rows
        return [len(rows), payload(journey) != ""]

    assert told(story) == [1, True]


def test_a_login_is_renewed_and_made_anew_when_it_is_over() -> None:
    async def story(town: Town) -> list[str]:
        paths = []
        for minutes in (0, 31, 31, 90):
            town.move(timedelta(minutes=minutes))
            before = len(town.wire.sent)
            await town.begin()
            await town.work(1)
            paths.append(urlsplit(town.wire.sent[before].uri).path)
        return paths

    assert told(story) == [
        "/rtas/v1/login", "/rtas/v1/token/renew", "/rtas/v1/token/renew", "/rtas/v1/login",
    ]  # fmt: skip


def test_a_login_that_is_refused_is_made_anew_once() -> None:
    async def story(town: Town) -> list[str]:
        await town.begin()
        await town.work()
        town.vendor.bench.clock.move(timedelta(minutes=61))
        before = len(town.wire.sent)
        await town.begin()
        await town.work(1)
        return [urlsplit(one.uri).path for one in town.wire.sent[before:]][:3]

    code = "/trustfactor/v2/registration-codes"
    assert told(story) == [code, "/rtas/v1/login", code]


def test_another_provider_under_an_old_name_is_told_no_old_token() -> None:
    async def story(town: Town) -> str:
        await town.begin()
        await town.work()
        bench = town.ours.bench
        unit = Unit(bench.store, MAIN_TENANT)
        known = await unit.get(Provider, "vendor")
        assert known is not None
        remove_provider(unit, bench.actor(), known)
        await bench.store.write(MAIN_TENANT, unit.staged())
        town.move(timedelta(seconds=1))
        await town.add_vendor()
        before = len(town.wire.sent)
        await town.begin()
        await town.work(1)
        return urlsplit(town.wire.sent[before].uri).path

    assert told(story) == "/rtas/v1/login"


def test_a_wrong_phone_is_reset_there_too() -> None:
    async def story(town: Town) -> list[Any]:
        phone, journey = Agent(house=town.vendor), await showing(town)
        await phone.register(payload(journey))
        await town.work()
        await journey.look()
        before = len(await town.contracts())
        await journey.answer(device="wrong")
        await town.work()
        return [before, await town.contracts()]

    assert told(story) == [1, []]


Forge = Callable[["Town", dict[str, str], bytes], tuple[dict[str, str], bytes]]


FORGED: Final[dict[str, tuple[int, Forge]]] = {
    "flipped": (401, lambda _, headers, body: (headers, body.replace(b"TFVA", b"TFVB"))),
    "old": (401, lambda town, _, body: (resigned(town, body, minutes=-6), body)),
    "early": (401, lambda town, _, body: (resigned(town, body, minutes=6), body)),
    "unsigned": (401, lambda _town, _headers, body: ({}, body)),
    "another user": (
        404,
        lambda town, _, body: (
            resigned(town, changed(body, app_user_unique_id="eve")),
            changed(body, app_user_unique_id="eve"),
        ),
    ),
    "another code": (
        404,
        lambda town, _, body: (
            resigned(town, changed(body, register_code_unique_id="Z" * 26)),
            changed(body, register_code_unique_id="Z" * 26),
        ),
    ),
}


@pytest.mark.parametrize("how", [*FORGED, "for another"])
def test_a_callback_that_is_not_the_vendors_adds_no_device(how: str) -> None:
    async def story(town: Town) -> list[Any]:
        phone, journey = Agent(house=town.vendor), await showing(town)
        await phone.register(payload(journey))
        call = await heard(town)
        headers, body = dict(call.headers), call.body
        place = urlsplit(call.uri).path
        if how in FORGED:
            headers, body = FORGED[how][1](town, headers, body)
        else:
            place = place.replace("/vendor/", "/other/")
        answer = await said(town.ours, place, headers, body)
        return [answer.status, (await journey.look()).title]

    status = FORGED[how][0] if how in FORGED else 401
    assert told(story) == [status, "Add your phone"]


def test_the_vendors_callback_said_again_changes_nothing() -> None:
    async def story(town: Town) -> list[Any]:
        phone, journey = Agent(house=town.vendor), await showing(town)
        await phone.register(payload(journey))
        call = await heard(town)
        place = urlsplit(call.uri).path
        answers = [await said(town.ours, place, dict(call.headers), call.body) for _ in range(3)]
        await journey.look()
        id = journey.page.action.rpartition("/")[2]
        rows = await town.ours.bench.store.journal(MAIN_TENANT, id)  # type: ignore[arg-type]  # an id
        return [[one.status for one in answers], [row.kind for row in rows].count("Signalled")]

    assert told(story) == [[204] * 3, 1]


def test_a_journey_that_is_over_takes_no_phone() -> None:
    async def story(town: Town) -> list[Any]:
        phone, journey = Agent(house=town.vendor), await showing(town)
        await phone.scan(payload(journey))
        town.move(timedelta(seconds=1))
        bench, id = town.ours.bench, InstanceId(journey.page.action.rpartition("/")[2])
        await bench.supervisor.act(InstanceRef(tenant=MAIN_TENANT, id=id), "cancel", bench.actor())
        await phone.confirm(payload(journey))
        await town.work()
        return await town.contracts()

    assert told(story) == []


def test_nothing_that_opens_the_vendor_is_kept_as_it_is() -> None:
    async def story(town: Town) -> list[Any]:
        await town.begin()
        await town.work()
        store = town.ours.bench.store
        rows = [
            row
            for kind in (Provider, RegistrationCode, Job)
            for row in (await store.page(MAIN_TENANT, kind, PageQuery())).rows
        ]
        login = next(iter(town.client.logins.values()))
        return [repr(rows), town.server.made.secret, login.token]

    kept, secret, token = told(story)

    assert "vendor" in kept
    assert secret not in kept
    assert token not in kept


def test_a_vendor_that_does_not_take_us_is_not_kept() -> None:
    async def story(house: Surface) -> list[Any]:
        town = Town(house)
        await application(town.vendor, "us")
        unit, bench = Unit(house.bench.store, MAIN_TENANT), house.bench
        wanted = Wanted(
            name="vendor", address=VENDOR, client_id="us", secret="rs_" + "A" * 43,
            callback_base="https://ours.example/x",
        )  # fmt: skip
        made = await add_provider(unit, bench.actor(), bench.vault, town.wire, wanted)
        assert isinstance(made, tuple)
        named = await add_provider(
            unit, bench.actor(), bench.vault, town.wire,
            Wanted(name="embedded", address="http://x", client_id="us", callback_base="",
                   secret="x"),  # noqa: S106 - one that opens nothing
        )  # fmt: skip
        assert isinstance(named, tuple)
        return [[one.field for one in made], [one.field for one in named], unit.staged().is_empty]

    assert play(story) == [["address"], ["name", "address"], True]


def test_why_a_vendor_refuses_our_address_is_told_in_its_own_words() -> None:
    async def story(house: Surface) -> str:
        town = Town(house)
        made = await application(town.vendor, "us")
        unit, bench = Unit(house.bench.store, MAIN_TENANT), house.bench
        wanted = Wanted(
            name="vendor", address=VENDOR, client_id="us", secret=made.made.secret,
            callback_base="http://192.0.2.1:80/x",
        )  # fmt: skip
        refused = await add_provider(unit, bench.actor(), bench.vault, town.wire, wanted)
        assert isinstance(refused, tuple)
        return str(refused[0].text)

    told = play(story)

    assert "it answered 400" in told
    assert "register_callback_url: " in told


def test_a_definition_that_names_nobody_is_held_and_warned_of() -> None:
    async def story(house: Surface) -> Any:
        await house.bench.deploy(FLOW)
        journey = Journey(house)
        minted = await house.bench.link("phone", {})
        journey.page = await journey.browser.begin(minted.secret)
        return journey.page.title

    assert play(story) == "We could not finish this"
