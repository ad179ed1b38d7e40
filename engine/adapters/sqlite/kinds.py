"""Every kind of record with its table's columns and statements, written out once and for all."""

from __future__ import annotations

from collections.abc import Callable, Mapping
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

SqlValue = None | int | float | bytes | str
"""What a column holds."""

Column = Callable[[Record], SqlValue]

# Filled in with names of a kind's own table and columns, never with anything given (J1).
_INSERT: Final = """INSERT INTO {table} ({columns}tenant, id, version, body)
VALUES ({marks}?, ?, ?, ?) ON CONFLICT DO NOTHING"""
_UPDATE: Final = """UPDATE OR IGNORE {table} SET {changes}version = ?, body = ?
WHERE tenant = ? AND id = ? AND version = ?"""
_FORGET: Final = "DELETE FROM {table} WHERE ends < ?"
_DELETE: Final = "DELETE FROM {table} WHERE tenant = ? AND id = ? AND version = ?"
_HOLD: Final = "UPDATE {table} SET version = version WHERE tenant = ? AND id = ? AND version = ?"
_GET: Final = "SELECT body FROM {table} WHERE tenant = ? AND id = ?"
_FIND: Final = 'SELECT body FROM {table} WHERE tenant = ? AND "{by}" = ?'
_ALL: Final = "FROM {table} WHERE tenant = ?"
_BY: Final = ' AND "{by}" IS ?'
_BEGINS: Final = ' AND "{by}" >= ? AND "{by}" < ?'
_PAGE: Final = "SELECT body {listed} ORDER BY {order} LIMIT ? OFFSET ?"
_COUNT: Final = "SELECT count(*) {listed}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Table(Generic[R]):
    """A kind's columns, besides tenant, id, version and body, and its statements.

    Attributes:
        columns: Unique texts, what rows are listed by, and what SQL itself must read.
        find: Unique property -> statement.
    """

    name: str
    columns: Mapping[str, Column]
    read: Callable[[str], R]
    insert: str
    update: str
    delete: str
    hold: str
    forget: str
    get: str
    find: Mapping[str, str]

    def listing(self, query: PageQuery) -> Listing:
        """Give how rows are listed; `chosen` gives what the statements take."""
        begins = None if query.begins is None else query.begins[0]
        return _listing(self.name, query.by, begins, query.order, descending=query.descending)

    def values(self, row: Record) -> tuple[SqlValue, ...]:
        """Give a row's values for the columns."""
        return tuple(column(row) for column in self.columns.values())


def _end(row: Record) -> SqlValue:
    return micros(cast("Ending", row).expires_at)


def _property(name: str) -> Column:
    return lambda row: cast("SqlValue", getattr(row, name))


def _table(kind: type[R], **more: Column) -> Table[R]:
    columns = {name: _property(name) for name in (*kind.UNIQUE, *kind.LISTED)} | more
    if issubclass(kind, Ending):
        columns["ends"] = _end
    names = {
        "table": kind.TABLE,
        "columns": "".join(f'"{name}", ' for name in columns),
        "marks": "?, " * len(columns),
        "changes": "".join(f'"{name}" = ?, ' for name in columns),
    }
    return Table(
        name=kind.TABLE,
        columns=columns,
        read=msgspec.json.Decoder(kind).decode,
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
    table: str, by: str | None, begins: str | None, order: str | None, *, descending: bool
) -> Listing:
    """Write a listing of names that a kind has: nothing of it was given (J1)."""
    listed = _ALL.format(table=table)
    listed += "" if by is None else _BY.format(by=by)
    listed += "" if begins is None else _BEGINS.format(by=begins)
    way = " DESC" if descending else ""
    first = "" if order is None else f'"{order}" IS NULL{way}, "{order}"{way}, '
    return Listing(
        page=_PAGE.format(listed=listed, order=f"{first}id{way}"),
        count=_COUNT.format(listed=listed),
    )


def chosen(tenant: TenantId, query: PageQuery) -> tuple[SqlValue, ...]:
    """Give what a listing's statements take, before the page's own two numbers."""
    by = () if query.by is None else (query.value,)
    text = "" if query.begins is None else query.begins[1]
    begins = () if query.begins is None else (text, text + HIGHEST)
    return (tenant, *by, *begins)


def _token(read: Callable[[ProcessToken], SqlValue]) -> Column:
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
