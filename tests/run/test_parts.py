"""Parts as people walk them: the two shipped definitions that call one, to each of their ends."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from engine.adapters.memory import MemoryStore
from engine.run.current import Current
from engine.run.entry.answers import Begun
from engine.testing import FrozenClock
from tests.bench import RIGHT, ROOT, WRONG, Bench, bench, ref

Step = Callable[[Bench, Begun], Awaitable[object]]


def answered(**fields: str) -> Step:
    async def step(house: Bench, begun: Begun) -> None:
        assert isinstance(await house.answer(begun, **fields), Current)

    return step


def pressed(action: str) -> Step:
    async def step(house: Bench, begun: Begun) -> None:
        now = (await house.at(begun)).instance
        assert now.wait is not None
        assert action in {one.name for one in now.wait.screen.actions}
        await house.loop.press(ref(begun), step=now.wait.step, revision=now.revision, action=action)

    return step


async def late(house: Bench, begun: Begun) -> None:
    house.wait(minutes=11)


ANSWER = answered(passcode=RIGHT)
SLIP = answered(passcode=WRONG)
CONTACT = answered(email="ines@example.org", phone="")
CASES = [
    ("sign-in-with-review", [ANSWER], "COMPLETED_ENDED_SUCCESS", "end"),
    ("sign-in-with-review", [SLIP, ANSWER], "COMPLETED_ENDED_SUCCESS", "end"),
    ("sign-in-with-review", [SLIP, SLIP, SLIP], "COMPLETED_ENDED_ERROR", "end"),
    ("sign-in-with-review", [pressed("forgot")], "REVIEW", "end"),
    ("sign-in-with-review", [pressed("cancel")], "COMPLETED_ENDED_ERROR", "cancelled"),
    ("sign-in-with-review", [late], "COMPLETED_TERMINATED", "end"),
    ("contact-details", [ANSWER, CONTACT], "COMPLETED_ENDED_SUCCESS", "end"),
    ("contact-details", [ANSWER, pressed("skip")], "COMPLETED_ENDED_SUCCESS", "end"),
    ("contact-details", [SLIP] * 4 + [ANSWER, CONTACT], "COMPLETED_ENDED_SUCCESS", "end"),
    ("contact-details", [SLIP] * 5, "COMPLETED_ENDED_ERROR", "refused"),
    ("contact-details", [pressed("forgot")], "COMPLETED_ENDED_ERROR", "refused"),
    ("contact-details", [pressed("cancel")], "COMPLETED_ENDED_ERROR", "refused"),
    ("contact-details", [ANSWER, late], "COMPLETED_TERMINATED", "end"),
]


@pytest.mark.parametrize(("process", "steps", "status", "node"), CASES)
def test_every_end_is_reached(process: str, steps: list[Step], status: str, node: str) -> None:
    async def story() -> None:
        clock = FrozenClock()
        house = bench(MemoryStore(clock), clock)
        await house.deploy((ROOT / f"definitions/{process}.yaml").read_text(encoding="utf-8"))
        await house.user()
        begun = await house.begin((await house.link(process)).secret)

        for step in steps:
            await step(house, begun)

        ended = (await house.at(begun)).instance
        assert (ended.status, ended.node) == (status, node)

    asyncio.run(story())


def test_what_a_part_is_given_and_holds_is_kept_under_its_call() -> None:
    async def story() -> None:
        clock = FrozenClock()
        house = bench(MemoryStore(clock), clock)
        await house.deploy((ROOT / "definitions/sign-in-with-review.yaml").read_text("utf-8"))
        await house.user()
        begun = await house.begin((await house.link("sign-in-with-review")).secret)

        waits = (await house.at(begun)).instance
        await house.answer(begun, passcode=RIGHT)
        ended = (await house.at(begun)).instance

        assert waits.wait is not None
        assert waits.wait.step == "identify.ask.1"
        assert waits.variables["identify._initVars.storeName"] == "customers"
        assert {name: slot.type for name, slot in ended.keys.items()} == {
            "identify.attempt": "PasscodeAttempt",
            "customer": "User",
            "identify.answer": "Submission",
        }
        assert [check.name for check in ended.checks] == [
            "passcode-authentication/identify.attempt"
        ]

    asyncio.run(story())
