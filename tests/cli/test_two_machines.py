"""Two machines on one PostgreSQL database: whoever listens at either hears all, once, in order.

What is published at one is found by the other, what is signed at one is good at the other, and a
journey whose page one has shown goes on where a phone is heard by the other.
"""

from __future__ import annotations

import asyncio
import html
import itertools
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from shutil import copytree
from typing import Any, Final, TypeVar

import pytest

from engine.access.journey_client import known_client
from engine.adapters.hints import PostgresHints
from engine.adapters.signatures.rs256 import Rs256Signer
from engine.adapters.system import SystemChance, SystemClock
from engine.app import KEYS
from engine.model.names import MAIN_TENANT, InstanceId, JsonObject
from engine.ports.store import Committed
from engine.realtime.channels import Event, Group, publish
from engine.realtime.trustfactor import contracts
from engine.records.identity import User
from engine.run.unit import Unit
from tests.bench import RIGHT
from tests.cli.machines import PATIENCE, Machine, Pair, two_machines
from tests.clients.cutting import Bell, Heard, Listener, have_heard, listening
from tests.phones import PAYLOAD, payload_in, phone_of
from tests.web.agent import Agent
from tests.web.application import CREATED, SUCCESS, ApplicationServer, application
from tests.web.surface import Answer, Browser, send

pytestmark = [pytest.mark.slow, pytest.mark.postgres]

T = TypeVar("T")
Tell = Callable[[Callable[[Pair], Awaitable[T]]], T]
LAST: Final = 12
DAY: Final = 86_400
LISTENING: Final = re.compile(r'data-token="([^"]*)" data-after="(\d+)"')
ADDED: Final = "Your phone is ready"
DONE: Final = "Thank you, all done"


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tell[Any]]:
    """Tell a story before two machines, which stand as long as this file's tests run."""
    with asyncio.Runner() as runner:
        opened = two_machines(tmp_path_factory.mktemp("machines"))
        pair = runner.run(opened.__aenter__())

        async def timed(story: Callable[[Pair], Awaitable[Any]]) -> Any:
            # What is signed here must be of this minute: there time does not stand still.
            pair.bench.clock.move(SystemClock().now() - pair.bench.clock.now())
            async with asyncio.timeout(PATIENCE):
                return await story(pair)

        try:
            yield lambda story: runner.run(timed(story))
        finally:
            runner.run(opened.__aexit__(None, None, None))


# ---- events -----------------------------------------------------------------------------------


@dataclass(slots=True, kw_only=True)
class Channel:
    """One registration, and its application server, which publishes at whichever machine."""

    pair: Pair
    at_a: ApplicationServer
    at_b: ApplicationServer
    id: str
    token: str

    @classmethod
    async def fresh(cls, pair: Pair) -> Channel:
        """Make a channel on which nothing was said yet: logged in, and its token made, at A."""
        server = await application(pair.a.surface, f"bank-{SystemChance().id().lower()}")
        id = SystemChance().id()
        token = await server.end_user_token(unique_id=id)
        at_b = replace(server, house=pair.b.surface)
        return cls(pair=pair, at_a=server, at_b=at_b, id=id, token=token)

    async def tell(self, number: int, at: Machine) -> None:
        """Publish an event at a machine; the last one sends everybody away for good."""
        said = dict(SUCCESS if number == LAST else CREATED)
        if number != LAST:
            said["qr_code_expiration"] = int(SystemClock().now().timestamp()) + DAY
        server = self.at_b if at is self.pair.b else self.at_a
        answer = await server.tell(said, unique_id=self.id, application_name=f"Bank {number}")
        assert answer.status == 204, answer.text

    async def tell_in_turn(self, numbers: Iterable[int]) -> None:
        """Publish events one after the other, at A and B in turn."""
        for number in numbers:
            await self.tell(number, self.pair.b if number % 2 else self.pair.a)

    def ear(self, at: Machine, bell: Bell, *, is_ours: bool = True) -> Listener:
        """Give somebody who will listen at a machine."""
        return Listener(port=at.port, token=self.token, bell=bell, is_ours=is_ours)


