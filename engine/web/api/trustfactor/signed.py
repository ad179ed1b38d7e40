"""How a call of a device's agent is answered: read, its signature held to it, done, written.

A call is signed over our address, its path, a line feed and its body as it is sent: with the
device's key, with the contract's, or with both. `at` keeps an old call from being said again.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Literal

from starlette.responses import Response

from engine.errors import Busy
from engine.model.names import TenantId
from engine.ports.actor import Actor
from engine.realtime.trustfactor.signed_texts import (
    CONTRACT_SIGNATURE,
    DEVICE_SIGNATURE,
    signed_message,
)
from engine.run.trustfactor import device_answers
from engine.run.trustfactor.device_answers import DeviceAnswers
from engine.run.unit import TRIES, Unit, is_written
from engine.web.answers import Kind, api_error, json_answer, unread_error
from engine.web.api.frame.operation import Described, invalid
from engine.web.api.frame.reading import taken
from engine.web.api.trustfactor.values import Seconds, SentToTrustFactor
from engine.web.request import Ask
from engine.web.wire import Unread, read_object

SKEW_SECONDS: Final = 300
Why = device_answers.Why | Literal["removed", "other text"]
REFUSALS: Final[Mapping[Why, tuple[Kind, str]]] = {
    "used": ("used", "this code was used already"),
    "expired": ("expired", "it has run out"),
    "rejected": ("exists", "it was refused"),
    "twice": ("exists", "a second device has scanned this code: neither is registered"),
    "cancelled": ("exists", "nobody asks for it any more"),
    "another device": ("exists", "another device has scanned this code"),
    "decided": ("exists", "it was decided already"),
    "not theirs": ("missing", "this device is not asked"),
    "taken": ("exists", "this key is registered already; make another"),
    "removed": ("exists", "this device was removed; register it again"),
    "other text": ("exists", "this is not what is asked; list it again"),
    "one key": ("exists", "use two keys, one for the device and one for the contract"),
}
"""Why a device's word counts for nothing -> how it is told."""


class Signed(SentToTrustFactor, kw_only=True, frozen=True):
    """What every call of an agent says: when it was made."""

    at: Seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentCall:
    """One call, its body checked, at the store's time."""

    ask: Ask
    body: Any
    raw: bytes
    path: str
    at: datetime

    def refusal(self, **keys: str) -> Response | None:
        """Say what is wrong with the signatures: `device` or `contract` -> the key that must sign.

        A call that was not made just now is told our time: the device's clock is wrong, or somebody
        says again what was said before. Neither is a try at anything.
        """
        given = {"device": DEVICE_SIGNATURE, "contract": CONTRACT_SIGNATURE}
        if not all(self._is_signed(given[who], key) for who, key in keys.items()):
            return self.stranger("signature")
        now = int(self.at.timestamp())
        if abs(now - self.body.at) > SKEW_SECONDS:
            told = {"field": "at", "message": f"here it is {now}: set the device's clock"}
            return api_error(self.ask, "invalid", details=[told])
        return None

    def _is_signed(self, header: str, key: str) -> bool:
        given = self.ask.request.headers.getlist(header)
        keys = self.ask.web.journeys.offices.device_keys
        return len(given) == 1 and any(
            keys.verify(key, given[0], signed_message(origin, self.path, self.raw))
            for origin in self.ask.web.config.origins
        )

    def stranger(self, kind: Kind) -> Response:
        """Refuse whoever may be guessing: it is a failed try."""
        self.ask.fail()
        return api_error(self.ask, kind)

    def refused(self, field: str, why: Why) -> Response:
        """Tell a device why its word counts for nothing."""
        kind, sentence = REFUSALS[why]
        return api_error(self.ask, kind, details=[{"field": field, "message": sentence}])

    def unit(self, tenant: TenantId) -> Unit:
        """Begin to write what follows."""
        return Unit(self.ask.web.journeys.offices.store, tenant)

    def actor(self, name: str) -> Actor:
        """Name a device in audit rows."""
        chance = self.ask.web.journeys.chance
        return Actor(name=f"device:{name}", at=self.at, chance=chance)

    def answers(self, unit: Unit, name: str) -> DeviceAnswers:
        """Take in what the device says, in a unit; `name` is its own in audit rows."""
        journeys = self.ask.web.journeys
        return DeviceAnswers(
            unit=unit, store=journeys.offices.store, vault=journeys.vault, actor=self.actor(name)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What is answered once all that is staged is written, and the channel that has an event.

    Attributes:
        refusal: The answer, where the word counts for nothing and is written down all the same.
    """

    unit: Unit
    body: object = None
    channel: str | None = None
    refusal: Response | None = field(default=None)


Found = Done | Response
Work = Callable[[AgentCall], Awaitable[Found]]


def answering(row: Described, work: Work) -> Callable[[Ask], Awaitable[Response]]:
    """Make the answer of a row: read, done, written in one commit, and again if it must be."""

    async def answer(ask: Ask) -> Response:
        read = await read_object(ask.request, seconds=ask.web.config.body_seconds)
        if isinstance(read, Unread):
            return unread_error(ask, read)
        raw, said = read
        body = taken(said, row.body)
        if isinstance(body, list):
            return api_error(ask, "invalid", details=invalid(tuple(body)).details)
        for _ in range(TRIES):
            at = await ask.web.journeys.offices.store.now()
            found = await work(AgentCall(ask=ask, body=body, raw=raw, path=row.path, at=at))
            if isinstance(found, Response):
                return found
            if await _written(ask, found):
                return found.refusal or _answer(row, found)
        raise Busy(retry_after=1)

    return answer


async def _written(ask: Ask, found: Done) -> bool:
    """Write what is staged, then tell the channel; False where somebody was quicker."""
    tenant = ask.tenant = found.unit.tenant
    if not await is_written(found.unit, ask.web.journeys.offices.store):
        return False
    if found.channel is not None:
        ask.web.hub.hint(tenant, found.channel)
    return True


def _answer(row: Described, found: Done) -> Response:
    return Response(status_code=204) if row.result is None else json_answer(found.body)
