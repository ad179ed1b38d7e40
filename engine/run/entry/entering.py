"""A request comes with a session value: find the living session (security E)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from msgspec.structs import replace

from engine.model.names import TenantId
from engine.ports.outside import Vault
from engine.ports.store import Conflict, Store
from engine.records.record import Put, Staged, Version
from engine.records.tokens import Session
from engine.run.entry.answers import Entered
from engine.run.sessions import LONGEST_SECRET, digest, follower

GRACE: Final = timedelta(seconds=30)
"""How long a value before a rotation may still GET the current page, if its answer got lost."""


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
    if len(value) > LONGEST_SECRET:
        return None
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
    value = follower(vault, tenant, session.id)
    if now > session.superseded_at + GRACE or digest(value) != successor.id:
        return None
    return Entered(session=successor, fresh=value)
