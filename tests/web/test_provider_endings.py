"""Whatever ends here ends at its provider: journeys, time, operators, and who is forgotten."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any, Final

import pytest
from msgspec.structs import replace

from engine.model.names import MAIN_TENANT
from engine.realtime.trustfactor.paths import CODES
from engine.records.record import Version
from engine.records.trustfactor import Contract, RegistrationCode, Transaction
from engine.run.unit import Unit, is_written
from tests.web.agent import Agent
from tests.web.journey import Journey
from tests.web.provider_steps import (
    Kind,
    approving,
    by_program,
    cancel,
    confirmed,
    reasons,
    ref_of,
    rows,
    showing,
    there,
    user_of,
)
from tests.web.town import FLOW, Town, payload, told

AGAIN: Final = """\
  again:
    activity: Start RTAS Transaction
    inputs: {applicationName: Farol, action: Transfer, message: "To Ana?", provider: vendor}
    errors: {NoDevice: no}
    next: last
  last:
    activity: RTAS Transaction Page
    errors: {TransactionDeclined: no, TransactionExpired: no}
    next: settle
"""


def test_a_code_ends_there_with_its_journey() -> None:
    async def story(town: Town) -> list[Any]:
        journey = await showing(town)
        before = await there(town, RegistrationCode)
        await cancel(town, journey)
        await town.work()
        return [before, await there(town, RegistrationCode), await reasons(town)]

    assert told(story) == [["CREATED"], ["CANCELLED"], []]


def test_a_question_ends_there_with_its_journey() -> None:
    async def story(town: Town) -> list[Any]:
        phone, journey = await approving(town)
        await town.work()
        before = len((await phone.asked()).json["transactions"])
        await cancel(town, journey)
        await town.work()
        after = (await phone.asked()).json["transactions"]
        return [before, after, await there(town, Transaction), await reasons(town)]

    assert told(story) == [1, [], ["CANCELLED"], []]


def test_a_phone_that_was_never_kept_is_reset_there_with_its_journey() -> None:
    async def story(town: Town) -> list[Any]:
        _, journey = await confirmed(town)
        before = await there(town, Contract)
        await cancel(town, journey)
        await town.work()
        return [before, await there(town, Contract), await reasons(town)]

    assert told(story) == [["ACTIVE"], ["RESET"], []]


def test_a_phone_that_was_kept_stays_when_its_journey_ends() -> None:
    async def story(town: Town) -> list[Any]:
        phone, journey = await approving(town)
        await town.work()
        await phone.decide((await phone.asked()).json["transactions"][0])
        await town.work()
        end = (await journey.look()).title
        await town.work()
        return [end, await there(town, Contract), await there(town, Transaction)]

    assert told(story) == ["Thank you, all done", ["ACTIVE"], ["ACCEPTED"]]


def test_the_end_of_all_time_ends_it_there() -> None:
    async def story(town: Town) -> list[Any]:
        _, journey = await confirmed(town)
        town.move(timedelta(hours=1))
        await town.ours.bench.loop.current(ref_of(journey))  # as the pump does
        await town.work()
        return [await there(town, Contract), await reasons(town)]

    assert told(story) == [["RESET"], []]


@pytest.mark.parametrize("kind", [RegistrationCode, Transaction])
def test_what_time_has_ended_here_is_ended_there_where_it_was_asked_for_late(kind: Kind) -> None:
    async def story(town: Town) -> list[Any]:
        is_code = kind is RegistrationCode
        journey = await town.begin() if is_code else (await approving(town))[1]
        town.wire.fails = 1
        await town.work(1)
        town.move(timedelta(seconds=30))
        await town.work()
        town.move(timedelta(minutes=15 if is_code else 2, seconds=-20))
        await journey.look()
        await town.work()
        return [await there(town, kind), await reasons(town)]

    assert told(story) == [["CANCELLED"], []]


def test_a_question_that_another_has_pushed_out_is_ended_there_too() -> None:
    async def story(town: Town) -> list[Any]:
        _, journey = await approving(town)
        town.wire.fails = 1
        await town.work(1)
        town.move(timedelta(seconds=30))
        await town.work()
        town.move(timedelta(minutes=2, seconds=-20))
        await approving(town)  # of the same user: it finds that the first one's time is over
        here = [row.status for row in await rows(town.ours, Transaction)]
        await journey.look()
        await town.work(1)
        return [here, await there(town, Transaction), await reasons(town)]

    assert told(story) == [["EXPIRED", "PENDING"], ["CANCELLED", "PENDING"], []]


def test_who_is_asked_again_when_time_is_over_is_asked_anew() -> None:
    async def story(town: Town) -> list[Any]:
        again = FLOW.replace("TransactionExpired: no", "TransactionExpired: again") + AGAIN
        await town.ours.bench.deploy(again.replace("version: 1", "version: 2"))
        _, journey = await approving(town)
        await town.work()
        town.move(timedelta(minutes=2))
        page = await journey.look()
        await town.work()
        return [page.title, (await there(town, Transaction))[1:], await reasons(town)]

    assert told(story) == ["Approve on your phone", ["PENDING"], []]


@pytest.mark.parametrize("kind", [RegistrationCode, Transaction])
def test_what_no_slot_of_a_journey_tells_of_is_refused_once_that_is_over(kind: Kind) -> None:
    async def story(town: Town) -> list[Any]:
        is_code = kind is RegistrationCode
        phone = Agent(house=town.vendor)
        journey = await showing(town) if is_code else Journey(town.ours)
        if not is_code:
            phone, journey = await approving(town)
            await town.work()
        code = payload(journey) if is_code else ""
        open_row = (await rows(town.ours, kind))[0]
        await cancel(town, journey)
        ended = (await rows(town.ours, kind))[0]
        unit = Unit(town.ours.bench.store, MAIN_TENANT)
        unit.put(replace(open_row, version=ended.version), Version(number=ended.version))
        assert await is_written(unit, town.ours.bench.store)
        if is_code:
            await phone.register(code)
        else:
            await phone.decide((await phone.asked()).json["transactions"][0])
        await town.outbox(town.vendor).sweep()
        return [row.status for row in await rows(town.ours, kind)]

    assert told(story) == ["CREATED" if kind is RegistrationCode else "PENDING"]


async def by_erasure(town: Town) -> None:
    bench = town.ours.bench
    await bench.eraser.erase_user(MAIN_TENANT, await user_of(town), bench.actor())


@pytest.mark.parametrize("removed", [by_program, by_erasure])
def test_a_phone_that_is_removed_here_is_reset_there(
    removed: Callable[[Town], Awaitable[None]],
) -> None:
    async def story(town: Town) -> list[Any]:
        _, journey = await approving(town)
        await town.work()
        await cancel(town, journey)
        await town.work()
        before = await there(town, Contract)
        await removed(town)
        await town.work()
        return [before, await there(town, Contract), await reasons(town)]

    assert told(story) == [["ACTIVE"], ["RESET"], []]


def test_what_is_asked_for_a_user_who_is_erased_meanwhile_is_ended_there() -> None:
    async def story(town: Town) -> list[Any]:
        await town.begin()
        town.wire.meanwhile[CODES] = lambda: by_erasure(town)
        await town.work()
        kept = await rows(town.ours, RegistrationCode)
        return [len(kept), await there(town, RegistrationCode), await reasons(town)]

    assert told(story) == [0, ["CANCELLED"], []]
