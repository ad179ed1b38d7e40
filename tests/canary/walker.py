"""Walks the ways through shipped definitions with passcodes that are looked for afterwards."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final, TypeVar, assert_never

from engine.errors import StoreUnavailable, UnknownOutcome
from engine.model.names import MAIN_TENANT, InstanceId
from engine.run.current import InstanceRef
from engine.web.links import ResumeLink
from tests import bench as plain
from tests import shipped
from tests.canary.world import FRESH, RIGHT, WRONG, World
from tests.phones import does, phone_of
from tests.shipped import INES, Decide, Fill, Move, Own, Phone, Press, Return, Wait, Walk
from tests.web.agent import Agent
from tests.web.surface import Answer, Browser

T = TypeVar("T")

LOOKED_FOR: Final = {plain.RIGHT: RIGHT, plain.WRONG: WRONG, shipped.FRESH: FRESH}
"""What the walks say -> what is typed here instead."""


async def walk_through(world: World, walk: Walk, *, again: bool = False) -> None:
    """Walk a way in a browser, as a user of its own.

    `again`: what fails is done once more, so that what comes behind it is walked too.
    """
    house = world.surface.bench
    user = f"{walk.user}{len(world.answers)}"
    phone: Agent | None = None
    if walk.user == INES:
        known = await house.user(user, passcode=RIGHT)
        if walk.has_phone:
            phone = await persistently(lambda: phone_of(world.surface, known))
    given = walk.parameters(user)
    browser = world.surface.browser()
    landing = await world.kept(
        browser, browser.open((await house.link(walk.process, given)).secret)
    )
    begun = await world.kept(browser, browser.press(landing))
    visit = _Visit(world=world, browser=browser, path=begun.location, phone=phone)
    step = await world.kept(browser, browser.follow(begun))
    for move in walk.moves:
        step = await visit.moved(step, typed(move, user), again=again)
    house.wait(hours=2)  # no source has to wait for what the last walk has tried


def typed(move: Move, user: str) -> Move:
    """Put this user, and the passcodes that are looked for, into a move."""
    if not isinstance(move, Fill):
        return move
    known = LOOKED_FOR | {INES: user}
    return Fill(fields={name: known.get(text, text) for name, text in move.fields.items()})


async def persistently(work: Callable[[], Awaitable[T]]) -> T:
    """Let an operator do something, and once more where the first time broke."""
    try:
        return await work()
    except (RuntimeError, StoreUnavailable, UnknownOutcome):
        return await work()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Visit:
    world: World
    browser: Browser
    path: str
    phone: Agent | None

    async def moved(self, step: Answer, move: Move, *, again: bool) -> Answer:
        """Do it, and give the page that comes of it; every answer is kept."""
        done = await self._tried(step, move)
        if again and done.status >= 500:
            done = await self._tried(step, move)
        if done.status == 303:
            return await self.world.kept(self.browser, self.browser.follow(done))
        return done if b"_token" in done.body else await self._looked()

    async def _tried(self, step: Answer, move: Move) -> Answer:
        self.world.is_answering = True
        try:
            return await self.world.kept(self.browser, self._do(step, move))
        finally:
            self.world.is_answering = False

    async def _looked(self) -> Answer:
        return await self.world.kept(self.browser, self.browser.get(self.path))

    async def _do(self, step: Answer, move: Move) -> Answer:
        browser, house = self.browser, self.world.surface.bench
        match move:
            case Fill() | Press() | Own():
                return await self._sent(step, move)
            case Wait(minutes=minutes):
                house.wait(minutes=minutes)
                return await browser.get(self.path)
            case Decide(deed=deed):
                await persistently(lambda: house.supervisor.act(self._ref, deed, house.actor()))
                return await browser.get(self.path)
            case Return():
                return await self._returned()
            case Phone(done=done):
                if "/web/device" in step.text:
                    surface, phone = self.world.surface, self.phone
                    await persistently(lambda: does(surface, done, step.text, phone))
                return await browser.get(self.path)
        assert_never(move)

    async def _sent(self, step: Answer, move: Fill | Press | Own) -> Answer:
        """Send what the page's form asks for, unless it stopped: somebody broke it."""
        if b"_token" not in step.body:
            return await self.browser.get(self.path)
        match move:
            case Fill(fields=fields):
                return await self.browser.answer(step, **fields)
            case Press(action=action):
                return await self.browser.answer(step, _action=action)
            case Own(answer=own):
                return await self.browser.answer(step, device=own)

    async def _returned(self) -> Answer:
        browser, house = self.browser, self.world.surface.bench
        value = await persistently(lambda: house.supervisor.resume_value(self._ref, house.actor()))
        if value is None:  # it stopped on the way
            return await browser.get(self.path)
        address = ResumeLink(instance=self._ref.id, value=value).address
        return await browser.press(await self.world.kept(browser, browser.get(address)))

    @property
    def _ref(self) -> InstanceRef:
        return InstanceRef(tenant=MAIN_TENANT, id=InstanceId(self.path.rpartition("/")[2]))
