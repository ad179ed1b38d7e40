"""API keys: shown once, never more than their maker, good while nobody has ended them."""

from __future__ import annotations

from datetime import timedelta

import pytest

from engine.access.bearers import OF_KEYS
from engine.access.keys import (
    Caller,
    Minted,
    add_key,
    caller,
    change_key,
    end_key,
    exchange,
)
from engine.access.naming import named, tenant_of
from engine.adapters.memory import MemoryStore
from engine.model.names import MAIN_TENANT, TenantId
from engine.ports.actor import Actor
from engine.ports.store import AuditQuery, Committed
from engine.records.access import ApiKey, KeyType
from engine.run.unit import Unit
from engine.testing import FrozenClock, SeededChance, SeededVault

pytestmark = pytest.mark.anyio
ACME = TenantId("acme")
LIST = "TNT#main#IdentityStore:listUsers"
READ = "TNT#main#IdentityStore:getUser"


class Office:
    """One store, and keys made in it."""

    def __init__(self) -> None:
        self.clock, self.chance, self.vault = FrozenClock(), SeededChance(), SeededVault()
        self.store = MemoryStore(self.clock)

    @property
    def actor(self) -> Actor:
        return Actor(name="cli", at=self.clock.now(), chance=self.chance)

    async def made(
        self,
        *permissions: str,
        name: str = "shop",
        tenant: TenantId = MAIN_TENANT,
        type: KeyType = "PERMANENT",
        life: timedelta | None = None,
    ) -> Minted:
        unit = Unit(self.store, tenant)
        made = await add_key(
            unit, self.actor, name, permissions=permissions, type=type, life=life
        )  # fmt: skip
        assert isinstance(made, Minted), made
        assert await self.store.write(tenant, unit.staged()) == Committed()
        return made

    async def bearer(self, secret: str, tenant: TenantId = MAIN_TENANT) -> str | None:
        found = await exchange(self.store, self.vault, tenant, secret, self.clock.now())
        return found[1] if isinstance(found, tuple) else None

    async def who(self, value: str) -> object:
        return await caller(self.store, self.vault, value, self.clock.now())

    async def changed(self, key: ApiKey, **changes: object) -> ApiKey:
        unit = Unit(self.store, MAIN_TENANT)
        found = change_key(unit, self.actor, key, **changes)  # type: ignore[arg-type]  # a test's own
        assert isinstance(found, ApiKey), found
        await self.store.write(MAIN_TENANT, unit.staged())
        return found


async def test_a_key_is_kept_without_its_secret_and_leaves_an_audit_row() -> None:
    office = Office()

    made = await office.made(LIST, "TNT#main#completePasscodeAuthentication")

    kept = await office.store.get(MAIN_TENANT, ApiKey, made.key.id)
    assert kept is not None
    assert made.secret not in repr(kept)
    assert made.secret not in repr(made)
    assert kept.permissions == ("TNT#main#IdentityStore:completePasscodeAuthentication", LIST)
    rows = (await office.store.audit(MAIN_TENANT, AuditQuery())).rows
    assert [(row.action, row.subject) for row in rows] == [("key.add", f"key:{kept.id}")]


@pytest.mark.parametrize("tenant", [MAIN_TENANT, ACME])
async def test_a_bearer_value_tells_who_comes_for_half_an_hour(tenant: TenantId) -> None:
    office = Office()
    made = await office.made(f"TNT#{tenant}#IdentityStore:*", tenant=tenant)
    value = await office.bearer(made.secret, tenant_of(made.secret, "ak_"))
    assert value is not None

    assert await office.who(value) == Caller(tenant=tenant, key=made.key)
    office.clock.move(OF_KEYS.life - timedelta(seconds=1))
    assert isinstance(await office.who(value), Caller)
    office.clock.move(timedelta(seconds=1))
    assert await office.who(value) == "expired"


async def test_a_changed_bearer_value_is_nobodys() -> None:
    office = Office()
    made, other = await office.made(LIST), await office.made(READ, name="till")
    value = await office.bearer(made.secret) or ""

    later = str(int(value.split(".")[2]) + 1)
    spoilt = [
        value.replace("at_main", "at_acme"),
        value.replace(made.key.id, other.key.id),
        value.replace(value.split(".")[2], later),
        value[:-1] + ("A" if value[-1] != "A" else "B"),
        value + "\n", value.upper(), "", "at_", made.secret,
    ]  # fmt: skip

    assert [await office.who(one) for one in spoilt] == ["forged"] * len(spoilt)


