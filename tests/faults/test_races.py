"""Exactly one wins: two houses on one store, then two programs, on every store."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Final

import pytest

from engine.identity.attempts import LockRules, charge, user_account
from engine.model.names import MAIN_TENANT, InstanceId, JsonObject
from engine.ports.store import Attempts, InstanceQuery, PageQuery
from engine.records.identity import User
from engine.testing import NOON, FrozenClock
from tests.bench import Bench, bench
from tests.faults import races
from tests.faults.deaths import place_at
from tests.faults.judging import instances
from tests.faults.places import File, Place, Schema
from tests.faults.racer import Racers
from tests.faults.races import RACES, Race, Signal, Track, track_on, two_stores
from tests.postgres import server
from tests.run.test_users_in_journeys import ADDED

ROUNDS: Final = 50
Tell = Callable[[Callable[[Track], Awaitable[None]]], None]
POSTGRES = pytest.param("postgres", marks=pytest.mark.postgres)


@pytest.fixture(params=["memory", "sqlite", POSTGRES])
def tell(request: pytest.FixtureRequest, tmp_path: Path) -> Tell:
    """Run a story of two houses on each store; on a database each has connections of its own."""

    async def told(story: Callable[[Track], Awaitable[None]]) -> None:
        async with AsyncExitStack() as stack:
            clock = FrozenClock()
            stores = await two_stores(request.param, tmp_path, clock, stack)
            await story(track_on(*stores, clock))

    return lambda story: asyncio.run(told(story))


@pytest.mark.parametrize("race", RACES.values(), ids=RACES)
def test_whoever_comes_first_is_the_only_one(tell: Tell, race: Race) -> None:
    async def story(track: Track) -> None:
        won = await race(track, ROUNDS)

        assert won.total() == ROUNDS
        assert len(won) > 1, f"nobody else ever wins: {won}"

    tell(story)


def test_a_resume_link_in_64_browsers_at_once_is_one_visit_that_goes_on(tell: Tell) -> None:
    async def story(track: Track) -> None:
        told = await races.browsers_with_one_resume_link(track, 64)

        assert told["on"] == 1
        assert told.total() == 64

    tell(story)


def test_200_redemptions_of_one_link_at_once_are_one_visit(tell: Tell) -> None:
    async def story(track: Track) -> None:
        await track.one.deploy()
        await track.one.user()
        secret = (await track.one.link()).secret

        told = await asyncio.gather(
            races.begins(track.one, secret, 100), races.begins(track.two, secret, 100)
        )

        said = Counter(getattr(one, "reason", "begun") for house in told for one in house)
        page = await track.one.store.instances(MAIN_TENANT, InstanceQuery())
        assert said == {"begun": 1, "used": 199}
        assert page.total == 1

    tell(story)


def test_fifty_users_with_one_external_id_at_once_are_one_user(tell: Tell) -> None:
    async def story(track: Track) -> None:
        await adding(track.one)
        minted = await track.one.link("add", {"who": "ana", "town": "Faro"}, type="UNLIMITED")

        await asyncio.gather(
            races.begins(track.one, minted.secret, 25), races.begins(track.two, minted.secret, 25)
        )

        await assert_one_ana(track.one)

    tell(story)


async def adding(house: Bench) -> None:
    await house.user("somebody", passcode=None)
    await house.deploy(ADDED)


async def assert_one_ana(house: Bench) -> None:
    ends = (await instances(house.store)).values()
    query = PageQuery(by="store", value="customers", size=200)
    users = (await house.store.page(MAIN_TENANT, User, query)).rows
    assert Counter(end.node for end in ends) == {"end": 1, "taken": 49}
    assert [end.incident for end in ends] == [None] * 50
    assert sorted(str(user.ext_id) for user in users) == ["ana", "somebody"]


@pytest.fixture(params=["sqlite", POSTGRES])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    """Give a place that several programs share."""
    with place_at(str(tmp_path) if request.param == "sqlite" else server()) as made:
        asyncio.run(made.migrate())
        yield made


@contextmanager
def racers(place: Place) -> Iterator[Racers]:
    assert isinstance(place, File | Schema)
    where = str(place.path) if isinstance(place, File) else place.address.whole
    with Racers(where) as both:
        yield both


def done(place: Place, what: Callable[[Bench], Awaitable[object]]) -> object:
    """Do something with a house of this program."""

    async def story() -> object:
        clock = FrozenClock()
        store = await place.open(clock)
        try:
            return await what(bench(store, clock, seed=3))
        finally:
            await store.close()

    return asyncio.run(story())


@pytest.mark.slow
def test_two_programs_redeem_a_link_once(place: Place) -> None:
    async def prepared(house: Bench) -> str:
        await house.deploy()
        await house.user()
        return (await house.link()).secret

    job = {"job": "begin", "secret": done(place, prepared), "count": 100}
    with racers(place) as both:
        told = both.race(job, job)

    assert Counter(told[0]) + Counter(told[1]) == {"begun": 1, "used": 199}


@pytest.mark.slow
def test_two_programs_add_one_user(place: Place) -> None:
    async def prepared(house: Bench) -> str:
        await adding(house)
        who: JsonObject = {"who": "ana", "town": "Faro"}
        return (await house.link("add", who, type="UNLIMITED")).secret

    job = {"job": "begin", "secret": done(place, prepared), "count": 25}
    with racers(place) as both:
        both.race(job, job)

    done(place, assert_one_ana)


@pytest.mark.slow
def test_two_programs_hash_no_more_guesses_than_the_rules_allow(place: Place) -> None:
    async def prepared(house: Bench) -> list[str]:
        await house.deploy()
        await house.user()
        link = await house.link(type="UNLIMITED")
        return [str((await house.begin(link.secret)).instance) for _ in range(200)]

    visits = done(place, prepared)
    assert isinstance(visits, list)
    hashed, allowed, row = [], [], None
    with racers(place) as both:
        for seconds in (0, 29, 30):  # a visit takes three wrong answers
            jobs: list[dict[str, object]] = [
                {"job": "guess", "visits": half, "seconds": seconds}
                for half in (visits[::2], visits[1::2])
            ]
            hashed.append(sum(both.race(*jobs)))
            count, row = tries(row, seconds)
            allowed.append(count)

    assert hashed == allowed == [6, 0, 1]


def tries(row: Attempts | None, seconds: int) -> tuple[int, Attempts | None]:
    """Count how many tries the lock rules let through at one moment, one after the other."""
    count, account = 0, user_account("anybody")
    at = NOON + timedelta(seconds=seconds)
    while (after := charge(LockRules(), row, at, account)) is not None:
        count, row = count + 1, after
    return count, row


@pytest.mark.slow
def test_two_programs_answer_and_time_out_a_step_once(place: Place) -> None:
    assert sum(answered_or_timed_out(place, 1).values()) == 50


def answered_or_timed_out(place: Place, rounds: int) -> Counter[str]:
    """Let one program answer fifty steps whose time is up for the other; give who won how often."""

    async def prepared(house: Bench) -> list[str]:
        secret = await Track(one=house, two=house, signal=Signal()).prepared(races.TIMED)
        return [str((await house.begin(secret)).instance) for _ in range(50 * rounds)]

    visits = done(place, prepared)
    assert isinstance(visits, list)
    counted: list[str] = []
    with racers(place) as both:
        for start in range(0, len(visits), 50):
            fifty = visits[start : start + 50]
            told, _ = both.race(
                {"job": "answer", "visits": fifty, "seconds": 60},
                {"job": "sweep", "seconds": 301},
            )
            counted += told

    async def judged(house: Bench) -> Counter[str]:
        won = Counter[str]()
        for id in visits:
            kinds = [row.kind for row in await house.store.journal(MAIN_TENANT, InstanceId(id))]
            assert kinds.count("Submitted") + kinds.count("TimerFired") == 1, kinds
            assert (id in counted) == ("Submitted" in kinds)
            won["submit" if "Submitted" in kinds else "timer"] += 1
        return won

    found = done(place, judged)
    assert isinstance(found, Counter)
    return found
