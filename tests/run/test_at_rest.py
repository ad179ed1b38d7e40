"""What rests in an instance before anything is proven, and a journal that nobody can forge."""

from __future__ import annotations

import asyncio
import logging
from itertools import pairwise

import msgspec
import pytest
from msgspec.structs import replace

from engine.adapters.memory import MemoryStore
from engine.model.event import Ended, Event, Finished
from engine.model.names import MAIN_TENANT, InstanceId
from engine.records.identity import User
from engine.records.journal import JournalRow
from engine.records.record import Put, Staged, Version
from engine.run.current import Current
from engine.run.hop.journal import broken_at
from engine.testing import FrozenClock
from tests.bench import RIGHT, WRONG, Bench, bench, ref


async def with_attributes() -> tuple[Bench, User]:
    clock = FrozenClock()
    house = bench(MemoryStore(clock), clock)
    await house.deploy()
    user = await house.user()
    kept = await house.store.get(MAIN_TENANT, User, user.id)
    assert kept is not None
    told = replace(kept, attributes={"tax": "PT-123456789", "more": "x" * 4_000})
    put = Put(row=told, expect=Version(number=kept.version))
    await house.store.write(MAIN_TENANT, Staged(writes=(put,)))
    return house, told


def test_a_claimed_user_rests_as_an_id_alone_and_an_unknown_one_alike() -> None:
    async def story() -> None:
        house, _ = await with_attributes()

        sizes = []
        for ext_id in ("ines.carvalho", "nobody.at.all"):
            begun = await house.begin(
                (await house.link(parameters={"userExternalId": ext_id})).secret
            )
            now = await house.answer(begun, passcode=WRONG)
            assert isinstance(now, Current)
            assert now.instance.keys["user1"].value.keys() == {"id"}
            written = msgspec.json.encode(now.instance.keys)
            journal = await house.store.journal(MAIN_TENANT, begun.instance)
            assert not any(b"PT-123456789" in (row.payload or b"") for row in journal)
            sizes.append(len(written))

        assert sizes[0] == sizes[1]

    asyncio.run(story())


def test_a_proven_user_can_be_read() -> None:
    async def story() -> None:
        house, user = await with_attributes()
        begun = await house.begin((await house.link()).secret)

        now = await house.answer(begun, passcode=RIGHT)

        assert isinstance(now, Current)
        slot = now.instance.keys["user1"]
        assert slot.type == "User"
        assert slot.value["attributes"] == user.attributes
        assert slot.value["extId"] == "ines.carvalho"

    asyncio.run(story())


def told() -> list[JournalRow]:
    async def story() -> list[JournalRow]:
        house, _ = await with_attributes()
        begun = await house.begin((await house.link()).secret)
        await house.answer(begun, passcode=WRONG)
        return list(await house.store.journal(MAIN_TENANT, begun.instance))

    return asyncio.run(story())


def passed_instead(row: JournalRow) -> bytes:
    """Turn a failed verdict into a passed one."""
    event = msgspec.json.decode(row.payload or b"", type=Event)
    assert isinstance(event, Finished)
    assert isinstance(event.outcome, Ended)
    return msgspec.json.encode(replace(event, outcome=replace(event.outcome, result="PASS")))


@pytest.mark.parametrize("salt", ["kept", "gone"])
def test_a_changed_payload_is_found_with_and_without_its_salt(salt: str) -> None:
    journal = told()
    place = next(n for n, row in enumerate(journal) if b'"FAIL"' in (row.payload or b""))
    row = journal[place]

    journal[place] = replace(
        row, payload=passed_instead(row), salt=row.salt if salt == "kept" else None
    )

    assert broken_at(journal) == place + 1


def test_an_erased_row_keeps_the_chain() -> None:
    journal = [replace(row, payload=None, salt=None) for row in told()]

    assert broken_at(journal) is None


def test_rows_that_are_swapped_or_missing_are_found() -> None:
    journal = told()

    swapped = [journal[1], journal[0], *journal[2:]]
    missing = [journal[0], *journal[2:]]

    assert broken_at(swapped) == 1
    assert broken_at(missing) == 2
    assert all(one.chain != other.chain for one, other in pairwise(journal))


LONG = (
    "process: long\nversion: 1\ntitle: Long\nflow:\n  start:\n    activity: Start\n    next: n0\n"
)


def test_a_line_of_too_many_steps_is_held_and_not_lost(caplog: pytest.LogCaptureFixture) -> None:
    nodes = "".join(
        f"  n{n}:\n    activity: Simple Decider\n    next: n{n + 1}\n" for n in range(1_100)
    )
    text = f"{LONG}{nodes}  n1100:\n    activity: End\n"

    async def story() -> None:
        clock = FrozenClock()
        house = bench(MemoryStore(clock), clock)
        await house.deploy(text)

        begun = await house.begin((await house.link("long", {})).secret)

        kept = await house.store.load(MAIN_TENANT, InstanceId(begun.instance))
        incident = kept.instance.incident
        assert incident is not None
        assert incident.code == "process"
        assert "1,000 turns" in incident.reason

    with caplog.at_level(logging.ERROR, logger="trustflow.run"):
        asyncio.run(story())

    (told,) = caplog.records
    assert vars(told)["facts"]["process"] == "long"


def test_an_answer_beside_a_change_of_language_is_checked_all_the_same() -> None:
    async def story() -> None:
        house, _ = await with_attributes()
        begun = await house.begin((await house.link()).secret)
        verified = []
        for language in ("pt-PT", "en"):
            answered, _ = await asyncio.gather(
                house.answer(begun, passcode=WRONG),
                house.loop.choose_language(ref(begun), language=language),
            )
            assert isinstance(answered, Current)
            verified.append(answered.still_checking)

        assert verified == [False, False]
        assert house.pool.calls.count("verify") >= 2

    asyncio.run(story())
