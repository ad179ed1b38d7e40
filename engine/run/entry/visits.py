"""How a person gets in (design 7): a link is shown, begun once, gone on with; an app starts one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from msgspec.structs import replace

from engine.errors import Busy
from engine.model.graph import ProcessGraph
from engine.model.names import InstanceId, JsonObject, TenantId
from engine.ports.outside import Chance, Vault
from engine.ports.store import Conflict, Redeem, Store
from engine.records.record import Absent, Version
from engine.records.tokens import ProcessToken, Session
from engine.run import sessions
from engine.run.current import InstanceRef
from engine.run.entry import begin_keys, entering
from engine.run.entry.answers import Begun, Created, Entered, Landing, Refusal
from engine.run.entry.redirects import is_allowed
from engine.run.entry.tokens import REDIRECTS
from engine.run.loop import Fresh, Loop
from engine.run.unit import TRIES, Unit

TICKET_LIFE: Final = timedelta(minutes=15)
LONGEST_SECRET: Final = 128


@dataclass(slots=True)
class Visits:
    """Links, tickets and sessions.

    `allowed_redirects` is looked at again whenever a token is used.
    """

    store: Store
    loop: Loop
    chance: Chance
    vault: Vault
    allowed_redirects: Sequence[str] = ()

    async def landing(
        self, tenant: TenantId, secret: str, cookies: Sequence[str] = ()
    ) -> Landing | Refusal:
        """Show what a link would begin. Changes nothing.

        Args:
            tenant: Whose link.
            secret: The link's `pt_...`.
            cookies: Session values the browser sent: a visit of this token may be gone on with.
        """
        token = await self._token(tenant, secret)
        if token is None:
            return Refusal(reason="unknown")
        now = await self.store.now()
        resume = await self._resumable(tenant, token, cookies, now)
        refused = _refused(token, now)
        if refused is not None and resume is None:
            return refused
        graph = await self._graph(tenant, token)
        if graph is None:
            return Refusal(reason="unknown")
        key = begin_keys.make(self.vault, self.chance, token.secret_hash, now)
        return Landing(
            token=token,
            definition=graph.definition,
            begin_key=key,
            now=now,
            resume=resume,
            asks_passcode=_asks_passcode(graph),
        )

    async def begin(
        self, tenant: TenantId, secret: str, *, begin_key: str, language: str
    ) -> Begun | Refusal:
        """Redeem a link: a new instance, its first hop and its session in one commit.

        The same begin key gives the same instance and a new session value, until its first answer.

        Raises:
            Busy: The store was too contended; try again.
        """
        token = await self._token(tenant, secret)
        if token is None:
            return Refusal(reason="unknown")
        for _ in range(TRIES):
            now = await self.store.now()
            if not begin_keys.is_good(self.vault, begin_key, token.secret_hash, now):
                return Refusal(reason="stale", token=token)
            mark = sessions.digest(begin_key)
            again = await self._begun_before(tenant, mark, now)
            if again is not None:
                return again
            found = await self._redeem(tenant, token, now, mark=mark, language=language)
            if isinstance(found, Begun | Refusal):
                return found
            token = await self.store.get(tenant, ProcessToken, token.id) or token
        raise Busy(retry_after=1)

    async def create(
        self, tenant: TenantId, secret: str, *, idempotency_key: str | None = None
    ) -> Created | Refusal:
        """Create an instance for an app (PENDING); the ticket starts it once.

        The same Idempotency-Key gives the same instance and a new ticket.
        """
        token = await self._token(tenant, secret)
        if token is None:
            return Refusal(reason="unknown")
        mark = (
            sessions.digest(f"create|{token.id}|{idempotency_key}")
            if idempotency_key is not None
            else None
        )
        for _ in range(TRIES):
            now = await self.store.now()
            again = await self._created_before(tenant, mark, now)
            if again is not None:
                return again
            found = await self._redeem(tenant, token, now, mark=mark, language=None)
            if isinstance(found, Created | Refusal):
                return found
            token = await self.store.get(tenant, ProcessToken, token.id) or token
        raise Busy(retry_after=1)

    async def waiting(
        self, tenant: TenantId, instance: InstanceId, ticket: str
    ) -> Landing | Refusal:
        """Show what a start ticket would begin: the same landing page. Changes nothing."""
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
        return Landing(
            token=token,
            definition=current.graph.definition,
            begin_key=key,
            now=now,
            asks_passcode=_asks_passcode(current.graph),
        )

    async def start(
        self,
        tenant: TenantId,
        instance: InstanceId,
        ticket: str,
        *,
        language: str | None = None,
        begin_key: str | None = None,
    ) -> Begun | Refusal:
        """Start a created instance with its ticket: the ticket is spent, the first hop commits.

        With a `begin_key` (the landing page) it is idempotent by that key, and the session is a
        page's.
        """
        session = await self._ticket(tenant, instance, ticket)
        if session is None:
            return Refusal(reason="unknown")
        now = await self.store.now()
        if begin_key is not None and not begin_keys.is_good(self.vault, begin_key, session.id, now):
            return Refusal(reason="stale")
        mark = sessions.digest(begin_key) if begin_key is not None else None
        again = await self._begun_before(tenant, mark, now)
        if again is not None or session.superseded_at is not None:
            return again or Refusal(reason="used")
        if now >= session.expires_at:
            return Refusal(reason="expired")
        found = await self._start(tenant, session, now, mark=mark, language=language)
        if isinstance(found, Conflict):  # a twin was faster
            return await self._begun_before(tenant, mark, now) or Refusal(reason="used")
        return found

    async def enter(
        self, tenant: TenantId, instance: InstanceId, value: str, *, reads: bool
    ) -> Entered | None:
        """Find the living session of a value, see `entering.enter`."""
        if len(value) > LONGEST_SECRET:
            return None
        return await entering.enter(self.store, self.vault, tenant, instance, value, reads=reads)

    async def _token(self, tenant: TenantId, secret: str) -> ProcessToken | None:
        if not secret.isascii() or len(secret) > LONGEST_SECRET:
            return None
        token = await self.store.find(tenant, ProcessToken, "secret_hash", sessions.digest(secret))
        return None if token is None or token.status != "ACTIVE" else token

    async def _ticket(self, tenant: TenantId, instance: InstanceId, ticket: str) -> Session | None:
        if not ticket.isascii() or len(ticket) > LONGEST_SECRET:
            return None
        session = await self.store.get(tenant, Session, sessions.digest(ticket))
        fits = session is not None and session.kind == "ticket" and session.instance == instance
        return session if fits else None

    async def _graph(self, tenant: TenantId, token: ProcessToken) -> ProcessGraph | None:
        digest = await self.store.digest_of(tenant, token.process, token.process_version)
        if digest is None:
            return None
        return await self.loop.outside.library.graph(tenant, digest)

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

    async def _redeem(
        self,
        tenant: TenantId,
        token: ProcessToken,
        now: datetime,
        *,
        mark: str | None,
        language: str | None,
    ) -> Begun | Created | Refusal | Conflict:
        """Use the token once. `language` None makes a ticket instead of starting."""
        refused = _refused(token, now)
        graph = await self._graph(tenant, token)
        if refused is not None or graph is None:
            return refused or Refusal(reason="unknown")
        fresh = Fresh(
            id=InstanceId(self.chance.id()),
            graph=graph,
            parameters=self._parameters(token),
            at=now,
            deadline=_deadline(graph, token, now),
            language=_language(graph, language) if language is not None else None,
        )
        value, ends = (
            self.chance.token(),
            fresh.deadline if language is not None else now + TICKET_LIFE,
        )
        unit = Unit(self.store, tenant)
        unit.put(
            Session(
                id=sessions.digest(value),
                instance=fresh.id,
                token=token.id,
                kind="page" if language is not None else "ticket",
                begin=mark,
                created_at=now,
                expires_at=ends,
                used=True,
            ),
            Absent(),
        )
        made = await self.loop.create(tenant, fresh, unit, Redeem(token=token.id, at=now))
        if isinstance(made, Conflict):
            return made
        if language is None:
            return Created(instance=fresh.id, ticket=value, expires_at=ends)
        return Begun(instance=fresh.id, session=value, expires_at=ends)

    async def _start(
        self,
        tenant: TenantId,
        ticket: Session,
        now: datetime,
        *,
        mark: str | None,
        language: str | None,
    ) -> Begun | Conflict:
        ref = InstanceRef(tenant=tenant, id=InstanceId(ticket.instance))
        current = await self.loop.current(ref)
        value = self.chance.token()
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
        chosen = _language(current.graph, language or "")
        begun = await self.loop.begin(ref, chosen, unit)
        if isinstance(begun, Conflict):
            return begun
        return Begun(instance=ref.id, session=value, expires_at=begun.instance.deadline)

    async def _begun_before(
        self, tenant: TenantId, mark: str | None, now: datetime
    ) -> Begun | None:
        """Give the instance this begin key made, with a new session value.

        Until its first answer.
        """
        session = await self.store.find(tenant, Session, "begin", mark) if mark else None
        if session is None:
            return None
        loaded = await self.store.load(tenant, InstanceId(session.instance))
        if loaded.instance.is_over or "Submitted" in await self._kinds(tenant, session):
            return None
        value = await self._follower(tenant, session, now)
        if value is None:
            return None
        return Begun(
            instance=InstanceId(session.instance), session=value, expires_at=session.expires_at
        )

    async def _created_before(
        self, tenant: TenantId, mark: str | None, now: datetime
    ) -> Created | Refusal | None:
        session = await self.store.find(tenant, Session, "begin", mark) if mark else None
        if session is None:
            return None
        value = await self._follower(tenant, session, now)
        if value is None:
            return Refusal(reason="used")
        return Created(
            instance=InstanceId(session.instance), ticket=value, expires_at=session.expires_at
        )

    async def _follower(self, tenant: TenantId, first: Session, now: datetime) -> str | None:
        """Give the value that follows `first`, the same at every further asking.

        None where `first` was spent on something else. `first` keeps the key.
        """
        value = sessions.follower(self.vault, first.id)
        if first.superseded_at is not None:
            return value if first.successor == sessions.digest(value) else None
        unit = Unit(self.store, tenant)
        sessions.rotate(unit, first, now, self.vault)
        if isinstance(await self.store.write(tenant, unit.staged()), Conflict):
            known = await self.store.get(tenant, Session, first.id)
            return await self._follower(tenant, known, now) if known is not None else None
        return value

    async def _kinds(self, tenant: TenantId, session: Session) -> set[str]:
        journal = await self.store.journal(tenant, InstanceId(session.instance))
        return {row.kind for row in journal}

    def _parameters(self, token: ProcessToken) -> JsonObject:
        """Look at return addresses again: the list may have become shorter since."""
        return {
            name: value
            for name, value in token.parameters.items()
            if name not in REDIRECTS or is_allowed(str(value), self.allowed_redirects)
        }


def _asks_passcode(graph: ProcessGraph) -> bool:
    """Whether some form has a box for the passcode one already has."""
    parts = (part for form in graph.forms.values() for part in form.form.components)
    return any(part.autocomplete == "current-password" for part in parts)


def _refused(token: ProcessToken, now: datetime) -> Refusal | None:
    reason = token.refusal(now)
    return None if reason is None else Refusal(reason=reason, token=token)


def _deadline(graph: ProcessGraph, token: ProcessToken, now: datetime) -> datetime:
    """Give the earlier of the definition's and the token's; a definition without one has a day."""
    lengths = (graph.definition.max_duration, token.max_process_duration)
    return now + min(
        (length for length in lengths if length is not None), default=timedelta(days=1)
    )


def _language(graph: ProcessGraph, wanted: str) -> str:
    """Choose the wanted language, its base language, else the first."""
    known = graph.definition.languages
    base = wanted.partition("-")[0]
    for language in known:
        if language.lower() == wanted.lower():
            return language
    return next((known_one for known_one in known if known_one.partition("-")[0] == base), known[0])
