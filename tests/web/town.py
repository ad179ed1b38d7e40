"""Two houses for tests, one of which asks the other over HTTP: ours, and a vendor's."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

from engine.errors import HttpFailed
from engine.model.names import MAIN_TENANT
from engine.ports.http import HttpAnswer, HttpRequest
from engine.ports.store import Committed, PageQuery
from engine.records.trustfactor import Contract, Provider
from engine.run.outbox import Outbox
from engine.run.trustfactor.application_callbacks import ApplicationCallbacks
from engine.run.trustfactor.notifier import APPLICATION_CALLBACK, PROVIDER_REQUEST
from engine.run.trustfactor.provider_client import ProviderClient, bound_to
from engine.run.trustfactor.providers import Providers, Wanted, add_provider
from engine.run.unit import Unit
from engine.webhooks import signing
from tests.web.application import ApplicationServer, application
from tests.web.journey import Journey
from tests.web.surface import Answer, Surface, play, send, surface

VENDOR: Final = "https://tf.vendor.example"
FLOW: Final = """\
process: phone
version: 1
title: A phone
languages: [en]
maxDuration: PT1H
flow:
  start: {activity: Start, next: load}
  load:
    activity: Get User
    inputs: {storeName: customers, userExternalId: ines.carvalho}
    errors: {UserNotFound: no}
    next: begin
  begin:
    activity: Start RTAS Registration
    inputs: {userDisplayName: Inês, applicationName: Farol, provider: vendor}
    next: wait
  wait:
    activity: RTAS Registration Page
    errors:
      RegistrationExpired: no
      RegistrationRejected: no
      RegistrationScannedTwice: no
      WrongDevice: no
    next: complete
  complete: {activity: Complete RTAS Registration, next: ask}
  ask:
    activity: Start RTAS Transaction
    inputs: {applicationName: Farol, action: Transfer, message: "To Ana?", provider: vendor}
    errors: {NoDevice: no}
    next: approve
  approve:
    activity: RTAS Transaction Page
    errors: {TransactionDeclined: no, TransactionExpired: no}
    next: settle
  settle: {activity: Complete RTAS Transaction, next: decide}
  decide:
    activity: Simple Decider
    inputs: {decisionOnAnyFailure: FAIL}
    next: end
  no: {activity: End, result: FAIL}
  end: {activity: End}