def wanted(*, is_ours: bool = True) -> list[Heard]:
    """Give what who hears everything has heard."""
    return [
        (
            "RegistrationSuccessEvent" if number == LAST else "RegistrationCreatedEvent",
            f"Bank {number}",
            number if is_ours else None,
        )
        for number in range(1, LAST + 1)
    ]


@asynccontextmanager
async def listening_at(machine: Machine, ears: Sequence[Listener]) -> AsyncIterator[None]:
    """Let them listen at a machine for the length of the block; then their lines are cut."""
    greetings = [one.greetings for one in ears]
    for one in ears:
        one.port = machine.port
    tasks = [asyncio.create_task(one.listen()) for one in ears]
    try:
        await ears[0].bell.until(partial(_were_greeted, ears, greetings))
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _were_greeted(ears: Sequence[Listener], before: Sequence[int]) -> bool:
    return all(one.greetings > count for one, count in zip(ears, before, strict=True))


def test_events_of_either_machine_are_heard_once_and_in_order_at_both(told: Tell[Any]) -> None:
    async def story(pair: Pair) -> list[Listener]:
        bell, channel = Bell(), await Channel.fresh(pair)
        ears = [
            channel.ear(machine, bell, is_ours=is_ours)
            for machine in (pair.a, pair.b)
            for is_ours in (True, False)
        ]
        async with listening(ears):
            await bell.until(lambda: all(one.greetings for one in ears))
            await channel.tell_in_turn(range(1, LAST + 1))
            await bell.until(lambda: all(one.is_over for one in ears))
        return ears

    ears = told(story)

    assert [one.heard for one in ears] == [wanted(is_ours=one.is_ours) for one in ears]
    assert [one.lines for one in ears] == [1] * 4


def test_events_of_both_machines_at_once_have_one_order_for_all(told: Tell[Any]) -> None:
    async def story(pair: Pair) -> list[Listener]:
        bell, channel = Bell(), await Channel.fresh(pair)
        ears = [channel.ear(machine, bell) for machine in (pair.a, pair.b)]
        async with listening(ears):
            await bell.until(lambda: all(one.greetings for one in ears))
            for number in range(1, LAST - 1, 2):
                await asyncio.gather(channel.tell(number, pair.a), channel.tell(number + 1, pair.b))
            await channel.tell(LAST, pair.b)
            await bell.until(lambda: all(one.is_over for one in ears))
        return ears

    one, other = told(story)

    numbers = [*range(1, LAST - 1), LAST]
    assert one.heard == other.heard
    assert [sequence for *_, sequence in one.heard] == list(range(1, LAST))
    assert sorted(name for _, name, _ in one.heard) == sorted(f"Bank {n}" for n in numbers)


def test_who_moves_from_machine_to_machine_misses_nothing_and_hears_nothing_twice(
    told: Tell[Any],
) -> None:
    async def story(pair: Pair) -> list[Heard]:
        bell, channel = Bell(), await Channel.fresh(pair)
        ear = channel.ear(pair.a, bell)
        numbers = iter(range(1, LAST + 1))
        for machine in (pair.a, pair.b, pair.a):
            async with listening_at(machine, [ear]):
                least = len(ear.heard) + 2
                await channel.tell_in_turn(itertools.islice(numbers, 2))
                await bell.until(partial(have_heard, [ear], least))
            await channel.tell_in_turn(itertools.islice(numbers, 2))  # while it is away
        async with listening_at(pair.b, [ear]):
            await bell.until(lambda: ear.is_over)
        return ear.heard

    assert told(story) == wanted()


def test_who_listened_at_a_machine_that_was_killed_hears_the_rest_at_the_other(
    told: Tell[Any],
) -> None:
    async def story(pair: Pair) -> list[Listener]:
        bell, channel = Bell(), await Channel.fresh(pair)
        ears = [channel.ear(pair.a, bell) for _ in range(5)]
        async with listening(ears):
            await bell.until(lambda: all(one.greetings for one in ears))
            await channel.tell_in_turn((1, 2, 3))
            await bell.until(partial(have_heard, ears, 3))
            await channel.tell(4, pair.a)  # nobody waits until it is heard
            for one in ears:
                one.port = pair.b.port  # where a balancer leads them now
            pair.a.kill()
            for number in range(5, LAST + 1):
                await channel.tell(number, pair.b)
            await bell.until(lambda: all(one.is_over for one in ears))
        await pair.a.begin_again()
        return ears

    ears = told(story)

    assert [one.heard for one in ears] == [wanted()] * 5
    assert [one.greetings for one in ears] == [2] * 5


