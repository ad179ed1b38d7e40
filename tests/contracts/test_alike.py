"""Every store behaves like the one in memory, whatever is asked of it in whatever order."""

import asyncio
import tempfile
from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from engine.adapters.rules import at_version
from engine.errors import TrustflowError
from engine.model.instance import Wait
from engine.model.names import MAIN_TENANT, AccountKey, HopId, InstanceId, NodeId, TenantId
from engine.model.screen import Screen
from engine.ports.store import (
    Attempts,
    AuditQuery,
    ClaimKey,
    Hop,
    InstanceQuery,
    PageQuery,
    Redeem,
    Store,
)
from engine.records.identity import User, ext_key
from engine.records.record import Absent, AuditRow, Delete, Put, Record, Staged, Version
from engine.records.tokens import ProcessToken
from engine.testing import NOON, FrozenClock, a_hop, a_token, an_instance
from tests.contracts.conftest import ADAPTERS

TENANTS = (MAIN_TENANT, TenantId("other"))
IDS = [InstanceId(f"{n:026}") for n in range(3)]
ACCOUNTS = [AccountKey("user:a"), AccountKey("user:b")]
OWNERS = [HopId(f"owner-{n}") for n in range(3)]
NAMES = ["a", "b", "c"]

tenants = st.sampled_from(TENANTS)
ids = st.sampled_from(IDS)
revisions = st.integers(1, 4)
offsets = st.none() | st.integers(1, 90)
expectations = st.just(Absent()) | st.builds(Version, number=st.integers(1, 3))
users = st.builds(
    lambda id, ext_id, store: User(
        id=id, ext_id=ext_id, store=store, created_at=NOON, updated_at=NOON
    ),
    st.sampled_from(NAMES),
    st.none() | st.sampled_from(NAMES),
    st.sampled_from(NAMES[:2]),
)
tokens = st.builds(
    lambda id, name, most: a_token(id=id, name=name, secret_hash=id * 64, max_count=most),
    st.sampled_from(NAMES),
    st.sampled_from(NAMES),
    st.integers(0, 2),
)
rows: st.SearchStrategy[Record] = users | tokens
writes = st.builds(Put, row=rows, expect=expectations) | st.builds(
    lambda row, version: Delete(row=at_version(row, version)), rows, st.integers(1, 3)
)
audits = st.builds(
    lambda id, subject: AuditRow(id=id, at=NOON, actor="me", action="do", subject=subject),
    st.sampled_from(NAMES),
    st.sampled_from(NAMES),
)
units = st.builds(
    Staged,
    writes=st.lists(writes, max_size=3).map(tuple),
    audit=st.lists(audits, max_size=1).map(tuple),
    resets=st.lists(st.sampled_from(ACCOUNTS), max_size=1).map(tuple),
)


def capped_at_two(before: Attempts | None, now: datetime, account: AccountKey) -> Attempts | None:
    failures = 1 if before is None else before.failures + 1
    return Attempts(account=account, failures=failures, last_at=now) if failures <= 2 else None


