"""Stores, users and policies by API: their lives, their refusals, their lists (trustx 2 to 4)."""

from __future__ import annotations

import asyncio
from collections import Counter
from urllib.parse import quote

import pytest

from engine.model.names import MAIN_TENANT, TenantId
from engine.ports.store import AuditQuery
from tests.bench import WRONG
from tests.web.program import Program, program
from tests.web.surface import Answer, Surface, play

STORES = "/api/identity-store/stores"
ACME = TenantId("acme")


async def actions(house: Surface) -> list[str]:
    """Give what the audit tells of programs, oldest first."""
    rows = (await house.bench.store.audit(MAIN_TENANT, AuditQuery(size=200))).rows
    return [row.action for row in reversed(rows) if row.actor.startswith("key:")]


def test_the_life_of_a_store() -> None:
    async def story(house: Surface) -> None:
        shop = await program(house)
        made = await shop.post(
            STORES,
            {"name": "staff", "defaultUserLocale": "pt-PT", "defaultUserTimeZone": "Europe/Lisbon",
             "maxFailedAttempts": 5, "tempLockDuration": "PT15M"},
        )  # fmt: skip
        assert made.status == 201, made.text
        way = f"{STORES}/staff"
        assert (await shop.get(way)).json == made.json
        assert made.json["tempLockDuration"] == "PT15M"
        there = await shop.post(STORES, {"name": "staff"})
        assert (there.status, there.json["code"]) == (409, 9409)
        assert there.json["details"] == [
            {"field": "name", "message": "there is a store of this name already"}
        ]

        changed = await shop.post(way, {"tempLockDuration": None, "hideUnknownUsers": True})
        assert changed.json == made.json | {"tempLockDuration": None, "hideUnknownUsers": True}
        wrong = await shop.post(way, {"maxFailedAttempts": None, "tempLockDuration": "PT1M"})
        assert (wrong.status, wrong.json["details"][0]["field"]) == (400, "tempLockDuration")

        listed = (await shop.get(f"{STORES}?sort=name,desc")).json
        assert [one["name"] for one in listed["content"]] == ["staff", "customers"]
        policies = (await shop.get(f"{way}/passcodePolicy")).json
        assert [one["name"] for one in policies["content"]] == ["default"]
        ines = await shop.post(f"{way}/users", {"extId": "ines"})
        assert (ines.json["locale"], ines.json["timeZone"]) == ("pt-PT", "Europe/Lisbon")
        full = await shop.delete(way)
        assert (full.status, full.json["details"][0]["field"]) == (409, "storeName")
        assert (await shop.delete(f"{way}/users/ines/ext")).status == 204
        assert (await shop.delete(way)).status == 204
        assert (await shop.get(way)).status == 404
        assert (await shop.delete(way)).status == 404
        assert (await shop.get(f"{way}/passcodePolicy/default")).status == 404
        told = Counter(await actions(house))
        assert (told["store.add"], told["store.change"], told["store.remove"]) == (1, 1, 1)

    play(story)


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({}, ["name"]),
        ({"name": "a b"}, ["name"]),
        ({"name": "x", "defaultUserLocale": "english"}, ["defaultUserLocale"]),
        ({"name": "x", "defaultUserTimeZone": "Lisbon"}, ["defaultUserTimeZone"]),
        ({"name": "x", "defaultUserStatus": "LOCKED"}, ["defaultUserStatus"]),
        ({"name": "x", "maxFailedAttempts": 101}, ["maxFailedAttempts"]),
        ({"name": "x", "tempLockDuration": "PT5M"}, ["tempLockDuration"]),
        ({"name": "x", "tempLockDuration": "5 minutes"}, ["tempLockDuration"]),
    ],
)
def test_a_store_that_cannot_be_is_told_by_field(
    body: dict[str, object], fields: list[str]
) -> None:
    async def story(house: Surface) -> Answer:
        return await (await program(house)).post(STORES, body)

    answer = play(story)

    assert answer.status == 400
    assert [one["field"] for one in answer.json["details"]] == fields


def test_the_life_of_a_user() -> None:
    async def story(house: Surface) -> None:
        shop, users = await program(house), f"{STORES}/customers/users"
        made = await shop.post(users, {"extId": "rui", "attributes": {"email": "rui@example.org"}})
        assert made.status == 201, made.text
        by_id, by_ext = f"{users}/{made.json['id']}", f"{users}/rui/ext"
        assert (await shop.get(by_id)).json == (await shop.get(by_ext)).json == made.json
        assert made.json["status"] == "ACTIVE"
        assert made.json["lastAuthenticatedDtm"] is None

        twin = await shop.post(users, {"extId": "rui"})
        assert (twin.status, twin.json["details"][0]["field"]) == (409, "extId")

        changed = await shop.post(
            by_ext,
            {"attributes": {"phone": "1", "email": ""}, "locale": "pt-PT", "status": "LOCKED"},
        )
        assert changed.status == 200, changed.text
        assert changed.json["attributes"] == {"phone": "1"}
        assert (changed.json["status"], changed.json["lockCount"]) == ("LOCKED", 1)
        again = await shop.post(by_id, {"status": "ACTIVE"})
        assert (again.json["status"], again.json["lockCount"]) == ("ACTIVE", 1)
        assert (await shop.get(by_id)).json == again.json

        assert (await shop.delete(by_ext)).status == 204
        assert (await shop.get(by_id)).status == (await shop.get(by_ext)).status == 404
        told = Counter(await actions(house))
        assert {"user.add", "user.update", "user.lock", "user.unlock", "user.erase"} <= set(told)

    play(story)


