"""Programs come in by key; each call needs its permission; keys are kept by API (trustx 10)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from engine.access.permissions import everything
from engine.model.names import TenantId
from engine.ports.store import AuditQuery
from engine.web.sources import SourceLimits
from tests.web.program import Program, program
from tests.web.surface import Answer, Surface, play, send

KEYS = "/api/arthr/apiKeys"
ISSUE = f"{KEYS}/issue"
ACME = TenantId("acme")


def same(answer: Answer) -> tuple[int, list[str], object]:
    """Give what can be compared of an answer: all but its request id."""
    body = answer.json | {"requestId": ""} if answer.body else None
    return answer.status, sorted(name for name, _ in answer.headers), body


def test_a_key_is_exchanged_for_a_bearer_value_that_opens_what_it_may() -> None:
    async def story(house: Surface) -> tuple[Answer, Answer]:
        shop = await program(house, "TNT#main#ArthrServer:listTenantApiKeys")
        return await shop.issue(), await shop.get(KEYS)

    issued, listed = play(story)

    assert (issued.status, issued.json["ttl"]) == (200, 1800)
    assert [key["name"] for key in listed.json["content"]] == ["shop"]
    assert "apiKey" not in listed.json["content"][0]
    assert listed.json["totalElements"] == 1


@pytest.mark.parametrize(
    ("headers", "status", "code"),
    [
        ([], 400, 9400),
        ([("X-API-Key", "ak_" + "x" * 43)], 401, 130),
        ([("X-API-Key", "ak_nobody." + "x" * 43)], 401, 130),
        ([("X-API-Key", "")], 401, 130),
        ([("X-API-Key", "ak_1"), ("X-API-Key", "ak_2")], 400, 9400),
    ],
)
def test_what_is_no_key_is_exchanged_for_nothing(
    headers: list[tuple[str, str]], status: int, code: int
) -> None:
    async def story(house: Surface) -> Answer:
        await program(house)
        return await send(house.app, "POST", ISSUE, headers=headers)

    answer = play(story)

    assert (answer.status, answer.json["code"]) == (status, code)


def test_guessing_keys_makes_an_address_wait() -> None:
    async def story(house: Surface) -> list[int]:
        headers = [("X-API-Key", "ak_" + "x" * 43)]
        return [(await send(house.app, "POST", ISSUE, headers=headers)).status for _ in range(4)]

    assert play(story, limits=SourceLimits(per_minute=3)) == [401, 401, 401, 429]


@pytest.mark.parametrize(
    ("spoil", "code"),
    [
        (lambda shop: "", 7),
        (lambda shop: shop.token[:-1] + ("A" if shop.token[-1] != "A" else "B"), 271),
        (lambda shop: shop.token.replace("at_main", "at_acme"), 271),
        (lambda shop: shop.key.secret, 271),
    ],
)
def test_what_is_no_bearer_value_opens_nothing(spoil: object, code: int) -> None:
    async def story(house: Surface) -> Answer:
        shop = await program(house)
        shop.token = spoil(shop)  # type: ignore[operator]  # one of the functions above
        return await shop.get(KEYS)

    answer = play(story)

    assert (answer.status, answer.json["code"]) == (401, code)
    assert answer.header("www-authenticate") == "Bearer"


def test_an_expired_bearer_value_is_told_as_such() -> None:
    async def story(house: Surface) -> Answer:
        shop = await program(house)
        house.bench.clock.move(timedelta(minutes=30))
        return await shop.get(KEYS)

    answer = play(story)

    assert (answer.status, answer.json["code"]) == (401, 279)


def test_a_key_may_do_what_it_is_permitted_and_no_more() -> None:
    async def story(house: Surface) -> list[tuple[int, int]]:
        shop = await program(house, "TNT#main#ArthrServer:listTenantApiKeys")
        answers = [
            await shop.get(KEYS),
            await shop.get(f"{KEYS}/{shop.key.key.id}"),
            await shop.post(KEYS, {"name": "x", "permissions": []}),
            await shop.delete(f"{KEYS}/{shop.key.key.id}"),
        ]
        return [(one.status, one.json.get("code", 0)) for one in answers]

    assert play(story) == [(200, 0), (403, 7), (403, 7), (403, 7)]


def test_a_key_of_another_tenant_is_as_one_that_is_not_there() -> None:
    async def story(house: Surface) -> list[object]:
        mine, theirs = await program(house), await program(house, tenant=ACME)
        there, nowhere = f"{KEYS}/{theirs.key.key.id}", f"{KEYS}/{'Z' * 26}"
        answers: list[object] = []
        for way in (there, nowhere):
            answers.append(same(await mine.get(way)))
            answers.append(same(await mine.post(way, {"description": "x"})))
            answers.append(same(await mine.delete(way)))
        listed = await mine.get(KEYS)
        assert [key["id"] for key in listed.json["content"]] == [mine.key.key.id]
        return answers

    answers = play(story)

    assert answers[:3] == answers[3:]
    assert answers[0][0] == 404  # type: ignore[index]  # status, headers, body


def test_the_life_of_a_key_by_api() -> None:
    async def story(house: Surface) -> None:
        shop = await program(house)
        made = await shop.post(
            KEYS, {"name": "till", "permissions": ["TNT#main#ArthrServer:listTenantApiKeys"]}
        )
        assert made.status == 201, made.text
        till = Program(house=house, key=shop.key)
        opened = await send(house.app, "POST", ISSUE, headers=[("X-API-Key", made.json["apiKey"])])
        till.token = opened.json["token"]
        way = f"{KEYS}/{made.json['id']}"
        assert (await till.get(KEYS)).status == 200
        assert "apiKey" not in (await shop.get(way)).json

        blocked = await shop.post(way, {"status": "BLOCKED"})
        assert (blocked.status, blocked.json["status"]) == (200, "BLOCKED")
        assert (await till.get(KEYS)).json["code"] == 279
        assert (await shop.post(way, {"status": "ACTIVE"})).status == 200
        assert (await till.get(KEYS)).status == 200
        assert (await shop.post(way, {"permissions": []})).json["permissions"] == []
        assert (await till.get(KEYS)).status == 403

        assert (await shop.delete(way)).status == 204
        assert (await shop.delete(way)).status == 204, "again changes nothing"
        assert (await shop.get(way)).json["status"] == "ARCHIVED"
        assert (await till.get(KEYS)).status == 401
        back = await shop.post(way, {"status": "ACTIVE"})
        assert (back.status, back.json["details"][0]["field"]) == (400, "status")
        rows = (await house.bench.store.audit(TenantId("main"), AuditQuery(size=50))).rows
        mine = [row.action for row in reversed(rows) if row.subject == f"key:{made.json['id']}"]
        assert mine == ["key.add", "key.issue", *["key.change"] * 3, "key.denied", "key.end"]
        assert {row.actor for row in rows if row.action == "key.change"} == {
            f"key:{shop.key.key.id}"
        }

    play(story)


def test_a_key_that_is_archived_gives_its_name_up() -> None:
    async def story(house: Surface) -> None:
        shop = await program(house)
        body = {"name": "till", "permissions": ["TNT#main#ArthrServer:listTenantApiKeys"]}
        made = (await shop.post(KEYS, body)).json
        ended = await shop.post(f"{KEYS}/{made['id']}", {"status": "ARCHIVED"})
        assert (ended.status, ended.json["name"]) == (200, f"till ({made['id']})")
        again = await shop.post(f"{KEYS}/{made['id']}", {"status": "ARCHIVED"})
        assert again.json["name"] == f"till ({made['id']})"
        assert (await shop.post(KEYS, body)).status == 201

    play(story)


def test_nobody_gives_more_than_they_have() -> None:
    async def story(house: Surface) -> Answer:
        shop = await program(house, "TNT#main#ArthrServer:*")
        return await shop.post(
            KEYS, {"name": "x", "permissions": ["TNT#main#ArthrServer:getFromTenant",
                                                everything(TenantId("main")).written]}
        )  # fmt: skip

    answer = play(story)

    assert answer.status == 400
    assert [one["field"] for one in answer.json["details"]] == ["permissions.1"]


def test_two_keys_of_one_name_are_refused() -> None:
    async def story(house: Surface) -> tuple[Answer, Answer]:
        shop = await program(house)
        other = await shop.post(KEYS, {"name": "till", "permissions": []})
        again = await shop.post(KEYS, {"name": "till", "permissions": []})
        renamed = await shop.post(f"{KEYS}/{other.json['id']}", {"name": "shop"})
        return again, renamed

    again, renamed = play(story)

    assert (again.status, again.json["code"]) == (409, 9409)
    assert (renamed.status, renamed.json["code"]) == (409, 9409)
    for one in (again, renamed):
        assert one.json["details"] == [
            {"field": "name", "message": "another key has this name already"}
        ]


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({}, ["name", "permissions"]),
        ({"name": 5, "permissions": "x", "nmae": 1}, ["nmae", "name", "permissions"]),
        ({"name": "x", "permissions": [1]}, ["permissions[0]"]),
        ({"name": "x", "permissions": [], "expiresDtm": "soon"}, ["expiresDtm"]),
        ({"name": "x", "permissions": [], "expiresDtm": "2026-01-01T00:00:00"}, ["expiresDtm"]),
        ({"name": "", "permissions": [], "type": "KING"}, ["name", "type"]),
    ],
)
def test_every_mistake_of_a_body_is_told_without_its_value(
    body: dict[str, object], fields: list[str]
) -> None:
    async def story(house: Surface) -> Answer:
        return await (await program(house)).post(KEYS, body)

    answer = play(story)

    assert (answer.status, answer.json["code"]) == (400, 9400)
    assert [one["field"] for one in answer.json["details"]] == fields
    assert "KING" not in answer.text
    assert "soon" not in answer.text


@pytest.mark.parametrize(
    ("query", "fields"),
    [
        ("?page=-1", ["page"]), ("?page=x&size=0", ["page", "size"]), ("?size=201", ["size"]),
        ("?page=0&page=1", ["page"]), ("?pgae=1", ["pgae"]),
    ],
)  # fmt: skip
def test_words_behind_the_question_mark_are_checked_too(query: str, fields: list[str]) -> None:
    async def story(house: Surface) -> Answer:
        return await (await program(house)).get(KEYS + query)

    answer = play(story)

    assert answer.status == 400
    assert [one["field"] for one in answer.json["details"]] == fields


def test_pages_of_a_list() -> None:
    async def story(house: Surface) -> list[Answer]:
        shop = await program(house)
        for number in range(4):
            await shop.post(KEYS, {"name": f"key {number}", "permissions": []})
        return [await shop.get(f"{KEYS}?size=2&page={page}") for page in range(4)]

    pages = [answer.json for answer in play(story)]

    assert [page["numberOfElements"] for page in pages] == [2, 2, 1, 0]
    assert [page["first"] for page in pages] == [True, False, False, False]
    assert [page["last"] for page in pages] == [False, False, True, True]
    assert [page["empty"] for page in pages] == [False, False, False, True]
    assert {(page["totalElements"], page["totalPages"], page["size"]) for page in pages} == {
        (5, 3, 2)
    }
    assert pages[1]["pageable"]["offset"] == 2
    assert len({key["id"] for page in pages for key in page["content"]}) == 5


def test_the_same_creation_call_is_answered_again_and_makes_one() -> None:
    async def story(house: Surface) -> None:
        shop = await program(house)
        body = {"name": "till", "permissions": []}
        first = await shop.post(KEYS, body, key="order-7")
        again = await shop.post(KEYS, body, key="order-7")
        other = await shop.post(KEYS, body | {"name": "bar"}, key="order-7")
        unlike = await shop.post(KEYS, body, key="order-8")

        assert (first.status, again.status) == (201, 201)
        assert first.body == again.body, "with the secret, shown to the same caller again"
        assert again.header("idempotency-replayed") == "true"
        assert (other.status, other.json["code"]) == (422, 9422)
        assert unlike.status == 409, "the name is taken"
        assert (await shop.get(KEYS)).json["totalElements"] == 2
        house.bench.clock.move(timedelta(minutes=29))
        assert (await shop.post(KEYS, body, key="order-7")).body == first.body

    play(story)


def test_an_idempotency_key_of_another_program_is_another_key() -> None:
    async def story(house: Surface) -> list[int]:
        mine, theirs = await program(house), await program(house, name="bar")
        body: dict[str, object] = {"permissions": []}
        return [
            (await mine.post(KEYS, body | {"name": "a"}, key="1")).status,
            (await theirs.post(KEYS, body | {"name": "b"}, key="1")).status,
        ]

    assert play(story) == [201, 201]


@pytest.mark.parametrize("key", ["", "x" * 256, "a b", "\u00e9"])
def test_an_idempotency_key_that_is_none_is_refused(key: str) -> None:
    async def story(house: Surface) -> Answer:
        shop = await program(house)
        return await shop.post(KEYS, {"name": "a", "permissions": []}, key=key)

    answer = play(story)

    assert (answer.status, answer.json["details"][0]["field"]) == (400, "Idempotency-Key")


def test_a_refused_creation_is_not_remembered() -> None:
    async def story(house: Surface) -> list[int]:
        shop = await program(house)
        body = {"name": "till", "permissions": []}
        return [
            (await shop.post(KEYS, {"name": ""}, key="1")).status,
            (await shop.post(KEYS, body, key="1")).status,
        ]

    assert play(story) == [400, 201]


def test_what_a_key_tries_in_vain_is_written_down() -> None:
    async def story(house: Surface) -> list[tuple[str, str, str]]:
        shop = await program(house, "TNT#main#ArthrServer:*")
        made = (await shop.post(KEYS, {"name": "till", "permissions": []})).json
        short = await shop.get("/api/identity-store/stores")
        assert (short.status, short.json["code"]) == (403, 7)
        assert short.json["details"] == [
            {
                "field": "permission",
                "message": "the key does not have TNT#main#IdentityStore:listStores",
            }
        ]
        await shop.post(f"{KEYS}/{made['id']}", {"status": "BLOCKED"})
        tried = await send(house.app, "POST", ISSUE, headers=[("X-API-Key", made["apiKey"])])
        assert (tried.status, tried.json["code"]) == (401, 130)
        rows = (await house.bench.store.audit(TenantId("main"), AuditQuery(size=9))).rows
        return [(row.action, row.actor, next(iter(row.facts.values()))) for row in rows
                if row.action in ("key.refused", "key.denied")]  # fmt: skip

    refused, denied = play(story)

    assert refused[0] == "key.refused"
    assert refused[2] == "BLOCKED"
    assert denied[::2] == ("key.denied", "TNT#main#IdentityStore:listStores")
