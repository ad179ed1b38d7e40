"""What a hop or a unit writes, as statements in the order in which they must hold."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from engine.adapters import rules
from engine.adapters.choosing import parameters_of
from engine.adapters.encoding import encode, micros, pack, write_state
from engine.adapters.sqlite.kinds import SqlValue, Table, table_of
from engine.model.instance import ProcessInstance
from engine.model.names import TenantId
from engine.ports.store import Erasure, Hop, Redeem
from engine.records.record import Absent, AuditRow, Delete, Hold, Put, Record, Staged, Version


class Statement(msgspec.Struct, frozen=True, gc=False):
    """One statement and its values; where `refused` is given it must change a row.

    A Struct because it is made some four times per hop, and a dataclass takes eight times as long.

    Attributes:
        refused: What a `Conflict` names when no row was changed.
    """

    sql: str
    values: tuple[SqlValue, ...]
    refused: str | None = None


WRITE_AGAIN = "PRAGMA user_version = 0"
"""A number that nobody uses, as it is: SQLite writes its page all the same, and of a row that does
not change it would not."""
_CREATE = """INSERT INTO instances
  (tenant, id, revision, process, bundle, created, status, deadline, kept_until, held, state)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING"""
_MOVE = """UPDATE instances
SET revision = ?, status = ?, deadline = ?, kept_until = ?, held = ?, state = ?
WHERE tenant = ? AND id = ? AND revision = ?"""
_PARAMETER = """INSERT INTO instance_parameters (tenant, name, value, instance)
VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING"""
_NO_PARAMETERS = "DELETE FROM instance_parameters WHERE tenant = ? AND instance = ?"
_REMOVE = "DELETE FROM instances WHERE tenant = ? AND id = ? AND revision = ?"
_NO_HOPS = "DELETE FROM hops WHERE tenant = ? AND instance = ?"
_DROP_OWN_CLAIM = """DELETE FROM claims
WHERE tenant = ? AND instance = ? AND revision = ? AND owner = ?"""
_DROP_CLAIM = "DELETE FROM claims WHERE tenant = ? AND instance = ?"
_REDEEM = """UPDATE process_tokens SET counter = counter + 1, version = version + 1,
  body = json_set(body, '$.counter', counter + 1, '$.version', version + 1)
WHERE tenant = ? AND id = ? AND status = 'ACTIVE' AND (opens IS NULL OR opens <= ?)
  AND (closes IS NULL OR closes > ?) AND (uses IS NULL OR counter < uses)"""
_AUDIT = """INSERT INTO audit (tenant, id, at, subject, action, actor, body)
VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING"""
_RESET = "DELETE FROM attempts WHERE tenant = ? AND account = ?"
_WAIT = """INSERT OR REPLACE INTO waits (tenant, instance, node, visit, due, expires)
VALUES (?, ?, ?, ?, ?, ?)"""
_NO_WAIT = "DELETE FROM waits WHERE tenant = ? AND instance = ?"
_HOP = """INSERT INTO hops (tenant, instance, revision, id, rows)
VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING"""


def needs_savepoint(hop: Hop) -> bool:
    """Say whether more than the instance's own row, which is the first, can refuse the hop."""
    return hop.redeem is not None or hop.staged.owned or not hop.staged.is_empty


def of_hop(hop: Hop) -> tuple[Statement, ...]:
    """Write a hop: its instance, claim and token first, then preconditions, then the rest."""
    instance, key = hop.instance, (hop.instance.tenant, hop.instance.id)
    packed = pack(hop.rows)
    return (
        _instance(instance, hop.before),
        *(_parameters(instance) if hop.before is None else ()),
        *_claim(hop),
        *(() if hop.redeem is None else (_redeem(instance.tenant, hop.redeem),)),
        *of_unit(instance.tenant, hop.staged),
        _wait(instance),
        Statement(_HOP, (*key, instance.revision, hop.id, packed), "exists"),
    )


