"""Every kind of record with its table's columns and statements, written out once and for all."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Generic, cast

import msgspec

from engine.adapters.choosing import Listing
from engine.adapters.encoding import micros
from engine.adapters.rules import HIGHEST
from engine.model.names import TenantId
from engine.ports.store import PageQuery
from engine.records.access import ApiKey, KeptAnswer
from engine.records.deployments import CustomDataForm, Deployment
from engine.records.identity import (
    IdentityStore,
    Passcode,
    PasscodePolicy,
    PasscodeSession,
    User,
)
from engine.records.realtime import RtasChannel, RtasClient, RtasEvent, SigningKeys
from engine.records.record import Ending, R, Record
from engine.records.tenants import Tenant
from engine.records.tokens import ProcessToken, Session
from engine.records.tombstones import Tombstone
from engine.records.trustfactor import (
    CallbackAddresses,
    Contract,
    Provider,
    RegistrationCode,
    Transaction,
    WrongDeviceToken,
)
from engine.records.webhooks import Webhook, WebhookSecrets
from engine.records.work import Job, Signal

PgValue = None | int | bool | bytes | str
"""What a column holds."""
Row = Sequence[PgValue]
"""One row that was read, column by column."""
Column = Callable[[Record], PgValue]

# Filled in with names of a kind's own table and columns, never with anything given (J1).
_INSERT: Final = """INSERT INTO {table} (tenant, id, version, body{columns})
VALUES ({marks}) ON CONFLICT DO NOTHING"""
_UPDATE: Final = """UPDATE {table} SET version = $4, body = $5{changes}
WHERE tenant = $1 AND id = $2 AND version = $3"""
_FORGET: Final = "DELETE FROM {table} WHERE ends < $1"
_DELETE: Final = "DELETE FROM {table} WHERE tenant = $1 AND id = $2 AND version = $3"
_HOLD: Final = "UPDATE {table} SET version = version WHERE tenant = $1 AND id = $2 AND version = $3"
_GET: Final = "SELECT {read} FROM {table} WHERE tenant = $1 AND id = $2"
_FIND: Final = 'SELECT {read} FROM {table} WHERE tenant = $1 AND "{by}" = $2'
_PAGE: Final = "SELECT {read} {listed} ORDER BY {order} LIMIT ${limit} OFFSET ${offset}"
_COUNT: Final = "SELECT count(*) {listed}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Table(Generic[R]):
    """A kind's columns, besides tenant, id, version and body, and its statements.

    Attributes:
        columns: Unique texts, what rows are listed by, and what SQL itself must read.
        insert: Takes tenant, id, version, body and the columns.
        update: Takes tenant, id, the version before, the version after, body and the columns.
        find: Unique property -> statement.
    """

    name: str
    reads: str
    columns: Mapping[str, Column]
    read: Callable[[Row], R]
    insert: str
    update: str
    delete: str
    hold: str
    forget: str
    get: str
    find: Mapping[str, str]

    def values(self, row: Record) -> tuple[PgValue, ...]:
        """Give a row's values for the columns."""
        return tuple(column(row) for column in self.columns.values())

    def listing(self, query: PageQuery) -> Listing:
        """Give how rows are listed; `chosen` gives what the statements take."""
        return _listing(
            self.name,
            self.reads,
            query.by,
            None if query.begins is None else query.begins[0],
            query.order,
            is_absent=query.value is None,
            descending=query.descending,
        )


def _table(kind: type[R], overruling: tuple[str, ...] = (), **more: Column) -> Table[R]:
    """Write a kind's statements.

    Args:
        kind: The kind.
        overruling: Columns whose word counts when a row is read, and not the body's.
        more: Columns besides the unique and the listed properties.
    """
    columns = {name: _property(name) for name in (*kind.UNIQUE, *kind.LISTED)} | more
    if issubclass(kind, Ending):
        columns["ends"] = _end
    quoted = [f'"{name}"' for name in columns]
    names = {
        "table": kind.TABLE,
        "read": ", ".join(["body", *(f'"{name}"' for name in overruling)]),
        "columns": "".join(f", {name}" for name in quoted),
        "marks": ", ".join(f"${place}" for place in range(1, 5 + len(columns))),
        "changes": "".join(f", {name} = ${place}" for place, name in enumerate(quoted, 6)),
    }
    return Table(
        name=kind.TABLE,
        reads=names["read"],
        columns=columns,
        read=_reader(kind, overruling),
        insert=_INSERT.format(**names),
        update=_UPDATE.format(**names),
        delete=_DELETE.format(**names),
        hold=_HOLD.format(**names),
        forget=_FORGET.format(**names),
        get=_GET.format(**names),
        find={by: _FIND.format(by=by, **names) for by in kind.UNIQUE},
    )


