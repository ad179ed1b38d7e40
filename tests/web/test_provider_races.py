"""What is withdrawn while its provider is asked for it, before, or after: it ends there, too."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any, Final

import pytest

from engine.realtime.trustfactor.paths import CODES, RESET, TRANSACTIONS
from engine.records.trustfactor import Contract, RegistrationCode, Transaction
from tests.web.agent import Agent
from tests.web.provider_steps import (
    Kind,
    approving,
    cancel,
    reasons,
    rows,
    showing,
    there,
    to_be_asked,
)
from tests.web.town import Town, payload, told

HEARD: Final = "/trustfactor/v1/provided/main/vendor/registration"
BOTH: Final = pytest.mark.parametrize("kind", [RegistrationCode, Transaction])


@BOTH
def test_what_is_withdrawn_while_it_is_asked_for_is_ended_once_it_is_known(kind: Kind) -> None:
    async def story(town: Town) -> list[Any]:
        journey, path = await to_be_asked(town, kind)

        async def meanwhile() -> None:
            await cancel(town, journey)
            await town.outbox(town.ours).sweep()  # what ends it finds no id yet

        town.wire.meanwhile[path] = meanwhile
        await town.work()
        mine = [(row.status, row.remote is not None) for row in await rows(town.ours, kind)]
        return [mine, await there(town, kind), await reasons(town)]

    assert told(story) == [[("CANCELLED", True)], ["CANCELLED"], []]


@BOTH
def test_what_is_withdrawn_once_the_answer_is_there_is_ended_too(kind: Kind) -> None:
    async def story(town: Town) -> list[Any]:
        journey, _ = await to_be_asked(town, kind)
        await town.work(1)
        await cancel(town, journey)
        await town.work()
        return [await there(town, kind), await reasons(town)]

    assert told(story) == [["CANCELLED"], []]


@BOTH
def test_what_is_withdrawn_before_it_is_asked_for_is_never_asked_for(kind: Kind) -> None:
    async def story(town: Town) -> list[Any]:
        journey, path = await to_be_asked(town, kind)
        await cancel(town, journey)
        await town.work()
        calls = [one for one in town.wire.sent if one.method == "POST" and one.uri.endswith(path)]
        return [len(calls), await reasons(town)]

    assert told(story) == [0, []]


@BOTH
def test_what_a_lost_answer_has_told_of_is_ended_there(kind: Kind) -> None:
    async def story(town: Town) -> list[Any]:
        journey, path = await to_be_asked(town, kind)
        town.wire.loses[path] = 1
        await town.work(1)
        before = await there(town, kind)
        await cancel(town, journey)
        town.move(timedelta(seconds=5))
        await town.work()
        return [before, await there(town, kind), await reasons(town)]

    first = "CREATED" if kind is RegistrationCode else "PENDING"
    assert told(story) == [[first], ["CANCELLED"], []]


@BOTH
def test_what_would_have_ended_by_itself_is_not_asked_for_again(kind: Kind) -> None:
    async def story(town: Town) -> list[Any]:
        _, path = await to_be_asked(town, kind)
        town.wire.loses[path] = 1
        await town.work(1)
        before = len(town.wire.sent)
        town.move(timedelta(minutes=31))
        await town.work()
        again = [one for one in town.wire.sent[before:] if one.uri.endswith(path)]
        return [len(again), await reasons(town)]

    assert told(story) == [0, []]


@BOTH
def test_a_lost_answer_is_given_again_under_the_same_words(kind: Kind) -> None:
    async def story(town: Town) -> list[Any]:
        journey, path = await to_be_asked(town, kind)
        town.wire.loses[path] = 1
        await town.work(1)
        town.move(timedelta(seconds=20))
        await town.work()
        page = await journey.look()
        return [len(await there(town, kind)), "Open the app here" in page.words,
                await reasons(town)]  # fmt: skip

    assert told(story) == [1, True, []]


def test_what_is_broken_off_before_it_was_ended_there_is_ended_by_the_next_try() -> None:
    async def story(town: Town) -> list[Any]:
        journey = await town.begin()

        async def meanwhile() -> None:
            await cancel(town, journey)
            town.wire.fails = 1

        town.wire.meanwhile[CODES] = meanwhile
        await town.work(1)
        before = await there(town, RegistrationCode)
        town.move(timedelta(seconds=5))
        await town.work()
        return [before, await there(town, RegistrationCode), await reasons(town)]

    assert told(story) == [["CREATED"], ["CANCELLED"], []]


def test_what_is_decided_before_its_id_is_known_is_heard_of_later() -> None:
    async def story(town: Town) -> list[Any]:
        phone, journey = await approving(town)

        async def meanwhile() -> None:
            await phone.decide((await phone.asked()).json["transactions"][0])
            await town.outbox(town.vendor).sweep()

        town.wire.meanwhile[TRANSACTIONS] = meanwhile
        await town.work(1)
        first = (await journey.look()).title
        town.move(timedelta(seconds=30))
        await town.work()
        return [first, (await journey.look()).title]

    assert told(story) == ["Approve on your phone", "Thank you, all done"]


def test_a_phone_that_the_provider_has_not_written_down_yet_is_never_registered() -> None:
    async def story(town: Town) -> list[Any]:
        phone, journey = Agent(house=town.vendor), await showing(town)
        await phone.register(payload(journey))

        async def meanwhile() -> None:
            await cancel(town, journey)
            await town.outbox(town.ours).sweep()

        town.wire.meanwhile[HEARD] = meanwhile
        await town.work()
        resets = [one for one in town.wire.sent if one.uri.endswith(RESET)]
        return [
            len(resets), await there(town, RegistrationCode), await there(town, Contract),
            await reasons(town),
        ]  # fmt: skip

    assert told(story) == [1, ["CANCELLED"], [], []]


def test_a_phone_that_the_provider_writes_down_meanwhile_is_reset_all_the_same() -> None:
    async def story(town: Town) -> list[Any]:
        phone, journey = Agent(house=town.vendor), await showing(town)
        await phone.register(payload(journey))
        arrived, answered = asyncio.Event(), asyncio.Event()

        async def hold() -> None:
            arrived.set()
            await answered.wait()

        async def written() -> None:
            answered.set()
            await vendor

        town.wire.meanwhile |= {HEARD: hold, RESET: written}
        vendor = asyncio.create_task(town.outbox(town.vendor).sweep())
        await arrived.wait()
        await cancel(town, journey)
        await town.work()
        resets = [one for one in town.wire.sent if one.uri.endswith(RESET)]
        return [len(resets), await there(town, Contract), await reasons(town)]

    assert told(story) == [2, ["RESET"], []]