@dataclass(slots=True, kw_only=True)
class Third:
    """A machine that nobody listens at: what it publishes is told by the other two alone."""

    channel: Channel

    @property
    def group(self) -> Group:
        """Who listens."""
        client = self.channel.at_a.made.client.id
        return Group(
            client=client, flow="registration", subject=self.channel.id, user_id="john.doe"
        )

    async def publish(self, name: str, ago: timedelta = timedelta()) -> None:
        """Keep an event, dated back; give no hint."""
        inside = self.channel.pair.bench
        unit = Unit(inside.store, MAIN_TENANT)
        event = Event(
            targets=("Elsewhere",), payload={"application_name": name}, cached=timedelta(minutes=15)
        )
        at = await inside.store.now() - ago
        await publish(unit, self.channel.pair.vault, self.group, event, at)
        assert isinstance(await inside.store.write(MAIN_TENANT, unit.staged()), Committed)


def test_an_event_whose_hint_was_lost_is_found_by_looking(told: Tell[Any]) -> None:
    async def story(pair: Pair) -> list[list[Heard]]:
        bell, channel = Bell(), await Channel.fresh(pair)
        ears = [channel.ear(machine, bell) for machine in (pair.a, pair.b)]
        third = Third(channel=channel)
        async with listening_at(pair.a, ears[:1]), listening_at(pair.b, ears[1:]):
            for number in (1, 2):
                await third.publish(f"Bank {number}")
                await bell.until(partial(have_heard, ears, number))
        return [one.heard for one in ears]

    assert told(story) == [[("Elsewhere", "Bank 1", 1), ("Elsewhere", "Bank 2", 2)]] * 2


def test_a_hint_is_enough_where_looking_finds_nothing(told: Tell[Any]) -> None:
    """What is dated back further than anybody looks is told to nobody until its hint comes."""

    async def story(pair: Pair) -> list[list[Heard]]:
        bell, channel = Bell(), await Channel.fresh(pair)
        ears = [channel.ear(machine, bell) for machine in (pair.a, pair.b)]
        third, hints = Third(channel=channel), PostgresHints(pair.a.address, SystemClock())
        run = asyncio.create_task(hints.run())
        try:
            async with listening_at(pair.a, ears[:1]), listening_at(pair.b, ears[1:]):
                await third.publish("Bank 1", ago=timedelta(minutes=1))
                while not have_heard(ears, 1):  # until its line and theirs stand
                    hints.give(MAIN_TENANT, third.group.channel)
                    await SystemClock().sleep(timedelta(milliseconds=20))
        finally:
            run.cancel()
            await asyncio.gather(run, return_exceptions=True)
        return [one.heard for one in ears]

    assert told(story) == [[("Elsewhere", "Bank 1", 1)]] * 2


# ---- keys -------------------------------------------------------------------------------------


def test_keys_that_one_machine_has_rotated_are_known_to_the_other(told: Tell[Any]) -> None:
    async def story(pair: Pair) -> tuple[list[str | None], set[str], list[Listener]]:
        bell, channel = Bell(), await Channel.fresh(pair)
        for machine in (pair.a, pair.b):  # both have met the key that there was
            async with listening_at(machine, [channel.ear(machine, bell)]):
                pass
        await pair.a.command("rtas", "rotate")
        later = [
            await server.end_user_token(unique_id=channel.id)
            for server in (channel.at_a, channel.at_b)
        ]
        tokens = [channel.token, *later]
        jwks = await send(pair.b.surface.app, "GET", "/rtas/.well-known/jwks.json")
        ears = [
            replace(channel.ear(machine, bell), token=token)
            for token in tokens
            for machine in (pair.a, pair.b)
        ]
        async with listening(ears):
            await bell.until(lambda: all(one.greetings for one in ears))
            await channel.tell_in_turn(range(1, LAST + 1))
            await bell.until(lambda: all(one.is_over for one in ears))
        return list(map(Rs256Signer().kid, tokens)), {key["kid"] for key in jwks.json["keys"]}, ears

    (old, new, newer), public, ears = told(story)

    assert old != new == newer
    assert {old, new} <= public
    assert [one.heard for one in ears] == [wanted()] * 6


