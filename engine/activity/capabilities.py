"""Capabilities: what an activity may ask of the outside, bound to its hop when it is called."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

from engine.model.form import Limits
from engine.model.names import JsonObject
from engine.model.problem import Text
from engine.secret import Secret


@dataclass(frozen=True, slots=True, kw_only=True)
class UserRefused:
    """Why nothing was done about a user.

    `taken`: the store has a user of this external id; `unknown`: it has none such; `refused`:
    `reason` says what cannot be kept, never with its value.
    """

    why: Literal["taken", "unknown", "refused"]
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class UserProfile:
    """What may be written about a user; what is None is copied from the store, or stays."""

    attributes: Mapping[str, str] | None = None
    locale: str | None = None
    time_zone: str | None = None


class Users(Protocol):
    """Capability: read and change users of identity stores. What is changed commits with the hop.

    A user is `{id, extId?, status, locale, timeZone, attributes}`. What changes one raises
    `ActivityFault` when there is no such store: a mistake of the definition.
    """

    async def by_id(self, store: str, id: str) -> JsonObject | None:
        """Read a user by id; None when the store has none."""
        ...

    async def by_ext_id(self, store: str, ext_id: str) -> JsonObject | None:
        """Read a user by external id; None when the store has none."""
        ...

    async def add(
        self, store: str, *, ext_id: str | None, status: str | None, profile: UserProfile
    ) -> JsonObject | UserRefused:
        """Add a user; of several with one external id the first wins, the others are `taken`."""
        ...

    async def update(self, store: str, id: str, profile: UserProfile) -> JsonObject | UserRefused:
        """Change a user; attributes are put over those that are there."""
        ...

    async def lock(
        self, store: str, id: str, *, until: datetime | None
    ) -> JsonObject | UserRefused:
        """Lock a user until a time, or until somebody unlocks."""
        ...


class Redirects(Protocol):
    """Capability: where a person may be led."""

    def is_allowed(self, url: str) -> bool:
        """Whether the address is on the operator's list (security F4)."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class PasscodeAttempt:
    """What the two slots of a begun attempt hold; alike for unknown users.

    Attributes:
        attempt: Value of the attempt's slot; only `Passcodes` reads it.
        user: Value of the claimed user's slot: an id, true or made up, and nothing else.
    """

    attempt: JsonObject
    user: JsonObject


@dataclass(frozen=True, slots=True, kw_only=True)
class PasscodeVerdict:
    """What became of a new passcode.

    Attributes:
        answer: `kept`; `failed`: the old one was not proven, and nothing is said of the new one;
            `registered`: there is one already; `policy`, `common`, `used`: what refuses it.
        told: How to make a refused one right.
    """

    answer: Literal["kept", "failed", "registered", "policy", "common", "used"]
    told: Text | None = None


class Passcodes(Protocol):
    """Capability: passcode attempts, and choosing a passcode.

    Nothing it gives of an attempt tells whether a user exists (security B1, B2).
    """

    async def start(
        self, store: str, policy: str, *, user_id: str | None, ext_id: str | None
    ) -> PasscodeAttempt:
        """Begin an attempt for a claimed user; unknown users get one that looks the same.

        Raises `ActivityFault` when there is no such store or policy: a mistake of the definition.
        """
        ...

    async def start_first(self, store: str, policy: str, *, user_id: str) -> JsonObject | None:
        """Begin the registration of a user's first passcode; None: there is one already.

        Raises `ActivityFault` when there is no such store, policy or user.
        """
        ...

    async def start_recovery(self, store: str, policy: str, *, user_id: str) -> JsonObject:
        """Begin to replace a user's passcode, or to give a first one.

        Whoever calls has decided that it may be: neither the old passcode nor a lock is asked for.
        Raises `ActivityFault` when there is no such store, policy or user.
        """
        ...

    async def bounds_of(self, store: str, policy: str) -> Limits:
        """Give what `bounds` gives, before anybody has claimed to be somebody.

        Raises `ActivityFault` when there is no such store or policy.
        """
        ...

    async def bounds(self, attempt: JsonObject) -> Limits:
        """Give the policy's upper length; never its lower one."""
        ...

    async def rules(self, attempt: JsonObject) -> Limits:
        """Give what the policy asks of a new passcode."""
        ...

    async def verify(self, attempt: JsonObject, passcode: Secret) -> JsonObject | None:
        """Charge the account, hash once; give the user if it was right, shaped as in `Users`.

        Raises `Busy` when the pool is full.
        """
        ...

    async def register(self, attempt: JsonObject, passcode: Secret) -> PasscodeVerdict:
        """Judge a first passcode, hash it and stage it. Raises `Busy` when the pool is full."""
        ...

    async def renew(self, attempt: JsonObject, *, old: Secret, new: Secret) -> PasscodeVerdict:
        """Verify the old passcode as `verify` does; then judge the new one and stage it.

        Raises `Busy` when the pool is full.
        """
        ...

    async def recover(self, attempt: JsonObject, passcode: Secret) -> PasscodeVerdict:
        """Judge a passcode that replaces another, hash it and stage it; locks are over then.

        Raises `Busy` when the pool is full.
        """
        ...
