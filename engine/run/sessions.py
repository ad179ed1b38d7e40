"""Sessions: one value per instance and browser, hashed at rest (security E).

A value is rotated at redemption and after a PASS.
"""

from __future__ import annotations

import base64
import hashlib
from datetime import datetime, timedelta
from typing import Final

from msgspec.structs import replace

from engine.model.names import TenantId
from engine.ports.outside import Vault
from engine.ports.store import Conflict, Store
from engine.ports.unit_of_work import UnitOfWork
from engine.records.record import Absent, Put, Staged, Version
from engine.records.tokens import Session
from engine.run.current import Entered

GRACE: Final = timedelta(seconds=30)
"""How long a value before a rotation may still GET the current page, if its answer got lost."""
PURPOSE: Final = "session"


def digest(value: str) -> str:
    """Give the SHA-256 hex that a secret value is kept under."""
    return hashlib.sha256(value.encode()).hexdigest()


def follower(vault: Vault, session: str) -> str:
    """Derive the value that follows a session's: however often it must be told, it is the same.

    Its answer may get lost, or several requests may ask at once; none of them makes the others'
    value worthless. Nobody derives it without the vault.

    Args:
        vault: Its key `session` is used.
        session: The id of the session that is followed, a hash.
    """
    return base64.urlsafe_b64encode(vault.mac(PURPOSE, session.encode())).rstrip(b"=").decode()


def rotate(unit: UnitOfWork, old: Session, at: datetime, vault: Vault) -> str:
    """Stage a new value in the place of `old`; give the value, which is kept nowhere."""
    value = follower(vault, old.id)
    fresh = replace(
        old, id=digest(value), version=1, begin=None, created_at=at,
        superseded_at=None, successor=None, used=False,
    )  # fmt: skip
    unit.put(fresh, Absent())
    unit.put(replace(old, superseded_at=at, successor=fresh.id), Version(number=old.version))
    return value


async def enter(
    store: Store, vault: Vault, tenant: TenantId, instance: str, value: str, *, reads: bool
) -> Entered | None:
    """Find the living session of a value.

    Args:
        store: Where sessions are.
        vault: For the value that follows.
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
        return await _again(store, vault, tenant, session, now) if reads else None
    return Entered(session=session if session.used else await _used(store, tenant, session))


async def _used(store: Store, tenant: TenantId, session: Session) -> Session:
    """Note that a value has arrived: what it followed is worth nothing from now on."""
    used = replace(session, used=True, version=session.version + 1)
    put = Put(row=used, expect=Version(number=session.version))
    if isinstance(await store.write(tenant, Staged(writes=(put,))), Conflict):
        return await store.get(tenant, Session, session.id) or session
    return used


async def _again(
    store: Store, vault: Vault, tenant: TenantId, session: Session, now: datetime
) -> Entered | None:
    """Tell a browser its new value once more: the answer that brought it got lost."""
    successor = await store.get(tenant, Session, session.successor or "")
    if successor is None or successor.used or session.superseded_at is None:
        return None
    value = follower(vault, session.id)
    if now > session.superseded_at + GRACE or digest(value) != successor.id:
        return None
    return Entered(session=successor, fresh=value)
