"""How a call of a device's agent is answered: read, its signature held to it, done, written.

A call is signed over its path, a line feed and its body as it is sent: with the device's key in
`TF-Device-Signature`, with the contract's in `TF-Contract-Signature`. `at` keeps an old call from
being said again.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from starlette.responses import Response

from engine.errors import Busy
from engine.model.names import TenantId
from engine.ports.actor import Actor
from engine.ports.store import Committed
from engine.run.unit import TRIES, Unit
from engine.web.answers import Kind, api_error, json_answer, unread_error
from engine.web.api.frame.operation import Described, invalid
from engine.web.api.frame.reading import taken
from engine.web.api.trustfactor.values import Seconds, SentToTrustFactor
from engine.web.request import Ask
from engine.web.wire import Unread, read_object

SKEW_SECONDS: Final = 300
_REFUSALS: Final[Mapping[str, Kind]] = {"used": "used", "expired": "expired"}


class Signed(SentToTrustFactor, kw_only=True, frozen=True):
    """What every call of an agent says: when it was made."""

    at: Seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """One call, its body checked, at the store's time."""

    ask: Ask
    body: Any
    raw: bytes
    path: str
    at: datetime

    def is_signed(self, header: str, key: str) -> bool:
        """Whether the key has signed this very call, just now."""
        given = self.ask.request.headers.getlist(header)
        is_now = abs(self.at.timestamp() - self.body.at) <= SKEW_SECONDS
        keys = self.ask.web.journeys.offices.device_keys
        message = f"{self.path}\n".encode() + self.raw
        return len(given) == 1 and is_now and keys.verify(key, given[0], message)

    def unit(self, tenant: TenantId) -> Unit:
        """Begin to write what follows."""
        self.ask.tenant = tenant
        return Unit(self.ask.web.journeys.offices.store, tenant)

    def actor(self, name: str) -> Actor:
        """Name a device in audit rows."""
        chance = self.ask.web.journeys.chance
        return Actor(name=f"device:{name}", at=self.at, chance=chance)


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """A good answer; what is staged is written first, then the channel's listeners are told."""

    unit: Unit
    body: object = None
    channel: str | None = None


Found = Done | Response
Work = Callable[[Heard], Awaitable[Found]]
BY_DEVICE: Final = "tf-device-signature"
BY_CONTRACT: Final = "tf-contract-signature"


def door_of(row: Described, work: Work) -> Callable[[Ask], Awaitable[Response]]:
    """Make the answer of a row: read, done, written in one commit, and again if it must be."""

    async def answer(ask: Ask) -> Response:
        read = await read_object(ask.request, seconds=ask.web.config.body_seconds)
        if isinstance(read, Unread):
            return unread_error(ask, read)
        raw, said = read
        body = taken(said, row.body)
        if isinstance(body, list):
            return api_error(ask, "invalid", details=invalid(tuple(body)).details)
        offices = ask.web.journeys.offices
        for _ in range(TRIES):
            at = await offices.store.now()
            found = await work(Heard(ask=ask, body=body, raw=raw, path=row.path, at=at))
            if isinstance(found, Response):
                return found
            staged, tenant = found.unit.staged(), found.unit.tenant
            if staged.is_empty or isinstance(await offices.store.write(tenant, staged), Committed):
                if found.channel is not None:
                    ask.web.hub.hint(tenant, found.channel)
                return Response(status_code=204) if row.result is None else json_answer(found.body)
        raise Busy(retry_after=1)

    return answer


def stranger(heard: Heard, kind: Kind) -> Response:
    """Refuse whoever may be guessing: it is a failed try."""
    heard.ask.fail()
    return api_error(heard.ask, kind)


def refused(heard: Heard, field: str, why: str) -> Response:
    """Tell a device why its word counts for nothing."""
    kind = _REFUSALS.get(why, "exists")
    return api_error(heard.ask, kind, details=[{"field": field, "message": why}])
