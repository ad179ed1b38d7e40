"""The contract of every store: records, their preconditions, and what a unit of work keeps."""

import asyncio
from datetime import datetime, timedelta

import pytest

from engine.model.definition import ActivityRef, Bundle
from engine.model.names import MAIN_TENANT, Digest, HopId, InstanceId, TenantId
from engine.ports.store import AuditQuery, Committed, Conflict, PageQuery, Redeem, Store
from engine.records.access import ApiKey, KeptAnswer
from engine.records.deployments import Deployment, version_key
from engine.records.identity import IdentityStore, Passcode, PasscodePolicy, User, ext_key, use_key
from engine.records.realtime import (
    ClientSecret,
    RtasChannel,
    RtasClient,
    RtasEvent,
    SigningKey,
    SigningKeys,
)
from engine.records.record import Absent, AuditRow, Delete, Hold, Put, Record, Staged, Version
from engine.records.tokens import ProcessToken, Session
from engine.records.trustfactor import (
    CallbackAddresses,
    Confirmation,
    Contract,
    DeviceInfo,
    Provider,
    RegistrationCode,
    Transaction,
    WrongDeviceToken,
)
from engine.records.webhooks import SealedSecret, Webhook, WebhookSecrets
from engine.records.work import Job, Signal
from engine.testing import NOON, FrozenClock, a_hop, a_token, an_instance

pytestmark = pytest.mark.anyio

OTHER_TENANT = TenantId("other")
RECORD = Conflict(what="record")
LATER = timedelta(hours=1)


def a_user(id: str = "u1", **changes: object) -> User:
    facts: dict[str, object] = {"store": "customers", "ext_id": f"ext-{id}", "created_at": NOON}
    return User(**{"id": id, **facts, "updated_at": NOON, **changes})  # type: ignore[arg-type]  # a test's own facts


def a_passcode(id: str, **changes: object) -> Passcode:
    facts: dict[str, object] = {"user": "u1", "policy": "default", "hash": "x", "created_at": NOON}
    return Passcode(**{"id": id, **facts, **changes})  # type: ignore[arg-type]  # a test's own facts


def a_deployment(version: int, process: str = "sign-in") -> Deployment:
    digest = f"{process}-{version}"
    bundle = Bundle(
        digest=digest,
        process=process,
        version=version,
        definition="process: é",
        forms={"f.v1": "{}"},
        activities=(ActivityRef(label="Start", version=1),),
    )
    return Deployment(id=digest, bundle=bundle, deployed_at=NOON, deployed_by="me")


def an_api_key(**changes: object) -> ApiKey:
    facts: dict[str, object] = {
        "id": "k1", "name": "shop", "secret_hash": "x", "prefix": "x", "permissions": ("a", "b"),
        "created_at": NOON, "created_by": "me", "updated_at": NOON, "updated_by": "me",
    }  # fmt: skip
    return ApiKey(**{**facts, **changes})  # type: ignore[arg-type]  # a test's own facts


def a_kept_answer(id: str = "a1", at: datetime = NOON) -> KeptAnswer:
    return KeptAnswer(id=id, asked="x", status=201, body="sealed", expires_at=at)


def a_job(id: str = "msg_1", **changes: object) -> Job:
    facts: dict[str, object] = {
        "instance": "i1", "node": "send", "visit": 1, "label": "Send Webhook",
        "activity_version": 1, "waits": False, "job": "sealed", "delays": (5.0, 300.0),
        "due_at": NOON, "created_at": NOON,
    }  # fmt: skip
    return Job(**{"id": id, **facts, **changes})  # type: ignore[arg-type]  # a test's own facts


def a_client(**changes: object) -> RtasClient:
    facts: dict[str, object] = {
        "id": "c1", "name": "bank-app", "origins": ("https://bank.example", "null"),
        "secrets": (ClientSecret(hash="x", created_at=NOON, retires_at=NOON),),
        "created_at": NOON, "created_by": "me", "updated_at": NOON, "updated_by": "me",
    }  # fmt: skip
    return RtasClient(**{**facts, **changes})  # type: ignore[arg-type]  # a test's own facts


