"""Use a process token: a new instance, its first hop and its session in one commit (E1)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

from engine.access.naming import named
from engine.errors import Busy
from engine.languages import choose
from engine.model.graph import ProcessGraph
from engine.model.names import InstanceId, JsonObject, TenantId
from engine.ports.outside import Chance
from engine.ports.store import Conflict, Redeem, Store
from engine.records.record import Absent
from engine.records.tokens import ProcessToken, Session
from engine.run import sessions
from engine.run.entry.again import Given
from engine.run.entry.answers import Refusal
from engine.run.library import Library
from engine.run.loop import Fresh, Loop
from engine.run.redirects import REDIRECTS, is_allowed
from engine.run.unit import TRIES, Unit

Known = Callable[[ProcessToken, datetime], Awaitable[Given | Refusal | None]]
"""(token, the store's now) -> what the same request made before, or why it may make nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What shall come of a token.

    Attributes:
        kind: Of the session.
        mark: Hash of the key it is idempotent by; None without one.
        language: What the person would like to read; None leaves the instance PENDING.
        life: Of the session; None: as long as the instance's.
        value: Of the session; None: a new one is drawn.
    """

    kind: Literal["page", "ticket"]
    mark: str | None
    language: str | None = None
    life: timedelta | None = None
    value: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Redeemer:
    """Uses process tokens.

    `allowed_redirects` is looked at again whenever one is used.
    """

    store: Store
    library: Library
    loop: Loop
    chance: Chance
    allowed_redirects: Sequence[str]

    async def token(self, tenant: TenantId, secret: str) -> ProcessToken | None:
        """Find the active token of a secret."""
        if not secret.isascii() or len(secret) > sessions.LONGEST_SECRET:
            return None
        token = await self.store.find(tenant, ProcessToken, "secret_hash", sessions.digest(secret))
        return None if token is None or token.status != "ACTIVE" else token

    async def redeem(
        self, tenant: TenantId, token: ProcessToken, wanted: Wanted, known: Known
    ) -> Given | Refusal:
        """Use a token once, unless the same request did before.

        Args:
            tenant: Whose token.
            token: As it was read.
            wanted: What shall come of it.
            known: Asked first, each time.

        Raises:
            Busy: The store was too contended; try again.
        """
        for _ in range(TRIES):
            now = await self.store.now()
            found = await known(token, now) or await self._use(tenant, token, wanted, now)
            if not isinstance(found, Conflict):
                return found
            token = await self.store.get(tenant, ProcessToken, token.id) or token
        raise Busy(retry_after=1)

    async def _use(
        self, tenant: TenantId, token: ProcessToken, wanted: Wanted, now: datetime
    ) -> Given | Refusal | Conflict:
        refused = refusal(token, now)
        graph = await self.library.named(tenant, token.process, token.process_version)
        if refused is not None or graph is None:
            return refused or Refusal(reason="unknown")
        fresh = self._fresh(token, graph, wanted.language, now)
        value = wanted.value or named(tenant, self.chance.token())
        session = _session(value, token, fresh, wanted)
        unit = Unit(self.store, tenant)
        unit.put(session, Absent())
        made = await self.loop.create(tenant, fresh, unit, Redeem(token=token.id, at=now))
        if isinstance(made, Conflict):
            return made
        return Given(instance=fresh.id, value=value, expires_at=session.expires_at)

    def _fresh(
        self, token: ProcessToken, graph: ProcessGraph, language: str | None, now: datetime
    ) -> Fresh:
        return Fresh(
            id=InstanceId(self.chance.id()),
            graph=graph,
            parameters=self._parameters(token),
            at=now,
            deadline=_deadline(graph, token, now),
            language=choose(graph.definition.languages, language) if language is not None else None,
        )

    def _parameters(self, token: ProcessToken) -> JsonObject:
        """Look at return addresses again: the list may have become shorter since."""
        return {
            name: value
            for name, value in token.parameters.items()
            if name not in REDIRECTS or is_allowed(str(value), self.allowed_redirects)
        }


def refusal(token: ProcessToken, now: datetime) -> Refusal | None:
    """Tell why a token cannot be used now; None where it can."""
    reason = token.refusal(now)
    return None if reason is None else Refusal(reason=reason, token=token)


def _session(value: str, token: ProcessToken, fresh: Fresh, wanted: Wanted) -> Session:
    """Make the session of a new instance; it counts as used: its value is handed out at once."""
    return Session(
        id=sessions.digest(value),
        instance=fresh.id,
        token=token.id,
        kind=wanted.kind,
        begin=wanted.mark,
        created_at=fresh.at,
        expires_at=fresh.deadline if wanted.life is None else fresh.at + wanted.life,
        used=True,
    )


def _deadline(graph: ProcessGraph, token: ProcessToken, now: datetime) -> datetime:
    """Give the earlier of the definition's and the token's; a definition without one has a day."""
    lengths = (graph.definition.max_duration, token.max_process_duration)
    return now + min(
        (length for length in lengths if length is not None), default=timedelta(days=1)
    )
