"""Which instances and audit rows are asked for, as conditions: of those that are given alone.

So every database can use an index for what is given. Written once for both; a `{}` stands where a
database has a mark of its own for a value (J1).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from engine.adapters.encoding import micros
from engine.model.instance import ProcessInstance
from engine.model.names import INIT_VARS, TenantId
from engine.ports.store import AuditQuery, InstanceQuery

Given = int | str
LONGEST_VALUE = 200
"""Characters of a parameter that instances are found by."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """Conditions, all of which must hold, and their values in order."""

    conditions: tuple[str, ...]
    values: tuple[Given, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """What a database says in its own way.

    Attributes:
        mark: Number of a value, from 1 -> how it is marked.
        within: A condition that one text is within another.
        held: A condition that an operator holds an instance.
    """

    mark: Callable[[int], str]
    within: str
    held: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """How rows are listed: one page of them, and how many there are.

    The page takes two values more than the count, behind them: its length and its first row.
    """

    page: str
    count: str


def of_instances(tenant: TenantId, query: InstanceQuery, dialect: Dialect) -> Chosen:
    """Say which instances are asked for."""
    return _chosen(_instances(tenant, query, dialect))


def _instances(
    tenant: TenantId, query: InstanceQuery, dialect: Dialect
) -> Iterator[tuple[str, tuple[Given, ...]]]:
    yield "tenant = {}", (tenant,)
    yield from _equal(query, "process", "bundle", "status")
    if query.text:
        yield dialect.within, (query.text,)
    if query.held:
        yield dialect.held, ()
    if query.since is not None:
        yield "created >= {}", (micros(query.since),)
    if query.until is not None:
        yield "created < {}", (micros(query.until),)
    if query.parameter is not None:
        yield from _parameter(tenant, *query.parameter)


def _parameter(
    tenant: TenantId, name: str | None, value: str
) -> Iterator[tuple[str, tuple[Given, ...]]]:
    by_value = "SELECT instance FROM instance_parameters WHERE tenant = {} AND value = {}"
    if name is None:
        yield f"id IN ({by_value})", (tenant, value)
    else:
        yield f"id IN ({by_value} AND name = {{}})", (tenant, value, name)


def of_audit(tenant: TenantId, query: AuditQuery) -> Chosen:
    """Say which audit rows are asked for."""
    return _chosen(_audit(tenant, query))


def _audit(tenant: TenantId, query: AuditQuery) -> Iterator[tuple[str, tuple[Given, ...]]]:
    yield "tenant = {}", (tenant,)
    yield from _equal(query, "subject", "action", "actor")
    if query.since is not None:
        yield "at >= {}", (micros(query.since),)
    if query.until is not None:
        yield "at < {}", (micros(query.until),)


def _equal(
    query: InstanceQuery | AuditQuery, *names: str
) -> Iterator[tuple[str, tuple[Given, ...]]]:
    for name in names:
        value: str | None = getattr(query, name)
        if value is not None:
            yield f"{name} = {{}}", (value,)


def _chosen(parts: Iterator[tuple[str, tuple[Given, ...]]]) -> Chosen:
    conditions, values = zip(*parts, strict=True)
    return Chosen(conditions, tuple(value for some in values for value in some))


@lru_cache(maxsize=512)
def listing(
    read: str, table: str, order: str, conditions: tuple[str, ...], mark: Callable[[int], str]
) -> Listing:
    """Write a listing of our own words (J1): the marks count from 1, in order."""
    where = " AND ".join(conditions)
    many = where.count("{}")
    listed = f"FROM {table} WHERE {where}".format(*(mark(number + 1) for number in range(many)))
    limits = f"LIMIT {mark(many + 1)} OFFSET {mark(many + 2)}"
    return Listing(
        page=f"SELECT {read} {listed} ORDER BY {order} {limits}",
        count=f"SELECT count(*) {listed}",
    )


def parameters_of(instance: ProcessInstance) -> Sequence[tuple[str, str]]:
    """Give what an instance's token carried, as far as instances are found by it: short texts."""
    given = instance.variables.get(INIT_VARS)
    return [
        (name, value)
        for name, value in (given.items() if isinstance(given, dict) else ())
        if isinstance(value, str) and len(value) <= LONGEST_VALUE and "\x00" not in value
    ]
