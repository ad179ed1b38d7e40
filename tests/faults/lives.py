"""A program of its own: visits of every kind at once on one store, killed at a random moment.

    python -m tests.faults.lives PLACE LIVES SEED

A child walks all walks at the same time, again and again; its parent kills it after up to
`LONGEST_SECONDS`, looks, and starts the next one on what is left. What went out as an answer is
there at that revision or a later one; every instance is its journal; every chain holds; what
records say of the visits is what journals say. Prints `kills hops answers`.
"""

from __future__ import annotations

import asyncio
import os
import select
import signal
import sys
import traceback
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from engine.adapters.system import since_boot
from engine.identity.attempts import user_account
from engine.model.instance import ProcessInstance
from engine.model.names import MAIN_TENANT, InstanceId, JsonObject, NodeId
from engine.ports.store import AuditQuery, Page, PageQuery, Store
from engine.records.identity import Passcode
from engine.records.tokens import ProcessToken, Session
from engine.run.current import Current
from engine.run.entry.answers import Begun, Returning
from engine.testing import NOON, FrozenClock, SeededChance
from tests.bench import RIGHT, WRONG, Bench, bench, ref
from tests.faults.deaths import CATALOGUE, place_at
from tests.faults.judging import Found, assert_replays, instances
from tests.faults.places import Place
from tests.faults.walks import ELSEWHERE, FRESH, REGISTRATION, REVIEWED, THIRD
from tests.run.flows import NAME_FORM, PAUSED

T = TypeVar("T")

AT_ONCE: Final = 6
LONGEST_SECONDS: Final = 0.6
LIVES_OF_ONE: Final = 10
"""Then the next ones begin with an empty database, so that looking at all of it stays quick."""
Said = Callable[[Begun | Current], None]


class Living:
    """One life: visits of every kind, each of a user of its own."""

    def __init__(self, house: Bench, life: str, said: Said) -> None:
        self.house, self.life, self.said, self.count = house, life, said, 0

    async def go_on(self) -> None:
        """Walk, several at once, until the end."""
        kinds = (self.signs_in, self.registers, self.is_reviewed, self.comes_back)

        async def walker(number: int) -> None:
            while True:
                self.count += 1
                await kinds[(number + self.count) % len(kinds)](f"{self.life}-{self.count}")

        await asyncio.gather(*map(walker, range(AT_ONCE)))

    async def begun(self, process: str, name: str | None) -> Begun:
        given: JsonObject = {} if name is None else {"userExternalId": name}
        minted = await self.house.link(process, given, life=None)
        begun = await self.house.begin(minted.secret)
        self.said(begun)
        return begun

    async def answers(self, begun: Begun, **fields: str) -> Current:
        now = await self.house.answer(begun, **fields)
        assert isinstance(now, Current)
        self.said(now)
        return now

    async def signs_in(self, name: str) -> None:
        await self.house.user(name)
        begun = await self.begun("passcode-authentication", name)
        await self.answers(begun, passcode=WRONG)
        await self.answers(begun, passcode=RIGHT)

    async def registers(self, name: str) -> None:
        await self.house.user(name, passcode=None)
        begun = await self.begun(REGISTRATION, name)
        await self.answers(begun, newPasscode=FRESH, confirmPasscode=FRESH)
        again = await self.begun(REGISTRATION, name)
        await self.answers(again, passcode=FRESH, newPasscode=THIRD, confirmPasscode=THIRD)

    async def is_reviewed(self, name: str) -> None:
        await self.house.user(name)
        begun = await self.begun(REVIEWED, name)
        now = (await self.house.at(begun)).instance
        assert now.step is not None
        self.said(
            await self.house.loop.press(
                ref(begun), step=now.step, revision=now.revision, action="forgot"
            )
        )
        self.said(await self.house.supervisor.act(ref(begun), "accept", self.house.actor()))

    async def comes_back(self, name: str) -> None:
        begun = await self.begun("visit", None)
        value = await self.house.supervisor.resume_value(ref(begun), self.house.actor())
        assert value is not None
        shown = await self.house.visits.returning(MAIN_TENANT, begun.instance, value)
        assert isinstance(shown, Returning)
        await self.house.visits.resume(
            MAIN_TENANT, begun.instance, value, begin_key=shown.begin_key
        )
        await self.answers(begun, name="Ines")
        self.said(await self.house.supervisor.act(ref(begun), "decline", self.house.actor()))


async def prepared(place: Place) -> None:
    """Deploy everything."""
    clock = FrozenClock(NOON)
    await place.migrate()
    store = await place.open(clock)
    house = bench(store, clock, catalogue=CATALOGUE)
    for name in ("passcode-authentication", REGISTRATION, REVIEWED):
        await house.deploy(shipped=name)
    await house.deploy(PAUSED, {"name.v1": NAME_FORM})
    await house.user("somebody", passcode=None)
    await store.close()