class Alike(RuleBasedStateMachine):
    """The same calls to both adapters; each answer must be the same."""

    adapters = ("memory", "sqlite")

    @initialize()
    def open(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.clock = FrozenClock()
        self.end = AsyncExitStack()
        folder = Path(self.end.enter_context(tempfile.TemporaryDirectory()))
        self.hops = 0
        self.stores = [
            self.loop.run_until_complete(
                self.end.enter_async_context(ADAPTERS[name](folder, self.clock))
            )
            for name in self.adapters
        ]

    def teardown(self) -> None:
        self.same(picture)
        self.loop.run_until_complete(self.end.aclose())
        self.loop.close()

    def same(self, call: Callable[[Store], Coroutine[object, object, object]]) -> object:
        """Ask every store; errors are answers too."""
        answers = [self.loop.run_until_complete(answered(call(store))) for store in self.stores]
        assert all(answer == answers[0] for answer in answers), answers
        return answers[0]

    @rule(length=st.integers(-20, 60))
    def time_passes(self, length: int) -> None:
        self.clock.move(timedelta(seconds=length))

    @rule(
        tenant=tenants,
        id=ids,
        revision=revisions,
        status=st.sampled_from(["ACTIVE", "COMPLETED_TERMINATED"]),
        due=offsets,
        expires=offsets,
        unit=units,
        owner=st.none() | st.sampled_from(OWNERS),
        token=st.none() | st.sampled_from(NAMES),
    )
    def commit(
        self,
        tenant: TenantId,
        id: InstanceId,
        revision: int,
        status: str,
        due: int | None,
        expires: int | None,
        unit: Staged,
        owner: HopId | None,
        token: str | None,
    ) -> None:
        wait = Wait(
            node=NodeId("ask"),
            visit=1,
            screen=Screen(step_id="ask.1", screen_id="ask"),
            since=NOON,
            due=None if due is None else NOON + timedelta(seconds=due),
            expires=None if expires is None else NOON + timedelta(seconds=expires),
        )
        self.hops += 1
        hop = a_hop(
            an_instance(
                tenant=tenant,
                id=id,
                revision=revision,
                status=status,
                wait=None if due == 1 else wait,
                deadline=NOON + timedelta(seconds=70),
            ),
            id=owner or HopId(f"hop-{self.hops}"),
            staged=replace(unit, owned=owner is not None),
            redeem=None if token is None else Redeem(token=token, at=self.clock.now()),
        )
        self.same(lambda store: store.commit(hop))

    @rule(tenant=tenants, id=ids, revision=revisions)
    def commit_plainly(self, tenant: TenantId, id: InstanceId, revision: int) -> None:
        self.hops += 1
        instance = an_instance(tenant=tenant, id=id, revision=revision)
        hop: Hop = a_hop(instance, id=HopId(f"hop-{self.hops}"))
        self.same(lambda store: store.commit(hop))

    @rule(tenant=tenants, unit=units)
    def write(self, tenant: TenantId, unit: Staged) -> None:
        self.same(lambda store: store.write(tenant, unit))

    @rule(
        tenant=tenants,
        id=ids,
        revision=revisions,
        owner=st.sampled_from(OWNERS),
        account=st.sampled_from(ACCOUNTS),
    )
    def claim(
        self, tenant: TenantId, id: InstanceId, revision: int, owner: HopId, account: AccountKey
    ) -> None:
        step = ClaimKey(tenant=tenant, instance=id, revision=revision)
        self.same(lambda store: store.claim_and_charge(step, owner, account, capped_at_two))

    @rule()
    def look(self) -> None:
        self.same(picture)


async def picture(store: Store) -> list[object]:
    """All that can be read."""
    seen: list[object] = [await store.due(10)]
    for tenant in TENANTS:
        seen += [
            await store.instances(tenant, InstanceQuery(status="ACTIVE")),
            await store.page(tenant, User, PageQuery()),
            await store.page(tenant, ProcessToken, PageQuery()),
            await store.audit(tenant, AuditQuery(subject="a")),
            *[await answered(store.journal(tenant, id)) for id in IDS],
            *[await store.attempts(tenant, account) for account in ACCOUNTS],
            *[await store.find(tenant, User, "by_ext_id", ext_key("a", name)) for name in NAMES],
        ]
    return seen


async def answered(call: Coroutine[object, object, object]) -> object:
    try:
        answer = await call
    except TrustflowError as error:
        return type(error), error.facts
    return list(answer) if isinstance(answer, list | tuple) else answer


class AlikeOnPostgres(Alike):
    """The same with PostgreSQL."""

    adapters = ("memory", "postgres")


TestAlike = Alike.TestCase
TestAlike.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
TestAlikeOnPostgres = pytest.mark.postgres(AlikeOnPostgres.TestCase)
TestAlikeOnPostgres.settings = settings(max_examples=40, stateful_step_count=30, deadline=None)
