"""The capabilities of the door, bound to one hop and its unit of work."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, assert_never, cast

import msgspec

from engine.activity import (
    Devices,
    Limits,
    PasscodeAttempt,
    Passcodes,
    PasscodeVerdict,
    Redirects,
    UserProfile,
    UserRefused,
    Users,
    WebhookMessage,
    Webhooks,
)
from engine.errors import ActivityFault
from engine.identity import authentication, choosing, users
from engine.identity.attempts import user_account
from engine.identity.policies import limits, policy_id
from engine.model.graph import ProcessGraph
from engine.model.instance import ProcessInstance
from engine.model.names import JsonObject
from engine.model.problem import FieldProblem
from engine.ports.actor import Actor
from engine.ports.store import Ledger, Records
from engine.ports.unit_of_work import UnitOfWork
from engine.records.identity import (
    IdentityStore,
    Passcode,
    PasscodePolicy,
    User,
    UserStatus,
)
from engine.records.webhooks import Webhook
from engine.run.hop.devices import DevicesOfHop
from engine.run.redirects import is_allowed
from engine.secret import Secret
from engine.webhooks import definitions, messages


@dataclass(frozen=True, slots=True, kw_only=True)
class UsersOfHop:
    """`Users` through a hop's unit, as they are at its time."""

    unit: UnitOfWork
    ledger: Ledger
    actor: Actor

    async def by_id(self, store: str, id: str) -> JsonObject | None:
        """Read a user by id; None when the store has none."""
        return await self._told(await users.by_id(self.unit, store, id))

    async def by_ext_id(self, store: str, ext_id: str) -> JsonObject | None:
        """Read a user by external id; None when the store has none."""
        return await self._told(await users.by_ext_id(self.unit, store, ext_id))

    async def _told(self, user: User | None) -> JsonObject | None:
        if user is None:
            return None
        account = user_account(user.id)
        attempts = await self.ledger.attempts(self.unit.tenant, account)
        return users.profile(user, users.status_at(user, attempts, self.actor.at))

    async def add(
        self, store: str, *, ext_id: str | None, status: str | None, profile: UserProfile
    ) -> JsonObject | UserRefused:
        """Add a user; of several with one external id the first wins, the others are `taken`."""
        made = await users.add_user(
            self.unit,
            self.actor,
            await self._store(store),
            ext_id=ext_id,
            status=cast("UserStatus | None", status),
            attributes=dict(profile.attributes or {}),
            locale=profile.locale,
            time_zone=profile.time_zone,
        )
        if isinstance(made, users.ExtIdNotUnique):
            return UserRefused(why="taken")
        return _refused(made) if isinstance(made, tuple) else users.profile(made, made.status)

    async def update(self, store: str, id: str, profile: UserProfile) -> JsonObject | UserRefused:
        """Change a user; attributes are put over those that are there."""
        user = await users.by_id(self.unit, (await self._store(store)).id, id)
        if user is None:
            return UserRefused(why="unknown")
        changed = users.update_user(
            self.unit,
            self.actor,
            user,
            attributes=None if profile.attributes is None else dict(profile.attributes),
            locale=profile.locale,
            time_zone=profile.time_zone,
        )
        if isinstance(changed, tuple):
            return _refused(changed)
        return await self._told(changed) or {}

    async def lock(
        self, store: str, id: str, *, until: datetime | None
    ) -> JsonObject | UserRefused:
        """Lock a user until a time, or until somebody unlocks."""
        user = await users.by_id(self.unit, (await self._store(store)).id, id)
        if user is None:
            return UserRefused(why="unknown")
        return await self._told(users.lock(self.unit, self.actor, user, until=until)) or {}

    async def _store(self, name: str) -> IdentityStore:
        found = await self.unit.get(IdentityStore, name)
        if found is None:
            raise ActivityFault(reason="there is no such store", store=name)
        return found


def _refused(problems: tuple[FieldProblem, ...]) -> UserRefused:
    """Name the fields that cannot be kept; what they hold may be a person's data."""
    return UserRefused(why="refused", reason=", ".join(problem.field for problem in problems))


