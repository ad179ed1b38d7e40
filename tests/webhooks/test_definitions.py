"""Webhook definitions: versions that never change, secrets that are shown once and exchanged."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from typing import Final

import pytest

from engine.adapters.http import SafeHttp
from engine.adapters.memory import MemoryStore
from engine.model.names import MAIN_TENANT
from engine.ports.store import AuditQuery, Committed, PageQuery
from engine.records.webhooks import Webhook, WebhookSecrets
from engine.run.unit import Unit
from engine.testing import FrozenClock
from engine.webhooks import signing
from engine.webhooks.definitions import (
    BOTH,
    Made,
    Wanted,
    add_webhook,
    newest,
    remove_webhook,
    rotate_secret,
    secrets_at,
    sensitive_headers,
    webhook_id,
)
from tests.bench import Bench, bench

WANTED: Final = Wanted(
    name="shop",
    uri="https://shop.example/hooks?a=1",
    headers={"X-Shop": "{{processvar._initVars.shop}}"},
    sensitive_headers={"Authorization": "Bearer s3cr3t-of-shop"},
    body={"id": "{{processvar._processInstance.id}}"},
    delays=[timedelta(seconds=1)],
)
HTTP: Final = SafeHttp()


async def added(house: Bench, wanted: Wanted = WANTED) -> Made | tuple[object, ...]:
    unit = Unit(house.store, MAIN_TENANT)
    made = await add_webhook(unit, house.actor(), house.vault, HTTP, wanted)
    if isinstance(made, Made):
        assert isinstance(await house.store.write(MAIN_TENANT, unit.staged()), Committed)
    return made


def tell(story: Callable[[Bench], Awaitable[None]]) -> None:
    async def told() -> None:
        clock = FrozenClock()
        await story(bench(MemoryStore(clock), clock))

    asyncio.run(told())


def test_each_version_is_another_and_the_secret_comes_with_the_first() -> None:
    async def story(house: Bench) -> None:
        first = await added(house)
        second = await added(house, replace(WANTED, uri="https://shop.example/other"))

        assert isinstance(first, Made)
        assert isinstance(second, Made)
        assert [first.webhook.id, second.webhook.id] == ["shop/000001", "shop/000002"]
        assert signing.read(first.secret or "") is not None
        assert second.secret is None
        unit = Unit(house.store, MAIN_TENANT)
        assert await newest(unit, "shop") == second.webhook
        kept = await unit.get(Webhook, webhook_id("shop", 1))
        assert kept == first.webhook
        assert await newest(unit, "none") is None

    tell(story)


def test_what_is_sensitive_lies_sealed_and_opens_for_its_own_version_alone() -> None:
    async def story(house: Bench) -> None:
        made = await added(house)
        assert isinstance(made, Made)
        row = await house.store.get(MAIN_TENANT, WebhookSecrets, "shop")

        assert "s3cr3t" not in repr(made.webhook)
        assert (made.secret or "x") not in repr(made)
        assert (made.secret or "x")[6:] not in repr(row)
        assert sensitive_headers(house.vault, MAIN_TENANT, made.webhook) == {
            "Authorization": "Bearer s3cr3t-of-shop"
        }
        audit = await house.store.audit(MAIN_TENANT, AuditQuery())
        assert [row.action for row in audit.rows] == ["webhook.add"]
        assert audit.rows[0].facts == {"to": "https://shop.example", "method": "POST"}

    tell(story)


def test_an_exchanged_secret_signs_for_a_day_beside_the_new_one() -> None:
    async def story(house: Bench) -> None:
        made = await added(house)
        assert isinstance(made, Made)
        unit = Unit(house.store, MAIN_TENANT)
        fresh = await rotate_secret(unit, house.actor(), house.vault, "shop")
        await house.store.write(MAIN_TENANT, unit.staged())
        row = await house.store.get(MAIN_TENANT, WebhookSecrets, "shop")
        assert row is not None
        now = house.clock.now()

        both = secrets_at(house.vault, MAIN_TENANT, row, now)
        one = secrets_at(house.vault, MAIN_TENANT, row, now + BOTH)

        assert [signing.written(each) for each in both] == [fresh, made.secret]
        assert [signing.written(each) for each in one] == [fresh]
        assert await rotate_secret(unit, house.actor(), house.vault, "none") is None

    tell(story)


def test_a_secret_that_is_exchanged_twice_in_a_day_still_signs() -> None:
    async def story(house: Bench) -> None:
        made = await added(house)
        assert isinstance(made, Made)

        async def good() -> list[str]:
            row = await house.store.get(MAIN_TENANT, WebhookSecrets, "shop")
            assert row is not None
            found = secrets_at(house.vault, MAIN_TENANT, row, house.clock.now())
            return [signing.written(each) for each in found]

        signing_after = []
        for _ in range(7):
            unit = Unit(house.store, MAIN_TENANT)
            await rotate_secret(unit, house.actor(), house.vault, "shop")
            await house.store.write(MAIN_TENANT, unit.staged())
            signing_after.append(await good())
        house.wait(days=1)

        assert made.secret in signing_after[1]
        assert [len(each) for each in signing_after] == [2, 3, 4, 5, 5, 5, 5]
        assert await good() == signing_after[-1][:1]

    tell(story)


def test_a_number_is_never_given_twice() -> None:
    async def story(house: Bench) -> None:
        await added(house)
        second = await added(house)
        assert isinstance(second, Made)
        unit = Unit(house.store, MAIN_TENANT)
        remove_webhook(unit, house.actor(), second.webhook)
        await house.store.write(MAIN_TENANT, unit.staged())

        third = await added(house)

        assert isinstance(third, Made)
        assert third.webhook.number == 3

    tell(story)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": "a b"}, "name"),
        ({"description": "x" * 2_001}, "description"),
        ({"uri": "http://shop.example/"}, "uri"),
        ({"uri": "https://10.0.0.1/"}, "uri"),
        ({"uri": "https://u:p@shop.example/"}, "uri"),
        ({"uri": "https://shop.example/{{processvar.a}}"}, "uri"),
        ({"headers": {"X Y": "a"}}, "headers"),
        ({"headers": {"Host": "a"}}, "headers.Host"),
        ({"headers": {"webhook-ID": "a"}}, "headers.webhook-ID"),
        ({"headers": {"X": "a\r\nY: b"}}, "headers.X"),
        ({"headers": {"X": "{{a}}"}}, "headers.X"),
        ({"headers": {"x": "1", "X": "2"}}, "headers"),
        ({"headers": {"authorization": "1"}}, "headers"),
        ({"headers": {f"x{n}": "1" for n in range(31)}}, "headers"),
        ({"sensitive_headers": {"X": "\u20ac"}}, "sensitiveHeaders.X"),
        ({"sensitive_headers": {"X": "abc "}}, "sensitiveHeaders.X"),
        ({"sensitive_headers": {"X": ""}}, "sensitiveHeaders.X"),
        ({"sensitive_headers": {"Connection": "x"}}, "sensitiveHeaders.Connection"),
        ({"parameters": {"a": "{{b}}"}}, "parameters.a"),
        ({"body": {"a": ["{{b}}"]}}, "body.a.0"),
        ({"body": {"a": "x" * 20_000}}, "body"),
        ({"method": "GET"}, "body"),
        ({"delays": [timedelta()]}, "retryIntervals"),
        ({"delays": [timedelta(days=8)]}, "retryIntervals"),
        ({"delays": [timedelta(seconds=1)] * 50}, "retryIntervals"),
    ],
)
def test_a_mistake_is_told_by_its_field_and_nothing_is_kept(
    changes: dict[str, object], field: str
) -> None:
    async def story(house: Bench) -> None:
        wanted = replace(WANTED, **changes)  # type: ignore[arg-type]  # as the table says

        found = await added(house, wanted)

        assert not isinstance(found, Made)
        assert [problem.field for problem in found] == [field]  # type: ignore[attr-defined]  # a FieldProblem
        assert (await house.store.page(MAIN_TENANT, Webhook, PageQuery())).total == 0

    tell(story)