def an_event(sequence: int, channel: str = "c1", at: datetime = NOON) -> RtasEvent:
    return RtasEvent(
        id=f"{channel}.{sequence:08d}", channel=channel, sequence=sequence, targets=("é",),
        sealed="x", closes=True, expires_at=at,
    )  # fmt: skip


def an_audit_row(id: str, **changes: object) -> AuditRow:
    facts: dict[str, object] = {
        "at": NOON,
        "actor": "me",
        "action": "user.add",
        "subject": "user:u1",
    }
    return AuditRow(**{"id": id, **facts, **changes})  # type: ignore[arg-type]  # a test's own facts


def new(*rows: Record) -> Staged:
    return Staged(writes=tuple(Put(row=row, expect=Absent()) for row in rows))


def changed(row: Record, version: int) -> Staged:
    return Staged(writes=(Put(row=row, expect=Version(number=version)),))


PHONE = DeviceInfo(
    name="é", manufacturer="m", device_model="d", operating_system="o", os_version="1"
)
CONFIRMED = Confirmation(contract_key="k", device_key="d", device=PHONE, address="::1", at=NOON)
OF_TRUSTFACTOR: list[Record] = [
    RegistrationCode(
        id="c1", client="x", application="Bank", user_id="u", owner="o", user_name="Ü",
        status="CONFIRMED", created_at=NOON, ends_at=NOON, expires_at=NOON, confirmation=CONFIRMED,
    ),
    Contract(
        id="c1", client="x", application="Bank", user_id="u", owner="o", code="c1",
        contract_key="k", device_key="d", device=PHONE, address="::1", created_at=NOON,
        seat=3,
    ),
    Transaction(
        id="t1", client="x", application="Bank", user_id="u", owner="o", contracts=("k",),
        sealed="s", created_at=NOON, ends_at=NOON, expires_at=NOON, decided_at=NOON,
        seat=0,
    ),
    WrongDeviceToken(id="h", contract="c1", expires_at=NOON),
    CallbackAddresses(id="x", secrets=(SealedSecret(sealed="x", created_at=NOON),)),
    Provider(
        id="vendor", address="https://tf.example", client_id="us", created_by="me",
        sealed_secret="x",  # noqa: S106 - sealed
        sealed_callback="y", created_at=NOON,
    ),
    Signal(id="registration.c1", instance=InstanceId("i1"), at=NOON, expires_at=NOON),
]  # fmt: skip
EVERY_KIND: list[Record] = [
    a_user(attributes={"é": "日本"}, authenticated_at=NOON + timedelta(microseconds=1)),
    a_user(ext_id=None),
    IdentityStore(id="customers", created_at=NOON, temp_lock=timedelta(minutes=3)),
    PasscodePolicy(id="s/d", store="s", name="d", created_at=NOON, validity=timedelta(days=9)),
    a_passcode("p1"),
    a_token(parameters={"a": [1, {"b": None}]}, not_after=NOON, max_count=None),
    Session(id="s1", instance="i1", created_at=NOON, expires_at=NOON, begin="b1"),
    a_deployment(1),
    an_api_key(),
    a_kept_answer(),
    a_job(ended="sealed", tried_at=NOON, reason="é"),
    a_job(due_at=None, status="DEAD"),
    a_client(),
    SigningKeys(
        id="rtas", keys=(SigningKey(kid="main.1", sealed="x", public="{}", created_at=NOON),)
    ),
    RtasChannel(id="c1", sequence=2, changed=NOON.isoformat(), cached=1, cached_until=NOON,
                expires_at=NOON),
    an_event(1),
    *OF_TRUSTFACTOR,
    Webhook(id="shop/1", name="shop", number=1, uri="https://x", body={"é": [1]}, delays=(1.0,),
            created_at=NOON, created_by="me"),
    WebhookSecrets(id="shop", secrets=(SealedSecret(sealed="x", created_at=NOON),), newest=1),
]  # fmt: skip


@pytest.mark.parametrize("row", EVERY_KIND, ids=lambda row: type(row).__name__)
async def test_a_record_comes_back_as_it_was_written(store: Store, row: Record) -> None:
    answer = await store.write(MAIN_TENANT, new(row))

    assert answer == Committed()
    assert await store.get(MAIN_TENANT, type(row), row.id) == row


