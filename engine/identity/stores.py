"""Identity stores: adding one with its defaults, its lock rules and its first policy."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import timedelta
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from engine.identity.attempts import DISABLED_AT, LONGEST_HELD, NO_WAIT, LockRules
from engine.identity.mistakes import misnamed
from engine.identity.policies import DEFAULT, add_policy
from engine.model.problem import Problems, wrong
from engine.ports.actor import Actor
from engine.ports.unit_of_work import UnitOfWork
from engine.records.identity import IdentityStore, PasscodePolicy, UserStatus
from engine.records.record import Absent, Version

LANGUAGE: Final = re.compile(r"[a-z]{2,3}(-[A-Z][a-z]{3})?(-[A-Z]{2})?")
FIRST_STATUSES: Final = ("ACTIVE", "PENDING_ACTIVE", "DISABLED")


async def add_store(
    unit: UnitOfWork,
    actor: Actor,
    name: str,
    *,
    locale: str = "en",
    time_zone: str = "UTC",
    user_status: UserStatus = "ACTIVE",
    max_failed_attempts: int | None = None,
    temp_lock: timedelta | None = None,
    hide_unknown_users: bool = False,
) -> IdentityStore | Problems:
    """Stage a store and its policy `default`.

    `name` is letters, digits, `_`, `-`, 50 at most. From `max_failed_attempts` failures in a row on
    each holds the account for `temp_lock`, without one until recovery: that can only tighten C2.
    """
    store = IdentityStore(
        id=name,
        locale=locale,
        time_zone=time_zone,
        user_status=user_status,
        max_failed_attempts=max_failed_attempts,
        temp_lock=temp_lock,
        hide_unknown_users=hide_unknown_users,
        created_at=actor.at,
    )
    problems = _problems(store)
    if not problems and await unit.get(IdentityStore, name) is not None:
        problems = (wrong("storeName", f"there is a store {name} already; choose another name"),)
    if problems:
        return problems
    unit.put(store, Absent())
    unit.audit(actor.did("store.add", f"store:{name}"))
    await add_policy(unit, actor, store, DEFAULT)
    return store


def change_store(
    unit: UnitOfWork, actor: Actor, before: IdentityStore, after: IdentityStore
) -> IdentityStore | Problems:
    """Stage other defaults and lock rules; users that are there keep what they were given."""
    problems = _problems(after)
    if problems:
        return problems
    unit.put(after, Version(number=before.version))
    unit.audit(actor.did("store.change", f"store:{after.id}"))
    return after


def remove_store(
    unit: UnitOfWork, actor: Actor, store: IdentityStore, policies: Iterable[PasscodePolicy]
) -> None:
    """Stage the end of a store that nobody is in, and of its policies."""
    for row in (*policies, store):
        unit.delete(row)
    unit.audit(actor.did("store.remove", f"store:{store.id}"))


def _problems(store: IdentityStore) -> Problems:
    found = [*misnamed("storeName", store.id), *place_problems(store.locale, store.time_zone)]
    if store.user_status not in FIRST_STATUSES:
        found.append(wrong("userStatus", f"users begin as one of {', '.join(FIRST_STATUSES)}"))
    return (*found, *_lock_problems(store))


def place_problems(locale: str, time_zone: str) -> Problems:
    """Tell what is wrong with where a store's users, or one of them, are at home."""
    found = []
    if not LANGUAGE.fullmatch(locale):
        found.append(wrong("locale", "use a language tag such as en or pt-PT"))
    if not _is_time_zone(time_zone):
        found.append(wrong("timeZone", "use a time zone such as Europe/Lisbon"))
    return tuple(found)


def _lock_problems(store: IdentityStore) -> Problems:
    most, length = store.max_failed_attempts, store.temp_lock
    found = []
    if most is not None and not 1 <= most <= DISABLED_AT:
        found.append(wrong("maxFailedAttempts", f"use 1 to {DISABLED_AT}: it can only tighten"))
    if length is not None and most is None:
        found.append(wrong("tempLockDuration", "say maxFailedAttempts too"))
    if length is not None and length <= NO_WAIT:
        found.append(wrong("tempLockDuration", "use a length above zero such as PT15M"))
    if length is not None and length > LONGEST_HELD:
        found.append(wrong("tempLockDuration", f"use P{LONGEST_HELD.days}D at most"))
    return tuple(found)


def _is_time_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


def lock_rules(store: IdentityStore, capped_at: int | None = None) -> LockRules:
    """Give the rules of a store, tightened by `capped_at`."""
    most, length = store.max_failed_attempts, store.temp_lock
    if most is not None and length is not None:
        return LockRules(held_at=most, held_for=length, capped_at=capped_at)
    caps = [cap for cap in (most, capped_at) if cap is not None]
    return LockRules(capped_at=min(caps, default=None))
