"""What a hop or a unit writes, as statements in the order in which they must hold."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, cast

from engine.adapters import rules
from engine.adapters.choosing import parameters_of
from engine.adapters.encoding import encode, micros, pack, unpack, write_state
from engine.adapters.postgres.changes import Guarded, Statement, Transaction, Work, in_order
from engine.adapters.postgres.kinds import Table, table_of
from engine.model.instance import ProcessInstance
from engine.model.names import TenantId
from engine.ports.store import Committed, Erasure, Hop
from engine.records.journal import emptied
from engine.records.record import Absent, AuditRow, Delete, Hold, Put, Record, Staged, Version

# Each column of a batch comes as an array; one hop alone is a batch of one. The row of the
# instance decides: of a hop whose revision has passed nothing is written. A hop id that is taken
# is a violation, and with it nothing of the batch is kept.
_GIVEN: Final = """
WITH given AS (
  SELECT * FROM unnest($1::text[], $2::text[], $3::bigint[], $4::bigint[], $5::text[], $6::text[],
    $7::bytea[], $8::text[], $9::bytea[], $10::text[], $11::bigint[], $12::bigint[], $13::bool[],
    $14::bool[], $15::bigint[], $16::bigint[], $17::bool[], $18::text[])
  AS one (tenant, id, before, revision, process, status,
    state, hop, rows, node, visit, wakes, is_over, is_owner, kept_until, created, held,
    bundle)
), """
_MOVED: Final = """moved AS (
  UPDATE instances kept
  SET revision = given.revision, status = given.status, state = given.state, held = given.held
  FROM given
  WHERE kept.tenant = given.tenant AND kept.id = given.id AND kept.revision = given.before
  RETURNING given.*
), """
_MADE: Final = """made AS (
  INSERT INTO instances (tenant, id, revision, process, bundle, status, state, created, held)
  SELECT tenant, id, revision, process, bundle, status, state, created, held FROM given
  ON CONFLICT DO NOTHING RETURNING tenant, id
), moved AS (
  SELECT given.* FROM given JOIN made ON made.tenant = given.tenant AND made.id = given.id
), """
_FOLLOWED: Final = """told AS (
  INSERT INTO hops (tenant, id, instance, revision, rows)
  SELECT tenant, hop, id, revision, rows FROM moved
), stands AS (
  INSERT INTO waits (tenant, instance, node, visit, wakes)
  SELECT tenant, id, node, visit, wakes FROM moved WHERE node IS NOT NULL OR wakes IS NOT NULL
  ON CONFLICT (tenant, instance) DO UPDATE
  SET node = excluded.node, visit = excluded.visit, wakes = excluded.wakes
), stands_nowhere AS (
  DELETE FROM waits USING moved WHERE waits.tenant = moved.tenant AND waits.instance = moved.id
  AND moved.node IS NULL AND moved.wakes IS NULL
), kept_for AS (
  INSERT INTO retention (tenant, instance, kept_until)
  SELECT tenant, id, kept_until FROM moved WHERE kept_until IS NOT NULL
  ON CONFLICT (tenant, instance) DO UPDATE SET kept_until = excluded.kept_until
), freed AS (
  DELETE FROM claims USING moved WHERE claims.tenant = moved.tenant AND claims.instance = moved.id
  AND CASE WHEN moved.is_owner
    THEN claims.revision = moved.before AND claims.owner = moved.hop ELSE moved.is_over END
  RETURNING 1
)"""
_USED: Final = """, used AS (
  UPDATE process_tokens SET counter = counter + 1, version = version + 1
  WHERE tenant = $19 AND id = $20 AND status = 'ACTIVE' AND (opens IS NULL OR opens <= $21)
  AND (closes IS NULL OR closes > $21) AND (uses IS NULL OR counter < uses)
  RETURNING 1
)"""
_WINNERS: Final = " SELECT tenant, hop FROM moved"
MOVE: Final = _GIVEN + _MOVED + _FOLLOWED + _WINNERS
"""Move instances: gives tenant and hop of each one that stood at the revision it was moved from."""


def _alone(*, creates: bool, owns: bool, redeems: bool) -> tuple[str, tuple[str, ...]]:
    """Write the statement of a hop that goes alone, and say what each count refuses."""
    parts = {"exists" if creates else "revision": "moved"}
    parts |= {"claim": "freed"} if owns else {}
    parts |= {"token": "used"} if redeems else {}
    counts = ", ".join(f"(SELECT count(*) FROM {part})" for part in parts.values())  # noqa: S608 - our own words
    head = _GIVEN + (_MADE if creates else _MOVED) + _FOLLOWED + (_USED if redeems else "")
    return f"{head} SELECT {counts}", tuple(parts)


_BOTH: Final = (False, True)
ALONE: Final = {
    (creates, owns, redeems): _alone(creates=creates, owns=owns, redeems=redeems)
    for creates in _BOTH
    for owns in _BOTH
    for redeems in _BOTH
}

_AUDIT: Final = """INSERT INTO audit (tenant, id, at, subject, action, actor, body)
VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING"""
_RESET: Final = "DELETE FROM attempts WHERE tenant = $1 AND account = $2"
_REMOVE: Final = "DELETE FROM instances WHERE tenant = $1 AND id = $2 AND revision = $3"
_EMPTY: Final = """UPDATE instances SET revision = $4, status = $5, state = $6
WHERE tenant = $1 AND id = $2 AND revision = $3"""
_PACKS: Final = "SELECT id, rows FROM hops WHERE tenant = $1 AND instance = $2"
_KEEP_PACK: Final = "UPDATE hops SET rows = $3 WHERE tenant = $1 AND id = $2"
_PARAMETER: Final = """INSERT INTO instance_parameters (tenant, name, value, instance)
VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING"""
_NO_PARAMETERS: Final = "DELETE FROM instance_parameters WHERE tenant = $1 AND instance = $2"
_NO_HOPS: Final = "DELETE FROM hops WHERE tenant = $1 AND instance = $2"
_NO_RETENTION: Final = "DELETE FROM retention WHERE tenant = $1 AND instance = $2"
_NO_CLAIM: Final = "DELETE FROM claims WHERE tenant = $1 AND instance = $2"
_NO_WAIT: Final = "DELETE FROM waits WHERE tenant = $1 AND instance = $2"


def is_plain(hop: Hop) -> bool:
    """Say whether the row of an instance that is there already is all that can refuse the hop."""
    created = hop.before is None
    return not created and hop.redeem is None and not hop.staged.owned and hop.staged.is_empty


def columns(hops: Sequence[Hop]) -> tuple[list[object], ...]:
    """Give the values of a batch of hops, column by column."""
    return tuple(list(column) for column in zip(*map(_values, hops), strict=True))


def _values(hop: Hop) -> tuple[object, ...]:
    now = hop.instance
    wait = None if now.is_over else now.wait
    return (
        now.tenant, now.id, hop.before, now.revision, now.process, now.status, write_state(now),
        hop.id, pack(hop.rows), wait and wait.node, wait and wait.visit, micros(now.due_at),
        now.is_over, hop.staged.owned, micros(now.kept_until), micros(now.created_at),
        now.is_held, now.bundle,
    )  # fmt: skip


def of_hop(hop: Hop) -> Work[Committed]:
    """Write a hop: its instance first, then its claim and token, then preconditions."""
    instance, redeem = hop.instance, hop.redeem
    sql, refusals = ALONE[hop.before is None, hop.staged.owned, redeem is not None]
    used = () if redeem is None else (instance.tenant, redeem.token, micros(redeem.at))
    moved = Guarded(sql, (*columns((hop,)), *used), refusals, "exists")
    carried = _parameters(instance) if hop.before is None else ()
    return in_order(moved, *carried, *of_unit(instance.tenant, hop.staged))


def _parameters(instance: ProcessInstance) -> Iterator[Statement]:
    for name, value in parameters_of(instance):
        yield Statement(_PARAMETER, (instance.tenant, name, value, instance.id))


def of_erasure(erasure: Erasure) -> Work[Committed]:
    """Take a person out of an instance: the instance's own row first, which may refuse."""
    key = (erasure.tenant, erasure.instance)
    after, staged = erasure.after, in_order(*of_unit(erasure.tenant, erasure.staged))

    async def work(transaction: Transaction) -> Committed:
        if after is None:
            await transaction.run(Statement(_REMOVE, (*key, erasure.before), "revision"))
            for table in (_NO_HOPS, _NO_RETENTION):
                await transaction.run(Statement(table, key))
        else:
            values = (*key, erasure.before, after.revision, after.status, write_state(after))
            await transaction.run(Statement(_EMPTY, values, "revision"))
            for id, packed in await transaction.rows(_PACKS, *key):
                rows = map(emptied, unpack(cast("bytes", packed)))
                await transaction.run(Statement(_KEEP_PACK, (erasure.tenant, id, pack([*rows]))))
        for table in (_NO_CLAIM, _NO_WAIT, _NO_PARAMETERS):
            await transaction.run(Statement(table, key))
        return await staged(transaction)

    return work


