"""Hints over NOTIFY: others hear them, not oneself; a lost line is made anew; nothing is kept."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import aclosing, asynccontextmanager
from datetime import timedelta
from typing import Final

import pytest

from engine.adapters.address import Address
from engine.adapters.hints import PostgresHints
from engine.adapters.system import SystemClock
from engine.model.names import MAIN_TENANT, TenantId
from tests.postgres import DATABASE, server, tell

pytestmark = pytest.mark.postgres

PATIENCE: Final = 30
CLOCK: Final = SystemClock()
ENDED: Final = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{}'"


@pytest.fixture
def address() -> Iterator[Address]:
    """A database of its own: whoever is in it can be put out without harm to others."""
    url = server()
    name = f"trustflow_hints_{os.getpid()}"
    tell(url, f"CREATE DATABASE {name}")
    try:
        yield Address.parse(url.removesuffix(DATABASE) + name)
    finally:
        tell(url, f"DROP DATABASE {name} WITH (FORCE)")


class Machine:
    """One machine's hints, and all that it has heard."""

    def __init__(self, address: Address) -> None:
        self.hints = PostgresHints(address, CLOCK)
        self.heard: list[tuple[TenantId, str]] = []

    async def listen(self) -> None:
        async with aclosing(self.hints.heard()) as ear:
            async for hint in ear:
                self.heard.append(hint)

    def names(self, mark: str) -> list[str]:
        """Give what it has heard that begins so."""
        return [name for _, name in self.heard if name.startswith(mark)]


@asynccontextmanager
async def running(*machines: Machine) -> AsyncIterator[None]:
    """Let their hints run, until each hears the others."""
    tasks = [
        asyncio.create_task(work)
        for machine in machines
        for work in (machine.hints.run(), machine.listen())
    ]
    try:
        async with asyncio.timeout(PATIENCE):
            await meeting(*machines)
            yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def meeting(*machines: Machine, mark: str = "met") -> None:
    """Wait until each hears the others: they say so until then."""
    while not all(len(set(one.names(mark))) == len(machines) - 1 for one in machines):
        for number, one in enumerate(machines):
            one.hints.give(MAIN_TENANT, f"{mark} {number}")
        await CLOCK.sleep(timedelta(milliseconds=10))


async def until(is_so: Callable[[], bool]) -> None:
    while not is_so():
        await CLOCK.sleep(timedelta(milliseconds=5))


def play(address: Address, story: Callable[[Machine, Machine], Awaitable[None]]) -> None:
    async def told() -> None:
        one, other = Machine(address), Machine(address)
        async with running(one, other):
            await story(one, other)

    asyncio.run(told())


def test_others_hear_a_hint_once_and_whoever_gave_it_does_not(address: Address) -> None:
    async def story(one: Machine, other: Machine) -> None:
        for name in ("a", "b", "a"):
            one.hints.give(TenantId("north"), f"new {name}")
        await until(lambda: len(other.names("new")) == 2)
        other.hints.give(MAIN_TENANT, "new c")
        await until(lambda: bool(one.names("new")))

        assert [hint for hint in other.heard if hint[0] == "north"] == [
            ("north", "new a"), ("north", "new b"),
        ]  # fmt: skip
        assert one.names("new") == ["new c"]

    play(address, story)


def test_a_line_that_the_server_has_cut_is_made_anew(address: Address) -> None:
    async def story(one: Machine, other: Machine) -> None:
        await asyncio.to_thread(tell, server(), ENDED.format(address.whole.rpartition("/")[2]))
        await meeting(one, other, mark="again")

    play(address, story)


def test_what_is_given_without_a_line_is_kept_for_nobody(address: Address) -> None:
    async def told() -> list[str]:
        one, other, third = Machine(address), Machine(address), Machine(address)
        async with running(other, third):
            one.hints.give(MAIN_TENANT, "old")
            async with running(one):
                while not other.names("new"):
                    one.hints.give(MAIN_TENANT, "new")
                    await CLOCK.sleep(timedelta(milliseconds=5))
        return other.names("old")

    assert asyncio.run(told()) == []


def test_a_server_that_is_not_there_is_no_reason_to_end(caplog: pytest.LogCaptureFixture) -> None:
    async def told() -> bool:
        nowhere = Machine(Address.parse("postgresql://me@127.0.0.1:1/nowhere"))
        run = asyncio.create_task(nowhere.hints.run())
        async with asyncio.timeout(PATIENCE):
            await until(lambda: bool(caplog.records))
        nowhere.hints.give(MAIN_TENANT, "unheard")
        is_running = not run.done()
        run.cancel()
        await asyncio.gather(run, return_exceptions=True)
        return is_running

    assert asyncio.run(told())
    assert {record.getMessage() for record in caplog.records} == {"lost"}
