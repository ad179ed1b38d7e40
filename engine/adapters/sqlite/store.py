"""The `Store` on one SQLite file: changes through the writer, short reads at once, long apart."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Final, Self, TypeVar, cast

import msgspec

from engine.adapters import rules
from engine.adapters.choosing import Chosen, Listing, listing, of_audit, of_instances
from engine.adapters.claims import Asked
from engine.adapters.encoding import micros, pack, read_state, unpack
from engine.adapters.sqlite import ledger, queries, statements
from engine.adapters.sqlite.database import Database
from engine.adapters.sqlite.kinds import chosen, read_job, table_of
from engine.adapters.sqlite.reader import Reader, Row, answered
from engine.adapters.sqlite.writer import Transaction, Writer
from engine.errors import UnknownInstance
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
from engine.records.journal import JournalRow, emptied
from engine.records.record import AuditRow, Ending, R, Staged

T = TypeVar("T")

BATCH_LIMIT: Final = 256
_SHORT_WAIT: Final = timedelta(milliseconds=250)
"""How long the event loop itself may be kept waiting by a locked file."""
_LONG_WAIT: Final = timedelta(seconds=5)

_read_audit = msgspec.json.Decoder(AuditRow).decode


class SqliteStore:
    """Keep everything in one file; several processes may share it.

    Reads by key take some 10 us and run where they are asked for: a hop to another thread costs
    up to ten times that. Reads of many rows run in a thread of their own.
    """

    def __init__(self, database: Database, clock: Clock, writer: Writer) -> None:
        """Put together what `open` has prepared."""
        self._database, self._clock, self._writer = database, clock, writer
        self._near = Reader(database, _SHORT_WAIT)
        self._far = Reader(database, _LONG_WAIT)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="sqlite-reader")
        self._is_closed = False

    @classmethod
    async def open(
        cls,
        path: Path | Database,
        *,
        clock: Clock,
        probe: Probe = no_probe,
        batch_limit: int = BATCH_LIMIT,
    ) -> Self:
        """Open a file, making it and bringing its schema to today's.

        Args:
            path: Of the file; its folder must be there. A `Database` says more.
            clock: The store's time.
            probe: Called in the writer's thread at the points that `Writer` names, and at
                `in-migration`.
            batch_limit: How many changes share a transaction at most.

        Raises:
            SchemaRefused: A newer program has written it.
            StoreUnavailable: It cannot be opened or written.
        """
        database = path if isinstance(path, Database) else Database(path=path)
        with answered():
            await asyncio.to_thread(database.prepare, probe)
        return cls(database, clock, Writer(database, probe, batch_limit))

    async def load(self, tenant: TenantId, instance: InstanceId) -> Loaded:
        """Read one. Raises `UnknownInstance`."""
        row = self._near.one(queries.STATE, (tenant, instance))
        if row is None:
            raise UnknownInstance(instance=instance)
        state = read_state(tenant, instance, cast("bytes", row[0]))
        return Loaded(instance=state, now=self._clock.now())

    async def commit(self, hop: Hop) -> Committed | Conflict:
        """Write one hop. Raises `StoreUnavailable` or `UnknownOutcome` (ask `has_hop`)."""
        undone = statements.needs_savepoint(hop)
        return await self._write(partial(statements.of_hop, hop), undone=undone)

    async def erase(self, erasure: Erasure) -> Committed | Conflict:
        """Take a person out of an instance; what is deleted is overwritten (`secure_delete`)."""
        key = (erasure.tenant, erasure.instance)

        def work(transaction: Transaction) -> Committed:
            for statement in statements.of_erasure(erasure):
                transaction.run(statement)
            for place, packed in transaction.rows(queries.PACKS, key):
                rows = map(emptied, unpack(cast("bytes", packed)))
                transaction.run(statements.Statement(queries.KEEP_PACK, (pack([*rows]), place)))
            return Committed()

        return await self._writer.do(work)

    async def scrub(self) -> None:
        """Bring the log home and empty it: there the old pages stand as they were."""
        await self._writer.empty_log()

    async def has_hop(self, tenant: TenantId, hop: HopId) -> bool:
        """Whether this hop was committed; asked at a new connection."""
        return await self._apart(lambda: self._asked_anew(tenant, hop))

    async def journal(self, tenant: TenantId, instance: InstanceId) -> Sequence[JournalRow]:
        """All rows in order. Raises `UnknownInstance`."""
        packs = await self._apart(lambda: self._far.all(queries.JOURNAL, (tenant, instance)))
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
        row = self._near.one(table.get, (tenant, id))
        return None if row is None else table.read(cast("str", row[0]))

    async def find(self, tenant: TenantId, kind: type[R], unique: str, value: str) -> R | None:
        """Read the one whose unique property `unique` is `value`."""
        rules.must_be_unique(kind, unique)
        table = table_of(kind)
        row = self._near.one(table.find[unique], (tenant, value))
        return None if row is None else table.read(cast("str", row[0]))

    async def page(self, tenant: TenantId, kind: type[R], query: PageQuery) -> Page[R]:
        """List rows, by id unless the query says otherwise."""
        rules.must_be_listed(kind, query)
        table = table_of(kind)
        rows, total = await self._listed(table.listing(query), chosen(tenant, query), query)
        return Page(rows=tuple(table.read(cast("str", body)) for (body,) in rows), total=total)

    async def write(self, tenant: TenantId, unit: Staged) -> Committed | Conflict:
        """Write a unit of its own.

        Raises:
            StoreUnavailable: Nothing of it was kept.
            UnknownOutcome: The answer was lost; written again, its preconditions tell.
        """
        return await self._write(partial(statements.of_unit, tenant, unit))

    async def audit(self, tenant: TenantId, query: AuditQuery) -> Page[AuditRow]:
        """List audit rows, newest first."""
        chosen = of_audit(tenant, query)
        order = "at, id" if query.oldest_first else "at DESC, id DESC"
        rows, total = await self._chosen("body", "audit", order, chosen, query)
        return Page(rows=tuple(_read_audit(cast("str", body)) for (body,) in rows), total=total)

    async def claim_and_charge(
        self, step: ClaimKey, owner: HopId, account: AccountKey, charge: Charge
    ) -> Charged | Capped | Claimed:
        """Claim the step for `owner` for 10 s and charge the account, in one transaction."""

        def work(transaction: Transaction) -> Charged | Capped | Claimed:
            asked = Asked(
                revision=step.revision,
                owner=owner,
                account=account,
                charge=charge,
                now=self._clock.now(),
            )
            return ledger.claim_and_charge(transaction, step, asked)

        answer = await self._writer.do(work)
        return Claimed() if isinstance(answer, Conflict) else answer

    async def charge(
        self, tenant: TenantId, account: AccountKey, charge: Charge
    ) -> Charged | Capped:
        """Charge an account, in one transaction."""

        def work(transaction: Transaction) -> Charged | Capped:
            return ledger.charge(transaction, tenant, account, charge, self._clock.now())

        answer = await self._writer.do(work)
        assert not isinstance(answer, Conflict)  # noqa: S101 - it has no precondition
        return answer

    async def attempts(self, tenant: TenantId, account: AccountKey) -> Attempts | None:
        """Read an account's ledger."""
        return ledger.attempts(account, self._near.one(ledger.ATTEMPTS, (tenant, account)))

    async def forget_accounts(self, prefix: str, before: datetime) -> None:
        """Drop the ledgers of accounts so named that were last charged before a time."""
        forget = statements.Statement(ledger.FORGET, (prefix, micros(before)))
        await self._write(lambda: (forget,))

    async def due(self, limit: int) -> Sequence[Due]:
        """Give instances that have something due, the longest due first."""
        now = micros(self._clock.now())
        rows = await self._apart(lambda: self._far.all(queries.DUE, (now, limit)))
        found = cast("Sequence[tuple[TenantId, InstanceId]]", rows)
        return [Due(tenant=tenant, instance=instance) for tenant, instance in found]

    async def jobs(self, limit: int) -> Sequence[DueJob]:
        """Give what is due in the outbox, the longest due first."""
        now = micros(self._clock.now())
        rows = await self._apart(lambda: self._far.all(queries.JOBS, (now, limit)))
        found = cast("Sequence[tuple[TenantId, str]]", rows)
        return [DueJob(tenant=tenant, job=read_job(body)) for tenant, body in found]

    async def expired(self, limit: int) -> Sequence[Due]:
        """Give instances that are kept no longer, the longest so first."""
        now = micros(self._clock.now())
        rows = await self._apart(lambda: self._far.all(queries.EXPIRED, (now, limit)))
        found = cast("Sequence[tuple[TenantId, InstanceId]]", rows)
        return [Due(tenant=tenant, instance=instance) for tenant, instance in found]

    async def forget_ended(self, kind: type[Ending], before: datetime) -> None:
        """Drop rows of a kind whose end came before a time."""
        forget = statements.Statement(table_of(kind).forget, (micros(before),))
        await self._write(lambda: (forget,))

    async def forget_audit(self, before: datetime) -> None:
        """Drop audit rows from before a time."""
        await self._write(lambda: (statements.Statement(queries.FORGET_AUDIT, (micros(before),)),))

    async def digest_of(self, tenant: TenantId, process: str, version: int | None) -> Digest | None:
        """Find the deployed bundle of a process: this version, or the newest."""
        if version is None:
            row = self._near.one(queries.NEWEST, (tenant, process))
        else:
            row = self._near.one(queries.DEPLOYED, (tenant, version_key(process, version)))
        return None if row is None else Digest(cast("str", row[0]))

    async def now(self) -> datetime:
        """The store's time."""
        return self._clock.now()

    async def try_writing(self) -> None:
        """Write a page as it is: it goes into the log, with a sync, like any other."""
        await self._write(lambda: (statements.Statement(statements.WRITE_AGAIN, ()),))

    async def close(self) -> None:
        """Finish what waits and close every connection; once closed it stays closed."""
        if self._is_closed:
            return
        self._is_closed = True
        await self._writer.close()
        await self._apart(self._far.close)
        self._thread.shutdown()
        self._near.close()

    async def _write(
        self, changes: Callable[[], Iterable[statements.Statement]], *, undone: bool = True
    ) -> Committed | Conflict:
        """Write changes down and make them, both in the writer's thread.

        Meanwhile the event loop goes on: most of the writing down is gzip, which leaves it alone.
        """

        def work(transaction: Transaction) -> Committed:
            for change in changes():
                transaction.run(change)
            return Committed()

        return await self._writer.do(work, undone=undone)

    async def _chosen(
        self, read: str, table: str, order: str, chosen: Chosen, query: InstanceQuery | AuditQuery
    ) -> tuple[Sequence[Row], int]:
        mark = queries.DIALECT.mark
        found = listing(read, table, order, chosen.conditions, mark)
        return await self._listed(found, chosen.values, query)

    async def _listed(
        self, listing: Listing, wanted: Row, query: PageQuery | InstanceQuery | AuditQuery
    ) -> tuple[Sequence[Row], int]:
        start, length = rules.bounds(query)

        def read() -> tuple[Sequence[Row], int]:
            with self._far.at_one_time():
                rows = self._far.all(listing.page, (*wanted, length, start))
                total = self._far.one(listing.count, wanted)
            return rows, cast("tuple[int]", total)[0]

        return await self._apart(read)

    async def _apart(self, read: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, read)

    def _asked_anew(self, tenant: TenantId, hop: HopId) -> bool:
        reader = Reader(self._database, _LONG_WAIT)
        try:
            return reader.one(queries.HAS_HOP, (tenant, hop)) is not None
        finally:
            reader.close()