async def test_a_key_of_another_tenant_is_not_known_under_this_one() -> None:
    office = Office()
    made = await office.made("TNT#acme#*:*", tenant=ACME)
    bare = made.secret.replace("acme.", "")

    assert made.secret.startswith("ak_acme.")
    assert await office.bearer(made.secret, ACME) is not None
    assert await office.bearer(made.secret, MAIN_TENANT) is None
    assert await office.bearer(bare, ACME) is None
    assert await office.bearer("ak_" + "x" * 500, MAIN_TENANT) is None


async def test_what_is_blocked_or_ended_opens_nothing_from_that_moment() -> None:
    office = Office()
    made = await office.made(LIST)
    value = await office.bearer(made.secret) or ""

    blocked = await office.changed(made.key, status="BLOCKED")
    assert await office.who(value) == "expired"
    assert await office.bearer(made.secret) is None
    active = await office.changed(
        (await office.store.get(MAIN_TENANT, ApiKey, blocked.id)) or blocked, status="ACTIVE"
    )
    assert isinstance(await office.who(value), Caller)

    unit = Unit(office.store, MAIN_TENANT)
    end_key(unit, office.actor, (await unit.get(ApiKey, active.id)) or active)
    assert await office.store.write(MAIN_TENANT, unit.staged()) == Committed()
    assert await office.who(value) == "expired"
    again = await office.made(LIST, name="shop")
    assert again.key.name == "shop", "the name is free again"


async def test_an_ended_key_does_not_come_back() -> None:
    office = Office()
    made = await office.made(LIST)
    unit = Unit(office.store, MAIN_TENANT)
    ended = end_key(unit, office.actor, made.key)

    found = change_key(unit, office.actor, ended, status="ACTIVE")

    assert isinstance(found, tuple)
    assert [one.field for one in found] == ["status"]


async def test_a_session_key_ends_by_itself() -> None:
    office = Office()
    made = await office.made(LIST, type="SESSION", life=timedelta(minutes=10))
    value = await office.bearer(made.secret) or ""

    office.clock.move(timedelta(minutes=10))

    assert await office.who(value) == "expired", "before its bearer value does"
    assert await office.bearer(made.secret) is None


@pytest.mark.parametrize(
    ("giver", "asked", "wrong"),
    [
        ([LIST], [READ], ["permissions.0"]),
        ([LIST], [LIST, "TNT#main#IdentityStore:*"], ["permissions.1"]),
        (["TNT#main#IdentityStore:*"], [LIST, READ], []),
        (None, ["TNT#acme#IdentityStore:listUsers"], ["permissions.0"]),
        (None, ["listUsers", LIST], ["permissions.0"]),
        (None, [LIST] * 201, ["permissions"]),
    ],
)
async def test_nobody_gives_more_than_they_have(
    giver: list[str] | None, asked: list[str], wrong: list[str]
) -> None:
    office = Office()
    unit = Unit(office.store, MAIN_TENANT)

    found = await add_key(unit, office.actor, "till", permissions=asked, giver=giver)

    assert [one.field for one in found] == wrong if isinstance(found, tuple) else not wrong
    assert bool(unit.staged().writes) is not bool(wrong)


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "x" * 51}, "name"),
        ({"name": "a\nb"}, "name"),
        ({"name": "shop"}, "name"),
        ({"description": "x" * 2001}, "description"),
        ({"life": timedelta(hours=1)}, "expiresDtm"),
        ({"type": "SESSION", "life": timedelta(days=2)}, "expiresDtm"),
        ({"type": "SESSION", "life": timedelta()}, "expiresDtm"),
    ],
)
async def test_a_key_that_cannot_be_is_told_by_its_field(
    given: dict[str, object], field: str
) -> None:
    office = Office()
    await office.made(LIST)
    unit = Unit(office.store, MAIN_TENANT)

    asked: dict[str, object] = {"name": "till", "permissions": [LIST], **given}
    found = await add_key(unit, office.actor, **asked)  # type: ignore[arg-type]  # a test's own

    assert isinstance(found, tuple)
    assert [one.field for one in found] == [field]


@pytest.mark.parametrize(
    ("tenant", "written"), [(MAIN_TENANT, "pt_abc-_1"), (ACME, "pt_acme.abc-_1")]
)
def test_a_secret_names_its_tenant(tenant: TenantId, written: str) -> None:
    assert named(tenant, "abc-_1", "pt_") == written
    assert tenant_of(written, "pt_") == tenant


@pytest.mark.parametrize(
    "text", ["", "pt_", "pt_Acme.x", "pt_.x", "pt_1.x", "pt_" + "a" * 31 + "."]
)
def test_a_secret_that_names_nobody_is_mains(text: str) -> None:
    assert tenant_of(text, "pt_") == MAIN_TENANT
