"""Sockets at the joined hub that say anything: no task of them stays, and who listens still hears.

A case is one socket, from its connection to its end; the frames stand in the text, one after the
other. What a single connection makes of its bytes is the row `frames`.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from typing import Final

from engine.signalr import PROTOCOLS
from engine.web.listening.sockets import TOO_MANY
from tests.fuzzing.dice import Dice
from tests.fuzzing.frames import MESSAGES
from tests.fuzzing.noise import SIGNS, Noise
from tests.fuzzing.running import Case
from tests.web.application import CREATED, ApplicationServer, application
from tests.web.listening import Listening, connect
from tests.web.surface import Surface, surface

SEPARATOR: Final = "\x1e"
SEVERAL: Final = "\uf8ff"
"""Stands between the frames of a case."""
PING: Final = '{"type":6}\x1e'
MOST_FRAMES: Final = 50
LISTENED_AFTER: Final = 100
"""Cases after which it is seen whether a listener that says nothing still hears."""


class Hub:
    """Judges what sockets say, each in front of the same house, in a loop of its own."""

    name = "hub"
    planned = 20_000

    def __init__(self) -> None:
        whole = tuple(PROTOCOLS["json"].encode(message).decode() for message in MESSAGES)
        self._noise = Noise(others=whole, pieces=SIGNS, stretches=(2, 70, 40_000))
        self._runner = asyncio.Runner()
        self._at: _Place | None = None

    def make(self, dice: Dice) -> Case:
        """Make frames: messages, some of them worse, of one that has shaken hands or has not."""
        frames = [
            dice.pick(self._noise.others) if dice.one_in(20) else PING
            for _ in range(1 + dice.below(MOST_FRAMES))
        ]
        worse = [self._noise.worsen(dice, one) if dice.one_in(20) else one for one in frames]
        return Case("stranger" if dice.one_in(5) else "shaken", SEVERAL.join(worse))

    def judge(self, case: Case) -> str:
        """Open a socket, say it all, and go."""
        return self._runner.run(self._judged(case))

    def close(self) -> None:
        """End the house."""
        self._runner.close()

    async def _judged(self, case: Case) -> str:
        if self._at is None:
            self._at = await _Place.made()
        place = self._at
        answer = await place.said(case.text.split(SEVERAL), shakes=case.kind == "shaken")
        if place.cases % LISTENED_AFTER == 0:
            await place.listen()
        return answer


class _Place:
    """A house with one who listens."""

    def __init__(self, server: ApplicationServer, good: Listening, token: str) -> None:
        self._server, self._good, self._token = server, good, token
        self._tasks = len(asyncio.all_tasks())
        self.cases = 0

    @classmethod
    async def made(cls) -> _Place:
        """Build it."""
        house: Surface = surface()
        server = await application(house)
        good = await connect(house, await server.end_user_token(unique_id="good"))
        await good.event()
        return cls(server, good, await server.end_user_token(unique_id="noise"))

    async def said(self, frames: Sequence[str], *, shakes: bool) -> str:
        """Be a socket; tell how it ended."""
        self.cases += 1
        one = await connect(self._server.house, self._token, shakes=shakes)
        for frame in frames:
            await one.say(frame)
        await one.go()
        assert len(asyncio.all_tasks()) <= self._tasks, "it leaves a task behind"
        said = "".join(one.outward.get_nowait().get("text", "") for _ in range(one.outward.qsize()))
        return _answer(said)

    async def listen(self) -> None:
        """Let the good one hear."""
        answer = await self._server.tell(CREATED, unique_id="good", store_in_cache=False)
        assert answer.status == 204, answer.text
        assert (await self._good.event())[0] == "RegistrationCreatedEvent"


def _answer(said: str) -> str:
    """Name what the hub's last word was."""
    words = json.loads(said.rstrip(SEPARATOR).rpartition(SEPARATOR)[2] or "{}")
    reason = str(words.get("error", ""))
    if words.get("type") == 7:
        return "too much" if reason == TOO_MANY else "sent away"
    return "no handshake" if reason else "heard"
