"""The store in memory, for tests, the simulator and `dev`: the same contract, gone at the end."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from datetime import datetime
from typing import Final, cast

import msgspec

from engine.adapters import rules
from engine.adapters.claims import Asked, Claim, Taken, take
from engine.adapters.memory import listing
from engine.adapters.memory.draft import Draft, Place, Text
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
from engine.records.deployments import Deployment, version_key
from engine.records.journal import JournalRow, emptied
from engine.records.record import (
    AuditRow,
    Ending,
    Put,
    R,
    Record,
    Staged,
    Version,
)
from engine.records.tokens import ProcessToken


class _OtherTasks:
    """Awaited where another store waits for its disk: requests meet here as they do there."""

    def __await__(self) -> Generator[None, None, None]:
        yield


OTHER_TASKS: Final = _OtherTasks()


class MemoryStore:
    """Keep everything in dictionaries.

    A commit checks all it must and then applies all it has, with nothing awaited in between.
    `probe` is called at `before-commit` and `after-commit-before-ack`; it may raise
    `StoreUnavailable` at the one and `UnknownOutcome` at the other.
    """

    def __init__(self, clock: Clock, probe: Probe = no_probe) -> None:
        self._clock, self._probe = clock, probe
        self._instances: dict[tuple[TenantId, InstanceId], ProcessInstance] = {}
        self._journals: dict[tuple[TenantId, InstanceId], tuple[JournalRow, ...]] = {}
        self._claims: dict[tuple[TenantId, InstanceId], Claim] = {}
        self._hops: set[tuple[TenantId, HopId]] = set()
        self._rows: dict[Place, Record] = {}
        self._texts: dict[Text, str] = {}
        self._ledger: dict[tuple[TenantId, str], Attempts] = {}
        self._audit: dict[tuple[TenantId, str], AuditRow] = {}

    async def load(self, tenant: TenantId, instance: InstanceId) -> Loaded:
        """Read one. Raises `UnknownInstance`."""
        await OTHER_TASKS
        return Loaded(instance=self._known(tenant, instance), now=self._clock.now())

    async def commit(self, hop: Hop) -> Committed | Conflict:
        """Write one hop, or nothing of it."""
        await OTHER_TASKS
        self._probe("before-commit")
        tenant = hop.instance.tenant
        draft = Draft(self._rows, self._texts)
        refused = self._stands_against(hop) or self._redeemed(hop, draft)
        refused = refused or self._staged(tenant, hop.staged, draft)
        if refused:
            return Conflict(what=refused)
        self._move(hop)
        self._keep(tenant, hop.staged, draft)
        self._probe("after-commit-before-ack")
        return Committed()

    async def scrub(self) -> None:
        """Nothing is kept of what was erased."""

    async def erase(self, erasure: Erasure) -> Committed | Conflict:
        """Take a person out of an instance, or change nothing."""
        await OTHER_TASKS
        self._probe("before-commit")
        key = (erasure.tenant, erasure.instance)
        kept, draft = self._instances.get(key), Draft(self._rows, self._texts)
        if kept is None or kept.revision != erasure.before:
            return Conflict(what="revision")
        refused = self._staged(erasure.tenant, erasure.staged, draft)
        if refused:
            return Conflict(what=refused)
        if erasure.after is None:
            del self._instances[key], self._journals[key]
        else:
            self._instances[key] = erasure.after
            self._journals[key] = tuple(map(emptied, self._journals[key]))
        self._claims.pop(key, None)
        self._keep(erasure.tenant, erasure.staged, draft)
        self._probe("after-commit-before-ack")
        return Committed()

    async def has_hop(self, tenant: TenantId, hop: HopId) -> bool:
        """Whether this hop was committed."""
        await OTHER_TASKS
        return (tenant, hop) in self._hops

    async def journal(self, tenant: TenantId, instance: InstanceId) -> Sequence[JournalRow]:
        """All rows in order. Raises `UnknownInstance`."""
        await OTHER_TASKS
        self._known(tenant, instance)
        return self._journals[tenant, instance]

    async def instances(self, tenant: TenantId, query: InstanceQuery) -> Page[ProcessInstance]:
        """List instances, the newest id first; `text` is looked for in ids, in any case."""
        await OTHER_TASKS
        rows = [row for (owner, _), row in self._instances.items() if owner == tenant]
        found = [row for row in rows if listing.is_asked_for(row, query)]
        newest_first = not query.oldest_first
        return listing.one_page(sorted(found, key=lambda row: row.id, reverse=newest_first), query)

    async def get(self, tenant: TenantId, kind: type[R], id: str) -> R | None:
        """Read one by id."""
        await OTHER_TASKS
        return cast("R | None", self._rows.get((tenant, kind.TABLE, id)))

    async def find(self, tenant: TenantId, kind: type[R], unique: str, value: str) -> R | None:
        """Read the one whose unique property `unique` is `value`."""
        await OTHER_TASKS
        rules.must_be_unique(kind, unique)
        id = self._texts.get((tenant, kind.TABLE, unique, value), "")
        return cast("R | None", self._rows.get((tenant, kind.TABLE, id)))

    async def page(self, tenant: TenantId, kind: type[R], query: PageQuery) -> Page[R]:
        """List rows, by id unless the query says otherwise."""
        await OTHER_TASKS
        rules.must_be_listed(kind, query)
        found = [
            cast("R", row)
            for (owner, table, _), row in self._rows.items()
            if (owner, table) == (tenant, kind.TABLE) and listing.chosen(row, query)
        ]
        return listing.one_page(
            sorted(found, key=listing.sorter(query), reverse=query.descending), query
        )

    async def write(self, tenant: TenantId, unit: Staged) -> Committed | Conflict:
        """Write a unit of its own, or nothing of it."""
        await OTHER_TASKS
        self._probe("before-commit")
        draft = Draft(self._rows, self._texts)
        refused = self._staged(tenant, unit, draft)
        if refused:
            return Conflict(what=refused)
        self._keep(tenant, unit, draft)
        self._probe("after-commit-before-ack")
        return Committed()

    async def audit(self, tenant: TenantId, query: AuditQuery) -> Page[AuditRow]:
        """List audit rows, newest first."""
        await OTHER_TASKS
        rows = [row for (owner, _), row in self._audit.items() if owner == tenant]
        found = [row for row in rows if listing.is_told(row, query)]
        return listing.one_page(
            sorted(found, key=lambda row: (row.at, row.id), reverse=not query.oldest_first), query
        )

    async def claim_and_charge(
        self, step: ClaimKey, owner: HopId, account: AccountKey, charge: Charge
    ) -> Charged | Capped | Claimed:
        """Claim the step for `owner` for 10 s and charge the account, nothing awaited between."""
        await OTHER_TASKS
        self._probe("before-commit")
        key = (step.tenant, step.instance)
        instance, now = self._instances.get(key), self._clock.now()
        if instance is None or instance.revision != step.revision:
            return Claimed(moved_on=True)
        asked = Asked(revision=step.revision, owner=owner, account=account, charge=charge, now=now)
        taken = take(asked, self._claims.get(key), self._ledger.get((step.tenant, account)))
        if isinstance(taken, Taken):
            self._claims[key] = taken.claim
            if taken.ledger is not None:
                self._ledger[step.tenant, account] = taken.ledger
        self._probe("after-commit-before-ack")
        return taken.answer if isinstance(taken, Taken) else taken

    async def charge(
        self, tenant: TenantId, account: AccountKey, charge: Charge
    ) -> Charged | Capped:
        """Charge an account, nothing awaited between."""
        await OTHER_TASKS
        self._probe("before-commit")
        after = charge(self._ledger.get((tenant, account)), self._clock.now(), account)
        if after is not None:
            self._ledger[tenant, account] = after
        self._probe("after-commit-before-ack")
        return Capped() if after is None else Charged(attempts=after)

    async def attempts(self, tenant: TenantId, account: AccountKey) -> Attempts | None:
        """Read an account's ledger."""
        await OTHER_TASKS
        return self._ledger.get((tenant, account))

    async def forget_accounts(self, prefix: str, before: datetime) -> None:
        """Drop the ledgers of accounts so named that were last charged before a time."""
        await OTHER_TASKS
        self._ledger = {
            (tenant, account): row
            for (tenant, account), row in self._ledger.items()
            if not account.startswith(prefix) or row.last_at >= before
        }

    async def due(self, limit: int) -> Sequence[Due]:
        """Give instances that have something due, the longest due first."""
        await OTHER_TASKS
        return listing.instances_due(self._instances, "due_at", self._clock.now())[:limit]

    async def jobs(self, limit: int) -> Sequence[DueJob]:
        """Give what is due in the outbox, the longest due first."""
        await OTHER_TASKS
        return listing.jobs_due(self._rows, self._clock.now())[:limit]

    async def expired(self, limit: int) -> Sequence[Due]:
        """Give instances that are kept no longer, the longest so first."""
        await OTHER_TASKS
        return listing.instances_due(self._instances, "kept_until", self._clock.now())[:limit]

    async def forget_ended(self, kind: type[Ending], before: datetime) -> None:
        """Drop rows of a kind whose end came before a time."""
        await OTHER_TASKS
        for place, row in [*self._rows.items()]:
            if isinstance(row, kind) and row.expires_at < before:
                del self._rows[place]
                for name, text in rules.unique_texts(row).items():
                    self._texts.pop((*place[:2], name, text or ""), None)

    async def forget_audit(self, before: datetime) -> None:
        """Drop audit rows from before a time."""
        await OTHER_TASKS
        self._audit = {key: row for key, row in self._audit.items() if row.at >= before}

    async def digest_of(self, tenant: TenantId, process: str, version: int | None) -> Digest | None:
        """Find the deployed bundle of a process: this version, or the newest."""
        if version is not None:
            name = version_key(process, version)
            row = await self.find(tenant, Deployment, "by_version", name)
            return None if row is None else Digest(row.id)
        await OTHER_TASKS
        rows = [
            row
            for (owner, _, _), row in self._rows.items()
            if owner == tenant and isinstance(row, Deployment) and row.process == process
        ]
        newest = max(rows, key=lambda row: row.bundle.version, default=None)
        return None if newest is None else Digest(newest.id)

    async def try_writing(self) -> None:
        """Write nothing, where a change would be written."""
        await OTHER_TASKS
        self._probe("before-commit")
        self._probe("after-commit-before-ack")

    async def now(self) -> datetime:
        """The store's time."""
        return self._clock.now()

    async def close(self) -> None:
        """End nothing: it goes with the program."""

    def _known(self, tenant: TenantId, instance: InstanceId) -> ProcessInstance:
        found = self._instances.get((tenant, instance))
        if found is None:
            raise UnknownInstance(instance=instance)
        return found

    def _stands_against(self, hop: Hop) -> str:
        key = (hop.instance.tenant, hop.instance.id)
        kept = self._instances.get(key)
        if hop.before is None and kept is not None:
            return "exists"
        if (None if kept is None else kept.revision) != hop.before:
            return "revision"
        if (hop.instance.tenant, hop.id) in self._hops:
            return "exists"
        claim = self._claims.get(key)
        mine = claim is not None and (claim.owner, claim.revision) == (hop.id, hop.before)
        return "claim" if hop.staged.owned and not mine else ""

    def _redeemed(self, hop: Hop, draft: Draft) -> str:
        if hop.redeem is None:
            return ""
        tenant = hop.instance.tenant
        token = draft.row((tenant, ProcessToken.TABLE, hop.redeem.token))
        if not isinstance(token, ProcessToken) or token.status != "ACTIVE":
            return "token"
        if token.refusal(hop.redeem.at) is not None:
            return "token"
        used = msgspec.structs.replace(token, counter=token.counter + 1)
        draft.write(tenant, Put(row=used, expect=Version(number=token.version)))
        return ""

    def _staged(self, tenant: TenantId, unit: Staged, draft: Draft) -> str:
        whole = all(draft.write(tenant, write) for write in unit.writes)
        ids = [row.id for row in unit.audit]
        fresh = len(set(ids)) == len(ids) and not any((tenant, id) in self._audit for id in ids)
        return "" if whole and fresh else "record"

    def _move(self, hop: Hop) -> None:
        key = (hop.instance.tenant, hop.instance.id)
        self._instances[key] = hop.instance
        self._journals[key] = self._journals.get(key, ()) + hop.rows
        self._hops.add((hop.instance.tenant, hop.id))
        if hop.staged.owned or hop.instance.is_over:
            self._claims.pop(key, None)

    def _keep(self, tenant: TenantId, unit: Staged, draft: Draft) -> None:
        draft.keep()
        self._audit |= {(tenant, row.id): row for row in unit.audit}
        for account in unit.resets:
            self._ledger.pop((tenant, account), None)