@pytest.mark.parametrize("row", EVERY_KIND, ids=lambda row: type(row).__name__)
async def test_a_record_is_found_by_each_unique_text_and_listed_by_each_property(
    store: Store, row: Record
) -> None:
    await store.write(MAIN_TENANT, new(row))

    for name in row.UNIQUE:
        text = getattr(row, name)
        if text is not None:
            assert await store.find(MAIN_TENANT, type(row), name, text) == row
    for name in row.LISTED:
        page = await store.page(
            MAIN_TENANT, type(row), PageQuery(by=name, value=getattr(row, name))
        )
        assert (page.rows, page.total) == ((row,), 1)


async def test_what_is_not_there_is_none(store: Store) -> None:
    assert await store.get(MAIN_TENANT, User, "u1") is None
    assert await store.find(MAIN_TENANT, User, "by_ext_id", ext_key("customers", "x")) is None


async def test_kinds_do_not_mix(store: Store) -> None:
    await store.write(MAIN_TENANT, new(a_user("same")))

    assert await store.get(MAIN_TENANT, Passcode, "same") is None


async def test_tenants_never_see_each_others_records(store: Store) -> None:
    ours = await store.write(MAIN_TENANT, new(a_user(locale="en")))
    theirs = await store.write(OTHER_TENANT, new(a_user(locale="pt")))
    key = ext_key("customers", "ext-u1")

    found = [
        (
            await store.find(tenant, User, "by_ext_id", key),
            await store.page(tenant, User, PageQuery()),
        )
        for tenant in (MAIN_TENANT, OTHER_TENANT)
    ]

    assert ours == theirs == Committed()
    assert [row.locale for row, _ in found if row] == ["en", "pt"]
    assert [page.total for _, page in found] == [1, 1]


async def test_an_absent_row_must_be_absent(store: Store) -> None:
    await store.write(MAIN_TENANT, new(a_user(locale="en")))

    again = await store.write(MAIN_TENANT, new(a_user(locale="pt", ext_id="free")))

    kept = await store.get(MAIN_TENANT, User, "u1")
    assert again == RECORD
    assert kept is not None
    assert kept.locale == "en"


async def test_a_unique_text_belongs_to_one_row(store: Store) -> None:
    await store.write(MAIN_TENANT, new(a_user("u1", ext_id="same")))

    answer = await store.write(MAIN_TENANT, new(a_user("u2", ext_id="same")))

    assert answer == RECORD
    assert await store.get(MAIN_TENANT, User, "u2") is None


async def test_the_same_text_in_another_store_is_another_text(store: Store) -> None:
    await store.write(MAIN_TENANT, new(a_user("u1", ext_id="same")))

    assert (
        await store.write(MAIN_TENANT, new(a_user("u2", ext_id="same", store="b"))) == Committed()
    )


async def test_rows_without_a_unique_text_do_not_meet(store: Store) -> None:
    await store.write(MAIN_TENANT, new(a_user("u1", ext_id=None)))

    assert await store.write(MAIN_TENANT, new(a_user("u2", ext_id=None))) == Committed()


async def test_every_unique_text_of_a_kind_is_guarded(store: Store) -> None:
    await store.write(MAIN_TENANT, new(a_token()))

    same_name = await store.write(MAIN_TENANT, new(a_token(id="t2", secret_hash="1" * 64)))
    same_hash = await store.write(MAIN_TENANT, new(a_token(id="t3", name="token 3")))

    assert (same_name, same_hash) == (RECORD, RECORD)


async def test_a_change_is_written_at_the_next_version(store: Store) -> None:
    await store.write(MAIN_TENANT, new(a_user()))

    for version in (1, 2):
        await store.write(MAIN_TENANT, changed(a_user(lock_count=version), version))

    kept = await store.get(MAIN_TENANT, User, "u1")
    assert kept == a_user(lock_count=2, version=3)