@dataclass(frozen=True, slots=True, kw_only=True)
class PasscodesOfHop:
    """`Passcodes` through a hop's unit."""

    verifier: authentication.Verifier

    async def start(
        self, store: str, policy: str, *, user_id: str | None, ext_id: str | None
    ) -> PasscodeAttempt:
        """Begin an attempt. Raises `ActivityFault` when there is no such store or policy."""
        begun = await authentication.begin(
            self.verifier.unit,
            self.verifier.vault,
            store,
            policy=policy,
            user_id=user_id,
            ext_id=ext_id,
        )
        if isinstance(begun, authentication.Missing):
            raise ActivityFault(reason=f"there is no such {begun.what}", store=store, policy=policy)
        return PasscodeAttempt(attempt=msgspec.to_builtins(begun.attempt), user=begun.user)

    async def start_first(self, store: str, policy: str, *, user_id: str) -> JsonObject | None:
        """Begin a registration; None where a passcode is registered. Raises `ActivityFault`."""
        begun = await choosing.begin_first(self.verifier.unit, store, policy=policy, user=user_id)
        if isinstance(begun, authentication.Missing):
            raise ActivityFault(reason=f"there is no such {begun.what}", store=store, policy=policy)
        return None if isinstance(begun, choosing.Registered) else msgspec.to_builtins(begun)

    async def start_recovery(self, store: str, policy: str, *, user_id: str) -> JsonObject:
        """Begin a recovery. Raises `ActivityFault`."""
        begun = await choosing.begin_recovery(
            self.verifier.unit, store, policy=policy, user=user_id
        )
        if isinstance(begun, authentication.Missing):
            raise ActivityFault(reason=f"there is no such {begun.what}", store=store, policy=policy)
        attempt: JsonObject = msgspec.to_builtins(begun)
        return attempt

    async def bounds_of(self, store: str, policy: str) -> Limits:
        """Give a policy's upper length. Raises `ActivityFault` when there is no such policy."""
        return Limits(max_length=(await self._named(store, policy)).max_length)

    async def bounds(self, attempt: JsonObject) -> Limits:
        """Give the policy's upper length. Raises `ActivityFault` when the policy is gone."""
        return Limits(max_length=(await self._policy(attempt)).max_length)

    async def rules(self, attempt: JsonObject) -> Limits:
        """Give what the policy asks of a new one. Raises `ActivityFault` when it is gone."""
        return limits(await self._policy(attempt))

    async def _policy(self, attempt: JsonObject) -> PasscodePolicy:
        begun = _attempt(attempt)
        return await self._named(begun.store, begun.policy)

    async def _named(self, store: str, policy: str) -> PasscodePolicy:
        found = await self.verifier.unit.get(PasscodePolicy, policy_id(store, policy))
        if found is None:
            raise ActivityFault(reason="there is no such policy", store=store, policy=policy)
        return found

    async def verify(self, attempt: JsonObject, passcode: Secret) -> JsonObject | None:
        """Give the proven user. Raises `Busy`; `Contended` when another request verifies."""
        proven = await authentication.verify(self.verifier, _attempt(attempt), passcode)
        return None if proven is None else users.profile(proven, proven.status)

    async def register(self, attempt: JsonObject, passcode: Secret) -> PasscodeVerdict:
        """Keep a first passcode or say why not. Raises `Busy`; `Contended` as `verify` does."""
        return _verdict(await choosing.choose_first(self.verifier, _attempt(attempt), passcode))

    async def renew(self, attempt: JsonObject, *, old: Secret, new: Secret) -> PasscodeVerdict:
        """Keep a new passcode or say why not. Raises `Busy`; `Contended` as `verify` does."""
        return _verdict(await choosing.renew(self.verifier, _attempt(attempt), old=old, new=new))

    async def recover(self, attempt: JsonObject, passcode: Secret) -> PasscodeVerdict:
        """Keep a passcode for another or say why not. Raises `Busy`; `Contended` as `verify`."""
        return _verdict(await choosing.recover(self.verifier, _attempt(attempt), passcode))


