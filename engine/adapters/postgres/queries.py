"""The store's own questions as SQL, two of them asked by writing, and its housekeeping.

The statements of single kinds of records are in `kinds`, what a hop writes is in `statements`.

Time comes from the server (reliability 1.9): microseconds since 1970. A value given in its place
is a test's, whose time stands still.
"""

from __future__ import annotations

from typing import Final

from engine.adapters.choosing import Dialect

_NOW: Final = "(extract(epoch FROM statement_timestamp()) * 1000000)::bigint"
NOW: Final = f"SELECT coalesce($1::bigint, {_NOW})"

_STATE: Final = """SELECT state, coalesce($3::bigint, {now}) FROM instances
WHERE tenant = $1 AND id = $2"""
STATE: Final = _STATE.format(now=_NOW)
TAKE_HOP: Final = """INSERT INTO hops (tenant, id, instance, revision, rows)
VALUES ($1, $2::text, '?' || $2::text, 0, '') ON CONFLICT DO NOTHING"""
"""Try to be that hop, in a transaction that is undone: it waits for a twin that is still on its way
to its commit, where a mere look would not see it, and changes no row where the twin was kept."""
JOURNAL: Final = "SELECT rows FROM hops WHERE tenant = $1 AND instance = $2 ORDER BY revision"

DIALECT: Final = Dialect(
    mark=lambda number: f"${number}",
    within="strpos(upper(id), upper({}::text)) > 0",
    held="held",
)

DEPLOYED: Final = "SELECT id FROM deployments WHERE tenant = $1 AND by_version = $2"
NEWEST: Final = """SELECT id FROM deployments WHERE tenant = $1 AND process = $2
ORDER BY number DESC LIMIT 1"""

_DUE: Final = """SELECT tenant, instance FROM waits WHERE wakes <= coalesce($1::bigint, {now})
ORDER BY wakes, tenant, instance LIMIT $2 FOR UPDATE SKIP LOCKED"""
DUE: Final = _DUE.format(now=_NOW)
"""Passed over is what another one's hop is moving at this moment, or another node's sweep takes."""

_EXPIRED: Final = """SELECT tenant, instance FROM retention
WHERE kept_until <= coalesce($1::bigint, {now}) ORDER BY kept_until, tenant, instance LIMIT $2"""
EXPIRED: Final = _EXPIRED.format(now=_NOW)
_JOBS: Final = """SELECT tenant, body FROM outbox WHERE due <= coalesce($1::bigint, {now})
ORDER BY due, tenant, id LIMIT $2 FOR UPDATE SKIP LOCKED"""
JOBS: Final = _JOBS.format(now=_NOW)
"""Passed over is what another node takes at this moment."""
WRITE_AGAIN: Final = """UPDATE schema_versions SET name = name
WHERE number = (SELECT max(number) FROM schema_versions)"""
"""PostgreSQL writes a new version of a row also where nothing of it is another."""
FORGET_AUDIT: Final = "DELETE FROM audit WHERE at < $1"

IS_FRESH: Final = """SELECT NOT EXISTS (SELECT FROM hops) AND NOT EXISTS (SELECT FROM deployments)
  AND NOT EXISTS (SELECT FROM identity_stores) AND NOT EXISTS (SELECT FROM process_tokens)"""
