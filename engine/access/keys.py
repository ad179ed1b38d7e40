"""API keys: made, changed and ended by those who may, exchanged for bearer values by programs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, Literal

from msgspec.structs import replace

from engine.access.bearers import OF_KEYS, Bearer
from engine.access.naming import named
from engine.access.permissions import Permission, hold, parse
from engine.model.names import TenantId
from engine.model.problem import Problems, wrong
from engine.ports.actor import Actor
from engine.ports.outside import Vault
from engine.ports.store import Records
from engine.ports.unit_of_work import UnitOfWork
from engine.records.access import ApiKey, KeyStatus, KeyType
from engine.records.record import Absent, Staged, Version
from engine.secret import digest

SECRET_PREFIX: Final = "ak_"  # noqa: S105 - how a key's secret begins, not one
LONGEST_SECRET: Final = 128
LONGEST_NAME: Final = 50
LONGEST_DESCRIPTION: Final = 2000
MOST_PERMISSIONS: Final = 200
LONGEST_SESSION: Final = timedelta(days=1)
USUAL_SESSION: Final = timedelta(hours=8)
"""How long a key of type SESSION lasts, where nothing is said."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Minted:
    """A new key and its secret, which is kept nowhere: show it now."""

    key: ApiKey
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """A program that has come in: the key that it has proven to hold, as it is now."""

    tenant: TenantId
    key: ApiKey

    @property
    def name(self) -> str:
        """How audit rows name it."""
        return f"key:{self.key.id}"


async def add_key(
    unit: UnitOfWork,
    actor: Actor,
    name: str,
    *,
    permissions: Sequence[str],
    description: str = "",
    type: KeyType = "PERMANENT",
    life: timedelta | None = None,
    giver: Iterable[str] | None = None,
) -> Minted | Problems:
    """Stage a key.

    Args:
        unit: Whose tenant it becomes.
        actor: Who makes it.
        name: 1 to 50 characters, unique in the tenant.
        permissions: `TNT#{tenant}#{Service}:{operation}`, of this tenant alone.
        description: 2,000 characters at most.
        type: SESSION ends after `life`.
        life: Of a SESSION key: `USUAL_SESSION` without, a day at most.
        giver: What the maker may do: nobody gives away more. None: the command line, all.
    """
    problems = (
        *_named(name, description),
        *_permitted(unit.tenant, permissions, giver),
        *_lasting(type, life),
    )
    if not problems and await unit.find(ApiKey, "name", name) is not None:
        problems = (wrong("name", "a key of this name exists already; choose another"),)
    if problems:
        return problems
    secret = named(unit.tenant, actor.chance.token(), SECRET_PREFIX)
    key = _made(actor, secret, name, description, type, _kept(permissions), life)
    unit.put(key, Absent())
    facts = {"type": type, "permissions": str(len(key.permissions))}
    unit.audit(actor.did("key.add", f"key:{key.id}", **facts))
    return Minted(key=key, secret=secret)


def change_key(
    unit: UnitOfWork,
    actor: Actor,
    key: ApiKey,
    *,
    name: str | None = None,
    description: str | None = None,
    status: KeyStatus | None = None,
    permissions: Sequence[str] | None = None,
    giver: Iterable[str] | None = None,
) -> ApiKey | Problems:
    """Stage another name, description, status or set of permissions; what is not given stays.

    A change counts from the next call on, also for bearer values that are out already. A name that
    another key has is refused when the unit is written; one that is ARCHIVED gives its name up.
    """
    changed = replace(
        key,
        name=key.name if name is None else name,
        description=key.description if description is None else description,
        status=status or key.status,
        permissions=key.permissions if permissions is None else _kept(permissions),
        updated_at=actor.at,
        updated_by=actor.name,
    )
    problems = (
        *_named(changed.name, changed.description),
        *(() if permissions is None else _permitted(unit.tenant, permissions, giver)),
        *_standing(key, changed.status),
    )
    if problems:
        return problems
    if changed.status == "ARCHIVED" and key.status != "ARCHIVED":
        changed = replace(changed, name=_given_up(changed))
    unit.put(changed, Version(number=key.version))
    facts = {"status": changed.status, "permissions": str(len(changed.permissions))}
    unit.audit(actor.did("key.change", f"key:{key.id}", **facts))
    return changed


def end_key(unit: UnitOfWork, actor: Actor, key: ApiKey) -> ApiKey:
    """Stage the end of a key, for good: ARCHIVED, and its name is free again."""
    ended = replace(
        key,
        name=_given_up(key),
        status="ARCHIVED",
        updated_at=actor.at,
        updated_by=actor.name,
    )
    unit.put(ended, Version(number=key.version))
    unit.audit(actor.did("key.end", f"key:{key.id}"))
    return ended


