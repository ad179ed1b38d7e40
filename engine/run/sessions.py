"""Sessions.

One value per instance and browser, hashed at rest, rotated at redemption and after a PASS (security
E).
"""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from typing import Final

from msgspec.structs import replace

from engine.model.names import TenantId
from engine.ports.outside import Chance
from engine.ports.store import Conflict, Store
from engine.ports.unit_of_work import UnitOfWork
from engine.records.record import Absent, Put, Staged, Version
from engine.records.tokens import Session
from engine.run.current import Entered
from engine.run.unit import Unit

GRACE: Final = timedelta(seconds=30)
"""How long a value before a rotation may still GET the current page, if its answer got lost."""


def digest(value: str) -> str:
    """Give the SHA-256 hex that a secret value is kept under."""
    return hashlib.sha256(value.encode()).hexdigest()


def rotate(unit: UnitOfWork, old: Session, at: datetime, chance: Chance) -> str:
    """Stage a new value in the place of `old`; give the value, which is kept nowhere."""
    value = chance.token()
    fresh = replace(
        old, id=digest(value), version=1, begin=None, created_at=at,
        superseded_at=None, successor=None, used=False,
    )  # fmt: skip
    unit.put(fresh, Absent())
    unit.put(replace(old, superseded_at=at, successor=fresh.id), Version(number=old.version))
    return value


async def enter(
    store: Store, chance: Chance, tenant: TenantId, instance: str, value: str, *, reads: bool
) -> Entered | None:
    """Find the living session of a value.

    Args:
        store: Where sessions are.
        chance: For a fresh value.
        tenant: Whose instance.
        instance: Its id; a session of another instance is none.
        value: What the browser or app sent.
        reads: Whether the request only reads: a superseded value may, for 30 s, until its successor
            was used.

    Returns:
        The session, with a fresh value where one must be handed out; None where there is no living
        one.
    """
    session = await store.get(tenant, Session, digest(value))
    now = await store.now()
    if session is None or session.instance != instance or session.kind == "ticket":
        return None
    if now >= session.expires_at:
        return None
    if session.superseded_at is not None:
        return await _again(store, chance, tenant, session, now) if reads else None
    if not session.used:
        await store.write(tenant, Staged(writes=_marked(session)))
    return Entered(session=session)


def _marked(session: Session) -> tuple[Put, ...]:
    used = replace(session, used=True, version=session.version + 1)
    return (Put(row=used, expect=Version(number=session.version)),)


async def _again(
    store: Store, chance: Chance, tenant: TenantId, session: Session, now: datetime
) -> Entered | None:
    """Hand out a fresh value to a browser whose answer with the new one got lost."""
    assert session.superseded_at is not None  # noqa: S101 - the caller looked
    successor = await store.get(tenant, Session, session.successor or "")
    if successor is None or successor.used or now > session.superseded_at + GRACE:
        return None
    unit = Unit(store, tenant)
    value = chance.token()
    fresh = replace(successor, id=digest(value), version=1, created_at=now)
    unit.delete(successor)
    unit.put(fresh, Absent())
    unit.put(replace(session, successor=fresh.id), Version(number=session.version))
    if isinstance(await store.write(tenant, unit.staged()), Conflict):
        return await _handed_out(store, tenant, session.id)
    return Entered(session=fresh, fresh=value)


async def _handed_out(store: Store, tenant: TenantId, replaced: str) -> Entered | None:
    """A twin of this request was quicker: its answer hands out the value, this one only looks."""
    session = await store.get(tenant, Session, replaced)
    successor = await store.get(tenant, Session, session.successor or "") if session else None
    return Entered(session=successor) if successor is not None else None
