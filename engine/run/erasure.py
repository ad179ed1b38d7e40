"""Erasing: what is kept no longer, and what is kept of a person who asks to be forgotten (J3)."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from msgspec.structs import replace

from engine.access.journey_client import known_client
from engine.errors import Busy, UnknownInstance
from engine.identity.attempts import user_account
from engine.model.event import Cancelled
from engine.model.instance import ProcessInstance
from engine.model.names import INIT_VARS, InstanceId, JsonValue, TenantId
from engine.ports.actor import Actor
from engine.ports.paging import every
from engine.ports.store import LARGEST_PAGE, Committed, Erasure, InstanceQuery, Store
from engine.realtime.trustfactor.contracts import forget_user, of_user
from engine.records.access import KeptAnswer
from engine.records.identity import Passcode, PasscodeSession, User
from engine.records.realtime import RtasChannel, RtasClient, RtasEvent
from engine.records.record import Absent
from engine.records.tokens import ProcessToken
from engine.records.tombstones import Tombstone
from engine.records.trustfactor import (
    CallbackAddresses,
    Contract,
    RegistrationCode,
    Transaction,
    WrongDeviceToken,
)
from engine.records.work import Job, Signal
from engine.run import sessions
from engine.run.current import InstanceRef
from engine.run.loop import Loop
from engine.run.trustfactor.notifier import Notifier
from engine.run.trustfactor.provider_endings import reset_elsewhere
from engine.run.unit import TRIES, Unit, is_written

TOKEN_KEPT: Final = timedelta(days=30)
"""How long a token is kept that can start nothing any more."""
ENDING: Final = (
    KeptAnswer,
    PasscodeSession,
    RtasEvent,
    RtasChannel,
    RegistrationCode,
    Transaction,
    WrongDeviceToken,
    Signal,
)
"""Kinds whose rows go at their own end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Erased:
    """What was found of a person, and is no more."""

    instances: int
    tokens: int
    passcodes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Eraser:
    """Erases instances whose retention has passed, and people."""

    store: Store
    loop: Loop

    async def sweep(self, tenants: Iterable[TenantId], *, audit_kept: timedelta) -> int:
        """Erase all that is kept no longer by the store's clock. Gives how many instances.

        Instances of every tenant past their retention, each of which leaves a tombstone; audit
        rows older than `audit_kept`; tokens of `tenants` that ended 30 days ago or earlier; what
        belongs to applications of theirs that were removed.
        """
        erased = 0
        while batch := await self._purged():
            erased += batch
        now = await self.store.now()
        for kind in ENDING:
            await self.store.forget_ended(kind, now)
        await self.store.forget_audit(now - audit_kept)
        for tenant in tenants:
            await self._forget_tokens(tenant, now - TOKEN_KEPT)
            await self._forget_orphans(tenant)
        await self.store.scrub()
        return erased

    async def _purged(self) -> int:
        erased = 0
        for due in await self.store.expired(LARGEST_PAGE):
            erased += await self._buried(due.tenant, due.instance)
        return erased

    async def _forget_tokens(self, tenant: TenantId, before: datetime) -> None:
        tokens = [one async for one in every(self.store, tenant, ProcessToken)]
        for token in tokens:
            if _ended_before(token, before):
                unit = Unit(self.store, tenant)
                unit.delete(token)
                await self.store.write(tenant, unit.staged())  # used meanwhile: it stays

    async def _forget_orphans(self, tenant: TenantId) -> None:
        """Forget phones and addresses of applications that were removed: nobody reaches them."""
        for kind in (Contract, CallbackAddresses):
            for row in [one async for one in every(self.store, tenant, kind)]:
                owner = row.client if isinstance(row, Contract) else row.id
                if await self.store.get(tenant, RtasClient, owner) is None:
                    unit = Unit(self.store, tenant)
                    unit.delete(row)
                    await self.store.write(tenant, unit.staged())

    async def _buried(self, tenant: TenantId, id: InstanceId) -> bool:
        try:
            loaded = await self.store.load(tenant, id)
        except UnknownInstance:
            return False
        instance = loaded.instance
        if instance.ended_at is None:  # it is the store that knows how long it is kept
            return False
        unit = Unit(self.store, tenant)
        unit.put(_tombstone(instance, instance.ended_at, loaded.now), Absent())
        await self._end_rest(unit, instance, keeps_waiting=True)
        erasure = Erasure(
            tenant=tenant, instance=id, before=instance.revision, after=None, staged=unit.staged()
        )
        return isinstance(await self.store.erase(erasure), Committed)

    async def erase_user(self, tenant: TenantId, user: User, by: Actor) -> Erased:
        """Erase a user: their journeys' answers, their tokens and passcodes, at last themselves.

        A journey that goes on is ended first. Each journey keeps its journal's digests and chain,
        which tell nothing of the person, and the audit keeps its rows, which name an id alone.
        Where it is broken off it can be done again.

        Raises:
            Busy: Somebody keeps changing what is to go.
        """
        instances = [one async for one in self._instances_of(tenant, user)]
        for instance in instances:
            await self._empty(tenant, instance.id, by)
        every_token = every(self.store, tenant, ProcessToken)
        tokens = [token async for token in every_token if _names(token.parameters, user)]
        passcodes = [row async for row in every(self.store, tenant, Passcode, "user", user.id)]
        unit = Unit(self.store, tenant)
        last = await unit.get(User, user.id) or user  # signing in has changed the row, perhaps
        for row in (*tokens, *passcodes, last):
            unit.delete(row)
        unit.reset(user_account(user.id))
        own = await known_client(unit)
        if own is not None:
            vault = self.loop.outside.vault
            notifier = Notifier(unit=unit, records=self.store, vault=vault, actor=by)
            for device in await of_user(unit, self.store, own.id, user.id):
                reset_elsewhere(notifier, device)
            await forget_user(unit, self.store, own.id, user.id)
        found = Erased(instances=len(instances), tokens=len(tokens), passcodes=len(passcodes))
        unit.audit(by.did("user.erase", f"user:{user.id}", instances=str(found.instances)))
        if not await is_written(unit, self.store):
            raise Busy(retry_after=1)
        await self.store.scrub()
        return found

    async def _empty(self, tenant: TenantId, id: InstanceId, by: Actor) -> None:
        ref = InstanceRef(tenant=tenant, id=id)
        for _ in range(TRIES):
            current = (await self.loop.current(ref)).instance
            if not current.is_over:
                await self.loop.operate(ref, Cancelled(at=by.at, by=by.name), stage=_nothing)
                continue
            unit = Unit(self.store, tenant)
            await self._end_rest(unit, current)
            erasure = Erasure(
                tenant=tenant,
                instance=id,
                before=current.revision,
                after=emptied(current),
                staged=unit.staged(),
            )
            if isinstance(await self.store.erase(erasure), Committed):
                return
        raise Busy(retry_after=1)

    async def _end_rest(
        self, unit: Unit, instance: ProcessInstance, *, keeps_waiting: bool = False
    ) -> None:
        """Stage the end of what hangs on an instance: its sessions, its rows of the outbox.

        `keeps_waiting`: what was handed over is still delivered, and goes with its last try.
        """
        for session in await sessions.of_instance(self.store, instance.tenant, instance.id):
            unit.delete(session)
        async for signal in every(self.store, instance.tenant, Signal, "instance", instance.id):
            unit.delete(signal)
        async for job in every(self.store, instance.tenant, Job, "instance", instance.id):
            if job.status != "WAITING" or not keeps_waiting:
                unit.delete(job)

    async def _instances_of(self, tenant: TenantId, user: User) -> AsyncIterator[ProcessInstance]:
        """Look at every journey: that somebody is to be forgotten is seldom, and no index tells."""
        page = 0
        while True:
            found = await self.store.instances(tenant, InstanceQuery(page=page, size=LARGEST_PAGE))
            for instance in found.rows:
                if concerns(instance, user):
                    yield instance
            page += 1
            if page * LARGEST_PAGE >= found.total:
                return