def _given_up(key: ApiKey) -> str:
    """Name a key that has ended, so that another one can have its name."""
    return f"{key.name} ({key.id})"


async def exchange(
    records: Records, vault: Vault, tenant: TenantId, secret: str, at: datetime
) -> tuple[Caller, str] | ApiKey | None:
    """Exchange a key's secret for a bearer value.

    Gives the key alone where it opens nothing any more; None where nobody knows it.
    """
    if len(secret) > LONGEST_SECRET or not secret.startswith(SECRET_PREFIX):
        return None
    key = await records.find(tenant, ApiKey, "secret_hash", digest(secret))
    if key is None or not is_good(key, at):
        return key
    return Caller(tenant=tenant, key=key), OF_KEYS.make(vault, tenant, key.id, at)


async def caller(
    records: Records, vault: Vault, value: str, at: datetime
) -> Caller | Literal["forged", "expired"]:
    """Tell who comes with a bearer value, and may do what its key may now."""
    read = OF_KEYS.read(vault, value, at)
    if not isinstance(read, Bearer):
        return read
    key = await records.get(read.tenant, ApiKey, read.of)
    if key is None:
        return "forged"
    return Caller(tenant=read.tenant, key=key) if is_good(key, at) else "expired"


def is_good(key: ApiKey, at: datetime) -> bool:
    """Whether a key opens anything at a time."""
    return key.status == "ACTIVE" and (key.expires_at is None or at < key.expires_at)


def refused(actor: Actor, key: ApiKey) -> Staged:
    """Write down that a key was tried that opens nothing any more."""
    return Staged(audit=(actor.did("key.refused", f"key:{key.id}", status=key.status),))


def denied(actor: Actor, key: ApiKey, wanted: Permission) -> Staged:
    """Write down that a key asked for what it may not do."""
    row = actor.did("key.denied", f"key:{key.id}", permission=wanted.written)
    return Staged(audit=(row,))


def _made(
    actor: Actor,
    secret: str,
    name: str,
    description: str,
    type: KeyType,
    permissions: tuple[str, ...],
    life: timedelta | None,
) -> ApiKey:
    hashed = digest(secret)
    return ApiKey(
        id=actor.chance.id(),
        name=name,
        description=description,
        type=type,
        permissions=permissions,
        secret_hash=hashed,
        prefix=hashed[:6],
        created_at=actor.at,
        created_by=actor.name,
        updated_at=actor.at,
        updated_by=actor.name,
        expires_at=actor.at + (life or USUAL_SESSION) if type == "SESSION" else None,
    )


def _kept(permissions: Sequence[str]) -> tuple[str, ...]:
    found = {one.written for one in map(parse, permissions) if one is not None}
    return tuple(sorted(found))


def _named(name: str, description: str) -> Problems:
    found = []
    if not 1 <= len(name) <= LONGEST_NAME or not name.isprintable():
        found.append(wrong("name", f"use 1 to {LONGEST_NAME} printable characters"))
    if len(description) > LONGEST_DESCRIPTION:
        found.append(wrong("description", f"use {LONGEST_DESCRIPTION:,} characters at most"))
    return tuple(found)


def _permitted(
    tenant: TenantId, permissions: Sequence[str], giver: Iterable[str] | None
) -> Problems:
    if len(permissions) > MOST_PERMISSIONS:
        return (wrong("permissions", f"use {MOST_PERMISSIONS} at most"),)
    held = None if giver is None else tuple(giver)
    found = []
    for number, text in enumerate(permissions):
        one = parse(text)
        if one is None or one.tenant != tenant:
            found.append(
                wrong(
                    f"permissions.{number}",
                    f"write TNT#{tenant}#Service:operation, of those that are listed",
                )
            )
        elif held is not None and not hold(held, one):
            found.append(
                wrong(f"permissions.{number}", "nobody gives a permission that they do not have")
            )
    return tuple(found)


def _lasting(type: KeyType, life: timedelta | None) -> Problems:
    if life is None:
        return ()
    if type == "PERMANENT":
        return (wrong("expiresDtm", "a PERMANENT key has no end; use the type SESSION"),)
    if not timedelta() < life <= LONGEST_SESSION:
        return (wrong("expiresDtm", "a SESSION key ends within a day"),)
    return ()


def _standing(key: ApiKey, status: KeyStatus) -> Problems:
    if key.status == "ARCHIVED" and status != "ARCHIVED":
        return (wrong("status", "an archived key has ended for good; make another"),)
    return ()
