"""The store, cut at meaning: instances, records, the attempt ledger, due work, audit.

Tenant comes first everywhere.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Generic, Protocol, TypeVar

from engine.model.instance import ProcessInstance, Status
from engine.model.names import AccountKey, Digest, HopId, InstanceId, TenantId
from engine.model.value import Passing, Value
from engine.records.journal import JournalRow
from engine.records.record import EMPTY, AuditRow, Ending, R, Staged
from engine.records.work import Job

T = TypeVar("T")

LARGEST_PAGE: Final = 200
"""Rows; a store gives no more at a time, however many are asked for."""


class Loaded(Passing, frozen=True, kw_only=True):
    """An instance, and the store's own time when it was read (reliability 1.9)."""

    instance: ProcessInstance
    now: datetime


class Redeem(Passing, frozen=True, kw_only=True):
    """Use a process token once more, if it is ACTIVE, inside its window and has uses left (E1)."""

    token: str
    at: datetime


class Hop(Passing, frozen=True, kw_only=True):
    """Everything one request moves: one commit, all or nothing.

    Attributes:
        id: Unique; `has_hop` finds it after a lost answer.
        before: The revision it was made from; None creates the instance. The new revision is
            `instance.revision`.
        rows: New journal rows, in order.
        staged: Records, audit rows and ledger resets that commit with it. Where they are `owned`,
            the instance must still be claimed by this hop; the claim is dropped.
        redeem: The token this hop uses up.
    """

    id: HopId
    instance: ProcessInstance
    before: int | None
    rows: tuple[JournalRow, ...]
    staged: Staged = EMPTY
    redeem: Redeem | None = None


class Erasure(Passing, frozen=True, kw_only=True):
    """Take a person out of an instance that is over.

    Attributes:
        before: The revision it was made from.
        after: The instance without the person, at the next revision: its journal rows lose payload
            and salt, and keep digest and chain. None: instance, journal and claims go, and only
            what is staged stays.
        staged: What is written with it.
    """

    tenant: TenantId
    instance: InstanceId
    before: int
    after: ProcessInstance | None
    staged: Staged = EMPTY


class Committed(Passing, frozen=True, kw_only=True):
    """It is durable."""


class Conflict(Passing, frozen=True, kw_only=True):
    """Something it was made from has changed; nothing of it was kept.

    `what`: revision, claim, record, token, exists.
    """

    what: str


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceQuery:
    """Which instances, newest first. `page` from 0, `size` 1 to `LARGEST_PAGE`.

    Attributes:
        text: A part of the id, in any case.
        held: Those alone that an operator has to look at.
        since, until: Those made then: from the one, before the other.
        parameter: Name, or None for any, and value of what the token carried: short texts alone.
        oldest_first: The other way round.
    """

    process: str | None = None
    bundle: Digest | None = None
    status: Status | None = None
    text: str = ""
    held: bool = False
    since: datetime | None = None
    until: datetime | None = None
    parameter: tuple[str | None, str] | None = None
    oldest_first: bool = False
    page: int = 0
    size: int = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Page(Generic[T]):
    """Rows of one page, and how many there are in all."""

    rows: tuple[T, ...]
    total: int