def of_unit(tenant: TenantId, unit: Staged) -> Iterator[Statement]:
    """Write staged rows, each under its precondition, then audit rows and resets."""
    for write in unit.writes:
        yield _write(tenant, write)
    for row in unit.audit:
        yield _audit(tenant, row)
    for account in unit.resets:
        yield Statement(_RESET, (tenant, account))


def _write(tenant: TenantId, write: Put | Delete | Hold) -> Statement:
    row, table = write.row, table_of(type(write.row))
    if isinstance(write, Delete):
        return Statement(table.delete, (tenant, row.id, row.version), "record")
    if isinstance(write, Hold):
        return Statement(table.hold, (tenant, row.id, row.version), "record")
    if isinstance(write.expect, Absent):
        first = rules.at_version(row, 1)
        values = (tenant, row.id, 1, encode(first).decode(), *table.values(first))
        return Statement(table.insert, values, "record")
    return _change(tenant, table, row, write.expect)


def _change(tenant: TenantId, table: Table[Record], row: Record, expect: Version) -> Statement:
    after = rules.at_version(row, expect.number + 1)
    guard = (tenant, row.id, expect.number)
    written = (after.version, encode(after).decode(), *table.values(after))
    return Statement(table.update, (*guard, *written), "record")


def _audit(tenant: TenantId, row: AuditRow) -> Statement:
    facts = (row.subject, row.action, row.actor, encode(row).decode())
    return Statement(_AUDIT, (tenant, row.id, micros(row.at), *facts), "record")