@pytest.mark.parametrize("version", [1, 3])
async def test_a_change_made_from_another_version_is_refused(store: Store, version: int) -> None:
    await store.write(MAIN_TENANT, new(a_user()))
    await store.write(MAIN_TENANT, changed(a_user(lock_count=1), 1))

    late = await store.write(MAIN_TENANT, changed(a_user(lock_count=9), version))

    kept = await store.get(MAIN_TENANT, User, "u1")
    assert late == RECORD
    assert kept is not None
    assert kept.lock_count == 1


async def test_a_change_of_a_row_that_is_not_there_is_refused(store: Store) -> None:
    assert await store.write(MAIN_TENANT, changed(a_user(), 1)) == RECORD


async def test_a_change_may_not_take_another_rows_text(store: Store) -> None:
    await store.write(MAIN_TENANT, new(a_user("u1"), a_user("u2")))

    answer = await store.write(MAIN_TENANT, changed(a_user("u2", ext_id="ext-u1"), 1))

    kept = await store.get(MAIN_TENANT, User, "u2")
    assert answer == RECORD
    assert kept == a_user("u2")


async def test_a_changed_text_is_found_and_the_old_one_free(store: Store) -> None:
    await store.write(MAIN_TENANT, new(a_user("u1", ext_id="old")))
    await store.write(MAIN_TENANT, changed(a_user("u1", ext_id="fresh", store="b"), 1))

    assert await store.find(MAIN_TENANT, User, "by_ext_id", ext_key("customers", "old")) is None
    found = await store.find(MAIN_TENANT, User, "by_ext_id", ext_key("b", "fresh"))
    assert found is not None
    assert (await store.page(MAIN_TENANT, User, PageQuery(by="store", value="b"))).total == 1
    assert (
        await store.page(MAIN_TENANT, User, PageQuery(by="store", value="customers"))
    ).total == 0
    assert await store.write(MAIN_TENANT, new(a_user("u2", ext_id="old"))) == Committed()


async def test_a_text_given_up_in_a_unit_is_free_for_its_next_row(store: Store) -> None:
    await store.write(MAIN_TENANT, new(a_passcode("p1")))
    unit = Staged(
        writes=(
            Put(row=a_passcode("p1", status="ARCHIVED"), expect=Version(number=1)),
            Put(row=a_passcode("p2"), expect=Absent()),
        )
    )

    answer = await store.write(MAIN_TENANT, unit)

    found = await store.find(MAIN_TENANT, Passcode, "by_use", use_key("u1", "default"))
    assert answer == Committed()
    assert found == a_passcode("p2")


async def test_a_text_not_yet_given_up_is_not_free(store: Store) -> None:
    await store.write(MAIN_TENANT, new(a_passcode("p1")))
    unit = Staged(
        writes=(
            Put(row=a_passcode("p2"), expect=Absent()),
            Put(row=a_passcode("p1", status="ARCHIVED"), expect=Version(number=1)),
        )
    )

    assert await store.write(MAIN_TENANT, unit) == RECORD
    assert await store.get(MAIN_TENANT, Passcode, "p1") == a_passcode("p1")


async def test_a_row_is_deleted_at_its_version(store: Store) -> None:
    await store.write(MAIN_TENANT, new(a_user()))

    early = await store.write(MAIN_TENANT, Staged(writes=(Delete(row=a_user(version=2)),)))
    right = await store.write(MAIN_TENANT, Staged(writes=(Delete(row=a_user()),)))
    again = await store.write(MAIN_TENANT, Staged(writes=(Delete(row=a_user()),)))

    assert (early, right, again) == (RECORD, Committed(), RECORD)
    assert await store.get(MAIN_TENANT, User, "u1") is None
    assert await store.write(MAIN_TENANT, new(a_user())) == Committed()


async def test_a_row_is_held_at_its_version_and_left_as_it_is(store: Store) -> None:
    await store.write(MAIN_TENANT, new(a_user()))
    for held, answer in (
        (a_user(), Committed()),
        (a_user(version=2), RECORD),
        (a_user("x"), RECORD),
    ):
        added = new(a_user(f"with-{held.id}-{held.version}")).writes
        unit = Staged(writes=(Hold(row=held), *added))
        assert await store.write(MAIN_TENANT, unit) == answer
        found = await store.get(MAIN_TENANT, User, f"with-{held.id}-{held.version}")
        assert (found is not None) == (answer == Committed())
    assert await store.write(OTHER_TENANT, Staged(writes=(Hold(row=a_user()),))) == RECORD
    assert await store.get(MAIN_TENANT, User, "u1") == a_user()


