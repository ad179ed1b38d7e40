"""A browser or app that is known again: what a PASS hands out, and to nobody else (C3)."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from itertools import combinations

import pytest

from tests.bench import RIGHT, WRONG
from tests.web.surface import Answer, Browser, Surface, play
from tests.web.test_sameness import CLASSES, masked, prepare

NAME = "__Host-tf-device"


async def tries(
    house: Surface, browser: Browser, passcode: str, who: str = "ines.carvalho"
) -> Answer:
    """Answer once, in a visit of its own."""
    link = await house.bench.link(parameters={"userExternalId": who})
    step = await browser.begin(link.secret)
    return await browser.follow(await browser.answer(step, passcode=passcode))


async def lock_out(house: Surface) -> None:
    """Be a stranger with time: try until nothing helps any more."""
    for _ in range(60):
        await tries(house, house.browser(), WRONG)
        house.bench.wait(hours=1, seconds=1)


def test_a_browser_that_passed_is_not_locked_out_by_strangers() -> None:
    async def story(house: Surface) -> list[str]:
        ines, elsewhere = house.browser(), house.browser()
        await tries(house, ines, RIGHT)
        await lock_out(house)
        return [(await tries(house, who, RIGHT)).title for who in (elsewhere, ines)]

    assert play(story) == ["Enter your passcode", "Thank you, all done"]


def test_the_cookie_is_for_us_alone_and_ends_by_itself() -> None:
    async def story(house: Surface) -> tuple[frozenset[str], timedelta]:
        ines = house.browser()
        await tries(house, ines, RIGHT)
        cookie = ines.cookies[NAME]
        return cookie.attributes, cookie.ends - house.bench.clock.now()

    attributes, life = play(story)

    assert {"HttpOnly", "SameSite=Lax", "Secure", "Path=/"} <= attributes
    assert life == timedelta(days=180)


def test_the_cookie_is_no_session_and_crowds_none_out() -> None:
    async def story(house: Surface) -> tuple[int, int]:
        ines = house.browser()
        await tries(house, ines, RIGHT)
        stolen = house.browser()
        stolen.cookies = {NAME: ines.cookies[NAME]}
        link = await house.bench.link()
        step = await ines.begin(link.secret)
        return step.status, (await stolen.get(step.action)).status

    assert play(story) == (200, 401)


def test_an_app_is_known_again_by_what_it_was_given() -> None:
    async def story(house: Surface) -> list[tuple[str, bool]]:
        token = None
        seen = []
        for passcode, device in ((RIGHT, False), (WRONG, True), (RIGHT, True)):
            screen = await calls(house, passcode, token if device else None)
            seen.append((screen.json["status"], "deviceToken" in screen.json))
            token = screen.json.get("deviceToken", token)
            if len(seen) == 1:
                await lock_out(house)
        return seen

    assert play(story) == [
        ("COMPLETED_ENDED_SUCCESS", True), ("ACTIVE", False), ("COMPLETED_ENDED_SUCCESS", True),
    ]  # fmt: skip


async def calls(house: Surface, passcode: str, device: object) -> Answer:
    """Answer once by calls."""
    secret = (await house.bench.link()).secret
    made = await house.call("POST", f"/api/process-manager/processInstances/create?pt={secret}")
    ticket = made.json["redirectUrl"].partition("pi%3D")[2]
    told = (await house.call("POST", f"/api/process-server/startProcess?pi={ticket}")).json
    target = f"/api/process-server/processInstances/{told['processInstanceId']}/steps/"
    body = {"revision": told["revision"], "data": {"passcode": passcode}}
    if device is not None:
        body["deviceToken"] = device
    return await house.call("POST", target + told["stepKey"], body, token=told["sessionToken"])


@pytest.mark.parametrize("device", [7, ["x"], {"a": "b"}])
def test_a_token_that_is_no_text_is_not_read(device: object) -> None:
    assert play(lambda house: calls(house, RIGHT, device)).status == 400


@pytest.mark.parametrize("device", ["", "x", "." * 500])
def test_a_token_that_is_none_of_ours_is_no_hindrance(device: str) -> None:
    found = play(lambda house: calls(house, RIGHT, device))

    assert found.json["status"] == "COMPLETED_ENDED_SUCCESS"


def test_a_known_browser_gets_the_same_answer_whatever_keeps_it_out() -> None:
    async def story(kind: str, house: Surface) -> list[Answer]:
        ines = house.browser()
        await tries(house, ines, RIGHT)
        await prepare(house, kind)
        who = "nobody" if kind == "unknown user" else "ines.carvalho"
        # On her own device the right one lets her in, however many strangers have tried.
        passcode = WRONG if kind in ("wrong passcode", "throttled") else RIGHT
        link = await house.bench.link(parameters={"userExternalId": who})
        step = await ines.begin(link.secret)
        sent = await ines.answer(step, passcode=passcode)
        return [step, sent, await ines.follow(sent)]

    seen = {kind: [masked(a) for a in play(partial(story, kind))] for kind in CLASSES}

    assert [(a, b) for a, b in combinations(CLASSES, 2) if seen[a] != seen[b]] == []