async def _nothing(unit: Unit, instance: ProcessInstance) -> None:
    """Stage nothing: the erasure itself is what the audit tells of."""


def concerns(instance: ProcessInstance, user: User) -> bool:
    """Whether a journey is about this user: loaded, claimed, or named by its parameters."""
    held = any(slot.value.get("id") == user.id for slot in instance.keys.values())
    return held or _names(instance.variables.get(INIT_VARS), user)


def _names(parameters: JsonValue, user: User) -> bool:
    if not isinstance(parameters, dict):
        return False
    known = {user.id} if user.ext_id is None else {user.id, user.ext_id}
    return any(value in known for value in parameters.values() if isinstance(value, str))


def emptied(instance: ProcessInstance) -> ProcessInstance:
    """Take the person out of an instance that is over: what it was and how it ended stays."""
    review = instance.review
    return replace(
        instance,
        revision=instance.revision + 1,
        variables={INIT_VARS: {}},
        keys={},
        notices=(),
        ending=None,
        review=None if review is None else replace(review, comment=""),
    )


def _tombstone(instance: ProcessInstance, ended_at: datetime, now: datetime) -> Tombstone:
    return Tombstone(
        id=instance.id,
        process=instance.process,
        process_version=instance.version,
        bundle=instance.bundle,
        status=instance.status,
        created_at=instance.created_at,
        ended_at=ended_at,
        erased_at=now,
        rows=instance.sequence,
        chain=instance.chain,
    )


def _ended_before(token: ProcessToken, before: datetime) -> bool:
    """Whether a token can start nothing, and could not since that time."""
    if token.not_after is not None:
        return token.not_after <= before
    is_done = token.status != "ACTIVE" or token.refusal(before) == "used"
    return is_done and token.created_at <= before
