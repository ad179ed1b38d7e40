"""Passcodes by API: begun, completed once, one failure for every cause; kept, blocked, deleted."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import timedelta
from itertools import combinations

import pytest
from msgspec.structs import replace

from engine.model.names import MAIN_TENANT, TenantId
from engine.ports.store import AuditQuery, Committed, Conflict, PageQuery
from engine.records.identity import Passcode, PasscodeSession, User, use_key
from engine.records.record import Delete, Put, Staged, Version
from tests.bench import RIGHT, WRONG
from tests.web.program import Program, program
from tests.web.surface import Answer, Surface, play

BASE = "/api/identity-store/stores/customers"
OF_TENANT = "/tenants/main/stores/customers"
FRESH = "copper-window-saddle-onion-tide"
INES = "ines.carvalho"
ACME = TenantId("acme")


async def begun(
    shop: Program, kind: str = "authentications", who: str = INES, *, policy: str = "default",
    base: str = BASE,
) -> Answer:  # fmt: skip
    return await shop.post(f"{base}/users/{who}/passcodes/{kind}/{policy}/ext")


async def completed(
    shop: Program, session: str, kind: str = "authentications", *, base: str = BASE, **body: str
) -> Answer:
    return await shop.post(f"{base}/passcodes/{kind}/sessions/{session}", body)


async def tried(shop: Program, passcode: str, who: str = INES, policy: str = "default") -> Answer:
    session = (await begun(shop, who=who, policy=policy)).json["sessionId"]
    return await completed(shop, session, passcode=passcode)


async def added(shop: Program, ext_id: str = "rui") -> str:
    answer = await shop.post(f"{BASE}/users", {"extId": ext_id})
    return str(answer.json["id"])


async def audited(house: Surface) -> list[str]:
    rows = (await house.bench.store.audit(MAIN_TENANT, AuditQuery(size=200))).rows
    return [row.action for row in reversed(rows) if row.actor.startswith("key:")]


@pytest.mark.parametrize("base", [BASE, OF_TENANT])
def test_a_passcode_is_verified_once_by_external_id_and_by_id(base: str) -> None:
    async def story(house: Surface) -> None:
        shop = await program(house)
        user = (await shop.get(f"{BASE}/users/{INES}/ext")).json["id"]
        by_ext = await begun(shop, base=base)
        assert by_ext.status == 201, by_ext.text
        assert by_ext.json["policyName"] == "default"
        assert by_ext.json["rules"] == {
            "minLength": 15, "maxLength": 256, "characterSet": "ANY",
        }  # fmt: skip
        by_id = await shop.post(f"{base}/users/{user}/passcodes/authentications/default")
        assert by_id.status == 201, by_id.text
        for session in (by_ext.json["sessionId"], by_id.json["sessionId"]):
            done = await completed(shop, session, base=base, passcode=RIGHT)
            assert (done.status, done.json["result"]) == (200, "AUTHENTICATED"), done.text
            assert done.json["userId"] == user
            again = await completed(shop, session, base=base, passcode=RIGHT)
            assert (again.status, again.json["code"]) == (400, 2615), "it was spent"
        shown = (await shop.get(f"{BASE}/users/{INES}/ext")).json
        assert shown["lastAuthenticatedDtm"] is not None

    play(story)


@pytest.mark.parametrize(
    ("store", "user", "policy"),
    [("nothing", INES, "default"), ("customers", "nobody", "default"), ("customers", INES, "x")],
)
def test_what_is_not_there_cannot_be_begun(store: str, user: str, policy: str) -> None:
    async def story(house: Surface) -> list[int]:
        shop = await program(house)
        return [
            (await shop.post(f"{base}/{store}/users/{user}/passcodes/{kind}/{policy}/ext")).status
            for base in ("/api/identity-store/stores", "/tenants/main/stores")
            for kind in ("authentications", "registrations", "renewals")
        ]

    assert play(story) == [404] * 6


def test_the_path_of_another_tenant_leads_nowhere() -> None:
    async def story(house: Surface) -> list[int]:
        mine, theirs = await program(house), await program(house, tenant=ACME)
        session = (await begun(mine)).json["sessionId"]
        base = OF_TENANT.replace("main", "acme")
        return [
            (await begun(mine, base=base)).status,
            (await begun(theirs)).status,
            (await completed(mine, session, base=base, passcode=RIGHT)).json["code"],
            (await completed(theirs, session, passcode=RIGHT)).json["code"],
            (await completed(mine, session, passcode=RIGHT)).status,
        ]

    assert play(story) == [404, 404, 2615, 2615, 200]


async def nobody(shop: Program) -> Answer:
    await shop.post(BASE, {"hideUnknownUsers": True})
    return await tried(shop, WRONG, "nobody")


async def wrong(shop: Program) -> Answer:
    return await tried(shop, WRONG)


async def locked(shop: Program) -> Answer:
    await shop.post(f"{BASE}/users/{INES}/ext", {"status": "LOCKED"})
    return await tried(shop, RIGHT)


async def throttled(shop: Program) -> Answer:
    for _ in range(6):
        await tried(shop, WRONG)
    return await tried(shop, RIGHT)


async def expired(shop: Program) -> Answer:
    (kept,) = (await shop.get(f"{BASE}/users/{INES}/passcodes/ext")).json["content"]
    way = f"{BASE}/users/{INES}/passcodes/{kept['id']}/ext"
    await shop.post(way, {"expirationDtm": "2020-01-01T00:00:00Z"})
    return await tried(shop, RIGHT)


async def none_registered(shop: Program) -> Answer:
    await added(shop)
    return await tried(shop, RIGHT, "rui")


async def disabled(shop: Program) -> Answer:
    await shop.post(f"{BASE}/users/{INES}/ext", {"status": "DISABLED"})
    return await tried(shop, RIGHT)


async def another_policy(shop: Program) -> Answer:
    await shop.post(f"{BASE}/passcodePolicy", {"name": "second"})
    return await tried(shop, RIGHT, policy="second")


CAUSES: list[Callable[[Program], Awaitable[Answer]]] = [
    nobody, wrong, locked, throttled, expired, none_registered, disabled, another_policy,
]  # fmt: skip


def failure(cause: Callable[[Program], Awaitable[Answer]]) -> tuple[bytes, list[str], list[str]]:
    """Fail for a cause: the answer with its request id masked, and what was called for it."""

    async def story(house: Surface) -> tuple[bytes, list[str], list[str]]:
        shop = await program(house)
        answer = await cause(shop)
        assert answer.json["code"] == 2615, answer.text
        masked = answer.body.replace(answer.json["requestId"].encode(), b"X" * 26)
        last = (await audited(house))[-1]
        assert last.startswith("attempt."), last
        return (
            f"{answer.status}".encode() + masked,
            [f"{name}: {value}" for name, value in answer.headers],
            house.bench.pool.calls[-2:],
        )

    return play(story)


@pytest.mark.parametrize(
    ("one", "other"), [*combinations(CAUSES, 2)], ids=lambda cause: cause.__name__
)
def test_no_failure_tells_its_cause(
    one: Callable[[Program], Awaitable[Answer]], other: Callable[[Program], Awaitable[Answer]]
) -> None:
    assert failure(one) == failure(other)


def test_there_are_28_pairs_of_causes() -> None:
    assert len([*combinations(CAUSES, 2)]) == 28


def test_a_blocked_passcode_opens_nothing_until_it_is_let_in_again() -> None:
    async def story(house: Surface) -> None:
        shop = await program(house)
        (kept,) = (await shop.get(f"{BASE}/users/{INES}/passcodes/ext")).json["content"]
        way = f"{BASE}/users/{kept['userId']}/passcodes/{kept['id']}"
        assert (await shop.get(way)).json == kept == (
            await shop.get(f"{BASE}/users/{INES}/passcodes/{kept['id']}/ext")
        ).json  # fmt: skip
        assert (await shop.post(way, {"status": "BLOCKED"})).json["status"] == "BLOCKED"
        assert (await tried(shop, RIGHT)).json["code"] == 2615
        assert (await shop.post(way, {"status": "ACTIVE"})).json["status"] == "ACTIVE"
        assert (await tried(shop, RIGHT)).status == 200
        ends = await shop.post(way, {"expirationDtm": "2020-01-01T00:00:00Z"})
        assert (ends.json["status"], ends.json["expirationDtm"]) == (
            "EXPIRED", "2020-01-01T00:00:00.000Z",
        )  # fmt: skip
        assert (await tried(shop, RIGHT)).json["code"] == 2615
        assert (await shop.post(way, {"expirationDtm": None})).json["expirationDtm"] is None
        assert (await tried(shop, RIGHT)).status == 200
        assert (await shop.post(way, {"status": "ARCHIVED"})).status == 400
        assert (await shop.delete(way)).status == 204
        assert (await shop.get(way)).status == (await shop.delete(way)).status == 404
        assert (await shop.get(f"{BASE}/users/{INES}/passcodes/ext")).json["content"] == []
        assert Counter(await audited(house))["passcode.change"] == 4

    play(story)


def test_a_passcode_is_found_under_its_own_user_alone() -> None:
    async def story(house: Surface) -> list[int]:
        shop = await program(house)
        await added(shop)
        (kept,) = (await shop.get(f"{BASE}/users/{INES}/passcodes/ext")).json["content"]
        way = f"{BASE}/users/rui/passcodes/{kept['id']}/ext"
        return [
            (await shop.get(way)).status,
            (await shop.post(way, {"status": "BLOCKED"})).status,
            (await shop.delete(way)).status,
            (await tried(shop, RIGHT)).status,
        ]

    assert play(story) == [404, 404, 404, 200]


def test_a_first_passcode_is_chosen_with_the_policys_words() -> None:
    async def story(house: Surface) -> None:
        shop = await program(house)
        user = await added(shop)
        session = (await begun(shop, "registrations", "rui")).json["sessionId"]
        short = await completed(shop, session, "registrations", passcode="too short")
        assert (short.status, short.json["details"][0]["field"]) == (400, "passcode")
        assert "15" in short.json["details"][0]["message"]
        common = await completed(shop, session, "registrations", passcode="qwertyuiopasdfghjkl")
        assert common.status == 400, "the session stays while nothing was kept"
        kept = await completed(shop, session, "registrations", passcode=FRESH)
        assert (kept.status, kept.json["userId"], kept.json["status"]) == (201, user, "ACTIVE")
        spent = await completed(shop, session, "registrations", passcode=FRESH)
        assert spent.status == 404
        there = await begun(shop, "registrations", "rui")
        assert (there.status, there.json["details"][0]["field"]) == (409, "policyName")
        assert (await tried(shop, FRESH, "rui")).status == 200

    play(story)


def test_of_two_first_passcodes_at_once_one_is_kept() -> None:
    async def story(house: Surface) -> Counter[int]:
        shop = await program(house)
        await added(shop)
        ids = [(await begun(shop, "registrations", "rui")).json["sessionId"] for _ in range(6)]
        calls = [completed(shop, id, "registrations", passcode=f"{FRESH}-{id[-4:]}") for id in ids]
        return Counter(answer.status for answer in await asyncio.gather(*calls))

    assert play(story) == {201: 1, 409: 5}


def test_a_passcode_is_renewed_by_who_proves_the_old_one() -> None:
    async def story(house: Surface) -> None:
        shop = await program(house)

        async def renewed(old: str, new: str) -> Answer:
            session = (await begun(shop, "renewals")).json["sessionId"]
            return await completed(shop, session, "renewals", passcode=old, newPasscode=new)

        assert (await renewed(WRONG, FRESH)).json["code"] == 2615
        assert (await renewed(WRONG, "short")).json["code"] == 2615, (
            "of the new one nothing is said"
        )
        same = await renewed(RIGHT, RIGHT)
        assert (same.status, same.json["details"][0]["field"]) == (400, "newPasscode")
        done = await renewed(RIGHT, FRESH)
        assert (done.status, done.json["status"]) == (200, "ACTIVE"), done.text
        assert (await tried(shop, RIGHT)).json["code"] == 2615
        assert (await tried(shop, FRESH)).status == 200
        assert "passcode.renew" in await audited(house)

    play(story)


def test_a_session_ends_with_its_time_and_serves_its_own_kind_alone() -> None:
    async def story(house: Surface) -> list[int]:
        shop = await program(house)
        one, other = [(await begun(shop)).json["sessionId"] for _ in range(2)]
        as_renewal = await completed(shop, one, "renewals", passcode=RIGHT, newPasscode=FRESH)
        as_first = await completed(shop, one, "registrations", passcode=FRESH)
        right = await completed(shop, one, passcode=RIGHT)
        house.bench.clock.move(timedelta(minutes=5))
        late = await completed(shop, other, passcode=RIGHT)
        unknown = await completed(shop, "ps_" + "x" * 43, passcode=RIGHT)
        long = await completed(shop, "x" * 500, passcode=RIGHT)
        return [as_renewal.json["code"], as_first.status, right.status,
                *[one.json["code"] for one in (late, unknown, long)]]  # fmt: skip

    assert play(story) == [2615, 404, 200, 2615, 2615, 2615]


def test_of_fifty_completions_of_a_session_one_verifies() -> None:
    async def story(house: Surface) -> tuple[Counter[int], int]:
        shop = await program(house)
        session = (await begun(shop)).json["sessionId"]
        before = len(house.bench.pool.verified)
        calls = [completed(shop, session, passcode=RIGHT) for _ in range(50)]
        answers = await asyncio.gather(*calls)
        return Counter(one.status for one in answers), len(house.bench.pool.verified) - before

    assert play(story) == ({200: 1, 400: 49}, 1)


def test_guesses_at_once_are_never_more_than_the_account_allows() -> None:
    async def story(house: Surface) -> int:
        shop = await program(house)
        ids = [(await begun(shop)).json["sessionId"] for _ in range(40)]
        dummy = house.bench.pool.dummy
        house.bench.pool.verified.clear()
        await asyncio.gather(*(completed(shop, id, passcode=WRONG) for id in ids))
        return sum(record != dummy for record in house.bench.pool.verified)

    assert play(story) <= 6


@pytest.mark.parametrize("kind", ["deleted", "blocked"])
def test_a_passcode_that_goes_while_it_is_verified_proves_nothing(kind: str) -> None:
    async def story(house: Surface) -> None:
        shop = await program(house)
        user = (await shop.get(f"{BASE}/users/{INES}/ext")).json["id"]
        store, session = house.bench.store, (await begun(shop)).json["sessionId"]
        kept = await store.find(MAIN_TENANT, Passcode, "by_use", use_key(user, "default"))
        assert kept is not None
        blocked = Put(row=replace(kept, status="BLOCKED"), expect=Version(number=1))
        changes: list[Put | Delete] = [Delete(row=kept) if kind == "deleted" else blocked]
        write = store.write

        async def between(tenant: TenantId, unit: Staged) -> Committed | Conflict:
            if unit.resets and changes:  # it was found right, and nothing of it is kept yet
                assert await write(tenant, Staged(writes=(changes.pop(),))) == Committed()
            return await write(tenant, unit)

        store.write = between  # type: ignore[method-assign]  # somebody else's, in between
        answer = await completed(shop, session, passcode=RIGHT)
        assert not changes
        assert (answer.status, answer.json["code"]) == (400, 2615)
        assert (await audited(house))[-1] == "attempt.failed"
        assert (await shop.get(f"{BASE}/users/{INES}/ext")).json["lastAuthenticatedDtm"] is None

    play(story)


def test_a_full_pool_charges_nothing_and_gives_the_session_back() -> None:
    async def story(house: Surface) -> tuple[Answer, Answer]:
        shop = await program(house)
        session = (await begun(shop)).json["sessionId"]
        house.bench.pool.free = 0
        busy = await completed(shop, session, passcode=RIGHT)
        house.bench.pool.free = 9
        return busy, await completed(shop, session, passcode=RIGHT)

    busy, done = play(story)

    assert (busy.status, busy.json["code"], busy.header("retry-after")) == (503, 9503, "1")
    assert done.status == 200


def test_a_session_and_a_passcode_are_kept_nowhere_as_they_are() -> None:
    async def story(house: Surface) -> tuple[str, list[str]]:
        shop = await program(house)
        value = (await begun(shop)).json["sessionId"]
        page = await house.bench.store.page(MAIN_TENANT, PasscodeSession, PageQuery())
        await completed(shop, value, passcode=RIGHT)
        after = await house.bench.store.page(MAIN_TENANT, PasscodeSession, PageQuery())
        assert after.rows == ()
        return value, [repr(row) for row in page.rows]

    value, rows = play(story)

    assert len(rows) == 1
    assert value not in rows[0]


@pytest.mark.parametrize(
    ("kind", "body", "fields"),
    [
        ("authentications", {}, ["passcode"]),
        ("authentications", {"passcode": 1}, ["passcode"]),
        ("authentications", {"passcode": "x" * 4097}, ["passcode"]),
        ("renewals", {"passcode": "x"}, ["newPasscode"]),
        ("registrations", {"passcode": "x", "newPasscode": "y"}, [""]),
    ],
)
def test_a_body_that_cannot_be_spends_no_session(
    kind: str, body: dict[str, object], fields: list[str]
) -> None:
    async def story(house: Surface) -> tuple[Answer, int]:
        shop = await program(house)
        session = (await begun(shop)).json["sessionId"]
        way = f"{BASE}/passcodes/{kind}/sessions/{session}"
        refused = await shop.post(way, body)
        return refused, (await completed(shop, session, passcode=RIGHT)).status

    refused, after = play(story)

    assert refused.status == 400
    assert [one["field"] for one in refused.json["details"]] == fields
    assert after == 200


@pytest.mark.parametrize("kind", ["authentications", "renewals", "registrations"])
def test_a_session_is_begun_once_under_one_key(kind: str) -> None:
    async def story(house: Surface) -> None:
        shop = await program(house)
        who = INES
        if kind == "registrations":
            who = "rui"
            await added(shop, who)
        way = f"{BASE}/users/{who}/passcodes/{kind}/default/ext"
        first, again = await shop.post(way, key="one"), await shop.post(way, key="one")
        other = await shop.post(way, key="two")
        assert [one.status for one in (first, again, other)] == [201, 201, 201], first.text
        assert again.body == first.body
        assert other.json["sessionId"] != first.json["sessionId"]
        page = await house.bench.store.page(MAIN_TENANT, PasscodeSession, PageQuery())
        assert page.total == 2

    play(story)


@pytest.mark.parametrize("when", ["before", "meanwhile"])
def test_nobody_is_given_a_passcode_once_they_are_gone(when: str) -> None:
    async def story(house: Surface) -> None:
        shop, store = await program(house), house.bench.store
        user = await added(shop)
        session = (await begun(shop, "registrations", "rui")).json["sessionId"]
        row = await store.get(MAIN_TENANT, User, user)
        assert row is not None
        write, changes = store.write, [Delete(row=row)]

        async def between(tenant: TenantId, unit: Staged) -> Committed | Conflict:
            if changes and any(isinstance(one, Put) for one in unit.writes):
                assert await write(tenant, Staged(writes=(changes.pop(),))) == Committed()
            return await write(tenant, unit)

        if when == "before":
            await write(MAIN_TENANT, Staged(writes=(changes.pop(),)))
        else:
            store.write = between  # type: ignore[method-assign]  # somebody else's, in between
        answer = await completed(shop, session, "registrations", passcode=FRESH)
        assert not changes
        assert answer.status == 404, answer.text
        assert await store.find(MAIN_TENANT, Passcode, "by_use", use_key(user, "default")) is None

    play(story)