async def test_one_refused_write_refuses_the_whole_unit(store: Store) -> None:
    await store.write(MAIN_TENANT, new(a_user("taken")))
    unit = Staged(
        writes=(*new(a_user("u1")).writes, *new(a_user("taken")).writes, *new(a_user("u3")).writes),
        audit=(an_audit_row("a1"),),
    )

    answer = await store.write(MAIN_TENANT, unit)

    page = await store.page(MAIN_TENANT, User, PageQuery())
    assert answer == RECORD
    assert [row.id for row in page.rows] == ["taken"]
    assert (await store.audit(MAIN_TENANT, AuditQuery())).total == 0


async def test_of_many_who_add_one_external_id_one_adds_it(store: Store) -> None:
    units = [new(a_user(f"u{n:02}", ext_id="same")) for n in range(50)]

    answers = await asyncio.gather(*(store.write(MAIN_TENANT, unit) for unit in units))

    assert (answers.count(Committed()), answers.count(RECORD)) == (1, 49)
    assert (await store.page(MAIN_TENANT, User, PageQuery())).total == 1


async def test_rows_are_listed_by_id_page_by_page(store: Store) -> None:
    users = [a_user(f"u{n}", store="b" if n % 2 else "a") for n in (3, 1, 2, 5, 4)]
    await store.write(MAIN_TENANT, new(*users))

    everybody = await store.page(MAIN_TENANT, User, PageQuery(size=2, page=1))
    of_b = await store.page(MAIN_TENANT, User, PageQuery(by="store", value="b"))

    assert ([row.id for row in everybody.rows], everybody.total) == (["u3", "u4"], 5)
    assert ([row.id for row in of_b.rows], of_b.total) == (["u1", "u3", "u5"], 3)


async def test_no_row_is_listed_or_found_by_a_property_that_is_not_meant_for_it(
    store: Store,
) -> None:
    with pytest.raises(ValueError, match="ext_id"):
        await store.page(MAIN_TENANT, User, PageQuery(by="ext_id", value="x"))
    with pytest.raises(ValueError, match="store"):
        await store.find(MAIN_TENANT, User, "store", "x")


async def test_audit_rows_are_listed_newest_first(store: Store) -> None:
    rows = [
        an_audit_row(
            f"a{n}", at=NOON + timedelta(seconds=n), subject=f"user:u{n % 2}", action=f"do.{n % 3}",
            facts={"n": str(n)},
        )
        for n in (2, 0, 1, 3)
    ]  # fmt: skip
    await store.write(MAIN_TENANT, Staged(audit=tuple(rows)))
    await store.write(OTHER_TENANT, Staged(audit=(an_audit_row("a9"),)))

    everything = await store.audit(MAIN_TENANT, AuditQuery())
    part = await store.audit(MAIN_TENANT, AuditQuery(size=1, page=1))
    turned = await store.audit(MAIN_TENANT, AuditQuery(oldest_first=True))
    assert turned.rows == everything.rows[::-1]
    subject = await store.audit(MAIN_TENANT, AuditQuery(subject="user:u1"))
    action = await store.audit(MAIN_TENANT, AuditQuery(action="do.0"))
    second = timedelta(seconds=1)
    times = AuditQuery(since=NOON + second, until=NOON + 3 * second)
    between = await store.audit(MAIN_TENANT, times)
    all_of_it = await store.audit(
        MAIN_TENANT, AuditQuery(subject="user:u1", action="do.0", actor="me", since=NOON)
    )
    nobody = await store.audit(MAIN_TENANT, AuditQuery(actor="you"))

    assert list(everything.rows) == [rows[3], rows[0], rows[2], rows[1]]
    assert (list(part.rows), part.total) == ([rows[0]], 4)
    assert [row.id for row in subject.rows] == ["a3", "a1"]
    assert [row.id for row in action.rows] == ["a3", "a0"]
    assert ([row.id for row in between.rows], between.total) == (["a2", "a1"], 2)
    assert [row.id for row in all_of_it.rows] == ["a3"]
    assert (nobody.rows, nobody.total) == ((), 0)


