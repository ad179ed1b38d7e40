"""Send Webhook: a program elsewhere is told, signed, as often as it takes, never of a secret."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest
from standardwebhooks import Webhook as Receiver

from engine.adapters.memory import MemoryStore
from engine.errors import AddressRefused, HttpFailed, TrustflowError
from engine.model.instance import ProcessInstance
from engine.model.names import MAIN_TENANT, JsonObject
from engine.ports.http import HttpAnswer, HttpRequest
from engine.ports.store import Committed, PageQuery
from engine.records.webhooks import Webhook
from engine.records.work import Job
from engine.run.delivering import retry_after
from engine.run.entry.answers import Begun
from engine.run.outbox import Outbox
from engine.run.unit import Unit
from engine.testing import NOON, FrozenClock, ScriptedHttp
from engine.webhooks.definitions import Made, Wanted, add_webhook, remove_webhook, rotate_secret
from tests.bench import RIGHT, bench, ref
from tests.run.flows import HEAD, NAME_FORM

WANTED: Final = Wanted(
    name="shop",
    uri="https://shop.example/hooks",
    headers={"X-Language": "{{processvar._processInstance.language}}"},
    sensitive_headers={"Authorization": "Bearer s3cr3t-of-shop"},
    parameters={"who": "{{processvar._customFormData.form1.name}}"},
    body={
        "instance": "{{processvar._processInstance.id}}",
        "name": "{{processvar._customFormData.form1.name}}",
        "outcome": "{{processvar._checks.overallOutcome}}",
        "resume": "{{processvar._resumeUrl}}",
    },
    delays=[timedelta(seconds=1), timedelta(minutes=1)],
)
TOLD: Final = (
    HEAD.format(first="ask")
    + """\
  ask:
    activity: Custom Data Form
    inputs: {dataFormName: name}
    next: pause
  pause:
    activity: Pause Instance
    next: tell
  tell:
    activity: Send Webhook
    inputs: {webhookName: shop}
    next: end
  end:
    activity: End
    result: FAIL
