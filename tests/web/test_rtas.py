"""RTAS for application servers: login, renewal, tokens of end users, callbacks (rtas.md 4, 13)."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from engine.access.rtas_clients import change_client, exchange_secret
from engine.model.names import MAIN_TENANT
from engine.ports.store import PageQuery
from engine.realtime.channels import MOST_EVENTS
from engine.records.realtime import RtasChannel, RtasEvent
from engine.run.unit import Unit
from engine.web.sources import SourceLimits
from tests.web.application import CREATED, DEVICE, SUCCESS, ApplicationServer, application
from tests.web.surface import Answer, Surface, play, send


async def changed(server: ApplicationServer, **what: Any) -> None:
    store = server.house.bench.store
    unit = Unit(store, MAIN_TENANT)
    made = change_client(unit, server.house.bench.actor(), server.made.client, **what)
    assert not isinstance(made, tuple)
    await store.write(MAIN_TENANT, unit.staged())


def claims(token: str) -> dict[str, Any]:
    part = token.split(".")[1]
    return dict(json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))))


def test_a_program_that_renews_every_half_hour_works_for_days() -> None:
    async def story(house: Surface) -> list[int]:
        server = await application(house)
        found = []
        for _ in range(2 * 24 * 3):
            house.bench.clock.move(timedelta(minutes=30))
            answer = await server.post("/rtas/v1/token/renew")
            server.token = answer.json["token"]
            found.append(answer.status)
        return found

    assert set(play(story)) == {200}


def test_an_old_token_is_good_until_its_own_end() -> None:
    async def story(house: Surface) -> list[Answer]:
        server = await application(house)
        first = server.token
        house.bench.clock.move(timedelta(minutes=30))
        renewed = await server.post("/rtas/v1/token/renew")
        still = await server.post("/rtas/v1/token/renew", token=first)
        house.bench.clock.move(timedelta(minutes=30))
        over = await server.post("/rtas/v1/token/renew", token=first)
        after = await server.post("/rtas/v1/token/renew", token=renewed.json["token"])
        return [still, over, after]

    still, over, after = play(story)

    assert (still.status, over.status, after.status) == (200, 401, 200)
    assert over.json["code"] == "outdated"


@pytest.mark.parametrize(
    "wrong",
    [
        {"client_secret": "rs_" + "A" * 43}, {"client_id": "other-app"}, {"client_secret": "x"},
        {"client_id": "bank,app"},
    ],
)  # fmt: skip
def test_a_wrong_pair_opens_nothing_and_is_a_try_of_its_source(wrong: dict[str, str]) -> None:
    async def story(house: Surface) -> list[Answer]:
        server = await application(house)
        return [await server.log_in(**wrong) for _ in range(4)]

    answers = play(story, limits=SourceLimits(per_minute=3, per_hour=100))

    assert {answer.status for answer in answers[:3]} == {401}
    assert answers[0].json["code"] == "client"
    assert set(answers[0].json) == {"code", "message", "details"}
    assert answers[-1].status == 429


def test_a_blocked_client_is_out_at_once_with_all_its_tokens() -> None:
    async def story(house: Surface) -> tuple[Answer, Answer, Answer]:
        server = await application(house)
        listening = await server.end_user_token()
        await changed(server, status="BLOCKED")
        hub = await send(
            house.app, "POST", "/rtas/negotiate", headers=[("Authorization", f"Bearer {listening}")]
        )
        return await server.tell(CREATED), await server.log_in(), hub

    assert [answer.status for answer in play(story)] == [401, 401, 401]


def test_the_secret_before_opens_for_a_day_more() -> None:
    async def story(house: Surface) -> list[int]:
        server = await application(house)
        store = house.bench.store
        unit = Unit(store, MAIN_TENANT)
        made = exchange_secret(unit, house.bench.actor(), server.made.client)
        await store.write(MAIN_TENANT, unit.staged())
        found = [(await server.log_in(client_secret=made.secret)).status]
        house.bench.clock.move(timedelta(hours=23))
        found.append((await server.log_in()).status)
        house.bench.clock.move(timedelta(hours=1))
        return [*found, (await server.log_in()).status]

    assert play(story) == [200, 200, 401]


def test_the_token_of_an_end_user_names_three_groups_and_is_verified_by_the_published_key() -> None:
    async def story(house: Surface) -> tuple[str, Answer, str]:
        server = await application(house)
        token = await server.end_user_token()
        keys = await send(house.app, "GET", "/rtas/.well-known/jwks.json")
        return token, keys, server.made.client.id

    token, keys, client = play(story)

    said = claims(token)
    assert said["groupsid"] == f"app:bank-app:{client},user:john.doe,registration:7c0e"
    assert (said["sub"], said["exp"] - said["iat"]) == ("john.doe", 3600)
    (key,) = keys.json["keys"]
    assert set(key) == {"kty", "n", "e", "kid", "use", "alg"}
    assert len(base64.urlsafe_b64decode(key["n"] + "==")) == 384, "3,072 bits"


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"user_id": "john,registration:other", "unique_id": "1"}, "user_id"),
        ({"user_id": "john", "unique_id": "1,user:other"}, "unique_id"),
        ({"user_id": "john", "unique_id": "1:2"}, "unique_id"),
        ({"user_id": "john", "unique_id": "1,2"}, "unique_id"),
        ({"user_id": "john,jane", "unique_id": "1"}, "user_id"),
        ({"user_id": "john"}, "unique_id"),
        ({"user_id": "john", "unique_id": "1", "register_code_unique_id": "2"}, "unique_id"),
    ],
)
def test_ids_that_would_forge_a_group_are_refused(said: dict[str, str], field: str) -> None:
    async def story(house: Surface) -> Answer:
        server = await application(house)
        return await server.post("/rtas/v2/end-user/registration/token", said)

    answer = play(story)

    assert answer.status == 400
    assert [one["field"] for one in answer.json["details"]["problems"]] == [field]


@pytest.mark.parametrize(
    ("whole", "field"),
    [
        *((CREATED, name) for name in (
            "status", "user_id", "user_display_name", "application_name", "qr_code",
            "qr_code_expiration", "deeplink_url", "unique_id",
        )),
        *((SUCCESS, name) for name in (
            "user_display_name", "application_name", "contract_key", "device_key", "device_info",
        )),
    ],
)  # fmt: skip
def test_each_status_has_its_required_fields(whole: Mapping[str, Any], field: str) -> None:
    async def story(house: Surface) -> tuple[Answer, Answer]:
        server = await application(house)
        without = {name: value for name, value in whole.items() if name != field}
        return await server.tell(without), await server.tell(whole)

    refused, taken = play(story)

    assert (refused.status, taken.status) == (400, 204)
    assert [one["field"] for one in refused.json["details"]["problems"]] == [field]


@pytest.mark.parametrize(
    "more",
    [
        {"status": "registration_success"}, {"status": "Success"},
        {"wrong_device_token": "abc", "custom_data": {"a": [1, None]}},
        {"registration_code_unique_id": "7c0e"},
        {"device_info": {name: value for name, value in DEVICE.items() if name[:3] != "mar"}},
    ],
)  # fmt: skip
def test_what_may_be_there_or_be_spelt_otherwise_is_taken(more: dict[str, Any]) -> None:
    async def story(house: Surface) -> Answer:
        return await (await application(house)).tell(SUCCESS, **more)

    assert play(story).status == 204


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"status": "TRANSACTION_ACCEPTED"}, "status"), ({"status": "REGISTRATION_GONE"}, "status"),
        ({"cache_expires_after_minutes": 0}, "cache_expires_after_minutes"),
        ({"cache_expires_after_minutes": 1441}, "cache_expires_after_minutes"),
        ({"device_info": {}}, "device_info"), ({"colour": "red"}, "colour"),
        ({"qr_code": "***"}, "qr_code"), ({"deeplink_url": "javascript:alert(1)"}, "deeplink_url"),
        ({"deeplink_url": "data:text/html,x"}, "deeplink_url"),
    ],
)  # fmt: skip
def test_what_cannot_be_taken_is_named(more: dict[str, Any], field: str) -> None:
    async def story(house: Surface) -> Answer:
        return await (await application(house)).tell(SUCCESS, **more)

    answer = play(story)

    assert answer.status == 400
    assert any(one["field"].startswith(field) for one in answer.json["details"]["problems"])


def test_events_are_kept_sealed_and_go_at_their_end() -> None:
    async def story(house: Surface) -> tuple[str, int]:
        server = await application(house)
        await server.tell(CREATED)
        store = house.bench.store
        kept = (await store.page(MAIN_TENANT, RtasEvent, PageQuery())).rows[0]
        await store.forget_ended(RtasEvent, house.bench.clock.now() + timedelta(minutes=16))
        await store.forget_ended(RtasChannel, house.bench.clock.now() + timedelta(minutes=121))
        events = await store.page(MAIN_TENANT, RtasEvent, PageQuery())
        channels = await store.page(MAIN_TENANT, RtasChannel, PageQuery())
        return repr(kept), events.total + channels.total

    kept, left = play(story)

    assert "John" not in kept
    assert "iVBOR" not in kept
    assert left == 0


def test_one_registration_has_so_many_events_and_no_more() -> None:
    async def story(house: Surface) -> tuple[set[int], Answer, int]:
        server = await application(house)
        told = [(await server.tell(CREATED)).status for _ in range(MOST_EVENTS)]
        refused = await server.tell(CREATED)
        return set(told), refused, (await server.tell(CREATED, unique_id="another")).status

    told, refused, another = play(story)

    assert (told, refused.status, another) == ({204}, 400, 204)
    assert [one["field"] for one in refused.json["details"]["problems"]] == ["unique_id"]


def test_version_one_names_a_registration_by_its_moment() -> None:
    async def story(house: Surface) -> tuple[Answer, Answer]:
        server = await application(house)
        made = await server.post("/rtas/v1/end-user/registration/token", {"user_id": "john.doe"})
        said = {name: value for name, value in CREATED.items() if name != "unique_id"}
        told = await server.post(
            "/rtas/v1/registration/callback", {**said, "timestamp": made.json["timestamp"]}
        )
        return made, told

    made, told = play(story)

    assert claims(made.json["token"])["groupsid"].endswith(f":{made.json['timestamp']}")
    assert told.status == 204