async def lives(place: Place, life: str, pipe: int) -> None:
    """Live until killed; each answer is a line in the pipe."""
    clock = FrozenClock(NOON)
    store = await place.open(clock)
    house = bench(store, clock, catalogue=CATALOGUE, seed=life, redirects=ELSEWHERE)

    def said(now: Begun | Current) -> None:
        id, revision = (
            (now.instance, 1)
            if isinstance(now, Begun)
            else (now.instance.id, now.instance.revision)
        )
        os.write(pipe, f"{id} {revision}\n".encode())

    os.write(pipe, b"\n")
    await Living(house, life, said).go_on()


def killed(place: Place, life: str, seconds: float) -> list[tuple[InstanceId, int]]:
    """Let a child live so long after its start; give what it has answered."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            asyncio.run(lives(place, life, writing))
        except BaseException:  # noqa: BLE001 - a child must not go on as its parent
            traceback.print_exc()
        os._exit(1)
    os.close(writing)
    os.read(reading, 1)
    said, end = b"", since_boot() + seconds
    while (left := end - since_boot()) > 0 and select.select([reading], [], [], left)[0]:
        said += os.read(reading, 65_536) or b""
        if not said:
            break
    os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    while rest := os.read(reading, 65_536):
        said += rest
    os.close(reading)
    assert os.waitstatus_to_exitcode(status) == -signal.SIGKILL, "the child has ended by itself"
    place.settled()
    words = [line.split() for line in said.decode().split("\n")[:-1] if line]
    return [(InstanceId(id), int(revision)) for id, revision in words]


async def looked_at(place: Place, answered: list[tuple[InstanceId, int]]) -> int:
    """Look at everything; give how many hops there are."""
    store = await place.open(FrozenClock(NOON))
    house = bench(store, FrozenClock(NOON), catalogue=CATALOGUE, seed="looking")
    found = await instances(store)
    for id, revision in answered:
        assert found[id].revision >= revision, "an answered step is lost"
    await assert_replays(house)
    await assert_records_agree(store, found)
    await store.close()
    return sum(instance.revision for instance in found.values())


async def assert_records_agree(store: Store, found: Found) -> None:
    """Hold records beside instances: what was done once is written down once."""
    deeds = Counter(
        (row.action, row.actor.partition(":")[0])
        for row in await everything(
            lambda query: store.audit(MAIN_TENANT, AuditQuery(page=query.page, size=query.size))
        )
    )
    reviewed = sum(instance.review is not None for instance in found.values())
    assert deeds["instance.accept", "test"] + deeds["instance.decline", "test"] == reviewed
    chosen = Counter(
        _user(one) for one in found.values() if one.process == REGISTRATION and _passed(one)
    )
    kept = deeds["passcode.register", "instance"] + deeds["passcode.renew", "instance"]
    assert kept == chosen.total()
    passcodes = await everything(lambda query: store.page(MAIN_TENANT, Passcode, query))
    newest = {row.user: row.serial for row in passcodes if row.status == "ACTIVE"}
    assert len(newest) == sum(row.status == "ACTIVE" for row in passcodes)
    for user, times in chosen.items():
        assert newest[user] == times
    tokens = await everything(lambda query: store.page(MAIN_TENANT, ProcessToken, query))
    assert sum(token.counter for token in tokens) == len(found)
    sessions = await everything(lambda query: store.page(MAIN_TENANT, Session, query))
    assert {session.instance for session in sessions} == set(found)
    for one in found.values():
        if one.process == "passcode-authentication":
            row = await store.attempts(MAIN_TENANT, user_account(_user(one)))
            failures = 0 if row is None else row.failures
            tried = one.visits[NodeId("ask")] - 1
            assert failures == 0 if _passed(one) else tried <= failures <= tried + 1


def _passed(instance: ProcessInstance) -> bool:
    return any(check.state == "PASS" for check in instance.checks)


def _user(instance: ProcessInstance) -> str:
    ids = [slot.value["id"] for slot in instance.keys.values() if "id" in slot.value]
    return str(ids[0])


async def everything(page: Callable[[PageQuery], Awaitable[Page[T]]]) -> list[T]:
    """Turn all pages."""
    rows: list[T] = []
    while True:
        found = await page(PageQuery(page=len(rows) // 200, size=200))
        rows += found.rows
        if len(rows) >= found.total or not found.rows:
            return rows


def main(place: Place, count: int, seed: str) -> None:
    """Live and die."""
    chance = SeededChance(seed)
    asyncio.run(prepared(place))
    place.keep()
    hops = answers = before = 0
    answered: list[tuple[InstanceId, int]] = []
    for life in range(count):
        if life % LIVES_OF_ONE == 0:
            place.back()
            answered, before = [], 0
        seconds = chance.pick(1_000) / 1_000 * LONGEST_SECONDS
        told = killed(place, f"{seed}-{life}", seconds)
        answered += told
        there = asyncio.run(looked_at(place, answered))
        hops, answers, before = hops + there - before, answers + len(told), there
    print(f"{count} {hops} {answers}", flush=True)  # noqa: T201 - the test reads it


if __name__ == "__main__":
    with place_at(sys.argv[1]) as _place:
        main(_place, int(sys.argv[2]), sys.argv[3])
