"""Transactions: a user is asked to accept or decline something on one of their devices."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, Literal

import msgspec
from msgspec.structs import replace

from engine.model.names import InstanceId, TenantId
from engine.model.problem import Problems, wrong
from engine.ports.actor import Actor
from engine.ports.outside import Vault
from engine.ports.paging import every
from engine.ports.store import Records
from engine.ports.unit_of_work import UnitOfWork
from engine.realtime.trustfactor.contracts import ever_of_user
from engine.realtime.trustfactor.display_text import is_plain
from engine.realtime.trustfactor.seats import free_seat
from engine.records.record import Absent, Version
from engine.records.trustfactor import (
    EMBEDDED,
    Contract,
    Remote,
    Transaction,
    TransactionStatus,
    owner_of,
)

LIFE: Final = timedelta(minutes=2)
SHORTEST, LONGEST = timedelta(seconds=10), timedelta(hours=24)
KEPT: Final = timedelta(days=3)
"""How long it is told what became of a transaction: longer than callbacks are tried."""
MOST_OPEN: Final = 20
"""Transactions of a user that wait at a time."""
LONGEST_ACTION, LONGEST_MESSAGE = 100, 1_000
MOST_PARAMETERS, LONGEST_NAME, LONGEST_VALUE = 20, 60, 300
Decision = Literal["ACCEPTED", "DECLINED"]
Refusal = Literal["decided", "expired", "cancelled", "not theirs"]
_REFUSALS: Final[Mapping[TransactionStatus, Refusal]] = {
    "ACCEPTED": "decided",
    "DECLINED": "decided",
    "EXPIRED": "expired",
    "CANCELLED": "cancelled",
}


class Display(msgspec.Struct, frozen=True, kw_only=True):
    """What the person reads on the device before they decide."""

    action: str
    message: str
    parameters: dict[str, str] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a user shall decide.

    Attributes:
        client, application: Id and name of the application.
        contract_keys: The devices that may answer; None: each of the user's.
        provider: Whose TrustFactor asks; devices of another one are not asked.
    """

    client: str
    application: str
    user_id: str
    display: Display = field(repr=False)
    contract_keys: Sequence[str] | None = None
    life: timedelta = LIFE
    instance: InstanceId | None = None
    provider: str = EMBEDDED


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a device says to a transaction.

    Attributes:
        contract_key: Which one says it.
        signature: Base64, by that key over its decision (`signed_texts.decision_text`); a provider
            may give none.
    """

    decision: Decision
    contract_key: str
    signature: str | None


async def create(
    unit: UnitOfWork, records: Records, vault: Vault, actor: Actor, wanted: Wanted
) -> Transaction | Problems | None:
    """Stage a transaction for the devices of a user; None: no registered device fits."""
    problems = _problems(wanted)
    if problems:
        return problems
    owner = owner_of(wanted.client, wanted.user_id)
    seat = free_seat(await _seats(unit, records, actor, owner), MOST_OPEN, actor.chance)
    if seat is None:
        return (wrong("user_id", f"{MOST_OPEN} wait to be decided already; let them be first"),)
    keys = await _asked(unit, records, wanted)
    if keys is None:
        return (wrong("contract_keys", "name devices of this user alone"),)
    if not keys:
        return None
    id, ends_at = actor.chance.id(), actor.at + wanted.life
    transaction = Transaction(
        id=id,
        client=wanted.client,
        application=wanted.application,
        user_id=wanted.user_id,
        owner=owner,
        contracts=keys,
        sealed=vault.seal("trustfactor", msgspec.json.encode(wanted.display), id.encode()),
        created_at=actor.at,
        ends_at=ends_at,
        expires_at=ends_at + KEPT,
        instance=wanted.instance,
        provider=wanted.provider,
        seat=seat,
    )
    unit.put(transaction, Absent())
    unit.audit(actor.did("transaction.create", f"transaction:{id}", client=wanted.client))
    return transaction


async def _seats(unit: UnitOfWork, records: Records, actor: Actor, owner: str) -> list[int | None]:
    """List the seats of what waits for a user; what time has ended gives its own back.

    What this unit has ended already is written once: it has its own row staged.
    """
    staged = {write.row.id for write in unit.staged().writes if isinstance(write.row, Transaction)}
    return [
        row.seat
        async for row in every(records, unit.tenant, Transaction, "owner", owner)
        if row.status == "PENDING" and (row.id in staged or expire(unit, actor, row) is None)
    ]


async def _asked(unit: UnitOfWork, records: Records, wanted: Wanted) -> tuple[str, ...] | None:
    """Give the keys of the devices that are asked, the newest first; None: one is not the user's.

    One that was the user's, and answers no more, is left out: whoever names it need not know yet.
    """
    devices = [
        one
        for one in await ever_of_user(unit, records, wanted.client, wanted.user_id)
        if one.provider == wanted.provider
    ]
    named = wanted.contract_keys
    if named is not None and not set(named) <= {one.contract_key for one in devices}:
        return None
    return tuple(
        one.contract_key
        for one in devices
        if one.status == "ACTIVE" and (named is None or one.contract_key in named)
    )


def display_of(vault: Vault, transaction: Transaction) -> Display:
    """Open what a transaction shows."""
    raw = vault.unseal("trustfactor", transaction.sealed, transaction.id.encode())
    return msgspec.json.decode(raw, type=Display)


def digest_of(id: str, application: str, display: Display) -> str:
    """Name what a person reads: whoever decides says this, and has read nothing else."""
    said = msgspec.json.encode([id, application, display], order="sorted")
    return hashlib.sha256(said).hexdigest()


def status_at(transaction: Transaction, at: datetime) -> TransactionStatus:
    """Tell what a transaction is: time ends what nobody has decided."""
    is_over = transaction.status == "PENDING" and at >= transaction.ends_at
    return "EXPIRED" if is_over else transaction.status


def is_open(transaction: Transaction, at: datetime) -> bool:
    """Whether a device may still decide it."""
    return status_at(transaction, at) == "PENDING"


async def open_for(
    records: Records, tenant: TenantId, contract: Contract, at: datetime
) -> Sequence[Transaction]:
    """List what a device may decide now, the oldest first."""
    rows = [row async for row in every(records, tenant, Transaction, "owner", contract.owner)]
    return [
        row
        for row in sorted(rows, key=lambda row: (row.created_at, row.id))
        if contract.contract_key in row.contracts and row.provider == EMBEDDED and is_open(row, at)
    ]


def opened(unit: UnitOfWork, transaction: Transaction, remote: Remote) -> Transaction:
    """Stage what a transaction is at its provider."""
    unit.put(replace(transaction, remote=remote), Version(number=transaction.version))
    return replace(transaction, remote=remote, version=transaction.version + 1)


def decide(
    unit: UnitOfWork,
    actor: Actor,
    transaction: Transaction,
    answer: Answer,
    *,
    contract: Contract | None = None,
) -> Transaction | Refusal:
    """Stage what a device has decided; the same once more changes nothing.

    Args:
        unit: What it is written in.
        actor: Who says so, and when.
        transaction: What was asked.
        answer: What it said; whoever calls has verified that it is the device's word.
        contract: The device's own, where it is registered here: one that is reset meanwhile decides
            nothing.
    """
    key = answer.contract_key
    if key not in transaction.contracts:
        return "not theirs"
    if transaction.status == answer.decision and transaction.decided_by == key:
        return transaction
    status = status_at(transaction, actor.at)
    if status != "PENDING":
        return _REFUSALS[status]
    decided = replace(
        transaction,
        status=answer.decision,
        decided_at=actor.at,
        decided_by=key,
        signature=answer.signature,
    )
    if contract is not None:
        unit.hold(contract)
    return _changed(unit, actor, decided, transaction)


def expire(unit: UnitOfWork, actor: Actor, transaction: Transaction) -> Transaction | None:
    """Stage that time has ended a transaction; None: it has not, or it was decided."""
    if transaction.status != "PENDING" or actor.at < transaction.ends_at:
        return None
    return _changed(unit, actor, replace(transaction, status="EXPIRED"), transaction)


def cancel(unit: UnitOfWork, actor: Actor, transaction: Transaction) -> Transaction | None:
    """Stage that nobody needs to decide any more; None: somebody has, or time."""
    if status_at(transaction, actor.at) != "PENDING":
        return None
    return _changed(unit, actor, replace(transaction, status="CANCELLED"), transaction)


def withdraw(unit: UnitOfWork, actor: Actor, transaction: Transaction) -> Transaction | None:
    """Stage the end of a transaction at another provider, where time may end it later than here.

    None: somebody has decided, or it was withdrawn.
    """
    if transaction.status not in ("PENDING", "EXPIRED"):
        return None
    return _changed(unit, actor, replace(transaction, status="CANCELLED"), transaction)


def _changed(
    unit: UnitOfWork, actor: Actor, changed: Transaction, before: Transaction
) -> Transaction:
    unit.put(changed, Version(number=before.version))
    word = changed.status.lower()
    unit.audit(actor.did(f"transaction.{word}", f"transaction:{changed.id}", client=changed.client))
    return replace(changed, version=before.version + 1)


def _problems(wanted: Wanted) -> Problems:
    shown = wanted.display
    found = []
    if not all(
        map(is_plain, (shown.action, shown.message, *shown.parameters, *shown.parameters.values()))
    ):
        found.append(wrong("message", "use no control characters, in no text that is shown"))
    if not 0 < len(shown.action) <= LONGEST_ACTION:
        found.append(wrong("action", f"use 1 to {LONGEST_ACTION} characters"))
    if not 0 < len(shown.message) <= LONGEST_MESSAGE:
        found.append(wrong("message", f"use 1 to {LONGEST_MESSAGE:,} characters"))
    fits = all(
        0 < len(name) <= LONGEST_NAME and len(value) <= LONGEST_VALUE
        for name, value in shown.parameters.items()
    )
    if not fits or len(shown.parameters) > MOST_PARAMETERS:
        told = (
            f"use {MOST_PARAMETERS} at most, with short names and {LONGEST_VALUE} characters each"
        )
        found.append(wrong("parameters", told))
    if not SHORTEST <= wanted.life <= LONGEST:
        told = f"use {SHORTEST.seconds} seconds to {LONGEST // timedelta(hours=1)} hours"
        found.append(wrong("expires_in_seconds", told))
    return tuple(found)
