"""Eight reasons to fail, one answer: nothing on the wire tells who is known or locked (B1)."""

from __future__ import annotations

import re
from functools import partial
from itertools import combinations
from typing import Final

import pytest
from msgspec.structs import replace

from engine.identity.policies import add_policy
from engine.identity.users import by_ext_id, lock, set_status
from engine.model.names import MAIN_TENANT
from engine.ports.actor import Actor
from engine.ports.store import Committed
from engine.records.identity import IdentityStore, Passcode, use_key
from engine.records.record import Version
from engine.run.unit import Unit
from tests.bench import RIGHT, ROOT, WRONG
from tests.web.surface import Answer, Surface, play

CLASSES: Final = (
    "unknown user", "wrong passcode", "locked", "throttled", "expired", "none registered",
    "disabled user", "wrong policy",
)  # fmt: skip
JOURNEYS: Final = ("passcode-authentication", "sign-in")
KNOWN: Final = "ines.carvalho"
UNKNOWN: Final = "nobody.at.all"
"""As long as the other: a page that shows again what was typed is as long then."""
PRIVATE: Final = (
    r"\b[A-Z0-9]{26}\b",  # ids
    r"nonce-[A-Za-z0-9_-]{43}",
    r"tf-(notice-)?[A-Z0-9]{12}",  # names of cookies
    r"(?<![A-Za-z0-9_-])[A-Za-z0-9_-]{43}(?![A-Za-z0-9_-])",  # sessions, form tokens
    r"TF-[A-Z0-9]{4}-[A-Z0-9]{4}",  # references
    rf"{re.escape(KNOWN)}|{re.escape(UNKNOWN)}",  # what was typed
)


async def prepare(house: Surface, kind: str) -> None:
    """Bring the user of `play` into one of the eight states."""
    await house.bench.deploy(shipped="sign-in")
    store = house.bench.store
    unit = Unit(store, MAIN_TENANT)
    actor = Actor(name="test", at=house.bench.clock.now(), chance=house.bench.chance)
    user = await by_ext_id(unit, "customers", KNOWN)
    kept = await unit.get(IdentityStore, "customers")
    assert user is not None
    assert kept is not None
    row = await unit.find(Passcode, "by_use", use_key(user.id, "default"))
    assert row is not None
    match kind:
        case "locked":
            lock(unit, actor, user)
        case "disabled user":
            set_status(unit, actor, user, "DISABLED")
        case "expired":
            unit.put(replace(row, expires_at=actor.at), Version(number=row.version))
        case "none registered":
            unit.delete(row)
        case "wrong policy":
            await add_policy(unit, actor, kept, "other", min_length=20)
            await under_another_policy(house)
        case "throttled":
            for _ in range(2):
                await walk(house, KNOWN, WRONG)
        case _:
            pass
    assert await store.write(MAIN_TENANT, unit.staged()) == Committed()


async def under_another_policy(house: Surface) -> None:
    """Deploy the journeys anew, asking for a passcode under a policy that nobody has one of."""
    for journey in JOURNEYS:
        text = (ROOT / f"definitions/{journey}.yaml").read_text("utf-8")
        text = text.replace("passcodeKey: default", "passcodeKey: other")
        await house.bench.deploy(text.replace("version: 1\n", "version: 2\n", 1))


async def asked(
    house: Surface, who: str, passcode: str, journey: str
) -> tuple[str, dict[str, str]]:
    """Give a link's secret and what its form is answered with: who it is comes by either."""
    if journey == "sign-in":
        secret = (await house.bench.link(journey, {})).secret
        return secret, {"identifier": who, "passcode": passcode}
    secret = (await house.bench.link(journey, {"userExternalId": who})).secret
    return secret, {"passcode": passcode}


async def walk(house: Surface, who: str, passcode: str, journey: str = JOURNEYS[0]) -> list[Answer]:
    """Answer three times in a browser, and see every page."""
    browser = house.browser()
    secret, fields = await asked(house, who, passcode, journey)
    pages = [await browser.begin(secret)]
    for _ in range(3):
        pages.append(await browser.answer(pages[-1], **fields))
        pages.append(await browser.follow(pages[-1]))
    return pages


async def walk_as_app(
    house: Surface, who: str, passcode: str, journey: str = JOURNEYS[0]
) -> list[Answer]:
    """Answer three times by calls."""
    secret, fields = await asked(house, who, passcode, journey)
    made = await house.call("POST", f"/api/process-manager/processInstances/create?pt={secret}")
    ticket = made.json["redirectUrl"].partition("pi%3D")[2]
    screens = [await house.call("POST", f"/api/process-server/startProcess?pi={ticket}")]
    token = screens[0].json["sessionToken"]
    for _ in range(3):
        told = screens[-1].json
        target = f"/api/process-server/processInstances/{told['processInstanceId']}/steps/"
        body = {"revision": told["revision"], "data": fields}
        screens.append(await house.call("POST", target + told["stepKey"], body, token=token))
    return screens


def masked(answer: Answer) -> tuple[int, list[tuple[str, str]], str]:
    """Leave out what is different between two visits of one person as well."""

    def hide(text: str) -> str:
        for private in PRIVATE:
            text = re.sub(private, "_", text)
        return text

    return answer.status, [(n, hide(v)) for n, v in answer.headers], hide(answer.text)


WALKS = {"pages": walk, "calls": walk_as_app}


@pytest.mark.parametrize("journey", JOURNEYS)
@pytest.mark.parametrize("way", WALKS)
def test_all_twenty_eight_pairs_are_answered_alike(way: str, journey: str) -> None:
    async def story(kind: str, house: Surface) -> list[Answer]:
        await prepare(house, kind)
        who = UNKNOWN if kind == "unknown user" else KNOWN
        passcode = WRONG if kind == "wrong passcode" else RIGHT
        return await WALKS[way](house, who, passcode, journey)

    seen = {kind: [masked(a) for a in play(partial(story, kind))] for kind in CLASSES}

    unequal = [(a, b) for a, b in combinations(CLASSES, 2) if seen[a] != seen[b]]
    assert unequal == []


def test_the_right_passcode_of_a_known_user_is_answered_otherwise() -> None:
    async def story(house: Surface) -> tuple[Answer, Answer]:
        browser = house.browser()
        right = await browser.begin((await house.bench.link()).secret)
        taken = await browser.follow(await browser.answer(right, passcode=RIGHT))
        return taken, (await walk(house, KNOWN, WRONG))[-1]

    taken, failed = play(story)

    assert masked(taken) != masked(failed)
