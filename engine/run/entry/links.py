"""A person has a link: it is shown, begun once, and gone on with (design 7)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from engine.model.names import InstanceId, TenantId
from engine.ports.outside import Chance, Vault
from engine.ports.store import Store
from engine.records.tokens import ProcessToken, Session
from engine.run import sessions
from engine.run.entry import begin_keys
from engine.run.entry.again import Again, Given
from engine.run.entry.answers import Begun, Landing, Refusal
from engine.run.entry.redeem import Redeemer, Wanted, refusal
from engine.run.library import Library


@dataclass(frozen=True, slots=True, kw_only=True)
class Links:
    """Shows links and begins visits."""

    store: Store
    library: Library
    chance: Chance
    vault: Vault
    redeemer: Redeemer
    again: Again

    async def landing(
        self, tenant: TenantId, secret: str, cookies: Sequence[str]
    ) -> Landing | Refusal:
        """Show what a link would begin. Changes nothing."""
        token = await self.redeemer.token(tenant, secret)
        if token is None:
            return Refusal(reason="unknown")
        now = await self.store.now()
        resume = await self._resumable(tenant, token, cookies, now)
        refused = refusal(token, now)
        if refused is not None and resume is None:
            return refused
        graph = await self.library.named(tenant, token.process, token.process_version)
        if graph is None:
            return Refusal(reason="unknown")
        key = begin_keys.make(self.vault, self.chance, token.secret_hash, now)
        return Landing.of(token, graph, begin_key=key, now=now, resume=resume)

    async def begin(
        self, tenant: TenantId, secret: str, *, begin_key: str, language: str
    ) -> Begun | Refusal:
        """Redeem a link, idempotent by its begin key."""
        token = await self.redeemer.token(tenant, secret)
        if token is None:
            return Refusal(reason="unknown")
        mark = sessions.digest(begin_key)

        async def known(token: ProcessToken, now: datetime) -> Given | Refusal | None:
            if not begin_keys.is_good(self.vault, begin_key, token.secret_hash, now):
                return Refusal(reason="stale", token=token)
            return await self.again.visit(tenant, mark, now)

        wanted = Wanted(kind="page", mark=mark, language=language)
        found = await self.redeemer.redeem(tenant, token, wanted, known)
        if isinstance(found, Refusal):
            return found
        return found.begun()

    async def _resumable(
        self, tenant: TenantId, token: ProcessToken, cookies: Sequence[str], now: datetime
    ) -> InstanceId | None:
        for value in cookies:
            session = await self.store.get(tenant, Session, sessions.digest(value))
            if session is None or session.token != token.id or session.kind != "page":
                continue
            if now < session.expires_at and session.superseded_at is None:
                return InstanceId(session.instance)
        return None
