"""Webhooks and dead letters by API: what goes in sealed never comes out (issue 4.5, H2, H3)."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from engine.model.names import MAIN_TENANT, TenantId
from engine.ports.http import HttpAnswer
from engine.ports.store import PageQuery
from engine.records.record import Put, Staged, Version
from engine.records.work import Job
from engine.run.outbox import Outbox
from engine.testing import ScriptedHttp
from engine.webhooks import signing
from tests.run.flows import HEAD, NAME_FORM
from tests.web.program import Program, program
from tests.web.surface import Answer, Surface, play

BASE = "/api/notification-service"
HOOKS = f"{BASE}/webhookDefinitions"
LETTERS = f"{BASE}/deadLetters"
SHOP: dict[str, Any] = {
    "name": "shop",
    "uri": "https://shop.example/hooks",
    "headers": {"X-A": "b"},
    "sensitiveHeaders": {"Authorization": "Bearer s3cr3t-of-shop"},
    "body": {"outcome": "{{processvar._checks.overallOutcome}}"},
    "retryIntervals": [1000, 60000],
}
TOLD = (
    HEAD.format(first="tell")
    + """\
  tell:
    activity: Send Webhook
    inputs: {webhookName: shop}
    next: end
  end:
    activity: End
    result: FAIL
"""
)
ALL = "TNT#main#*:*"


def test_a_webhook_is_made_read_and_made_anew() -> None:
    async def story(house: Surface) -> list[Answer]:
        shop = await program(house, ALL)
        return [
            await shop.post(HOOKS, SHOP),
            await shop.post(HOOKS, SHOP | {"uri": "https://shop.example/2"}),
            await shop.get(f"{HOOKS}/shop"),
            await shop.get(f"{HOOKS}/shop/1"),
            await shop.get(HOOKS),
        ]

    made, second, newest, first, listed = play(story)

    assert [made.status, second.status] == [201, 201]
    assert signing.read(made.json["secret"]) is not None
    assert second.json["secret"] is None
    assert (newest.json["version"], newest.json["uri"]) == (2, "https://shop.example/2")
    assert first.json["version"] == 1
    assert first.json["retryIntervals"] == [1000, 60000]
    assert first.json["sensitiveHeaders"] == {"Authorization": "***"}
    assert [row["version"] for row in listed.json["content"]] == [1, 2]
    for answer in (made, second, newest, first, listed):
        assert "s3cr3t" not in answer.text
    assert made.json["secret"] not in second.text + newest.text + first.text + listed.text


def test_a_mistake_is_told_by_its_field() -> None:
    async def story(house: Surface) -> Answer:
        shop = await program(house, ALL)
        return await shop.post(HOOKS, SHOP | {"uri": "https://127.0.0.1/", "body": {"a": "{{b}}"}})

    answer = play(story)

    assert answer.status == 400
    assert [one["field"] for one in answer.json["details"]] == ["uri", "body.a"]


def test_a_secret_is_exchanged_and_a_version_removed() -> None:
    async def story(house: Surface) -> list[Answer]:
        shop = await program(house, ALL)
        return [
            await shop.post(HOOKS, SHOP),
            await shop.post(f"{HOOKS}/shop/secret/exchange", {}),
            await shop.call("DELETE", f"{HOOKS}/shop/1"),
            await shop.get(f"{HOOKS}/shop"),
            await shop.call("DELETE", f"{HOOKS}/shop/1"),
            await shop.post(f"{HOOKS}/shop/secret/exchange", {}),
        ]

    made, exchanged, removed, gone, again, none = play(story)

    assert exchanged.status == 200
    assert signing.read(exchanged.json["secret"]) is not None
    assert exchanged.json["secret"] != made.json["secret"]
    assert [removed.status, gone.status, again.status, none.status] == [204, 404, 404, 404]


@pytest.mark.parametrize("version", ["0", "2", "x", "-1", "9" * 30, "\u0661"])
def test_a_version_that_is_not_there_is_missing(version: str) -> None:
    async def story(house: Surface) -> Answer:
        shop = await program(house, ALL)
        await shop.post(HOOKS, SHOP)
        return await shop.get(f"{HOOKS}/shop/{version}")

    assert play(story).status == 404


async def dead(house: Surface) -> tuple[Program, Outbox, ScriptedHttp]:
    """Give a shop that was told in vain, and what tells it."""
    shop = await program(house, ALL)
    await shop.post(HOOKS, SHOP | {"retryIntervals": []})
    await house.bench.deploy(TOLD, {"name.v1": NAME_FORM})
    await house.bench.begin((await house.bench.link("visit", {})).secret)
    http = ScriptedHttp(
        HttpAnswer(status=500, headers={}, body=b""), HttpAnswer(status=200, headers={}, body=b"")
    )
    bench = house.bench
    outbox = Outbox(outside=bench.loop.outside, loop=bench.loop, clock=bench.clock, http=http)
    await outbox.sweep()
    return shop, outbox, http


def test_a_dead_letter_is_seen_and_tried_again_under_its_own_id() -> None:
    async def story(house: Surface) -> tuple[list[Answer], ScriptedHttp, int]:
        shop, outbox, http = await dead(house)
        listed = await shop.get(LETTERS)
        waiting = await shop.get(f"{LETTERS}?status=WAITING")
        again = await shop.post(f"{LETTERS}/{listed.json['content'][0]['id']}/retry", {})
        twice = await shop.post(f"{LETTERS}/{listed.json['content'][0]['id']}/retry", {})
        await outbox.sweep()
        left = await house.bench.store.page(MAIN_TENANT, Job, PageQuery())
        return [listed, waiting, again, twice], http, left.total

    (listed, waiting, again, twice), http, left = play(story)

    (letter,) = listed.json["content"]
    assert (letter["status"], letter["tries"], letter["reason"]) == ("DEAD", 1, "it answered 500")
    assert (letter["activity"], letter["node"]) == ("Send Webhook", "tell")
    assert letter["nextTryDtm"] is None
    assert waiting.json["content"] == []
    assert (again.status, again.json["status"]) == (200, "WAITING")
    assert twice.status == 409
    assert twice.json["details"] == [
        {
            "field": "status",
            "message": "it is WAITING: only what is DEAD can be tried again or dropped",
        }
    ]
    ids = [dict(request.headers)["webhook-id"] for request in http.sent]
    assert ids == [letter["id"]] * 2
    assert left == 0


def test_a_dead_letter_is_dropped_and_a_living_one_is_not() -> None:
    async def story(house: Surface) -> list[int]:
        shop, _, _ = await dead(house)
        listed = await shop.get(LETTERS)
        letter = f"{LETTERS}/{listed.json['content'][0]['id']}"
        await shop.post(f"{letter}/retry", {})
        living = await shop.call("DELETE", letter)
        await house.bench.store.write(MAIN_TENANT, _dead_again(await _job(house)))
        return [living.status, *[(await shop.call("DELETE", letter)).status for _ in range(2)]]

    assert play(story) == [409, 204, 404]


def test_nothing_of_it_is_another_tenants() -> None:
    async def story(house: Surface) -> list[int]:
        shop, _, _ = await dead(house)
        acme = await program(house, "TNT#acme#*:*", tenant=TenantId("acme"))
        (letter,) = (await shop.get(LETTERS)).json["content"]
        return [
            (await acme.get(f"{HOOKS}/shop")).status,
            (await acme.post(f"{LETTERS}/{letter['id']}/retry", {})).status,
            len((await acme.get(LETTERS)).json["content"]),
            len((await acme.get(HOOKS)).json["content"]),
        ]

    assert play(story) == [404, 404, 0, 0]


async def _job(house: Surface) -> Job:
    return (await house.bench.store.page(MAIN_TENANT, Job, PageQuery())).rows[0]


def _dead_again(job: Job) -> Staged:
    row = replace(job, status="DEAD", due_at=None)
    return Staged(writes=(Put(row=row, expect=Version(number=job.version)),))
