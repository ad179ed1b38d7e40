"""A person comes back to a paused visit by its resume link (design 7; security E)."""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from msgspec.structs import replace

from engine.access.naming import named
from engine.errors import UnknownInstance
from engine.model.instance import ProcessInstance
from engine.model.names import InstanceId, TenantId
from engine.ports.outside import Chance, Vault
from engine.ports.store import Store
from engine.records.record import Absent, Version
from engine.records.tokens import Session
from engine.run import sessions
from engine.run.current import Current, InstanceRef
from engine.run.entry import begin_keys
from engine.run.entry.again import Again
from engine.run.entry.answers import Begun, Refusal, Returning
from engine.run.loop import Loop
from engine.run.unit import Unit
from engine.secret import base64url

PURPOSE: Final = "resume"


def resume_value(vault: Vault, instance: ProcessInstance) -> str | None:
    """Derive what the resume link of a paused instance carries; None where nothing waits for it.

    The same at every asking, and kept nowhere: HMAC of what the wait's link was made for. It is
    worth nothing once the wait has ended, whatever ended it.
    """
    wait = None if instance.is_held else instance.wait
    if wait is None or wait.awaits != "resume" or wait.key is None:
        return None
    made = vault.mac(PURPOSE, f"{instance.tenant}|{wait.key}".encode())
    return named(instance.tenant, base64url(made))


@dataclass(frozen=True, slots=True, kw_only=True)
class Returns:
    """Shows resume links and lets people back in."""

    store: Store
    loop: Loop
    chance: Chance
    vault: Vault
    again: Again

    async def landing(
        self, tenant: TenantId, instance: InstanceId, value: str
    ) -> Returning | Refusal:
        """Show what a resume link goes on with. Changes nothing."""
        current = await self._paused(tenant, instance, value)
        if isinstance(current, Refusal):
            return current
        key = begin_keys.make(self.vault, self.chance, sessions.digest(value), current.now)
        due = current.instance.due_at or current.instance.deadline
        return Returning(definition=current.graph.definition, begin_key=key, until=due)

    async def resume(
        self, tenant: TenantId, instance: InstanceId, value: str, *, begin_key: str
    ) -> Begun | Refusal:
        """Go on: the wait ends, and the browser gets a session of its own.

        What other browsers held of this visit is worth nothing any more (E3). Idempotent by the
        begin key until the first answer: a double press gives the same visit.

        Raises:
            Busy: The store was too contended; try again.
        """
        now = await self.store.now()
        if not begin_keys.is_good(self.vault, begin_key, sessions.digest(value), now):
            return Refusal(reason="stale")
        mark = sessions.digest(begin_key)
        known = await self.again.visit(tenant, mark, now)
        if known is not None:
            return known.begun()
        current = await self._paused(tenant, instance, value)
        if isinstance(current, Refusal):
            return current
        return await self._back(InstanceRef(tenant=tenant, id=instance), current, mark)

    async def _back(self, ref: InstanceRef, current: Current, mark: str) -> Begun | Refusal:
        wait = current.instance.wait
        key = wait.key if wait is not None else None
        value = named(ref.tenant, self.chance.token())

        async def stage(unit: Unit, instance: ProcessInstance) -> None:
            await self._end_others(unit, instance, current.now)
            unit.put(_session(value, instance, mark, current.now), Absent())

        moved = await self.loop.resume(ref, key=key or "", stage=stage)
        if moved.already_answered:  # a twin of this request was quicker
            known = await self.again.visit(ref.tenant, mark, current.now)
            return Refusal(reason="used") if known is None else known.begun()
        return Begun(instance=ref.id, session=value, expires_at=moved.instance.deadline)

    async def _end_others(self, unit: Unit, instance: ProcessInstance, at: datetime) -> None:
        for session in await sessions.of_instance(self.store, instance.tenant, instance.id):
            if session.superseded_at is None:
                ended = replace(session, superseded_at=at)
                unit.put(ended, Version(number=session.version))

    async def _paused(
        self, tenant: TenantId, instance: InstanceId, value: str
    ) -> Current | Refusal:
        """Find the paused instance of a link; one that waits no more has used its link up."""
        if not value.isascii() or len(value) > sessions.LONGEST_SECRET:
            return Refusal(reason="unknown")
        try:
            current = await self.loop.current(InstanceRef(tenant=tenant, id=instance))
        except UnknownInstance:
            return Refusal(reason="unknown")
        right = resume_value(self.vault, current.instance)
        if right is None or not hmac.compare_digest(right, value):
            return Refusal(reason="unknown")
        return current


def _session(value: str, instance: ProcessInstance, mark: str, at: datetime) -> Session:
    return Session(
        id=sessions.digest(value),
        instance=instance.id,
        kind="page",
        begin=mark,
        created_at=at,
        expires_at=instance.deadline,
        used=True,
    )