class Instances(Protocol):
    """Process instances and their journals."""

    async def load(self, tenant: TenantId, instance: InstanceId) -> Loaded:
        """Read one. Raises `UnknownInstance`."""
        ...

    async def commit(self, hop: Hop) -> Committed | Conflict:
        """Write one hop.

        Raises `StoreUnavailable` (nothing kept) or `UnknownOutcome` (ask `has_hop`).
        """
        ...

    async def erase(self, erasure: Erasure) -> Committed | Conflict:
        """Take a person out of an instance, in one transaction.

        Raises as `commit`. After `UnknownOutcome` it may be done again: its revision tells.
        """
        ...

    async def scrub(self) -> None:
        """Leave nothing of what was erased or deleted in a log beside the database.

        As far as the store can: what somebody still reads goes with the next time.
        """
        ...

    async def has_hop(self, tenant: TenantId, hop: HopId) -> bool:
        """Whether this hop was committed; asked at a new connection."""
        ...

    async def journal(self, tenant: TenantId, instance: InstanceId) -> Sequence[JournalRow]:
        """All rows in order. Raises `UnknownInstance`."""
        ...

    async def instances(self, tenant: TenantId, query: InstanceQuery) -> Page[ProcessInstance]:
        """List instances."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class PageQuery:
    """Which rows: those whose listed property `by` is `value` (both None: all).

    Attributes:
        page: From 0.
        size: 1 to `LARGEST_PAGE`.
        begins: A unique or listed property, and how its text must begin.
        order: A unique or listed property that rows are sorted by, byte by byte, then by id; rows
            without one come last, or first when `descending`. None: by id, which is by age.
    """

    by: str | None = None
    value: str | None = None
    page: int = 0
    size: int = 20
    begins: tuple[str, str] | None = None
    order: str | None = None
    descending: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditQuery:
    """Which audit rows, newest first: those of which all that is given holds.

    Attributes:
        since, until: From the one time, before the other.
        oldest_first: The other way round.
        page: From 0.
        size: 1 to `LARGEST_PAGE`.
    """

    subject: str | None = None
    action: str | None = None
    actor: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    oldest_first: bool = False
    page: int = 0
    size: int = 20


class Records(Protocol):
    """Rows by kind."""

    async def get(self, tenant: TenantId, kind: type[R], id: str) -> R | None:
        """Read one by id."""
        ...

    async def find(self, tenant: TenantId, kind: type[R], unique: str, value: str) -> R | None:
        """Read the one whose unique property `unique` is `value`."""
        ...

    async def page(self, tenant: TenantId, kind: type[R], query: PageQuery) -> Page[R]:
        """List rows, by id unless the query says otherwise."""
        ...

    async def write(self, tenant: TenantId, unit: Staged) -> Committed | Conflict:
        """Write a unit of its own.

        Raises as `Instances.commit`. After `UnknownOutcome` it may be written again: its
        preconditions tell whether the first time held.
        """
        ...

    async def audit(self, tenant: TenantId, query: AuditQuery) -> Page[AuditRow]:
        """List audit rows, newest first."""
        ...


class Attempts(Value, frozen=True, kw_only=True):
    """The ledger of one account: failures since the last success, and until when it waits (C1, C2).

    Attributes:
        waits_until: No guess is verified before.
        last_at: The store's time of the last charge; time is never taken to run backwards past it
            (C5).
        disabled: Nothing but recovery helps.
    """

    account: AccountKey
    failures: int = 0
    waits_until: datetime | None = None
    last_at: datetime
    disabled: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Charged:
    """The claim is yours and one was added: verify now."""

    attempts: Attempts


@dataclass(frozen=True, slots=True, kw_only=True)
class Capped:
    """The claim is yours, nothing was added: do the dummy's work, answer *failed*."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claimed:
    """Another request verifies this step: no hash, no charge, no verdict.

    `moved_on`: nobody does, but the instance stands at another revision by now; look again.
    """

    moved_on: bool = False


Charge = Callable[[Attempts | None, datetime, AccountKey], Attempts | None]
"""(the ledger's row, the store's now, account) -> the row with one added, or None when capped.

Pure: a store may ask it again in another transaction.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimKey:
    """One step of one instance: only one request verifies at a revision."""

    tenant: TenantId
    instance: InstanceId
    revision: int


class Ledger(Protocol):
    """Failed tries, counted before they are made."""

    async def claim_and_charge(
        self, step: ClaimKey, owner: HopId, account: AccountKey, charge: Charge
    ) -> Charged | Capped | Claimed:
        """Claim the step for `owner` until now + 10 s and charge the account, in one transaction.

        The same owner may claim again and is not charged twice.
        """
        ...

    async def charge(
        self, tenant: TenantId, account: AccountKey, charge: Charge
    ) -> Charged | Capped:
        """Charge an account, in one transaction, for a try that was claimed in another way."""
        ...

    async def attempts(self, tenant: TenantId, account: AccountKey) -> Attempts | None:
        """Read an account's ledger."""
        ...

    async def forget_accounts(self, prefix: str, before: datetime) -> None:
        """Drop the ledgers of every tenant's accounts so named, last charged before a time."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """An instance whose timer or deadline has come."""

    tenant: TenantId
    instance: InstanceId


@dataclass(frozen=True, slots=True, kw_only=True)
class DueJob:
    """Something outside that is to be done, or told to its instance, now."""

    tenant: TenantId
    job: Job


class Work(Protocol):
    """What must be done without anybody asking."""

    async def due(self, limit: int) -> Sequence[Due]:
        """Give instances that have something due by the store's now, the longest due first."""
        ...

    async def jobs(self, limit: int) -> Sequence[DueJob]:
        """Give what is due in the outbox by the store's now, the longest due first.

        It stays due until somebody writes it anew: whoever does so at its version has it.
        """
        ...

    async def expired(self, limit: int) -> Sequence[Due]:
        """Give instances that are kept no longer by the store's now, the longest so first."""
        ...

    async def forget_ended(self, kind: type[Ending], before: datetime) -> None:
        """Drop every tenant's rows of a kind whose end came before a time."""
        ...

    async def forget_audit(self, before: datetime) -> None:
        """Drop every tenant's audit rows from before a time."""
        ...


class Store(Instances, Records, Ledger, Work, Protocol):
    """The sum. One contract suite, every adapter."""

    async def digest_of(self, tenant: TenantId, process: str, version: int | None) -> Digest | None:
        """Find the deployed bundle of a process: this version, or the newest."""
        ...

    async def now(self) -> datetime:
        """The store's time."""
        ...

    async def try_writing(self) -> None:
        """Write what is there already, as durably as any change.

        Raises `StoreUnavailable` or `UnknownOutcome`: a change could not be kept now either.
        """
        ...

    async def close(self) -> None:
        """End what the adapter owns."""
        ...
