"""An activity whose package is gone holds its instances, and they go on once it is back."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from engine.adapters.memory import MemoryStore
from engine.errors import ActivityMissing
from engine.logs import JsonLines
from engine.model.instance import Incident
from engine.model.names import MAIN_TENANT
from engine.records.deployments import Deployment
from engine.run.catalogue import Catalogue
from engine.run.current import Current
from engine.run.entry.answers import Begun
from engine.run.pump import Pump
from engine.testing import FrozenClock
from tests.bench import Bench, bench
from tests.run.ages import DEFINITION, PACKAGE, WITH, WITHOUT
from tests.web.surface import PERSON, Answer, surface_of


class Houses:
    """The same data under programs that were started with and without the package."""

    def __init__(self) -> None:
        self.clock = FrozenClock()
        self.store = MemoryStore(self.clock)
        self._starts = 0

    def started(self, catalogue: Catalogue) -> Bench:
        self._starts += 1
        return bench(self.store, self.clock, catalogue=catalogue, seed=self._starts)


def tell(story: Callable[[Houses, Begun], Awaitable[None]]) -> None:
    """Begin a visit with the package, then go on."""

    async def told() -> None:
        houses = Houses()
        house = houses.started(WITH)
        await house.deploy(DEFINITION, {"person.v1": PERSON})
        begun = await house.begin((await house.link("of-age", {})).secret)
        await story(houses, begun)

    asyncio.run(told())


async def held(house: Bench, begun: Begun) -> Incident | None:
    loaded = await house.store.load(MAIN_TENANT, begun.instance)
    return await house.library.incident(loaded.instance)


def test_the_deployment_remembers_which_package_brought_a_strangers_activity() -> None:
    async def story(houses: Houses, begun: Begun) -> None:
        loaded = await houses.store.load(MAIN_TENANT, begun.instance)
        row = await houses.store.get(MAIN_TENANT, Deployment, loaded.instance.bundle)

        assert row is not None
        assert row.packages["Check Age"] == PACKAGE

    tell(story)


def test_our_own_activities_come_with_trustflow() -> None:
    assert Catalogue.installed().package_of("Custom Data Form", 1).startswith("trustflow ")
    assert Catalogue.installed().package_of("Check Age", 3) == ""


def test_an_instance_that_needs_it_is_an_incident_that_names_activity_and_package() -> None:
    async def story(houses: Houses, begun: Begun) -> None:
        house = houses.started(WITHOUT)

        incident = await held(house, begun)

        assert incident is not None
        assert (incident.code, incident.node) == ("activity-missing", "who")
        assert "Check Age 3" in incident.reason
        assert PACKAGE in incident.reason
        with pytest.raises(ActivityMissing, match=PACKAGE):
            await house.at(begun)

    tell(story)


def test_with_the_package_there_is_no_incident() -> None:
    async def story(houses: Houses, begun: Begun) -> None:
        assert await held(houses.started(WITH), begun) is None

    tell(story)


def test_once_it_is_back_the_person_answers_the_very_page_that_was_open() -> None:
    async def story(houses: Houses, begun: Begun) -> None:
        before = (await houses.started(WITH).at(begun)).instance
        await held(houses.started(WITHOUT), begun)
        house = houses.started(WITH)
        after = (await house.at(begun)).instance

        now = await house.answer(begun, name="Ines")

        assert (after.step, after.revision) == (before.step, before.revision)
        assert isinstance(now, Current)
        assert now.instance.status == "COMPLETED_ENDED_SUCCESS"
        assert now.instance.incident is None

    tell(story)


def test_its_timers_fire_once_it_is_back_and_until_then_the_operator_is_told(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def story(houses: Houses, begun: Begun) -> None:
        houses.clock.move(timedelta(minutes=6))
        without, back = houses.started(WITHOUT), houses.started(WITH)
        fired = [
            await Pump(store=house.store, loop=house.loop, clock=house.clock).sweep()
            for house in (without, back)
        ]

        assert fired == [0, 1]
        assert (await back.at(begun)).instance.status == "COMPLETED_TERMINATED"
        told["instance"] = begun.instance

    told: dict[str, str] = {}
    with caplog.at_level(logging.ERROR, logger="trustflow"):
        tell(story)
    (line,) = [json.loads(JsonLines().format(record)) for record in caplog.records]
    assert (line["event"], line["code"]) == ("incident", "activity-missing")
    assert line["instance"] == told["instance"]
    assert PACKAGE in line["reason"]


def test_a_person_meanwhile_gets_a_page_of_ours_and_the_operator_a_line(
    caplog: pytest.LogCaptureFixture,
) -> None:
    pages: list[Answer] = []

    async def told() -> None:
        houses = Houses()
        first = surface_of(houses.started(WITH))
        await first.bench.deploy(DEFINITION, {"person.v1": PERSON})
        browser = first.browser()
        step = await browser.begin((await first.bench.link("of-age", {})).secret)
        browser.surface = surface_of(houses.started(WITHOUT))
        pages.append(await browser.answer(step, name="Ines"))
        browser.surface = surface_of(houses.started(WITH))
        pages.append(await browser.follow(await browser.answer(step, name="Ines")))

    with caplog.at_level(logging.ERROR, logger="trustflow"):
        asyncio.run(told())
    (line,) = [json.loads(JsonLines().format(record)) for record in caplog.records]
    assert [page.status for page in pages] == [500, 200]
    assert "Check Age" not in pages[0].text
    assert pages[1].title == "Thank you, all done"
    assert (line["event"], len(line["instance"])) == ("incident", 26)
    assert PACKAGE in line["reason"]
