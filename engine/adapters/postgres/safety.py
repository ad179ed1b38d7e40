"""Whether a server keeps what it has promised: how it writes, who copies it, who can listen."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final, cast

from engine.adapters.address import Address
from engine.adapters.encoding import moment
from engine.adapters.failures import unavailable
from engine.adapters.postgres import schema
from engine.adapters.postgres.failures import FAILURES
from engine.adapters.postgres.pool import connect, ended

_FACTS: Final = """SELECT current_setting('server_version_num')::int,
  current_setting('server_version'),
  current_setting('fsync') = 'on',
  current_setting('full_page_writes') = 'on',
  current_setting('synchronous_commit') IN ('on', 'remote_apply'),
  (SELECT count(*) FROM pg_stat_replication
    WHERE coalesce(state, 'streaming') = 'streaming' AND coalesce(application_name, '') NOT IN
      ('pg_basebackup', 'pg_receivewal')),
  current_setting('synchronous_standby_names') <> '',
  current_setting('log_parameter_max_length') <> '0' AND (current_setting('log_duration') = 'on'
    OR current_setting('log_statement') IN ('mod', 'all')
    OR current_setting('log_min_duration_statement') <> '-1'
    OR current_setting('log_min_duration_sample') <> '-1'),
  coalesce((SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()), false),
  (extract(epoch FROM clock_timestamp()) * 1000000)::bigint"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """What was found.

    Attributes:
        number: The version as the server counts: 150004.
        syncs: It waits for its disk.
        writes_pages_whole: A torn page is mended.
        waits: A commit is answered when it is on disk, not before.
        replicas: Servers that copy this one all the time.
        replicas_count: Whether a commit waits for one of them: else a failover loses answers.
        logs_values: Its log keeps the values of statements, and with them what people entered.
        is_sealed: Nobody can read what goes there.
        now: Its time.
        missing: Migrations to run.
    """

    number: int
    version: str
    syncs: bool
    writes_pages_whole: bool
    waits: bool
    replicas: int
    replicas_count: bool
    logs_values: bool
    is_sealed: bool
    now: datetime
    missing: int


async def look(address: Address) -> Server:
    """Ask a server about itself. Changes nothing.

    Raises:
        StoreUnavailable: It does not answer, or not as a primary.
        SchemaRefused: A newer program has migrated the database.
    """
    try:
        connection = await connect(address)
    except (*FAILURES, ValueError) as failure:
        raise unavailable(failure) from failure
    try:
        row = cast("tuple[object, ...]", await connection.fetchrow(_FACTS))
        due = await schema.missing(connection)
    except FAILURES as failure:
        raise unavailable(failure) from failure
    finally:
        await ended(connection)
    number, version, syncs, whole, waits, replicas, count, logs, sealed, now = row
    return Server(
        number=cast("int", number),
        version=cast("str", version),
        syncs=bool(syncs),
        writes_pages_whole=bool(whole),
        waits=bool(waits),
        replicas=cast("int", replicas),
        replicas_count=bool(count),
        logs_values=bool(logs),
        is_sealed=bool(sealed),
        now=moment(cast("int", now)),
        missing=len(due),
    )