def test_what_a_machine_seals_with_a_newer_key_is_told_by_one_that_began_before(
    told: Tell[Any],
) -> None:
    """What a login gives is good where the key is the newest: there each logs in anew."""

    async def story(pair: Pair) -> list[Listener]:
        bell, before = Bell(), await Channel.fresh(pair)
        await pair.a.command("keys", "rotate")
        copytree(pair.a.data / KEYS, pair.b.data / KEYS, dirs_exist_ok=True)
        await pair.a.begin_again()
        after = await Channel.fresh(pair)
        ears = [one.ear(machine, bell) for one in (before, after) for machine in (pair.a, pair.b)]
        try:
            for server in (before.at_a, after.at_b):
                assert (await server.log_in()).status == 200
            async with listening(ears):
                await bell.until(lambda: all(one.greetings for one in ears))
                for one in (before, after):
                    await one.tell_in_turn(range(1, LAST + 1))
                await bell.until(lambda: all(one.is_over for one in ears))
        finally:
            await pair.b.begin_again()
        return ears

    ears = told(story)

    assert [one.heard for one in ears] == [wanted()] * 4


# ---- journeys ---------------------------------------------------------------------------------


@dataclass(slots=True, kw_only=True)
class Visit:
    """A person before a page that A has shown, which listens there; phones are heard at B."""

    pair: Pair
    user: User
    browser: Browser
    page: Answer
    path: str

    @classmethod
    async def begun(cls, pair: Pair, process: str, **parameters: str) -> Visit:
        """Prove the passcode, and see the page that waits for a phone."""
        await pair.bench.deploy(shipped=process)
        name = f"ines.{SystemChance().id().lower()}"
        user = await pair.bench.user(name)
        given: JsonObject = {
            "userExternalId": name, "applicationName": "Farol Mutual", **parameters
        }  # fmt: skip
        minted = await pair.bench.link(process, given)
        browser = pair.a.surface.browser()
        page = await browser.begin(minted.secret)
        return cls(pair=pair, user=user, browser=browser, page=page, path=page.action)

    async def answer(self, **fields: str) -> Answer:
        """Answer a form at A."""
        self.page = await self.browser.follow(await self.browser.answer(self.page, **fields))
        return self.page

    def ear(self, bell: Bell) -> Listener:
        """Listen as the page does: behind the newest event that it knows."""
        found = LISTENING.search(self.page.text)
        assert found, self.page.text
        return Listener(port=self.pair.a.port, token=found[1], bell=bell, seen=int(found[2]))

    async def moved_by(self, deed: Awaitable[Answer]) -> list[Answer]:
        """Ask both machines for the page without rest until what a phone does has moved it on.

        Its address is the same; the browser's cookies go to either. Gives what each shows then.
        """
        there = replace(self.browser, surface=self.pair.b.surface)
        before = _shown_on(self.page)
        looking = [self._looked(one, before) for one in (self.browser, there) * 3]
        answer, _ = await asyncio.gather(deed, asyncio.gather(*looking))
        assert answer.status == 200, answer.text
        shown = [await one.get(self.path) for one in (self.browser, there)]
        self.page = shown[0]
        return shown

    async def _looked(self, browser: Browser, before: str) -> None:
        """Look until the page has moved on.

        Who looks meanwhile may see it as it was, but then it listens behind the word that moves it.
        """
        while _shown_on(page := await browser.get(self.path)) == before:
            heard = LISTENING.search(page.text)
            assert heard is None or heard[2] == "0", page.words

    async def signals(self) -> int:
        """Count how often the journey was moved on by a phone."""
        instance = InstanceId(self.path.rpartition("/")[2])
        rows = await self.pair.bench.store.journal(MAIN_TENANT, instance)
        return [row.kind for row in rows].count("Signalled")

    async def phones(self) -> int:
        """Count the person's phones."""
        store = self.pair.bench.store
        unit = Unit(store, MAIN_TENANT)
        client = await known_client(unit)
        assert client is not None
        return len(await contracts.of_user(unit, store, client.id, self.user.id))