def test_a_user_whom_failed_tries_hold_is_shown_as_held_and_let_in_again() -> None:
    async def story(house: Surface) -> tuple[str, str]:
        shop, browser = await program(house), house.browser()
        for _ in range(4):
            step = await browser.begin((await house.bench.link()).secret)
            for _ in range(3):
                step = await browser.follow(await browser.answer(step, passcode=WRONG))
        way = f"{STORES}/customers/users/ines.carvalho/ext"
        held = (await shop.get(way)).json["status"]
        return held, (await shop.post(way, {"status": "ACTIVE"})).json["status"]

    assert play(story) == ("TEMP_LOCKED", "ACTIVE")


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({"extId": ""}, ["extId"]),
        ({"extId": "x" * 257}, ["extId"]),
        ({"extId": "a\nb"}, ["extId"]),
        ({"attributes": {"a": 1}}, ["attributes[...]"]),
        ({"attributes": {str(n): "" for n in range(101)}}, ["attributes"]),
        ({"attributes": {"a": "x" * 4097}}, ["attributes[...]"]),
        ({"attributes": {str(n): "x" * 4000 for n in range(5)}}, ["attributes"]),
        ({"locale": "english", "timeZone": "Mars"}, ["locale"]),
        ({"timeZone": "Mars"}, ["timeZone"]),
        ({"status": "LOCKED", "extld": "x"}, ["extld", "status"]),
    ],
)
def test_a_user_that_cannot_be_is_told_by_field(body: dict[str, object], fields: list[str]) -> None:
    async def story(house: Surface) -> Answer:
        return await (await program(house)).post(f"{STORES}/customers/users", body)

    answer = play(story)

    assert answer.status == 400, answer.text
    assert [one["field"] for one in answer.json["details"]] == fields


def test_users_are_listed_sorted_and_searched() -> None:
    async def story(house: Surface) -> None:
        shop, users = await program(house), f"{STORES}/customers/users"
        for ext_id in ("rui", "ana", None, "anabela", "a/b c", "an%"):
            assert (await shop.post(users, {"extId": ext_id})).status == 201

        async def found(words: str) -> list[str | None]:
            answer = await shop.get(f"{users}?{words}")
            assert answer.status == 200, answer.text
            return [one["extId"] for one in answer.json["content"]]

        assert await found("") == ["ines.carvalho", "rui", "ana", None, "anabela", "a/b c", "an%"]
        assert await found("sort=createdDtm,desc&size=2") == ["an%", "a/b c"]
        ordered = ["a/b c", "an%", "ana", "anabela", "ines.carvalho", "rui", None]
        assert await found("sort=extId") == ordered
        assert await found("sort=extId,desc&size=3&page=1") == ordered[::-1][3:6]
        assert await found("search=ana&sort=extId") == ["ana", "anabela"]
        assert await found("search=an%25") == ["an%"]
        assert await found(f"extId={quote('a/b c', safe='')}") == ["a/b c"]
        assert await found("extId=nobody") == []
        assert await found("extId=ana&page=1") == []
        assert (await shop.get(f"{users}?sort=status")).status == 400

    play(story)


def test_fifty_at_once_add_one_user() -> None:
    async def story(house: Surface) -> Counter[int]:
        shop = await program(house)
        calls = (
            shop.post(f"{STORES}/customers/users", {"extId": "rui"}) for _ in range(50)
        )  # fmt: skip
        return Counter(answer.status for answer in await asyncio.gather(*calls))

    assert play(story) == {201: 1, 409: 49}


def test_fifty_at_once_with_one_idempotency_key_are_answered_alike() -> None:
    async def story(house: Surface) -> set[tuple[int, bytes]]:
        shop = await program(house)
        calls = (
            shop.post(f"{STORES}/customers/users", {"extId": "rui"}, key="1") for _ in range(50)
        )  # fmt: skip
        return {(answer.status, answer.body) for answer in await asyncio.gather(*calls)}

    answers = play(story)

    assert len(answers) == 1
    assert next(iter(answers))[0] == 201


