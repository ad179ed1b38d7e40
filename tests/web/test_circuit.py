"""Many failures of a tenant make every answer slower, and refuse none (security C4, C6)."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from engine.app import open_application
from engine.logs import JsonLines
from engine.model.names import MAIN_TENANT, JsonObject
from engine.settings import Settings
from engine.testing import FrozenClock
from engine.web.circuit import LONGEST, SHORTEST, Circuit
from engine.web.sources import SourceLimits
from tests.bench import RIGHT, WRONG
from tests.web.app import App
from tests.web.surface import Answer, Surface, play, send

LIMIT = 4
LIMITS = SourceLimits(per_minute=1000, per_hour=10_000, tenant_per_minute=LIMIT)


class Slept(FrozenClock):
    """Time that passes by itself, but only where somebody sleeps."""

    def __init__(self) -> None:
        super().__init__()
        self.lengths: list[timedelta] = []

    async def sleep(self, length: timedelta) -> None:
        self.lengths.append(length)


def circuit(failures: int, clock: FrozenClock | None = None) -> Circuit:
    made = Circuit(MAIN_TENANT, LIMIT, clock or FrozenClock())
    for _ in range(failures):
        made.fail()
    return made


async def settled() -> None:
    """Let everything run that can."""
    for _ in range(200):
        await asyncio.sleep(0)  # noqa: TID251 - no time passes


async def waits(house: Surface, answering: asyncio.Task[Answer], wanted: timedelta) -> Answer:
    """See that an answer waits exactly so long, without a place in the hash pool."""
    before = list(house.bench.pool.calls)
    await settled()
    house.bench.clock.move(wanted - timedelta(milliseconds=1))
    await settled()
    assert not answering.done()
    assert house.bench.pool.calls == before
    house.bench.clock.move(timedelta(milliseconds=1))
    return await answering


async def many_failures(house: Surface, count: int) -> None:
    for number in range(count):
        await house.browser(address=f"198.51.100.{number}").open(f"pt_{number:043d}")


@pytest.mark.parametrize("failures", range(LIMIT + 1))
def test_up_to_the_limit_nothing_waits(failures: int) -> None:
    clock = Slept()

    asyncio.run(circuit(failures, clock).slow_down())

    assert clock.lengths == []


@pytest.mark.parametrize(
    ("failures", "length"),
    [
        (LIMIT + 1, SHORTEST + (LONGEST - SHORTEST) / 4),
        (LIMIT + 2, SHORTEST + (LONGEST - SHORTEST) / 2),
        (2 * LIMIT, LONGEST),
        (1_000 * LIMIT, LONGEST),
    ],
)
def test_beyond_it_answers_wait_longer_and_never_longer_than_two_seconds(
    failures: int, length: timedelta
) -> None:
    clock = Slept()

    asyncio.run(circuit(failures, clock).slow_down())

    assert clock.lengths == [length]


def test_it_ends_at_half_the_limit_a_minute_later() -> None:
    async def story() -> list[int]:
        clock = Slept()
        made = circuit(LIMIT + 1, clock)
        clock.move(timedelta(seconds=40))
        for _ in range(LIMIT // 2 + 1):
            made.fail()
        clock.move(timedelta(seconds=30))  # the first ones are forgotten: below the limit
        await made.slow_down()
        still = len(clock.lengths)
        clock.move(timedelta(seconds=31))
        await made.slow_down()
        return [still, len(clock.lengths)]

    assert asyncio.run(story()) == [1, 1]


def test_a_clock_that_steps_back_slows_nobody_for_longer() -> None:
    clock = Slept()
    made = circuit(2 * LIMIT, clock)
    clock.move(timedelta(days=-1))

    asyncio.run(made.slow_down())

    assert clock.lengths == []


@pytest.mark.parametrize("passcode", [RIGHT, WRONG])
@pytest.mark.parametrize("ext_id", ["ines.carvalho", "nobody.knows"])
def test_every_answer_waits_alike_before_it_is_verified_and_is_answered(
    ext_id: str, passcode: str
) -> None:
    async def story(house: Surface) -> Answer:
        browser = house.browser(address="203.0.113.9")
        given: JsonObject = {"userExternalId": ext_id}
        step = await browser.begin((await house.bench.link(parameters=given)).secret)
        await many_failures(house, 2 * LIMIT)
        answering = asyncio.create_task(browser.answer(step, passcode=passcode))
        answer = await waits(house, answering, LONGEST)
        assert house.bench.pool.calls.count("verify") == 1
        return await browser.follow(answer)

    answer = play(story, limits=LIMITS)

    done = ext_id == "ines.carvalho" and passcode == RIGHT
    assert answer.status == 200
    assert (answer.title == "Thank you, all done") == done


def test_an_apps_answer_waits_too() -> None:
    async def story(house: Surface) -> Answer:
        app = App(surface=house)
        await app.begin((await house.bench.link()).secret)
        await many_failures(house, 2 * LIMIT)
        return await waits(house, asyncio.create_task(app.answer(passcode=RIGHT)), LONGEST)

    answer = play(story, limits=LIMITS)

    assert answer.status == 200
    assert answer.json["status"] == "COMPLETED_ENDED_SUCCESS"


def test_looking_never_waits() -> None:
    async def story(house: Surface) -> Answer:
        browser = house.browser(address="203.0.113.9")
        await browser.begin((await house.bench.link()).secret)
        await many_failures(house, 9 * LIMIT)
        return await browser.begin((await house.bench.link()).secret)

    assert play(story, limits=LIMITS).status == 200


def test_beginning_and_end_are_security_events(caplog: pytest.LogCaptureFixture) -> None:
    async def story() -> None:
        clock = Slept()
        made = circuit(LIMIT + 3, clock)
        clock.move(timedelta(seconds=61))
        await made.slow_down()
        await made.slow_down()

    with caplog.at_level(logging.WARNING, logger="trustflow.web"):
        asyncio.run(story())
    lines = [json.loads(JsonLines().format(record)) for record in caplog.records]

    assert [(line["event"], line["state"], line["tenant"]) for line in lines] == [
        ("tenant-slow", "begins", "main"),
        ("tenant-slow", "ends", "main"),
    ]
    assert (lines[0]["failures"], lines[0]["perMinute"]) == (LIMIT + 1, LIMIT)
    assert lines[1]["seconds"] == 61


def test_the_limit_is_the_settings(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async def story() -> None:
        settings = Settings(
            data=tmp_path / "data", tenant_failures_per_minute=20, trusted_proxies=("127.0.0.1/32",)
        )
        application = await open_application(settings)
        try:
            web = application.web("http://127.0.0.1:8321")
            for number in range(21):
                away = [("Host", "127.0.0.1:8321"), ("X-Forwarded-For", f"198.51.100.{number}")]
                await send(web, "GET", "/web/trustweb?pt=pt_x", headers=away, client="127.0.0.1")
        finally:
            await application.close()

    with caplog.at_level(logging.WARNING, logger="trustflow.web"):
        asyncio.run(story())
    (line,) = [json.loads(JsonLines().format(record)) for record in caplog.records]

    assert (line["event"], line["failures"], line["perMinute"]) == ("tenant-slow", 21, 20)


class Forgetful(Circuit):
    """The planted fault: nobody waits."""

    async def slow_down(self) -> None:
        pass


class Refusing(Circuit):
    """The planted fault: a circuit that opens."""

    async def slow_down(self) -> None:
        raise TimeoutError


@pytest.mark.parametrize("fault", [Forgetful, Refusing])
def test_a_circuit_that_does_not_slow_or_that_opens_is_found(
    fault: Callable[..., Circuit], monkeypatch: pytest.MonkeyPatch
) -> None:
    def planted(*given: Any, **named: Any) -> Circuit:
        return fault(*given, **named)

    monkeypatch.setattr("engine.web.sources.Circuit", planted)

    with pytest.raises(AssertionError):
        test_every_answer_waits_alike_before_it_is_verified_and_is_answered("ines.carvalho", RIGHT)