async def test_an_audit_row_is_never_written_over(store: Store) -> None:
    await store.write(MAIN_TENANT, Staged(audit=(an_audit_row("a1"),)))

    again = await store.write(MAIN_TENANT, Staged(audit=(an_audit_row("a1", actor="other"),)))

    assert again == RECORD
    assert (await store.audit(MAIN_TENANT, AuditQuery())).rows == (an_audit_row("a1"),)


async def test_what_a_hop_stages_commits_with_it(store: Store) -> None:
    unit = Staged(writes=new(a_user()).writes, audit=(an_audit_row("a1"),))

    await store.commit(a_hop(staged=unit))

    assert await store.get(MAIN_TENANT, User, "u1") == a_user()
    assert (await store.audit(MAIN_TENANT, AuditQuery())).total == 1


async def test_a_hop_with_a_refused_row_leaves_nothing_behind(store: Store) -> None:
    await store.write(MAIN_TENANT, new(a_user("taken")))
    unit = Staged(writes=new(a_user("u1"), a_user("taken")).writes, audit=(an_audit_row("a1"),))

    answer = await store.commit(a_hop(staged=unit, id=HopId("refused")))

    assert answer == RECORD
    assert await store.get(MAIN_TENANT, User, "u1") is None
    assert not await store.has_hop(MAIN_TENANT, HopId("refused"))
    assert (await store.audit(MAIN_TENANT, AuditQuery())).total == 0


async def test_the_revision_is_looked_at_before_the_rows(store: Store) -> None:
    await store.write(MAIN_TENANT, new(a_user("taken")))
    await store.commit(a_hop())

    answer = await store.commit(a_hop(staged=new(a_user("taken")), id=HopId("late")))

    assert answer == Conflict(what="exists")


async def redeemed(store: Store, number: int, *, after: timedelta = timedelta()) -> object:
    instance = an_instance(id=InstanceId(f"{number:026}"))
    redeem = Redeem(token=a_token().id, at=NOON + after)
    return await store.commit(a_hop(instance, redeem=redeem))


async def test_a_token_is_redeemed_as_often_as_it_says(store: Store) -> None:
    await store.write(MAIN_TENANT, new(a_token(max_count=2)))

    answers = [await redeemed(store, n) for n in range(3)]

    kept = await store.get(MAIN_TENANT, ProcessToken, "token-1")
    assert answers == [Committed(), Committed(), Conflict(what="token")]
    assert kept == a_token(max_count=2, counter=2, version=3)
    assert (await store.digest_of(MAIN_TENANT, "sign-in", None)) is None


async def test_a_refused_redemption_creates_no_instance(store: Store) -> None:
    await store.write(MAIN_TENANT, new(a_token(max_count=0)))

    await redeemed(store, 1)

    assert not await store.has_hop(MAIN_TENANT, a_hop(an_instance(id=InstanceId(f"{1:026}"))).id)


@pytest.mark.parametrize(
    ("facts", "offset", "taken"),
    [
        ({"status": "INACTIVE"}, 0, False),
        ({"not_before": NOON}, -1, False),
        ({"not_before": NOON}, 0, True),
        ({"not_after": NOON}, -1, True),
        ({"not_after": NOON}, 0, False),
        ({"type": "MULTI_USE_TIME_LIMITED", "counter": 7}, 0, True),
        ({"type": "UNLIMITED", "counter": 7}, 0, True),
        ({"counter": 1}, 0, False),
        ({"max_count": None}, 0, False),
    ],
)
async def test_a_token_is_redeemed_inside_its_limits_only(
    store: Store, facts: dict[str, object], offset: int, taken: bool
) -> None:
    await store.write(MAIN_TENANT, new(a_token(**facts)))

    answer = await redeemed(store, 1, after=timedelta(microseconds=offset))

    assert answer == (Committed() if taken else Conflict(what="token"))


