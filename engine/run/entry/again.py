"""The same request once more, because its answer got lost: what it made is told again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from engine.model.names import InstanceId, TenantId
from engine.ports.outside import Vault
from engine.ports.store import Conflict, Store
from engine.records.tokens import Session
from engine.run import sessions
from engine.run.entry.answers import Begun, Refusal
from engine.run.unit import Unit


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What a redeemed token or ticket gave: an instance, and the value of a session or ticket."""

    instance: InstanceId
    value: str
    expires_at: datetime

    def begun(self) -> Begun:
        """Write it as the answer to whoever begins a visit."""
        return Begun(instance=self.instance, session=self.value, expires_at=self.expires_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class Again:
    """Finds what a request made before by its mark, the hash of its begin or idempotency key."""

    store: Store
    vault: Vault

    async def visit(self, tenant: TenantId, mark: str | None, now: datetime) -> Given | None:
        """Give the visit this begin key made, with a new session value, until its first answer."""
        first = await self._first(tenant, mark)
        if first is None or await self._has_gone_on(tenant, first):
            return None
        return await self._given(tenant, first, now)

    async def ticket(
        self, tenant: TenantId, mark: str | None, now: datetime
    ) -> Given | Refusal | None:
        """Give the instance this idempotency key made and its ticket, until that is spent.

        A ticket made before they were derived is followed by a new one.
        """
        first = await self._first(tenant, mark)
        if first is None or mark is None:
            return None
        if await self._has_gone_on(tenant, first):
            return Refusal(reason="used")
        value = sessions.first_of(self.vault, tenant, mark)
        if first.id == sessions.digest(value) and first.superseded_at is None:
            instance = InstanceId(first.instance)
            return Given(instance=instance, value=value, expires_at=first.expires_at)
        return await self._given(tenant, first, now) or Refusal(reason="used")

    async def start(self, tenant: TenantId, ticket: Session, now: datetime) -> Given | None:
        """Give the visit an app began with this ticket, with a new session value.

        While the ticket would live, and until the first answer.
        """
        if ticket.successor is None or now >= ticket.expires_at:
            return None
        first = await self.store.get(tenant, Session, ticket.successor)
        if first is None or first.kind != "app":
            return None
        if await self._has_gone_on(tenant, first):
            return None
        return await self._given(tenant, first, now)

    async def _first(self, tenant: TenantId, mark: str | None) -> Session | None:
        return await self.store.find(tenant, Session, "begin", mark) if mark else None

    async def _has_gone_on(self, tenant: TenantId, first: Session) -> bool:
        """Whether the visit is over, or was answered since that session began."""
        instance = InstanceId(first.instance)
        loaded = await self.store.load(tenant, instance)
        if loaded.instance.is_over:
            return True
        journal = await self.store.journal(tenant, instance)
        return any(row.kind == "Submitted" and row.at >= first.created_at for row in journal)

    async def _given(self, tenant: TenantId, first: Session, now: datetime) -> Given | None:
        value = await self._follower(tenant, first, now)
        if value is None:
            return None
        return Given(instance=InstanceId(first.instance), value=value, expires_at=first.expires_at)

    async def _follower(self, tenant: TenantId, first: Session, now: datetime) -> str | None:
        """Give the value that follows `first`, the same at every further asking.

        None where `first` was spent on something else. `first` keeps the key.
        """
        value = sessions.follower(self.vault, tenant, first.id)
        if first.superseded_at is not None:
            return value if first.successor == sessions.digest(value) else None
        unit = Unit(self.store, tenant)
        sessions.rotate(unit, first, now, self.vault)
        if isinstance(await self.store.write(tenant, unit.staged()), Conflict):
            known = await self.store.get(tenant, Session, first.id)
            return await self._follower(tenant, known, now) if known is not None else None
        return value
