"""Two tenants with the same names beside each other: what opens one opens nothing in the other."""

from __future__ import annotations

import json
from urllib.parse import parse_qs, urlsplit

import pytest

from engine.access.tenants import add_tenant, is_tenant, tenants
from engine.model.names import MAIN_TENANT, TenantId
from engine.ports.store import Committed, InstanceQuery
from engine.records.tenants import Tenant
from engine.run.unit import Unit
from engine.testing import FrozenClock
from engine.web.sources import TENANTS, SourceLimits, Sources
from tests.bench import RIGHT, ROOT, WRONG
from tests.web.program import Program, program
from tests.web.surface import Answer, Surface, play, send

ACME, OTHER = TenantId("acme"), TenantId("other")
STORES = "/api/identity-store/stores"
PASSCODES = {ACME: RIGHT, OTHER: WRONG}
SIGN_IN = "passcode-authentication"


async def furnished(house: Surface, tenant: TenantId) -> Program:
    """Give a tenant a store, a user with a passcode of its own, and a journey, all by API."""
    shop = await program(house, tenant=tenant)
    assert (await shop.post(STORES, {"name": "customers"})).status == 201
    users = f"{STORES}/customers/users"
    assert (await shop.post(users, {"extId": "ines"})).status == 201
    begun = await shop.post(f"{users}/ines/passcodes/registrations/default/ext")
    way = f"{STORES}/customers/passcodes/registrations/sessions/{begun.json['sessionId']}"
    assert (await shop.post(way, {"passcode": PASSCODES[tenant]})).status == 201
    body = {
        "source": (ROOT / "definitions" / f"{SIGN_IN}.yaml").read_text(encoding="utf-8"),
        "forms": {
            f"{SIGN_IN}.v1": (ROOT / "forms" / f"{SIGN_IN}.v1.json").read_text(encoding="utf-8")
        },
    }
    made = await shop.post("/api/process-manager/processDefinitions", body)
    assert made.status == 201, made.text
    return shop


async def secret_of(shop: Program, uses: int = 1) -> str:
    body = {
        "name": "newsletter", "processDefnName": SIGN_IN, "maxCount": uses,
        "parameters": {"userExternalId": "ines"},
    }  # fmt: skip
    made = await shop.post("/api/process-manager/processTokens", body)
    assert made.status == 201, made.text
    return str(made.json["secret"])


def masked(answer: Answer) -> tuple[int, object]:
    try:
        return answer.status, {**json.loads(answer.body), "requestId": ""}
    except ValueError:
        return answer.status, answer.title


def test_each_tenant_walks_its_own_journey() -> None:
    async def story(house: Surface) -> None:
        for tenant, other in ((ACME, OTHER), (OTHER, ACME)):
            shop = await furnished(house, tenant)
            secret = await secret_of(shop)
            assert secret.startswith(f"pt_{tenant}.")
            browser = house.browser()
            step = await browser.begin(secret)
            assert step.title == "Enter your passcode"
            (cookie,) = (one.value for one in browser.cookies.values())
            assert cookie.startswith(f"{tenant}.")
            again = await browser.follow(await browser.answer(step, passcode=PASSCODES[other]))
            assert again.title == "Enter your passcode", "the other tenant's passcode is wrong here"
            end = await browser.follow(await browser.answer(again, passcode=PASSCODES[tenant]))
            assert end.title == "Thank you, all done"
            found = await house.bench.store.instances(tenant, InstanceQuery())
            assert [one.status for one in found.rows] == ["COMPLETED_ENDED_SUCCESS"]
        assert (await house.bench.store.instances(MAIN_TENANT, InstanceQuery())).total == 0

    play(story)


@pytest.mark.parametrize("named", ["other.", "main.", "nobody.", ""])
def test_a_secret_with_another_name_in_front_is_as_one_that_nobody_knows(named: str) -> None:
    async def story(house: Surface) -> None:
        await furnished(house, OTHER)
        secret = await secret_of(await furnished(house, ACME), uses=9)
        spoilt, unknown = secret.replace("acme.", named), "pt_" + "x" * 43
        browser = house.browser()
        pages = [await browser.get(f"/web/trustweb?pt={one}") for one in (spoilt, unknown)]
        assert masked(pages[0]) == masked(pages[1])
        made = [
            await send(house.app, "POST", f"/api/process-manager/processInstances/create?pt={one}")
            for one in (spoilt, unknown)
        ]
        assert masked(made[0]) == masked(made[1])
        assert made[0].status == 404

    play(story)


def test_a_session_of_one_tenant_opens_no_instance_of_another() -> None:
    async def story(house: Surface) -> None:
        ways = {}
        for tenant in (ACME, OTHER):
            shop = await furnished(house, tenant)
            secret = await secret_of(shop)
            created = await send(
                house.app, "POST", f"/api/process-manager/processInstances/create?pt={secret}"
            )
            (start,) = parse_qs(urlsplit(created.json["redirectUrl"]).query)["ps"]
            target = f"{urlsplit(start).path}?{urlsplit(start).query}"
            foreign = await send(
                house.app, "POST", target.replace(f"{tenant}.", "nobody."),
            )  # fmt: skip
            assert foreign.status == 404
            begun = await send(house.app, "POST", target)
            assert begun.status == 200, begun.text
            ways[tenant] = (created.json["processInstanceId"], begun.json["sessionToken"])

        async def seen(instance: str, token: str) -> tuple[int, object]:
            way = f"/api/process-server/processInstances/{instance}/screen"
            return masked(
                await send(house.app, "GET", way, headers=[("Authorization", f"Bearer {token}")])
            )

        (mine, token), (theirs, _) = ways[ACME], ways[OTHER]
        assert (await seen(mine, token))[0] == 200
        unknown = await seen("Z" * 26, token)
        assert unknown[0] == 401
        assert await seen(theirs, token) == unknown
        assert await seen(theirs, token.replace("acme.", "other.")) == unknown
        assert await seen(mine, token.removeprefix("acme.")) == unknown

    play(story)


def test_each_tenant_has_a_circuit_of_its_own_and_made_up_ones_are_forgotten() -> None:
    sources = Sources(SourceLimits(tenant_per_minute=2), FrozenClock())
    acme = sources.circuit(ACME)

    for _ in range(3):
        sources.fail("198.51.100.7", ACME)

    assert sources.circuit(ACME) is acme
    assert (acme.is_slow, sources.circuit(OTHER).is_slow) == (True, False)
    for number in range(TENANTS):
        sources.circuit(TenantId(f"made-up-{number}"))
    assert sources.circuit(ACME) is not acme


def test_tenants_are_added_once_and_listed() -> None:
    async def story(house: Surface) -> None:
        store, actor = house.bench.store, house.bench.actor()
        for name in ("acme", "a" * 30):
            unit = Unit(store, MAIN_TENANT)
            assert isinstance(await add_tenant(unit, actor, name), Tenant)
            assert await store.write(MAIN_TENANT, unit.staged()) == Committed()
        for name in ("acme", "main", "", "Acme", "1a", "a.b", "a" * 31):
            assert isinstance(await add_tenant(Unit(store, MAIN_TENANT), actor, name), tuple), name
        assert await tenants(store) == [MAIN_TENANT, "a" * 30, "acme"]
        assert await is_tenant(store, "acme")
        assert await is_tenant(store, "main")
        assert not await is_tenant(store, "nobody")

    play(story)