async def test_the_token_of_another_tenant_is_not_redeemed(store: Store) -> None:
    await store.write(OTHER_TENANT, new(a_token()))

    assert await redeemed(store, 1) == Conflict(what="token")


async def test_two_hundred_redemptions_of_a_single_use_give_one_instance(store: Store) -> None:
    await store.write(MAIN_TENANT, new(a_token()))

    answers = await asyncio.gather(*(redeemed(store, n) for n in range(200)))

    assert answers.count(Committed()) == 1
    assert answers.count(Conflict(what="token")) == 199


async def test_a_change_of_a_token_never_takes_back_a_redemption(store: Store) -> None:
    await store.write(MAIN_TENANT, new(a_token()))
    await redeemed(store, 1)

    late = await store.write(MAIN_TENANT, changed(a_token(description="read before it"), 1))

    assert late == RECORD
    assert await redeemed(store, 2) == Conflict(what="token")


async def test_a_changed_token_is_redeemed_by_its_new_limits(store: Store) -> None:
    await store.write(MAIN_TENANT, new(a_token()))
    await redeemed(store, 1)

    await store.write(MAIN_TENANT, changed(a_token(max_count=2, counter=1), 2))

    assert await redeemed(store, 2) == Committed()
    assert await redeemed(store, 3) == Conflict(what="token")


async def test_the_newest_version_of_a_process_is_found(store: Store) -> None:
    rows = [a_deployment(2), a_deployment(10), a_deployment(9), a_deployment(11, "other")]
    await store.write(MAIN_TENANT, new(*rows))

    assert await store.digest_of(MAIN_TENANT, "sign-in", None) == Digest("sign-in-10")
    assert await store.digest_of(MAIN_TENANT, "sign-in", 9) == Digest("sign-in-9")
    assert await store.digest_of(MAIN_TENANT, "sign-in", 11) is None
    assert await store.digest_of(MAIN_TENANT, "nobody", None) is None
    assert await store.digest_of(OTHER_TENANT, "sign-in", None) is None


async def test_a_version_is_deployed_once(store: Store) -> None:
    await store.write(MAIN_TENANT, new(a_deployment(1)))
    other = Deployment(
        id="other digest", bundle=a_deployment(1).bundle, deployed_at=NOON, deployed_by="me"
    )

    assert await store.write(MAIN_TENANT, new(other)) == RECORD
    found = await store.find(MAIN_TENANT, Deployment, "by_version", version_key("sign-in", 1))
    assert found == a_deployment(1)


async def listed(store: Store, **query: object) -> list[str]:
    page = await store.page(MAIN_TENANT, User, PageQuery(by="store", value="customers", **query))  # type: ignore[arg-type]  # a test's own
    assert page.total == len(page.rows) or "size" in query
    return [row.id for row in page.rows]


async def test_rows_are_sorted_by_text_or_age_both_ways(store: Store) -> None:
    texts = {"u1": "b", "u2": None, "u3": "Z", "u4": "é", "u5": "a", "u6": "\U0001f511", "u7": None}
    users = [a_user(id, ext_id=text) for id, text in texts.items()]
    await store.write(MAIN_TENANT, new(*users, a_user("u8", store="other", ext_id="c")))
    ordered = ["u3", "u5", "u1", "u4", "u6", "u2", "u7"]

    assert await listed(store) == sorted(texts)
    assert await listed(store, descending=True) == sorted(texts, reverse=True)
    assert await listed(store, order="by_ext_id") == ordered
    assert await listed(store, order="by_ext_id", descending=True) == ordered[::-1]
    assert await listed(store, order="by_ext_id", size=3, page=1) == ordered[3:6]


async def test_rows_are_chosen_by_how_a_text_begins(store: Store) -> None:
    texts = ["ines", "ines.carvalho", "ine", "Ines", "inés", "in_s", "in%s", "ines\U0001f511"]
    await store.write(
        MAIN_TENANT,
        new(*(a_user(f"u{number}", ext_id=text) for number, text in enumerate(texts)),
            a_user("u9", ext_id=None)),
    )  # fmt: skip

    async def beginning(text: str) -> list[str]:
        return await listed(store, begins=("by_ext_id", ext_key("customers", text)))

    assert await beginning("ines") == ["u0", "u1", "u7"]
    assert await beginning("in_") == ["u5"]
    assert await beginning("in%") == ["u6"]
    assert await beginning("") == [f"u{number}" for number in range(8)]
    assert await beginning("x") == []


