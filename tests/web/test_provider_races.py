"""What ends here ends at its provider: whoever ends it, also while it is asked for there."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from typing import Any, Final

import pytest
from msgspec.structs import replace

from engine.model.names import MAIN_TENANT, InstanceId
from engine.ports.store import PageQuery
from engine.records.identity import User
from engine.records.record import Version
from engine.records.trustfactor import Contract, RegistrationCode, Transaction
from engine.records.work import Job
from engine.run.current import InstanceRef
from engine.run.unit import Unit, is_written
from tests.web.agent import Agent
from tests.web.program import program
from tests.web.surface import Surface
from tests.web.test_devices_in_journeys import Journey
from tests.web.town import FLOW, Town, payload, told

CODES: Final = "/trustfactor/v2/registration-codes"
TRANSACTIONS: Final = "/trustfactor/v1/transactions"
HEARD: Final = "/trustfactor/v1/provided/main/vendor/registration"
RESET: Final = "/trustfactor/v1/contracts/reset"
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
Kind = type[RegistrationCode] | type[Transaction] | type[Contract]


async def rows(house: Surface, kind: Kind) -> Sequence[Any]:
    return (await house.bench.store.page(MAIN_TENANT, kind, PageQuery())).rows


async def there(town: Town, kind: Kind) -> list[str]:
    """Give how things stand at the vendor, as it has written them down."""
    return [row.status for row in await rows(town.vendor, kind)]


async def reasons(town: Town) -> list[str]:
    """Give why rows of our outbox are not done."""
    found = (await town.ours.bench.store.page(MAIN_TENANT, Job, PageQuery())).rows
    return [row.reason for row in found]


def ref_of(journey: Journey) -> InstanceRef:
    id = InstanceId(journey.page.action.rpartition("/")[2])
    return InstanceRef(tenant=MAIN_TENANT, id=id)


async def cancel(town: Town, journey: Journey) -> None:
    """Let an operator end a journey."""
    bench = town.ours.bench
    await bench.supervisor.act(ref_of(journey), "cancel", bench.actor())


async def showing(town: Town) -> Journey:
    """Come to the page that shows a code."""
    journey = await town.begin()
    await town.work()
    await journey.look()
    assert payload(journey)
    return journey


async def confirmed(town: Town) -> tuple[Agent, Journey]:
    """Come to where a phone has confirmed, and the person is asked whose it is."""
    phone, journey = Agent(house=town.vendor), await showing(town)
    await phone.register(payload(journey))
    await town.work()
    assert (await journey.look()).title == "Your phone is ready"
    return phone, journey


async def approving(town: Town) -> tuple[Agent, Journey]:
    """Come to where the phone is to be asked; the outbox has not asked it yet."""
    phone, journey = await confirmed(town)
    await journey.answer(device="mine")
    assert journey.page.title == "Approve on your phone"
    return phone, journey


# ---- whatever ends it -------------------------------------------------------------------------


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


# ---- while it is asked for --------------------------------------------------------------------


async def to_be_asked(town: Town, kind: Kind) -> tuple[Journey, str]:
    """Come to where a thing is to be asked for; give the path, too."""
    if kind is RegistrationCode:
        return await town.begin(), CODES
    return (await approving(town))[1], TRANSACTIONS


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


# ---- devices ----------------------------------------------------------------------------------


async def user_of(town: Town) -> User:
    found = (await town.ours.bench.store.page(MAIN_TENANT, User, PageQuery())).rows
    return found[0]


async def by_program(town: Town) -> None:
    caller, row = await program(town.ours), (await rows(town.ours, Contract))[0]
    user = await user_of(town)
    place = f"/api/identity-store/stores/customers/users/{user.id}/devices/{row.id}"
    assert (await caller.call("DELETE", place)).status == 204


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
