"""An app creates an instance; its ticket starts it once, wherever the person is (design 7)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from msgspec.structs import replace

from engine.access.naming import named
from engine.errors import Busy
from engine.languages import choose
from engine.model.names import InstanceId, TenantId
from engine.ports.outside import Chance, Vault
from engine.ports.store import Conflict, Store
from engine.records.record import Absent, Version
from engine.records.tokens import ProcessToken, Session
from engine.run import sessions
from engine.run.current import InstanceRef
from engine.run.entry import begin_keys
from engine.run.entry.again import Again, Given
from engine.run.entry.answers import Begun, Created, Landing, Refusal
from engine.run.entry.redeem import Redeemer, Wanted
from engine.run.loop import Loop
from engine.run.unit import TRIES, Unit

TICKET_LIFE: Final = timedelta(minutes=15)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tickets:
    """Creates instances for apps, and starts them with their tickets."""

    store: Store
    loop: Loop
    chance: Chance
    vault: Vault
    redeemer: Redeemer
    again: Again

    async def create(
        self, tenant: TenantId, token: ProcessToken | None, *, idempotency_key: str | None
    ) -> Created | Refusal:
        """Create an instance (PENDING), idempotent by the key where there is one."""
        if token is None:
            return Refusal(reason="unknown")
        mark = _mark(token, idempotency_key)

        async def known(_: ProcessToken, now: datetime) -> Given | Refusal | None:
            return await self.again.ticket(tenant, mark, now)

        value = None if mark is None else sessions.first_of(self.vault, tenant, mark)
        wanted = Wanted(kind="ticket", mark=mark, life=TICKET_LIFE, value=value)
        found = await self.redeemer.redeem(tenant, token, wanted, known)
        if isinstance(found, Refusal):
            return found
        return Created(instance=found.instance, ticket=found.value, expires_at=found.expires_at)

    async def waiting(
        self, tenant: TenantId, instance: InstanceId, ticket: str
    ) -> Landing | Refusal:
        """Show what a ticket would begin: the same landing page. Changes nothing."""
        session = await self._ticket(tenant, instance, ticket)
        now = await self.store.now()
        if session is None:
            return Refusal(reason="unknown")
        token = await self.store.get(tenant, ProcessToken, session.token)
        current = await self.loop.current(InstanceRef(tenant=tenant, id=instance))
        if token is None:
            return Refusal(reason="unknown")
        if now >= session.expires_at:
            return Refusal(reason="expired", token=token)
        if current.instance.status != "PENDING":
            return Refusal(reason="used", token=token)
        key = begin_keys.make(self.vault, self.chance, session.id, now)
        return Landing.of(token, current.graph, begin_key=key, now=now)

    async def start(
        self,
        tenant: TenantId,
        instance: InstanceId,
        ticket: str,
        *,
        language: str | None,
        begin_key: str | None,
    ) -> Begun | Refusal:
        """Start a created instance: the ticket is spent, the first hop commits.

        Until the first answer the same start gives the same instance again, by its begin key or,
        without one, by the ticket: its answer may have got lost.

        Raises:
            Busy: The store was too contended; try again.
        """
        for _ in range(TRIES):
            session = await self._ticket(tenant, instance, ticket)
            if session is None:
                return Refusal(reason="unknown")
            found = await self._started(tenant, session, language or "", begin_key)
            if isinstance(found, Given):
                return found.begun()
            if isinstance(found, Refusal):
                return found
        raise Busy(retry_after=1)

    async def _started(
        self, tenant: TenantId, ticket: Session, language: str, begin_key: str | None
    ) -> Given | Refusal | Conflict:
        now = await self.store.now()
        if begin_key is not None and not begin_keys.is_good(self.vault, begin_key, ticket.id, now):
            return Refusal(reason="stale")
        mark = sessions.digest(begin_key) if begin_key is not None else None
        found = await self._known(tenant, ticket, mark, now) or _refusal(ticket, now)
        return found or await self._spend(tenant, ticket, now, mark=mark, language=language)

    async def _known(
        self, tenant: TenantId, ticket: Session, mark: str | None, now: datetime
    ) -> Given | None:
        """Give what the same start made before."""
        if mark is not None:
            return await self.again.visit(tenant, mark, now)
        return await self.again.start(tenant, ticket, now)

    async def _ticket(self, tenant: TenantId, instance: InstanceId, ticket: str) -> Session | None:
        if not ticket.isascii() or len(ticket) > sessions.LONGEST_SECRET:
            return None
        session = await self.store.get(tenant, Session, sessions.digest(ticket))
        fits = session is not None and session.kind == "ticket" and session.instance == instance
        return session if fits else None

    async def _spend(
        self, tenant: TenantId, ticket: Session, now: datetime, *, mark: str | None, language: str
    ) -> Given | Refusal | Conflict:
        ref = InstanceRef(tenant=tenant, id=InstanceId(ticket.instance))
        current = await self.loop.current(ref)
        if current.instance.is_over:  # its deadline came before anybody started it
            return Refusal(reason="used")
        value = named(tenant, self.chance.token())
        session = replace(
            ticket,
            id=sessions.digest(value),
            version=1,
            kind="app" if mark is None else "page",
            begin=mark,
            created_at=now,
            expires_at=current.instance.deadline,
            used=True,
        )
        unit = Unit(self.store, tenant)
        unit.put(session, Absent())
        spent = replace(ticket, superseded_at=now, successor=session.id)
        unit.put(spent, Version(number=ticket.version))
        begun = await self.loop.begin(
            ref, choose(current.graph.definition.languages, language), unit
        )
        if isinstance(begun, Conflict):
            return begun
        return Given(instance=ref.id, value=value, expires_at=begun.instance.deadline)


def _mark(token: ProcessToken, idempotency_key: str | None) -> str | None:
    """Give the hash an app's key is kept under; each token has keys of its own."""
    if idempotency_key is None:
        return None
    return sessions.digest(f"create|{token.id}|{idempotency_key}")


def _refusal(ticket: Session, now: datetime) -> Refusal | None:
    """Tell why a ticket cannot be spent."""
    if ticket.superseded_at is not None:
        return Refusal(reason="used")
    return Refusal(reason="expired") if now >= ticket.expires_at else None