@pytest.mark.parametrize(
    "query",
    [
        PageQuery(order="status"), PageQuery(begins=("status", "A")), PageQuery(by="ext_id"),
        PageQuery(order='id"; DROP TABLE users; --'),
    ],
)  # fmt: skip
async def test_a_list_that_no_index_serves_is_a_mistake(store: Store, query: PageQuery) -> None:
    with pytest.raises(ValueError, match="is none of"):
        await store.page(MAIN_TENANT, User, query)


async def test_what_is_due_in_the_outbox_is_given_longest_due_first_of_every_tenant(
    store: Store, clock: FrozenClock
) -> None:
    second = timedelta(seconds=1)
    await store.write(MAIN_TENANT, new(a_job("a"), a_job("b", due_at=NOON - 9 * second)))
    await store.write(OTHER_TENANT, new(a_job("c", due_at=NOON - second)))
    await store.write(MAIN_TENANT, new(a_job("d", due_at=NOON + second), a_job("e", due_at=None)))

    found = [(due.tenant, due.job.id) for due in await store.jobs(10)]
    clock.move(second)
    later = [due.job.id for due in await store.jobs(10)]

    assert found == [(MAIN_TENANT, "b"), (OTHER_TENANT, "c"), (MAIN_TENANT, "a")]
    assert later == ["b", "c", "a", "d"]
    assert [due.job.id for due in await store.jobs(2)] == ["b", "c"]


async def test_a_row_of_the_outbox_is_due_until_it_is_written_anew(
    store: Store, clock: FrozenClock
) -> None:
    await store.write(MAIN_TENANT, new(a_job()))
    first = (await store.jobs(10))[0].job
    again = (await store.jobs(10))[0].job
    taken = a_job(due_at=NOON + timedelta(minutes=2), tries=1)

    one, two = [await store.write(MAIN_TENANT, changed(taken, 1)) for _ in range(2)]

    assert first == again
    assert (one, two) == (Committed(), RECORD)
    assert await store.jobs(10) == []
    clock.move(timedelta(minutes=2))
    assert [due.job for due in await store.jobs(10)] == [
        a_job(due_at=NOON + timedelta(minutes=2), tries=1, version=2)
    ]


async def test_events_of_a_channel_are_read_from_the_newest_back(store: Store) -> None:
    rows = [an_event(number) for number in (1, 2, 11)]
    await store.write(MAIN_TENANT, new(*rows, an_event(3, "c2")))

    query = PageQuery(by="channel", value="c1", descending=True, size=2)
    page = await store.page(MAIN_TENANT, RtasEvent, query)

    assert ([row.sequence for row in page.rows], page.total) == ([11, 2], 3)


async def test_channels_are_read_by_when_they_changed(store: Store) -> None:
    rows = [
        RtasChannel(id=id, sequence=1, changed=(NOON + timedelta(seconds=s)).isoformat(),
                    expires_at=NOON)
        for id, s in (("a", 2), ("b", 3), ("c", 1))
    ]  # fmt: skip
    await store.write(MAIN_TENANT, new(*rows))

    query = PageQuery(order="changed", descending=True)
    page = await store.page(MAIN_TENANT, RtasChannel, query)

    assert [row.id for row in page.rows] == ["b", "a", "c"]


async def test_a_client_id_is_unique_and_events_go_at_their_end(store: Store) -> None:
    await store.write(MAIN_TENANT, new(a_client(), an_event(1), an_event(2, at=NOON + LATER)))

    assert await store.write(MAIN_TENANT, new(a_client(id="c2"))) == RECORD
    await store.forget_ended(RtasEvent, NOON + timedelta(minutes=1))
    page = await store.page(MAIN_TENANT, RtasEvent, PageQuery())
    assert [row.sequence for row in page.rows] == [2]