"""
)
AWAITED: Final = TOLD.replace(
    "inputs: {webhookName: shop}",
    "inputs: {webhookName: shop, webhookVersion: 1, waitForDelivery: true}\n"
    "    errors: {WebhookNotDelivered: later}",
).replace("  end:\n", "  later:\n    activity: End\n    result: REVIEW\n  end:\n")
NO: Final = HttpAnswer(status=503, headers={}, body=b"")


class Shop:
    """A house, and a shop elsewhere that is told."""

    def __init__(self, *answers: HttpAnswer | TrustflowError) -> None:
        clock = FrozenClock(datetime.now(UTC).replace(microsecond=0))  # noqa: TID251 - as theirs
        self.house = bench(MemoryStore(clock), clock)
        self.http = ScriptedHttp(*answers)
        self.outbox = Outbox(
            outside=self.house.loop.outside, loop=self.house.loop, clock=clock, http=self.http
        )
        self.secret = ""

    async def opened(self, wanted: Wanted = WANTED) -> None:
        unit = Unit(self.house.store, MAIN_TENANT)
        made = await add_webhook(unit, self.house.actor(), self.house.vault, self.http, wanted)
        assert isinstance(made, Made), made
        assert isinstance(await self.house.store.write(MAIN_TENANT, unit.staged()), Committed)
        self.secret = made.secret or self.secret

    async def visited(self, text: str = TOLD, name: str = "In\u00eas & Co.") -> Begun:
        await self.house.deploy(text, {"name.v1": NAME_FORM})
        begun = await self.house.begin((await self.house.link("visit", {})).secret)
        await self.house.answer(begun, name=name)
        return begun

    async def instance(self, begun: Begun) -> ProcessInstance:
        return (await self.house.store.load(MAIN_TENANT, begun.instance)).instance

    async def jobs(self) -> list[Job]:
        return [*(await self.house.store.page(MAIN_TENANT, Job, PageQuery())).rows]

    def received(self, request: HttpRequest, secret: str | None = None) -> Any:
        """Receive a request as the library of the specification does."""
        return Receiver(secret or self.secret).verify(request.body.decode(), dict(request.headers))


def tell(story: Callable[[Shop], Awaitable[None]], *answers: HttpAnswer | TrustflowError) -> None:
    async def told() -> None:
        shop = Shop(*answers)
        await shop.opened()
        await story(shop)

    asyncio.run(told())


def test_the_shop_is_told_signed_and_the_journey_has_gone_on() -> None:
    async def story(shop: Shop) -> None:
        begun = await shop.visited()
        gone_on = await shop.instance(begun)
        await shop.outbox.sweep()

        (request,) = shop.http.sent
        assert gone_on.status == "COMPLETED_ENDED_ERROR"
        assert shop.received(request) == {
            "instance": begun.instance, "name": "In\u00eas & Co.", "outcome": None, "resume": None,
        }  # fmt: skip
        assert request.method == "POST"
        assert request.uri == "https://shop.example/hooks?who=In%C3%AAs%20%26%20Co."
        headers = dict(request.headers)
        assert headers["X-Language"] == "en"
        assert headers["Authorization"] == "Bearer s3cr3t-of-shop"
        assert headers["Content-Type"] == "application/json"
        assert await shop.jobs() == []

    tell(story)


def test_each_try_says_the_same_under_the_same_id_signed_anew() -> None:
    async def story(shop: Shop) -> None:
        await shop.visited()
        for wait in (0, 2, 66):
            shop.house.wait(seconds=wait)
            await shop.outbox.sweep()

        one, two, three = shop.http.sent
        assert one.body == two.body == three.body
        ids = {dict(request.headers)["webhook-id"] for request in shop.http.sent}
        assert len(ids) == 1
        stamps = [dict(request.headers)["webhook-timestamp"] for request in shop.http.sent]
        assert len(set(stamps)) == 3
        for request in shop.http.sent:
            shop.received(request)

    tell(story, NO, NO, HttpAnswer(status=200, headers={}, body=b""))


def test_a_waiting_journey_knows_what_came_of_it() -> None:
    async def story(shop: Shop) -> None:
        begun = await shop.visited(AWAITED)
        standing = await shop.instance(begun)
        await shop.outbox.sweep()

        told = await shop.instance(begun)
        assert standing.works_on
        assert told.status == "COMPLETED_ENDED_ERROR"
        assert told.variables["_webhookStatus"] == 204

    tell(story)


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (NO, "it answered 503"),
        (
            HttpAnswer(status=302, headers={}, body=b""),
            "it answered 302, and no redirect is followed",
        ),
        (HttpFailed(reason="nobody answers there", host="shop.example"), "nobody answers there"),
    ],
)
def test_what_was_not_taken_is_dead_at_last_and_the_journey_takes_its_way(
    answer: HttpAnswer | TrustflowError, reason: str
) -> None:
    async def story(shop: Shop) -> None:
        begun = await shop.visited(AWAITED)
        for wait in (0, 2, 66, 9999):
            shop.house.wait(seconds=wait)
            await shop.outbox.sweep()

        (job,) = await shop.jobs()
        assert (job.status, job.tries, job.reason) == ("DEAD", 3, reason)
        assert len(shop.http.sent) == 3
        over = await shop.instance(begun)
        assert (over.status, over.variables["errorCode"]) == ("REVIEW", "WebhookNotDelivered")

    tell(story, answer)


@pytest.mark.parametrize(
    "answer",
    [
        HttpAnswer(status=410, headers={}, body=b""),
        AddressRefused(reason="the host has an address that is not a public one", host="x"),
    ],
)
def test_some_answers_are_final(answer: HttpAnswer | TrustflowError) -> None:
    async def story(shop: Shop) -> None:
        await shop.visited()
        await shop.outbox.sweep()

        (job,) = await shop.jobs()
        assert (job.status, job.tries) == ("DEAD", 1)

    tell(story, answer)


def test_the_shop_may_ask_to_be_left_alone() -> None:
    async def story(shop: Shop) -> None:
        await shop.visited()
        await shop.outbox.sweep()

        (job,) = await shop.jobs()
        assert job.due_at == shop.house.clock.now() + timedelta(seconds=900)

    tell(story, HttpAnswer(status=429, headers={"retry-after": "900"}, body=b""))


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("5", 5), ("Thu, 15 Jan 2026 12:01:00 GMT", 60), ("Thu, 15 Jan 2026 11:00:00 GMT", 0),
     ("Thu, 15 Jan 2026 12:01:00 -0000", 60),
     ("Fri, 31 Dec 99999999999999999999 23:59:59 GMT", None),
     ("", None), ("soon", None), ("-5", None), ("9" * 400, None), ("\u0665", None)],
)  # fmt: skip
def test_how_long_is_read_from_seconds_or_a_date(text: str, seconds: int | None) -> None:
    expected = None if seconds is None else timedelta(seconds=seconds)

    assert retry_after(text, NOON) == expected


def test_while_secrets_are_exchanged_both_are_good() -> None:
    async def story(shop: Shop) -> None:
        unit = Unit(shop.house.store, MAIN_TENANT)
        fresh = await rotate_secret(unit, shop.house.actor(), shop.house.vault, "shop")
        await shop.house.store.write(MAIN_TENANT, unit.staged())
        await shop.visited()
        await shop.outbox.sweep()

        (request,) = shop.http.sent
        assert shop.received(request, fresh)
        assert shop.received(request)

    tell(story)


def test_what_waits_goes_out_as_it_was_written_whatever_version_comes_after() -> None:
    async def story(shop: Shop) -> None:
        await shop.visited()
        await shop.opened(Wanted(name="shop", uri="https://other.example/"))
        await shop.outbox.sweep()

        assert shop.http.sent[0].uri.startswith("https://shop.example/")

    tell(story)


def test_a_webhook_that_was_removed_sends_nothing_more() -> None:
    async def story(shop: Shop) -> None:
        await shop.visited()
        unit = Unit(shop.house.store, MAIN_TENANT)
        row = await unit.get(Webhook, "shop/000001")
        assert row is not None
        remove_webhook(unit, shop.house.actor(), row)
        await shop.house.store.write(MAIN_TENANT, unit.staged())

        await shop.outbox.sweep()

        (job,) = await shop.jobs()
        assert (job.status, job.reason) == ("DEAD", "the webhook was removed")
        assert shop.http.sent == []

    tell(story)


def test_a_journey_that_names_no_webhook_there_is_is_held() -> None:
    async def story(shop: Shop) -> None:
        begun = await shop.visited(TOLD.replace("webhookName: shop", "webhookName: none"))

        held = await shop.instance(begun)
        assert held.incident is not None
        assert "there is no such webhook" in held.incident.reason
        assert await shop.jobs() == []

    tell(story)


def test_a_message_that_would_be_too_long_holds_the_journey() -> None:
    async def story(shop: Shop) -> None:
        name = "{{processvar._customFormData.form1.name}}"
        body: JsonObject = {f"m{n}": name for n in range(300)}
        await shop.opened(Wanted(name="shop", uri="https://shop.example/", body=body))
        begun = await shop.visited(name="x" * 255)

        held = await shop.instance(begun)
        assert held.incident is not None
        assert "too long" in held.incident.reason

    tell(story)


def test_without_a_body_of_its_own_the_usual_one_is_sent_and_a_get_has_none() -> None:
    async def story(shop: Shop) -> None:
        await shop.opened(Wanted(name="shop", uri="https://shop.example/?x=1"))
        begun = await shop.visited()
        get = Wanted(
            name="shop", uri="https://shop.example/?x=1", method="GET", parameters={"a": "b"}
        )
        await shop.opened(get)
        second = await shop.house.begin((await shop.house.link("visit", {})).secret)
        await shop.house.answer(second, name="Rui")
        await shop.outbox.sweep()

        posted = next(request for request in shop.http.sent if request.method == "POST")
        got = next(request for request in shop.http.sent if request.method == "GET")
        said = shop.received(posted)
        assert said["type"] == "process-instance"
        assert said["data"]["processInstanceId"] == begun.instance
        assert said["data"]["processVersion"] == 1
        assert got.uri == "https://shop.example/?x=1&a=b"
        assert got.body == b""
        assert "Content-Type" not in dict(got.headers)

    tell(story)


def test_a_type_of_its_own_stands_in_the_place_of_the_usual_one() -> None:
    async def story(shop: Shop) -> None:
        own = {"content-type": "application/cloudevents+json"}
        await shop.opened(Wanted(name="shop", uri="https://shop.example/", headers=own))
        await shop.visited()
        await shop.outbox.sweep()

        names = [name.lower() for name, _ in shop.http.sent[0].headers]
        assert names.count("content-type") == 1
        assert dict(shop.http.sent[0].headers)["content-type"] == own["content-type"]

    tell(story)


def test_no_secret_that_a_person_typed_is_ever_sent() -> None:
    """Everything a template can read of a journey with a passcode in it is sent (D4)."""

    async def story(shop: Shop) -> None:
        roots = (
            "_initVars",
            "_customFormData",
            "user1",
            "passcodeAuth1",
            "passcodeAuthForm1",
            "form1",
        )
        everything: JsonObject = {root: f"{{{{processvar.{root}}}}}" for root in roots}
        await shop.opened(Wanted(name="shop", uri="https://shop.example/", body=everything))
        text = (PASSCODE_JOURNEY).replace("next: decide", "next: tell", 1)
        await shop.house.user()
        await shop.house.deploy(text)
        begun = await shop.house.begin((await shop.house.link()).secret)
        await shop.house.answer(begun, passcode=RIGHT)
        await shop.outbox.sweep()

        assert len(shop.http.sent) == 1
        sent = shop.http.sent[0]
        assert RIGHT not in sent.body.decode()
        assert json.loads(sent.body)["_initVars"] == {"userExternalId": "ines.carvalho"}
        assert (await shop.house.loop.current(ref(begun))).instance.is_over

    tell(story)


PASSCODE_JOURNEY: Final = """\
process: passcode-authentication
version: 9
title: Sign in
languages: [en, pt-PT]
maxDuration: PT1H
parameters:
  userExternalId: {type: string, required: true}
flow:
  start:
    activity: Start
    next: begin
  begin:
    activity: Start Passcode Authentication
    inputs:
      passcodeKey: default
      storeName: customers
      userExternalId: "${_initVars.userExternalId}"
    next: ask
  ask:
    activity: Passcode Authentication Form
    inputs: {dataFormName: passcode-authentication}
    next: verify
  verify:
    activity: Complete Passcode Authentication
    errors: {FailedPasscodeAuthentication: tell, ExceededFailedPasscodeAuthentication: tell}
    next: decide
  tell:
    activity: Send Webhook
    inputs: {webhookName: shop}
    next: decide
  decide:
    activity: Simple Decider
    next: end
  end:
    activity: End
"""
