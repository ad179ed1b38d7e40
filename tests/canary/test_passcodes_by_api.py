"""No passcode and no session value rests anywhere when an application server does it (D6)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

import apsw
import pytest

from engine.identity import sessions
from engine.identity.authentication import Verifier
from engine.records.identity import PasscodeSession
from engine.secret import Secret
from tests.canary.scan import found
from tests.canary.test_canary import leaks
from tests.canary.world import NEWCOMER, OTHER, RIGHT, WRONG, World, collect
from tests.web.program import Program, program

BASE = "/api/identity-store/stores/customers"
INES = "ines.carvalho"
SHOWN: list[str] = []
"""What may be found in the one answer that shows it, and nowhere else."""


async def begun(world: World, shop: Program, kind: str, who: str) -> str:
    answer = await shop.post(f"{BASE}/users/{who}/passcodes/{kind}/default/ext")
    SHOWN.append(answer.json.get("sessionId", "x" * 40))
    return f"{BASE}/passcodes/{kind}/sessions/{SHOWN[-1]}"


async def walk(world: World) -> None:
    """Sign in, register and renew: with what is wrong, too long, unread and right."""
    SHOWN.clear()
    shop = await program(world.surface)
    SHOWN.append(shop.key.secret)
    SHOWN.append(shop.token)

    async def kept(way: str, body: object) -> None:
        world.answers.append(await shop.post(way, body))

    way = await begun(world, shop, "authentications", INES)
    bodies: tuple[object, ...] = (
        {"passcode": [RIGHT]}, {RIGHT: WRONG}, {"passcode": RIGHT * 200},
        {"passcode": WRONG, "newPasscode": RIGHT}, {"passcode": RIGHT},
    )  # fmt: skip
    for body in bodies:
        await kept(way, body)
    await kept(await begun(world, shop, "authentications", INES), {"passcode": WRONG})
    way = await begun(world, shop, "registrations", NEWCOMER)
    for passcode in (WRONG[:6], NEWCOMER * 2, OTHER):
        await kept(way, {"passcode": passcode})
    way = await begun(world, shop, "renewals", INES)
    for new in (RIGHT, OTHER):
        await kept(way, {"passcode": RIGHT, "newPasscode": new})
    for way in (f"{BASE}/users/{INES}/passcodes/ext", "/api/process-manager/auditRecords"):
        world.answers.append(await shop.get(way))


def values_in(sinks: list[tuple[str, bytes]]) -> list[str]:
    """Say where a session's value, a key or a bearer value was found."""
    return [
        f"{name}: {way}"
        for name, blob in sinks
        for value in SHOWN
        for way in found(blob, value)
        if way in ("plain", "gzip: plain")
    ]


def test_passcodes_by_api_leave_nothing_anywhere(tmp_path: Path) -> None:
    sinks = collect(tmp_path, walk)

    assert leaks(sinks) == []
    assert values_in(sinks) == []
    bodies = [blob for name, blob in sinks if name.endswith("body")]
    assert sum(b"AUTHENTICATED" in body for body in bodies) == 1
    assert sum(b'"code":2615' in body for body in bodies) >= 1
    assert b"passcode.renew" in bodies[-1]


@pytest.mark.parametrize("point", ["before-begin", "after-statement", "before-commit"])
def test_a_store_that_breaks_anywhere_leaves_nothing(tmp_path: Path, point: str) -> None:
    armed = False

    def probe(name: str) -> None:
        if armed and name == point:
            raise apsw.FullError(point)

    async def story(world: World) -> None:
        nonlocal armed
        shop = await program(world.surface)
        way = await begun(world, shop, "authentications", INES)
        armed = True
        for passcode in (WRONG, RIGHT):
            world.answers.append(await shop.post(way, {"passcode": passcode}))
        armed = False

    sinks = collect(tmp_path, story, store_probe=probe)

    assert leaks(sinks) == []


Complete = Callable[[Verifier, PasscodeSession, Secret], Awaitable[object]]


@pytest.mark.parametrize("how", ["in a fault", "in a row"])
def test_a_leak_that_is_planted_in_a_completion_is_found(
    tmp_path: Path, how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def tells(verifier: Verifier, session: PasscodeSession, passcode: Secret) -> None:
        said = passcode.reveal()
        if how == "in a row":
            verifier.unit.audit(verifier.actor.did("x.y", "user:x", tried=said))
        else:
            print(said)  # noqa: T201 - the planted leak

    monkeypatch.setattr(sessions, "complete_authentication", tells)

    assert leaks(collect(tmp_path, walk)) != []
