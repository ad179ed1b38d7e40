"""Users of a store: adding, finding, changing their status, and what others are told of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from msgspec.structs import replace

from engine.identity.attempts import user_account
from engine.identity.stores import place_problems
from engine.model.names import JsonObject
from engine.model.problem import Problems, wrong
from engine.ports.actor import Actor
from engine.ports.store import Attempts
from engine.ports.unit_of_work import UnitOfWork
from engine.records.identity import IdentityStore, User, UserStatus, ext_key
from engine.records.record import Absent, Version

LONGEST_EXT_ID: Final = 256
MOST_ATTRIBUTES: Final = 100
LONGEST_ATTRIBUTE: Final = 4096
MOST_CHARACTERS: Final = 16_384
"""Of all attributes together: a known user is read nearly as fast as an unknown one is missed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtIdNotUnique:
    """The store has a user of this external id already."""

    store: str
    ext_id: str


async def add_user(
    unit: UnitOfWork,
    actor: Actor,
    store: IdentityStore,
    *,
    ext_id: str | None = None,
    attributes: dict[str, str] | None = None,
    locale: str | None = None,
    time_zone: str | None = None,
    status: UserStatus | None = None,
) -> User | ExtIdNotUnique | Problems:
    """Stage a user; what is not given is copied from the store.

    Two units that add one external id at once: the second is refused as a conflict when it commits,
    and run again finds `ExtIdNotUnique`.
    `ext_id` is 1 to 256 printable characters, kept as they are; `attributes` are at most 100.
    """
    home = (locale or store.locale, time_zone or store.time_zone)
    problems = (
        *_ext_id_problems(ext_id),
        *_attribute_problems(attributes or {}),
        *place_problems(*home),
    )
    if problems:
        return problems
    if ext_id is not None and await by_ext_id(unit, store.id, ext_id) is not None:
        return ExtIdNotUnique(store=store.id, ext_id=ext_id)
    user = User(
        id=actor.chance.id(),
        store=store.id,
        ext_id=ext_id,
        status=status or store.user_status,
        locale=home[0],
        time_zone=home[1],
        attributes=dict(attributes or {}),
        created_at=actor.at,
        updated_at=actor.at,
    )
    unit.put(user, Absent())
    unit.audit(actor.did("user.add", f"user:{user.id}", store=store.id))
    return user


def _ext_id_problems(ext_id: str | None) -> Problems:
    if ext_id is None:
        return ()
    if not 1 <= len(ext_id) <= LONGEST_EXT_ID:
        return (wrong("extId", f"use 1 to {LONGEST_EXT_ID} characters"),)
    if not ext_id.isprintable():
        return (wrong("extId", "leave out what cannot be printed, such as line ends"),)
    return ()


def _attribute_problems(attributes: dict[str, str]) -> Problems:
    if len(attributes) > MOST_ATTRIBUTES:
        return (wrong("attributes", f"use {MOST_ATTRIBUTES} at most"),)
    if any(len(text) > LONGEST_ATTRIBUTE for pair in attributes.items() for text in pair):
        return (wrong("attributes", f"use {LONGEST_ATTRIBUTE} characters at most in each"),)
    if sum(len(name) + len(text) for name, text in attributes.items()) > MOST_CHARACTERS:
        return (wrong("attributes", f"use {MOST_CHARACTERS:,} characters at most in all"),)
    return ()


def update_user(
    unit: UnitOfWork,
    actor: Actor,
    user: User,
    *,
    attributes: dict[str, str] | None = None,
    locale: str | None = None,
    time_zone: str | None = None,
) -> User | Problems:
    """Stage a user's new profile; what is not given stays.

    `attributes` are put over those that are there; an empty text takes one away.
    """
    merged = {**user.attributes, **(attributes or {})}
    kept = {name: text for name, text in merged.items() if text}
    home = (locale or user.locale, time_zone or user.time_zone)
    problems = (*_attribute_problems(kept), *place_problems(*home))
    if problems:
        return problems
    changed = replace(
        user,
        attributes=kept,
        locale=home[0],
        time_zone=home[1],
        updated_at=actor.at,
    )
    _change(unit, changed, user)
    unit.audit(actor.did("user.update", f"user:{user.id}"))
    return changed


