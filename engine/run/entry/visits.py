"""The front door of all visits (design 7): links, tickets, and the sessions they gave."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from engine.model.names import InstanceId, TenantId
from engine.ports.outside import Chance, Vault
from engine.ports.store import Store
from engine.records.tokens import ProcessToken
from engine.run.entry import entering
from engine.run.entry.again import Again
from engine.run.entry.answers import (
    Begun,
    Created,
    Entered,
    Landing,
    Refusal,
    Returning,
)
from engine.run.entry.links import Links
from engine.run.entry.redeem import Redeemer
from engine.run.entry.returning import Returns
from engine.run.entry.tickets import Tickets
from engine.run.library import Library
from engine.run.loop import Loop


@dataclass(slots=True, kw_only=True)
class Visits:
    """Links, tickets and sessions.

    `allowed_redirects` is looked at again whenever a token is used.
    """

    store: Store
    library: Library
    loop: Loop
    chance: Chance
    vault: Vault
    allowed_redirects: Sequence[str] = ()
    links: Links = field(init=False)
    tickets: Tickets = field(init=False)
    returns: Returns = field(init=False)

    def __post_init__(self) -> None:
        """Give both ways in the same redeemer and the same memory."""
        redeemer = Redeemer(
            store=self.store, library=self.library, loop=self.loop,
            chance=self.chance, allowed_redirects=self.allowed_redirects,
        )  # fmt: skip
        again = Again(store=self.store, vault=self.vault)
        self.links = Links(
            store=self.store, library=self.library,
            chance=self.chance, vault=self.vault, redeemer=redeemer, again=again,
        )  # fmt: skip
        self.returns = Returns(
            store=self.store, loop=self.loop, chance=self.chance, vault=self.vault, again=again,
        )  # fmt: skip
        self.tickets = Tickets(
            store=self.store, loop=self.loop,
            chance=self.chance, vault=self.vault, redeemer=redeemer, again=again,
        )  # fmt: skip

    async def landing(
        self, tenant: TenantId, secret: str, cookies: Sequence[str] = ()
    ) -> Landing | Refusal:
        """Show what a link would begin. Changes nothing.

        Args:
            tenant: Whose link.
            secret: The link's `pt_...`.
            cookies: Session values the browser sent: a visit of this token may be gone on with.
        """
        return await self.links.landing(tenant, secret, cookies)

    async def begin(
        self, tenant: TenantId, secret: str, *, begin_key: str, language: str
    ) -> Begun | Refusal:
        """Redeem a link: a new instance, its first hop and its session in one commit.

        The same begin key gives the same instance and a new session value, until its first answer.

        Raises:
            Busy: The store was too contended; try again.
        """
        return await self.links.begin(tenant, secret, begin_key=begin_key, language=language)

    async def create(
        self, tenant: TenantId, secret: str, *, idempotency_key: str | None = None
    ) -> Created | Refusal:
        """Create an instance for an app (PENDING); the ticket starts it once.

        The same Idempotency-Key gives the same instance and ticket, until that is spent.

        Raises:
            Busy: The store was too contended; try again.
        """
        token = await self.tickets.redeemer.token(tenant, secret)
        return await self.tickets.create(tenant, token, idempotency_key=idempotency_key)

    async def create_by_id(
        self, tenant: TenantId, token_id: str, *, idempotency_key: str | None = None
    ) -> Created | Refusal:
        """Create an instance by the token's id, for who is permitted to: see `create`."""
        token = await self.store.get(tenant, ProcessToken, token_id)
        active = token if token is not None and token.status == "ACTIVE" else None
        return await self.tickets.create(tenant, active, idempotency_key=idempotency_key)

    async def waiting(
        self, tenant: TenantId, instance: InstanceId, ticket: str
    ) -> Landing | Refusal:
        """Show what a start ticket would begin: the same landing page. Changes nothing."""
        return await self.tickets.waiting(tenant, instance, ticket)

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
        page's; without one by the ticket. Both until the first answer.

        Raises:
            Busy: The store was too contended; try again.
        """
        return await self.tickets.start(
            tenant, instance, ticket, language=language, begin_key=begin_key
        )

    async def returning(
        self, tenant: TenantId, instance: InstanceId, value: str
    ) -> Returning | Refusal:
        """Show what a resume link goes on with. Changes nothing."""
        return await self.returns.landing(tenant, instance, value)

    async def resume(
        self, tenant: TenantId, instance: InstanceId, value: str, *, begin_key: str
    ) -> Begun | Refusal:
        """Go on with a paused visit by its resume link; idempotent by the begin key.

        Raises:
            Busy: The store was too contended; try again.
        """
        return await self.returns.resume(tenant, instance, value, begin_key=begin_key)

    async def enter(
        self, tenant: TenantId, instance: InstanceId, value: str, *, reads: bool
    ) -> Entered | None:
        """Find the living session of a value, see `entering.enter`."""
        return await entering.enter(self.store, self.vault, tenant, instance, value, reads=reads)
