"""The store's own questions as SQL, and its housekeeping: rows emptied, audit rows dropped.

The statements of single kinds of records are in `kinds`, what a hop writes is in `statements`.
"""

from __future__ import annotations

from typing import Final

from engine.adapters.choosing import Dialect

STATE: Final = "SELECT state FROM instances WHERE tenant = ? AND id = ?"
HAS_HOP: Final = "SELECT 1 FROM hops WHERE tenant = ? AND id = ?"
JOURNAL: Final = "SELECT rows FROM hops WHERE tenant = ? AND instance = ? ORDER BY revision"

PACKS: Final = "SELECT rowid, rows FROM hops WHERE tenant = ? AND instance = ?"
KEEP_PACK: Final = "UPDATE hops SET rows = ? WHERE rowid = ?"
EXPIRED: Final = """SELECT tenant, id FROM instances WHERE kept_until <= ?1
ORDER BY kept_until LIMIT ?2"""
JOBS: Final = """SELECT tenant, body FROM outbox WHERE due <= ?1
ORDER BY due, tenant, id LIMIT ?2"""
FORGET_AUDIT: Final = "DELETE FROM audit WHERE at < ?"

DIALECT: Final = Dialect(
    mark=lambda number: f"?{number}",
    within="instr(upper(id), upper({})) > 0",
    held="held = 1",
)

DEPLOYED: Final = "SELECT id FROM deployments WHERE tenant = ? AND by_version = ?"
NEWEST: Final = """SELECT id FROM deployments WHERE tenant = ? AND process = ?
ORDER BY number DESC LIMIT 1"""

DUE: Final = """
WITH times (tenant, instance, at) AS (
  SELECT * FROM (SELECT tenant, instance, wakes FROM waits
    WHERE wakes <= ?1 ORDER BY wakes LIMIT ?2)
  UNION ALL
  SELECT * FROM (SELECT tenant, id, deadline FROM instances
    WHERE deadline <= ?1 ORDER BY deadline LIMIT ?2)
)
SELECT tenant, instance FROM times GROUP BY tenant, instance
ORDER BY min(at), tenant, instance LIMIT ?2
"""
"""The longest due of each index first; an instance that is in both counts once, by the earlier."""