async def by_id(unit: UnitOfWork, store: str, id: str) -> User | None:
    """Find a user of this store by id."""
    user = await unit.get(User, id)
    return user if user is not None and user.store == store else None


async def by_ext_id(unit: UnitOfWork, store: str, ext_id: str) -> User | None:
    """Find a user of this store by external id."""
    return await unit.find(User, "by_ext_id", ext_key(store, ext_id))


def set_status(unit: UnitOfWork, actor: Actor, user: User, status: UserStatus) -> User:
    """Stage another status: locking is counted, ACTIVE is recovery."""
    match status:
        case "LOCKED" | "TEMP_LOCKED":
            return lock(unit, actor, user)
        case "ACTIVE":
            return unlock(unit, actor, user)
        case _:
            changed = replace(user, status=status, locked_until=None, updated_at=actor.at)
            _change(unit, changed, user)
            unit.audit(actor.did("user.status", f"user:{user.id}", status=status))
            return changed


def lock(unit: UnitOfWork, actor: Actor, user: User, *, until: datetime | None = None) -> User:
    """Stage a lock: until a time (TEMP_LOCKED), or until somebody unlocks (LOCKED). C6."""
    changed = replace(
        user,
        status="LOCKED" if until is None else "TEMP_LOCKED",
        locked_until=until,
        lock_count=user.lock_count + 1,
        updated_at=actor.at,
    )
    _change(unit, changed, user)
    facts = {} if until is None else {"until": until.isoformat()}
    unit.audit(actor.did("user.lock", f"user:{user.id}", **facts))
    return changed


def unlock(unit: UnitOfWork, actor: Actor, user: User) -> User:
    """Stage recovery: ACTIVE, no lock, and failed tries are counted anew. C6."""
    changed = replace(user, status="ACTIVE", locked_until=None, updated_at=actor.at)
    _change(unit, changed, user)
    unit.reset(user_account(user.id))
    unit.audit(actor.did("user.unlock", f"user:{user.id}"))
    return changed


def _change(unit: UnitOfWork, changed: User, before: User) -> None:
    unit.put(changed, Version(number=before.version))


def status_at(user: User, attempts: Attempts | None, at: datetime) -> UserStatus:
    """Give the status as it is at a time: a temporary lock ends by itself, failed tries make one.

    `attempts` is the account's ledger, None without failures.
    """
    if user.status == "TEMP_LOCKED" and not is_held(user, at):
        return "ACTIVE" if attempts is None else _by_attempts(attempts, at)
    if user.status in ("ACTIVE", "PENDING_ACTIVE") and attempts is not None:
        counted = _by_attempts(attempts, at)
        return user.status if counted == "ACTIVE" else counted
    return user.status


def _by_attempts(attempts: Attempts, at: datetime) -> UserStatus:
    if attempts.disabled:
        return "LOCKED"
    waits = attempts.waits_until is not None and at < attempts.waits_until
    return "TEMP_LOCKED" if waits else "ACTIVE"


def is_held(user: User, at: datetime) -> bool:
    """Whether the user's own status forbids signing in at this time."""
    if user.status == "TEMP_LOCKED":
        return user.locked_until is None or at < user.locked_until
    return user.status in ("LOCKED", "DISABLED")


def signed_in(user: User, at: datetime, *, locks: int) -> User:
    """Give the user after a success: proven, no lock left, past `locks` by failed tries counted."""
    proven = user.status in ("PENDING_ACTIVE", "TEMP_LOCKED")
    return replace(
        user,
        status="ACTIVE" if proven else user.status,
        locked_until=None,
        lock_count=user.lock_count + locks,
        authenticated_at=at,
        updated_at=at,
    )


def profile(user: User, status: UserStatus) -> JsonObject:
    """Give what activities read of a user: `{id, extId?, status, locale, timeZone, attributes}`."""
    found: JsonObject = {
        "id": user.id,
        "status": status,
        "locale": user.locale,
        "timeZone": user.time_zone,
        "attributes": dict(user.attributes),
    }
    return found if user.ext_id is None else {**found, "extId": user.ext_id}