def _shown_on(page: Answer) -> str:
    """Tell a page from the next: by its title, and by the code that it shows."""
    code = PAYLOAD.search(html.unescape(page.text))
    return page.title + (code[1] if code else "")


async def registering(pair: Pair) -> Visit:
    """Come to the page with the code for a phone."""
    visit = await Visit.begun(pair, "device-registration", userDisplayName="Inês Carvalho")
    await visit.answer(passcode=RIGHT)
    return visit


async def approving(pair: Pair) -> tuple[Visit, Agent]:
    """Come to the page that asks for an approval, with a phone registered before."""
    asked = {"action": "Transfer", "message": "Send 250 euros to Ana?"}
    visit = await Visit.begun(pair, "transaction-approval", **asked)
    phone = await phone_of(pair.b.surface, visit.user)
    await visit.answer(passcode=RIGHT)
    return visit, phone


def test_a_phone_that_one_machine_hears_moves_the_page_of_the_other_once(told: Tell[Any]) -> None:
    async def story(pair: Pair) -> tuple[list[Heard], list[str], tuple[str, int, int]]:
        bell, visit = Bell(), await registering(pair)
        ear = visit.ear(bell)
        async with listening([ear]):
            await bell.until(lambda: ear.greetings == 1)
            deed = Agent(house=pair.b.surface).register(payload_in(visit.page.text))
            looks = [page.title for page in await visit.moved_by(deed)]
            await bell.until(lambda: ear.is_over)
        end = await visit.answer(device="mine")
        return ear.heard, looks, (end.title, await visit.signals(), await visit.phones())

    heard, looks, end = told(story)

    assert heard == [("RegistrationSuccessEvent", "Farol Mutual", 1)]
    assert looks == [ADDED] * 2
    assert end == (DONE, 1, 1)


def test_a_phone_that_refuses_at_one_machine_has_the_page_of_the_other_show_another_code(
    told: Tell[Any],
) -> None:
    async def story(pair: Pair) -> tuple[list[Heard], set[bool], tuple[int, int]]:
        bell, visit = Bell(), await registering(pair)
        ear, phone = visit.ear(bell), Agent(house=pair.b.surface)
        payload = payload_in(visit.page.text)
        async with listening_at(pair.a, [ear]):
            assert (await phone.scan(payload)).status == 200
            pages = await visit.moved_by(phone.reject(payload))
            await bell.until(lambda: bool(ear.heard))
        codes = {payload_in(page.text) for page in pages}
        new = {code != payload for code in codes}
        return ear.heard, new, (len(codes), await visit.signals())

    heard, new, counts = told(story)

    assert heard == [("JourneyMovedEvent", "", 1)]
    assert new == {True}
    assert counts == (1, 1)


@pytest.mark.parametrize("decision", ["ACCEPT", "DECLINE"])
def test_what_a_phone_decides_at_one_machine_ends_the_page_of_the_other_once(
    told: Tell[Any], decision: str
) -> None:
    async def story(pair: Pair) -> tuple[list[Heard], set[str], int]:
        bell, (visit, phone) = Bell(), await approving(pair)
        ear = visit.ear(bell)
        async with listening([ear]):
            await bell.until(lambda: ear.greetings == 1)
            (asked,) = (await phone.asked()).json["transactions"]
            pages = await visit.moved_by(phone.decide(asked, decision))
            await bell.until(lambda: ear.is_over)
        return ear.heard, {page.title for page in pages}, await visit.signals()

    heard, titles, signals = told(story)

    assert heard == [("TransactionDecidedEvent", "Farol Mutual", 1)]
    assert (titles == {DONE}) == (decision == "ACCEPT")
    assert len(titles) == 1
    assert signals == 1
