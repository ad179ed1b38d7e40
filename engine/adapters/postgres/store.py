"""The `Store` on a PostgreSQL database: plain hops in batches, other changes alone, reads apart."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from typing import Final, Self, TypeVar, cast

import msgspec

from engine.adapters import rules
from engine.adapters.address import Address
from engine.adapters.choosing import Chosen, Listing, listing, of_audit, of_instances
from engine.adapters.claims import Asked
from engine.adapters.encoding import micros, moment, read_state, unpack
from engine.adapters.failures import unavailable
from engine.adapters.postgres import ledger, queries, schema, statements
from engine.adapters.postgres.batches import AT_ONCE, Batches
from engine.adapters.postgres.changes import Changes, Statement, Transaction, in_order
from engine.adapters.postgres.failures import FAILURES
from engine.adapters.postgres.kinds import PgValue, Row, chosen, read_job, table_of
from engine.adapters.postgres.pool import ANSWER, Pool, ended
from engine.adapters.postgres.reader import Reader
from engine.adapters.system import since_boot
from engine.errors import StoreUnavailable, UnknownInstance, UnknownOutcome
from engine.model.instance import ProcessInstance
from engine.model.names import AccountKey, Digest, HopId, InstanceId, TenantId
from engine.ports.outside import Clock, Probe, no_probe
from engine.ports.store import (
    Attempts,
    AuditQuery,
    Capped,
    Charge,
    Charged,
    Claimed,
    ClaimKey,
    Committed,
    Conflict,
    Due,
    DueJob,
    Erasure,
    Hop,
    InstanceQuery,
    Loaded,
    Page,
    PageQuery,
)
from engine.records.deployments import version_key
from engine.records.journal import JournalRow
from engine.records.record import AuditRow, Ending, R, Staged

T = TypeVar("T")

BATCH_LIMIT: Final = 128
READERS: Final = 4
WRITERS: Final = 6
"""Connections of one node: 13 with two for batches, one for hints. A server usually takes 100."""
TWINS: Final = 5
"""How often a charge is tried whose answer was lost, or that another first one was quicker than."""

FRESH_SECONDS: Final = 1.0
"""How old the server's word on its time may be: between two clocks nothing is lost in that."""

_read_audit = msgspec.json.Decoder(AuditRow).decode