def of_erasure(erasure: Erasure) -> tuple[Statement, ...]:
    """Write an erasure, but for the journal rows that are emptied: the instance first."""
    key = (erasure.tenant, erasure.instance)
    staged = of_unit(erasure.tenant, erasure.staged)
    claims, waits = Statement(_DROP_CLAIM, key), Statement(_NO_WAIT, key)
    rest = (claims, waits, Statement(_NO_PARAMETERS, key), *staged)
    if erasure.after is not None:
        return (_instance(erasure.after, erasure.before), *rest)
    gone = Statement(_REMOVE, (*key, erasure.before), "revision")
    return (gone, Statement(_NO_HOPS, key), *rest)


def of_unit(tenant: TenantId, unit: Staged) -> Iterator[Statement]:
    """Write staged rows, each under its precondition, then audit rows and resets."""
    for write in unit.writes:
        yield _write(tenant, write)
    for row in unit.audit:
        yield _audit(tenant, row)
    for account in unit.resets:
        yield Statement(_RESET, (tenant, account))


def _instance(instance: ProcessInstance, before: int | None) -> Statement:
    state = write_state(instance)
    at_rest = instance.is_over or instance.is_held
    times = (None if at_rest else micros(instance.deadline), micros(instance.kept_until))
    stands = (instance.status, *times, int(instance.is_held), state)
    if before is None:
        made = (instance.process, instance.bundle, micros(instance.created_at))
        row = (instance.tenant, instance.id, instance.revision, *made, *stands)
        return Statement(_CREATE, row, "exists")
    after = (instance.revision, *stands)
    return Statement(_MOVE, (*after, instance.tenant, instance.id, before), "revision")


def _parameters(instance: ProcessInstance) -> Iterator[Statement]:
    for name, value in parameters_of(instance):
        yield Statement(_PARAMETER, (instance.tenant, name, value, instance.id))


def _claim(hop: Hop) -> tuple[Statement, ...]:
    key = (hop.instance.tenant, hop.instance.id)
    if hop.staged.owned:
        return (Statement(_DROP_OWN_CLAIM, (*key, hop.before, hop.id), "claim"),)
    return (Statement(_DROP_CLAIM, key),) if hop.instance.is_over else ()


def _redeem(tenant: TenantId, redeem: Redeem) -> Statement:
    at = micros(redeem.at)
    return Statement(_REDEEM, (tenant, redeem.token, at, at), "token")


def _write(tenant: TenantId, write: Put | Delete | Hold) -> Statement:
    row, table = write.row, table_of(type(write.row))
    if isinstance(write, Delete):
        return Statement(table.delete, (tenant, row.id, row.version), "record")
    if isinstance(write, Hold):
        return Statement(table.hold, (tenant, row.id, row.version), "record")
    if isinstance(write.expect, Absent):
        first = rules.at_version(row, 1)
        values = (*table.values(first), tenant, row.id, 1, encode(first).decode())
        return Statement(table.insert, values, "record")
    return _change(tenant, table, row, write.expect)


def _change(tenant: TenantId, table: Table[Record], row: Record, expect: Version) -> Statement:
    after = rules.at_version(row, expect.number + 1)
    written = (*table.values(after), after.version, encode(after).decode())
    return Statement(table.update, (*written, tenant, row.id, expect.number), "record")


def _audit(tenant: TenantId, row: AuditRow) -> Statement:
    facts = (row.subject, row.action, row.actor, encode(row).decode())
    return Statement(_AUDIT, (tenant, row.id, micros(row.at), *facts), "record")


def _wait(instance: ProcessInstance) -> Statement:
    key, wait = (instance.tenant, instance.id), instance.wait
    if wait is None or instance.is_over or instance.is_held:
        return Statement(_NO_WAIT, key)
    times = (micros(wait.due), micros(wait.expires))
    return Statement(_WAIT, (*key, wait.node, wait.visit, *times))