def _verdict(
    found: Passcode | choosing.Registered | choosing.Refusal | None,
) -> PasscodeVerdict:
    match found:
        case None:
            return PasscodeVerdict(answer="failed")
        case choosing.Registered():
            return PasscodeVerdict(answer="registered")
        case choosing.Refusal(why=why, text=text):
            return PasscodeVerdict(answer=why, told=text)
        case Passcode():
            return PasscodeVerdict(answer="kept")
    assert_never(found)


def _attempt(value: JsonObject) -> authentication.Attempt:
    try:
        return msgspec.convert(value, authentication.Attempt)
    except msgspec.ValidationError as error:
        raise ActivityFault(reason="this slot holds no passcode attempt") from error


@dataclass(frozen=True, slots=True, kw_only=True)
class RedirectsOfHop:
    """`Redirects` by the operator's list."""

    allowed: Sequence[str]

    def is_allowed(self, url: str) -> bool:
        """Whether the address is on the list."""
        return is_allowed(url, self.allowed)


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhooksOfHop:
    """`Webhooks` as they are when the hop reaches them."""

    unit: UnitOfWork
    graph: ProcessGraph
    instance: ProcessInstance
    at: datetime

    async def message(self, name: str, version: int | None) -> WebhookMessage:
        """Write what a webhook says of this journey. Raises `ActivityFault`."""
        if version is None:
            webhook = await definitions.newest(self.unit, name)
        else:
            webhook = await self.unit.get(Webhook, definitions.webhook_id(name, version))
        if webhook is None:
            raise ActivityFault(reason="there is no such webhook", webhook=name, number=version)
        data = messages.session_data(self.graph, self.instance, self.at)
        message = messages.written(webhook, data)
        if message is None:
            raise ActivityFault(reason="what it says is too long", webhook=name)
        delays = webhook.delays
        return WebhookMessage(
            message=msgspec.to_builtins(message),
            delays=None if delays is None else [timedelta(seconds=delay) for delay in delays],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Lent:
    """All that a hop lends to its activities.

    Attributes:
        verifier: Its unit of work, ledger, pool and vault, its time, and where ids come from.
        records: What was written before it.
        allowed_redirects: Where a person may be led.
        graph, instance: What moves, as it is now.
    """

    verifier: authentication.Verifier
    records: Records
    allowed_redirects: Sequence[str]
    graph: ProcessGraph
    instance: ProcessInstance


def _users(lent: Lent) -> Users:
    verifier = lent.verifier
    return UsersOfHop(unit=verifier.unit, ledger=verifier.ledger, actor=verifier.actor)


def _passcodes(lent: Lent) -> Passcodes:
    return PasscodesOfHop(verifier=lent.verifier)


def _webhooks(lent: Lent) -> Webhooks:
    verifier = lent.verifier
    return WebhooksOfHop(
        unit=verifier.unit, graph=lent.graph, instance=lent.instance, at=verifier.at
    )


def _devices(lent: Lent) -> Devices:
    verifier = lent.verifier
    return DevicesOfHop(
        unit=verifier.unit,
        records=lent.records,
        vault=verifier.vault,
        actor=verifier.actor,
        instance=lent.instance.id,
    )


def _redirects(lent: Lent) -> Redirects:
    return RedirectsOfHop(allowed=lent.allowed_redirects)


BINDINGS: Final[Mapping[str, Callable[[Lent], object]]] = {
    "Users": _users,
    "Passcodes": _passcodes,
    "Redirects": _redirects,
    "Webhooks": _webhooks,
    "Devices": _devices,
}


def bind(lent: Lent, uses: Iterable[str]) -> Mapping[str, object]:
    """Give the capabilities a signature asks for, by name.

    One that does not exist is left out: the activity that calls for it breaks and is held.

    Args:
        lent: What they are made of.
        uses: Which ones.
    """
    return {name: BINDINGS[name](lent) for name in uses if name in BINDINGS}