"""


class Wire:
    """HTTP between the houses, by their names.

    Attributes:
        fails: How many calls do not arrive.
        loses: Path -> how many of its calls are done, and their answers lost.
        meanwhile: Path -> what happens once between what is done there and its answer.
    """

    def __init__(self) -> None:
        self.houses: dict[str, Surface] = {}
        self.sent: list[HttpRequest] = []
        self.fails = 0
        self.loses: Counter[str] = Counter()
        self.meanwhile: dict[str, Callable[[], Awaitable[object]]] = {}

    def refusal(self, uri: str) -> str | None:
        return None if uri.startswith("https://") else "use https"

    async def send(self, request: HttpRequest) -> HttpAnswer:
        self.sent.append(request)
        if self.fails:
            self.fails -= 1
            raise HttpFailed(reason="nobody answers")
        parts = urlsplit(request.uri)
        answer = await send(
            self.houses[parts.netloc].app, request.method, parts.path,
            headers=[("Host", parts.netloc), *request.headers], body=request.body,
        )  # fmt: skip
        happens = self.meanwhile.pop(parts.path, None)
        if happens is not None:
            await happens()
        if self.loses[parts.path] > 0:
            self.loses[parts.path] -= 1
            raise HttpFailed(reason="the answer was lost")
        return HttpAnswer(status=answer.status, headers=dict(answer.headers), body=answer.body)


class Town:
    """Our house, the vendor's, and the wire between them; time is the same in both."""

    def __init__(self, ours: Surface) -> None:
        self.ours, self.vendor, self.wire = ours, surface(public_url=VENDOR), Wire()
        self.wire.houses = {ours.host: ours, self.vendor.host: self.vendor}
        self.client = ProviderClient(http=self.wire)
        self.server: ApplicationServer
        self.secret = b""

    async def furnish(self) -> None:
        """Log in at the vendor, and deploy the journey."""
        self.server = await application(self.vendor, "us")
        await self.add_vendor()
        await self.ours.bench.deploy(FLOW)

    async def add_vendor(self) -> None:
        """Let our house know the vendor."""
        unit, bench = Unit(self.ours.bench.store, MAIN_TENANT), self.ours.bench
        wanted = Wanted(
            name="vendor", address=VENDOR, client_id="us", secret=self.server.made.secret,
            callback_base=f"{self.ours.config.origin}/trustfactor/v1/provided",
        )  # fmt: skip
        made = await add_provider(unit, bench.actor(), bench.vault, self.wire, wanted)
        assert isinstance(made, Provider), made
        assert isinstance(await bench.store.write(MAIN_TENANT, unit.staged()), Committed)
        bound = bound_to("vendor", "callback")
        self.secret = bench.vault.unseal("trustfactor", made.sealed_callback, bound)

    def move(self, length: timedelta) -> None:
        """Let time pass in both houses."""
        for house in (self.ours, self.vendor):
            house.bench.clock.move(length)

    async def work(self, rounds: int = 3) -> None:
        """Let both outboxes do what is due."""
        for _ in range(rounds):
            for house in (self.ours, self.vendor):
                await self.outbox(house).sweep()

    def outbox(self, house: Surface) -> Outbox:
        """Make what does the outbox of a house."""
        bench = house.bench
        callbacks = ApplicationCallbacks(
            store=bench.store, vault=bench.vault, http=self.wire, chance=bench.chance
        )
        providers = Providers(
            store=bench.store,
            vault=bench.vault,
            chance=bench.chance,
            client=self.client,
        )
        return Outbox(
            outside=bench.loop.outside, loop=bench.loop, clock=bench.clock, http=self.wire,
            errands={APPLICATION_CALLBACK: callbacks.do, PROVIDER_REQUEST: providers.do},
        )  # fmt: skip

    async def begin(self) -> Journey:
        """Open the journey's link and come to its page."""
        journey = Journey(self.ours)
        minted = await self.ours.bench.link("phone", {})
        journey.page = await journey.browser.begin(minted.secret)
        return journey

    async def contracts(self) -> list[str]:
        """Give the contract keys that the vendor knows of everybody."""
        rows = (await self.vendor.bench.store.page(MAIN_TENANT, Contract, PageQuery())).rows
        return [row.contract_key for row in rows if row.status == "ACTIVE"]


def told(story: Callable[[Town], Awaitable[Any]]) -> Any:
    async def furnished(house: Surface) -> Any:
        town = Town(house)
        await town.furnish()
        return await story(town)

    return play(furnished)


def payload(journey: Journey) -> str:
    return parse_qs(urlsplit(journey.link).query)["payload"][0]


def resigned(town: Town, body: bytes, *, minutes: int = 0) -> dict[str, str]:
    """Sign a body as the vendor would."""
    at = town.ours.bench.clock.now() + timedelta(minutes=minutes)
    return dict(signing.headers([town.secret], "msg_1", at, body))


def changed(body: bytes, **facts: Any) -> bytes:
    return json.dumps(json.loads(body) | facts).encode()


async def heard(town: Town) -> HttpRequest:
    """Keep the vendor's callback from arriving, and give it."""
    town.wire.fails = 1_000
    await town.work(1)
    town.wire.fails = 0
    return [one for one in town.wire.sent if one.uri.endswith("/vendor/registration")][-1]


async def said(house: Surface, place: str, headers: dict[str, str], body: bytes) -> Answer:
    given = [("Host", house.host), *headers.items()]
    if "Content-Type" not in headers:
        given.append(("Content-Type", "application/json"))
    return await send(house.app, "POST", place, headers=given, body=body)