class PostgresStore:
    """Keep everything in one database; any number of nodes share it.

    Changes, reads and batches have connections of their own: changes that wait for each other's
    locks keep nobody from reading.
    """

    def __init__(
        self, address: Address, *, clock: Clock | None, probe: Probe, batch_limit: int
    ) -> None:
        """Put together; `open` looks at the schema first."""
        self._clock = clock
        self._last_told: tuple[datetime | None, float] = None, 0.0
        self._reads, self._writes = Pool(address, READERS), Pool(address, WRITERS)
        self._batch_pool = Pool(address, AT_ONCE)
        self._asking = asyncio.Semaphore(AT_ONCE)
        self._reader = Reader(self._reads)
        self._changes = Changes(self._writes, probe)
        self._batches = Batches(self._batch_pool, self._changes, probe, batch_limit)

    @classmethod
    async def open(
        cls,
        address: Address,
        *,
        clock: Clock | None = None,
        probe: Probe = no_probe,
        batch_limit: int = BATCH_LIMIT,
    ) -> Self:
        """Open a database whose schema is today's.

        Args:
            address: Where it is.
            clock: The store's time, for tests; the server's without.
            probe: Called at the points that `Changes` names.
            batch_limit: How many hops share a statement at most.

        Raises:
            SchemaMissing: It was not migrated yet.
            SchemaRefused: A newer program has migrated it.
            StoreUnavailable: It cannot be reached.
        """
        store = cls(address, clock=clock, probe=probe, batch_limit=batch_limit)
        async with store._reads.connection() as connection:
            try:
                await schema.must_be_todays(connection)
            except FAILURES as failure:
                raise unavailable(failure) from failure
        return store

    async def load(self, tenant: TenantId, instance: InstanceId) -> Loaded:
        """Read one. Raises `UnknownInstance`."""
        row = await self._reader.one(queries.STATE, tenant, instance, self._frozen())
        if row is None:
            raise UnknownInstance(instance=instance)
        state, micros_now = cast("tuple[bytes, int]", row)
        now = self._seen(moment(micros_now))
        return Loaded(instance=read_state(tenant, instance, state), now=now)

    async def commit(self, hop: Hop) -> Committed | Conflict:
        """Write one hop. Raises `StoreUnavailable` or `UnknownOutcome` (ask `has_hop`)."""
        if statements.is_plain(hop):
            return await self._batches.do(hop)
        return await self._changes.do(statements.of_hop(hop))

    async def scrub(self) -> None:
        """Leave it to the server: its vacuum, its log and its backups have rules of their own."""

    async def erase(self, erasure: Erasure) -> Committed | Conflict:
        """Take a person out of an instance, in one transaction."""
        return await self._changes.do(statements.of_erasure(erasure))

    async def has_hop(self, tenant: TenantId, hop: HopId) -> bool:
        """Whether this hop was committed; asked at a new connection.

        A server that has lost us may still be committing it: that is waited for. Few ask at a
        time, for a lost batch makes many ask.
        """
        try:
            async with asyncio.timeout(ANSWER.total_seconds()), self._asking:
                return await self._asked_anew(tenant, hop)
        except FAILURES as failure:
            raise unavailable(failure) from failure

    async def journal(self, tenant: TenantId, instance: InstanceId) -> Sequence[JournalRow]:
        """All rows in order. Raises `UnknownInstance`."""
        packs = await self._reader.all(queries.JOURNAL, tenant, instance)
        if not packs:
            raise UnknownInstance(instance=instance)
        return [row for (packed,) in packs for row in unpack(cast("bytes", packed))]

    async def instances(self, tenant: TenantId, query: InstanceQuery) -> Page[ProcessInstance]:
        """List instances, the newest id first; `text` is looked for in ids, in any case."""
        chosen = of_instances(tenant, query, queries.DIALECT)
        order = "id" if query.oldest_first else "id DESC"
        rows, total = await self._chosen("id, state", "instances", order, chosen, query)
        found = cast("Sequence[tuple[str, bytes]]", rows)
        return Page(rows=tuple(read_state(tenant, *row) for row in found), total=total)

    async def get(self, tenant: TenantId, kind: type[R], id: str) -> R | None:
        """Read one by id."""
        table = table_of(kind)
        row = await self._reader.one(table.get, tenant, id)
        return None if row is None else table.read(row)

    async def find(self, tenant: TenantId, kind: type[R], unique: str, value: str) -> R | None:
        """Read the one whose unique property `unique` is `value`."""
        rules.must_be_unique(kind, unique)
        table = table_of(kind)
        row = await self._reader.one(table.find[unique], tenant, value)
        return None if row is None else table.read(row)

    async def page(self, tenant: TenantId, kind: type[R], query: PageQuery) -> Page[R]:
        """List rows, by id unless the query says otherwise."""
        rules.must_be_listed(kind, query)
        table = table_of(kind)
        rows, total = await self._listed(table.listing(query), chosen(tenant, query), query)
        return Page(rows=tuple(table.read(row) for row in rows), total=total)

    async def write(self, tenant: TenantId, unit: Staged) -> Committed | Conflict:
        """Write a unit of its own.

        Raises:
            StoreUnavailable: Nothing of it was kept.
            UnknownOutcome: The answer was lost; written again, its preconditions tell.
        """
        return await self._changes.do(in_order(*statements.of_unit(tenant, unit)))

    async def audit(self, tenant: TenantId, query: AuditQuery) -> Page[AuditRow]:
        """List audit rows, newest first."""
        chosen = of_audit(tenant, query)
        order = "at, id" if query.oldest_first else "at DESC, id DESC"
        rows, total = await self._chosen("body", "audit", order, chosen, query)
        return Page(rows=tuple(_read_audit(cast("str", body)) for (body,) in rows), total=total)

    async def claim_and_charge(
        self, step: ClaimKey, owner: HopId, account: AccountKey, charge: Charge
    ) -> Charged | Capped | Claimed:
        """Claim the step for `owner` for 10 s and charge the account, in one transaction.

        Where its answer was lost it asks again: the same owner is not charged twice.

        Raises:
            StoreUnavailable: There is no answer; the account may have been charged.
        """

        def asked(now: datetime) -> Asked:
            return Asked(
                revision=step.revision, owner=owner, account=account, charge=charge, now=now
            )

        async def work(transaction: Transaction) -> Charged | Capped | Claimed:
            frozen = self._frozen()
            return await ledger.claim_and_charge(transaction, step, account, asked, frozen)

        return await self._charged(work)

    async def charge(
        self, tenant: TenantId, account: AccountKey, charge: Charge
    ) -> Charged | Capped:
        """Charge an account, in one transaction.

        Where its answer was lost it is charged once more: no guess is ever made for nothing.

        Raises:
            StoreUnavailable: There is no answer; the account may have been charged.
        """

        async def work(transaction: Transaction) -> Charged | Capped:
            return await ledger.charge(transaction, tenant, account, charge, self._frozen())

        return await self._charged(work)

    async def _charged(self, work: Callable[[Transaction], Awaitable[T]]) -> T:
        reason = "too many changes of one account"
        for _ in range(TWINS):
            try:
                answer = await self._changes.do(work)
            except UnknownOutcome as lost:
                reason = str(lost.facts["reason"])
                continue
            if not isinstance(answer, Conflict):
                return answer
        raise StoreUnavailable(reason=reason)

    async def attempts(self, tenant: TenantId, account: AccountKey) -> Attempts | None:
        """Read an account's ledger."""
        return ledger.attempts(account, await self._reader.one(ledger.ATTEMPTS, tenant, account))

    async def forget_accounts(self, prefix: str, before: datetime) -> None:
        """Drop the ledgers of accounts so named that were last charged before a time."""
        await self._changes.do(in_order(Statement(ledger.FORGET, (prefix, micros(before)))))

    async def due(self, limit: int) -> Sequence[Due]:
        """Give instances that have something due, the longest due first."""
        rows = await self._reader.all(queries.DUE, self._frozen(), limit)
        found = cast("Sequence[tuple[TenantId, InstanceId]]", rows)
        return [Due(tenant=tenant, instance=instance) for tenant, instance in found]

    async def jobs(self, limit: int) -> Sequence[DueJob]:
        """Give what is due in the outbox, the longest due first."""
        rows = await self._reader.all(queries.JOBS, self._frozen(), limit)
        found = cast("Sequence[tuple[TenantId, str]]", rows)
        return [DueJob(tenant=tenant, job=read_job(body)) for tenant, body in found]

    async def expired(self, limit: int) -> Sequence[Due]:
        """Give instances that are kept no longer, the longest so first."""
        rows = await self._reader.all(queries.EXPIRED, self._frozen(), limit)
        found = cast("Sequence[tuple[TenantId, InstanceId]]", rows)
        return [Due(tenant=tenant, instance=instance) for tenant, instance in found]

    async def forget_ended(self, kind: type[Ending], before: datetime) -> None:
        """Drop rows of a kind whose end came before a time."""
        await self._changes.do(in_order(Statement(table_of(kind).forget, (micros(before),))))

    async def forget_audit(self, before: datetime) -> None:
        """Drop audit rows from before a time."""
        await self._changes.do(in_order(Statement(queries.FORGET_AUDIT, (micros(before),))))

    async def digest_of(self, tenant: TenantId, process: str, version: int | None) -> Digest | None:
        """Find the deployed bundle of a process: this version, or the newest."""
        if version is None:
            row = await self._reader.one(queries.NEWEST, tenant, process)
        else:
            name = version_key(process, version)
            row = await self._reader.one(queries.DEPLOYED, tenant, name)
        return None if row is None else Digest(cast("str", row[0]))

    async def now(self) -> datetime:
        """The store's time: the server's, as it was told less than a second ago and what passed.

        It is never ahead of the server's, for its answer was on its way for a while.
        """
        if self._clock is not None:
            return self._clock.now()
        told, at = self._last_told
        passed = since_boot() - at
        if told is not None and passed < FRESH_SECONDS:
            return told + timedelta(seconds=passed)
        row = await self._reader.one(queries.NOW, None)
        return self._seen(moment(cast("tuple[int]", row)[0]))

    async def is_fresh(self) -> bool:
        """Whether nothing was ever kept here: a first start may make the keys for it."""
        row = await self._reader.one(queries.IS_FRESH)
        return cast("tuple[bool]", row)[0]

    async def try_writing(self) -> None:
        """Write a row as it is: it goes into the log, with a sync, like any other."""
        await self._changes.do(in_order(Statement(queries.WRITE_AGAIN, ())))

    async def close(self) -> None:
        """Finish what waits and close every connection; once closed it stays closed."""
        await self._batches.close()
        pools = (self._batch_pool, self._writes, self._reads)
        await asyncio.gather(*(pool.close() for pool in pools))

    async def _asked_anew(self, tenant: TenantId, hop: HopId) -> bool:
        connection = await self._reads.anew()
        try:
            twin = connection.transaction()
            await twin.start()
            told = await connection.execute(queries.TAKE_HOP, tenant, hop)
            await twin.rollback()
            return str(told).endswith(" 0")
        finally:
            await ended(connection)

    def _seen(self, now: datetime) -> datetime:
        self._last_told = now, since_boot()
        return now

    def _frozen(self) -> int | None:
        """Give a test's time, which stands still; None: the server's own counts."""
        return None if self._clock is None else micros(self._clock.now())

    async def _chosen(
        self, read: str, table: str, order: str, chosen: Chosen, query: InstanceQuery | AuditQuery
    ) -> tuple[Sequence[Row], int]:
        mark = queries.DIALECT.mark
        found = listing(read, table, order, chosen.conditions, mark)
        return await self._listed(found, chosen.values, query)

    async def _listed(
        self,
        listing: Listing,
        chosen: tuple[PgValue, ...],
        query: PageQuery | InstanceQuery | AuditQuery,
    ) -> tuple[Sequence[Row], int]:
        start, length = rules.bounds(query)
        return await self._reader.listed(listing, chosen, start=start, length=length)
