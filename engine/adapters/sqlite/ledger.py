"""Claims and failed tries in SQL: read, decide and write inside one transaction of the writer."""

from __future__ import annotations

from datetime import datetime
from typing import Final, cast

from engine.adapters.claims import Asked, Claim, Taken, take
from engine.adapters.encoding import micros, moment
from engine.adapters.sqlite.kinds import SqlValue
from engine.adapters.sqlite.statements import Statement
from engine.adapters.sqlite.writer import Transaction
from engine.model.names import AccountKey, HopId, TenantId
from engine.ports.store import Attempts, Capped, Charge, Charged, Claimed, ClaimKey

ATTEMPTS: Final = """SELECT failures, waits_until, last_at, disabled FROM attempts
WHERE tenant = ? AND account = ?"""
_REVISION: Final = "SELECT revision FROM instances WHERE tenant = ? AND id = ?"
_CLAIM: Final = """SELECT revision, owner, account, charged, until FROM claims
WHERE tenant = ? AND instance = ?"""
_KEEP_CLAIM: Final = """INSERT OR REPLACE INTO claims
  (tenant, instance, revision, owner, account, charged, until) VALUES (?, ?, ?, ?, ?, ?, ?)"""
_KEEP_ATTEMPTS: Final = """INSERT OR REPLACE INTO attempts
  (tenant, account, failures, waits_until, last_at, disabled) VALUES (?, ?, ?, ?, ?, ?)"""

FORGET: Final = "DELETE FROM attempts WHERE substr(account, 1, length(?1)) = ?1 AND last_at < ?2"


def claim_and_charge(
    transaction: Transaction, step: ClaimKey, asked: Asked
) -> Charged | Capped | Claimed:
    """Claim the step and charge the account, unless the step is claimed or has moved on."""
    key = (step.tenant, step.instance)
    if transaction.row(_REVISION, key) != (step.revision,):
        return Claimed(moved_on=True)
    held = _claim(transaction.row(_CLAIM, key))
    before = attempts(asked.account, transaction.row(ATTEMPTS, (step.tenant, asked.account)))
    taken = take(asked, held, before)
    if isinstance(taken, Taken):
        _keep(transaction, step, taken)
    return taken.answer if isinstance(taken, Taken) else taken


def charge(
    transaction: Transaction, tenant: TenantId, account: AccountKey, rule: Charge, now: datetime
) -> Charged | Capped:
    """Charge an account for a try that was claimed in another way."""
    before = attempts(account, transaction.row(ATTEMPTS, (tenant, account)))
    after = rule(before, now, account)
    if after is None:
        return Capped()
    transaction.run(Statement(_KEEP_ATTEMPTS, _attempts_row(tenant, after)))
    return Charged(attempts=after)


def attempts(account: AccountKey, row: tuple[SqlValue, ...] | None) -> Attempts | None:
    """Read an account's row."""
    if row is None:
        return None
    failures, waits_until, last_at, disabled = cast("tuple[int, int | None, int, int]", row)
    return Attempts(
        account=account,
        failures=failures,
        waits_until=moment(waits_until),
        last_at=moment(last_at),
        disabled=bool(disabled),
    )


def _claim(row: tuple[SqlValue, ...] | None) -> Claim | None:
    if row is None:
        return None
    revision, owner, account, charged, until = cast("tuple[int, str, str, int, int]", row)
    return Claim(
        revision=revision,
        owner=HopId(owner),
        account=AccountKey(account),
        charged=bool(charged),
        until=moment(until),
    )


def _keep(transaction: Transaction, step: ClaimKey, taken: Taken) -> None:
    claim = taken.claim
    facts = (claim.owner, claim.account, claim.charged, micros(claim.until))
    row = (step.tenant, step.instance, claim.revision, *facts)
    transaction.run(Statement(_KEEP_CLAIM, row))
    if taken.ledger is not None:
        transaction.run(Statement(_KEEP_ATTEMPTS, _attempts_row(step.tenant, taken.ledger)))


def _attempts_row(tenant: TenantId, ledger: Attempts) -> tuple[SqlValue, ...]:
    times = (micros(ledger.waits_until), micros(ledger.last_at))
    return (tenant, ledger.account, ledger.failures, *times, ledger.disabled)