def test_the_life_of_a_policy() -> None:
    async def story(house: Surface) -> None:
        shop, ways = await program(house), f"{STORES}/customers/passcodePolicy"
        refused = await shop.post(ways, {"name": "pin", "minLength": 6, "characterSet": "NUMERIC"})
        assert {one["field"] for one in refused.json["details"]} == {"acceptRisk"}
        made = await shop.post(
            ways,
            {"name": "pin", "minLength": 6, "characterSet": "NUMERIC", "acceptRisk": True,
             "validity": "P90D", "renewableFor": "P7D", "historySize": 3},
        )  # fmt: skip
        assert made.status == 201, made.text
        assert len(made.json["risks"]) == 4
        assert (made.json["validity"], made.json["sessionTtl"]) == ("P90D", "PT5M")
        twin = await shop.post(ways, {"name": "pin"})
        assert (twin.status, twin.json["details"][0]["field"]) == (409, "name")
        assert (await shop.get(f"{ways}/pin")).json == made.json

        changed = await shop.post(
            f"{ways}/pin",
            {"characterSet": "ANY", "minLength": 15, "validity": None, "renewableFor": "PT0S",
             "acceptRisk": False},
        )  # fmt: skip
        assert changed.status == 200, changed.text
        assert (changed.json["risks"], changed.json["historySize"]) == ([], 3)
        wrong = await shop.post(f"{ways}/pin", {"minLength": 20, "maxLength": 10})
        assert wrong.status == 400
        listed = (await shop.get(f"{ways}?sort=name,desc")).json["content"]
        assert [one["name"] for one in listed] == ["pin", "default"]
        assert (await shop.delete(f"{ways}/pin")).status == 204
        assert (await shop.get(f"{ways}/pin")).status == 404
        stays = await shop.delete(f"{ways}/default")
        assert (stays.status, stays.json["details"][0]["field"]) == (409, "policyName")
        assert {"policy.add", "policy.change", "policy.remove"} <= set(await actions(house))

    play(story)


def test_a_second_factor_may_be_shorter() -> None:
    async def story(house: Surface) -> Answer:
        shop = await program(house)
        body = {"name": "second", "secondFactor": True}
        return await shop.post(f"{STORES}/customers/passcodePolicy", body)

    answer = play(story)

    assert (answer.status, answer.json["minLength"], answer.json["risks"]) == (201, 8, [])


def test_what_is_another_tenants_is_as_what_is_not_there() -> None:
    async def story(house: Surface) -> tuple[list[tuple[int, object]], list[tuple[int, object]]]:
        mine, theirs = await program(house), await program(house, tenant=ACME)
        await theirs.post(STORES, {"name": "secret"})
        rui = (await theirs.post(f"{STORES}/secret/users", {"extId": "rui"})).json["id"]

        async def seen(store: str, user: str, ext: str, by: Program) -> list[tuple[int, object]]:
            base = f"{STORES}/{store}"
            answers = [
                await by.get(base),
                await by.get(f"{base}/users"),
                await by.post(f"{base}/users", {"extId": "x"}),
                await by.get(f"{base}/users/{user}"),
                await by.get(f"{STORES}/customers/users/{user}"),
                await by.post(f"{base}/users/{ext}/ext", {"status": "LOCKED"}),
                await by.delete(f"{base}/users/{user}"),
                await by.get(f"{base}/passcodePolicy/default"),
                await by.delete(base),
            ]
            return [(one.status, one.json | {"requestId": ""}) for one in answers]

        there = await seen("secret", rui, "rui", mine)
        nowhere = await seen("nothing", "Z" * 26, "nobody", mine)
        assert (await theirs.get(f"{STORES}/secret/users/rui/ext")).json["status"] == "ACTIVE"
        return there, nowhere

    there, nowhere = play(story)

    assert there == nowhere
    assert {status for status, _ in there} == {404}


@pytest.mark.parametrize(
    "ext_id", ["a/b", "/", "//", "a%2Fb", "a?b", "a#b", "a b", "../x", "é/ü", "."]
)
def test_whatever_an_external_id_looks_like_its_user_is_found(ext_id: str) -> None:
    async def story(house: Surface) -> None:
        shop = await program(house)
        made = await shop.post(f"{STORES}/customers/users", {"extId": ext_id})
        assert made.status == 201, made.text
        way = f"{STORES}/customers/users/{quote(ext_id, safe='')}/ext"
        found = await shop.get(way)
        assert (found.status, found.json["id"]) == (200, made.json["id"])
        begun = await shop.post(way.replace("/ext", "/passcodes/registrations/default/ext"))
        assert begun.status == 201, begun.text
        assert (await shop.delete(way)).status == 204
        assert (await shop.get(way)).status == 404

    play(story)


def test_a_slash_in_one_part_leads_to_no_other_door() -> None:
    async def story(house: Surface) -> None:
        shop = await program(house)
        for way in (f"{STORES}%2Fcustomers", f"{STORES}/customers%2Fusers", "/api%2Fx", "%2f"):
            assert (await shop.get(way)).status == 404, way

    play(story)