@lru_cache(maxsize=256)
def _listing(
    table: str,
    read: str,
    by: str | None,
    begins: str | None,
    order: str | None,
    *,
    is_absent: bool,
    descending: bool,
) -> Listing:
    """Write a listing of names that a kind has: nothing of it was given (J1)."""
    listed, given = f"FROM {table} WHERE tenant = $1", 1
    if by is not None:
        given += 1
        nothing = f'"{by}" IS NULL AND ${given}::text IS NULL'
        there = f'"{by}" = ${given}'
        listed += f" AND {nothing if is_absent else there}"
    if begins is not None:
        listed += f' AND "{begins}" >= ${given + 1} AND "{begins}" < ${given + 2}'
        given += 2
    way = " DESC" if descending else ""
    first = "" if order is None else f'"{order}" IS NULL{way}, "{order}"{way}, '
    page = _PAGE.format(
        read=read, listed=listed, order=f"{first}id{way}", limit=given + 1, offset=given + 2
    )
    return Listing(page=page, count=_COUNT.format(listed=listed))


def chosen(tenant: TenantId, query: PageQuery) -> tuple[PgValue, ...]:
    """Give what a listing's statements take, before the page's own two numbers."""
    by = () if query.by is None else (query.value,)
    text = "" if query.begins is None else query.begins[1]
    begins = () if query.begins is None else (text, text + HIGHEST)
    return (tenant, *by, *begins)


def _end(row: Record) -> PgValue:
    return micros(cast("Ending", row).expires_at)


def _property(name: str) -> Column:
    return lambda row: cast("PgValue", getattr(row, name))


def _reader(kind: type[R], overruling: tuple[str, ...]) -> Callable[[Row], R]:
    decode = msgspec.json.Decoder(kind).decode
    if not overruling:
        return lambda row: decode(cast("str", row[0]))

    def read(row: Row) -> R:
        facts = dict(zip(overruling, row[1:], strict=True))
        return msgspec.structs.replace(decode(cast("str", row[0])), **facts)

    return read


def _token(read: Callable[[ProcessToken], PgValue]) -> Column:
    return lambda row: read(cast("ProcessToken", row))


TABLES: Final[Mapping[type[Record], Table[Record]]] = {
    Deployment: _table(Deployment, number=lambda row: cast("Deployment", row).bundle.version),
    CustomDataForm: _table(CustomDataForm),
    ApiKey: _table(ApiKey),
    KeptAnswer: _table(KeptAnswer),
    IdentityStore: _table(IdentityStore),
    PasscodePolicy: _table(PasscodePolicy),
    User: _table(User),
    Passcode: _table(Passcode),
    PasscodeSession: _table(PasscodeSession),
    ProcessToken: _table(
        ProcessToken,
        ("version", "counter"),  # a use changes them alone
        status=_token(lambda token: token.status),
        opens=_token(lambda token: micros(token.not_before)),
        closes=_token(lambda token: micros(token.not_after)),
        uses=_token(lambda token: token.most_uses),
        counter=_token(lambda token: token.counter),
    ),
    Session: _table(Session),
    Tenant: _table(Tenant),
    Tombstone: _table(Tombstone),
    RtasClient: _table(RtasClient),
    SigningKeys: _table(SigningKeys),
    RtasChannel: _table(RtasChannel),
    RtasEvent: _table(RtasEvent),
    RegistrationCode: _table(RegistrationCode),
    Contract: _table(Contract),
    Transaction: _table(Transaction),
    WrongDeviceToken: _table(WrongDeviceToken),
    CallbackAddresses: _table(CallbackAddresses),
    Provider: _table(Provider),
    Signal: _table(Signal),
    Webhook: _table(Webhook),
    WebhookSecrets: _table(WebhookSecrets),
    Job: _table(Job, due=lambda row: micros(cast("Job", row).due_at)),
}
"""The list of kinds. A new one is entered here, and its table in a migration."""


read_job: Final = msgspec.json.Decoder(Job).decode


def table_of(kind: type[R]) -> Table[R]:
    """Find a kind's table. Raises KeyError for a kind that has none."""
    return cast("Table[R]", TABLES[kind])
