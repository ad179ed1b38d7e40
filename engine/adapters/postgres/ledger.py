"""Claims and failed tries in SQL: lock, read, decide and write inside one transaction."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Final, cast

from engine.adapters.claims import Asked, Claim, Taken, take
from engine.adapters.encoding import micros, moment
from engine.adapters.postgres.changes import Statement, Transaction
from engine.adapters.postgres.kinds import Row
from engine.model.names import AccountKey, HopId, TenantId
from engine.ports.store import Attempts, Capped, Charge, Charged, Claimed, ClaimKey

ATTEMPTS: Final = """SELECT failures, waits_until, last_at, disabled FROM attempts
WHERE tenant = $1 AND account = $2"""
FORGET: Final = "DELETE FROM attempts WHERE starts_with(account, $1) AND last_at < $2"

# The instance's row is locked first, as every hop does: who holds it alone reads and writes the
# instance's claim. Only then the next statement looks, and sees what others have committed.
_REVISION: Final = """SELECT revision FROM instances WHERE tenant = $1 AND id = $2
FOR NO KEY UPDATE"""
_HELD: Final = """WITH ledger AS MATERIALIZED (
  SELECT failures, waits_until, last_at, disabled FROM attempts
  WHERE tenant = $1 AND account = $3 FOR UPDATE
)
SELECT claims.revision, claims.owner, claims.account, claims.charged, claims.until,
  ledger.failures, ledger.waits_until, ledger.last_at, ledger.disabled,
  coalesce($4::bigint, (extract(epoch FROM clock_timestamp()) * 1000000)::bigint)
FROM (SELECT count(*) FROM ledger) locked
LEFT JOIN ledger ON true
LEFT JOIN claims ON claims.tenant = $1 AND claims.instance = $2"""
_KEEP_CLAIM: Final = """INSERT INTO claims
  (tenant, instance, revision, owner, account, charged, until) VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT (tenant, instance) DO UPDATE SET revision = excluded.revision, owner = excluded.owner,
  account = excluded.account, charged = excluded.charged, until = excluded.until"""
_CHARGE_SQL: Final = """WITH kept AS ({})
UPDATE attempts SET failures = $8, waits_until = $9, last_at = $10, disabled = $11
WHERE tenant = $1 AND account = $5"""
_CHARGE: Final = _CHARGE_SQL.format(_KEEP_CLAIM)
_FIRST_SQL: Final = """WITH kept AS ({})
INSERT INTO attempts (tenant, account, failures, waits_until, last_at, disabled)
VALUES ($1, $5, $8, $9, $10, $11) ON CONFLICT DO NOTHING"""
_CHARGE_FIRST: Final = _FIRST_SQL.format(_KEEP_CLAIM)

_ANEW: Final = """UPDATE attempts SET failures = $3, waits_until = $4, last_at = $5, disabled = $6
WHERE tenant = $1 AND account = $2"""
_ANEW_FIRST: Final = """INSERT INTO attempts
  (tenant, account, failures, waits_until, last_at, disabled)
VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING"""
_NOBODY: Final = ""
"""The instance of a try that none was claimed for."""

TWIN: Final = "twin"
"""Refused so: no row could be locked, and meanwhile another request has charged first. Again."""

AskedAt = Callable[[datetime], Asked]


async def claim_and_charge(
    transaction: Transaction,
    step: ClaimKey,
    account: AccountKey,
    asked_at: AskedAt,
    frozen: int | None,
) -> Charged | Capped | Claimed:
    """Claim the step and charge the account, unless the step is claimed or has moved on.

    Args:
        transaction: Where it happens.
        step: What is claimed.
        account: Who is charged.
        asked_at: Gives the request at the store's time.
        frozen: A test's time; None: the server's, once it holds the locks.

    Raises:
        Refused: `TWIN`.
    """
    key = (step.tenant, step.instance)
    found = await transaction.row(_REVISION, *key)
    if found is None or found[0] != step.revision:
        return Claimed(moved_on=True)
    row = await transaction.row(_HELD, *key, account, frozen)
    facts = cast("Row", row)
    before = attempts(account, facts[5:9])
    taken = take(asked_at(moment(cast("int", facts[9]))), _claim(facts[:5]), before)
    if isinstance(taken, Claimed):
        return taken
    await _keep(transaction, step, taken, before)
    return taken.answer


async def charge(
    transaction: Transaction,
    tenant: TenantId,
    account: AccountKey,
    rule: Charge,
    frozen: int | None,
) -> Charged | Capped:
    """Charge an account for a try that was claimed in another way. Raises as `claim_and_charge`."""
    facts = cast("Row", await transaction.row(_HELD, tenant, _NOBODY, account, frozen))
    before = attempts(account, facts[5:9])
    after = rule(before, moment(cast("int", facts[9])), account)
    if after is None:
        return Capped()
    times = (micros(after.waits_until), micros(after.last_at))
    row = (tenant, account, after.failures, *times, after.disabled)
    await transaction.run(Statement(_ANEW_FIRST if before is None else _ANEW, row, TWIN))
    return Charged(attempts=after)


def attempts(account: AccountKey, row: Row | None) -> Attempts | None:
    """Read an account's row; one that holds nothing is none."""
    if row is None or row[0] is None:
        return None
    failures, waits_until, last_at, disabled = cast("tuple[int, int | None, int, bool]", row)
    return Attempts(
        account=account,
        failures=failures,
        waits_until=moment(waits_until),
        last_at=moment(last_at),
        disabled=disabled,
    )


def _claim(row: Row) -> Claim | None:
    if row[0] is None:
        return None
    revision, owner, account, charged, until = cast("tuple[int, str, str, bool, int]", row)
    return Claim(
        revision=revision,
        owner=HopId(owner),
        account=AccountKey(account),
        charged=charged,
        until=moment(until),
    )


async def _keep(
    transaction: Transaction, step: ClaimKey, taken: Taken, before: Attempts | None
) -> None:
    claim, ledger = taken.claim, taken.ledger
    facts = (claim.owner, claim.account, claim.charged, micros(claim.until))
    row = (step.tenant, step.instance, claim.revision, *facts)
    if ledger is None:
        await transaction.run(Statement(_KEEP_CLAIM, row))
        return
    times = (micros(ledger.waits_until), micros(ledger.last_at))
    charged = (*row, ledger.failures, *times, ledger.disabled)
    sql = _CHARGE_FIRST if before is None else _CHARGE
    await transaction.run(Statement(sql, charged, TWIN))
