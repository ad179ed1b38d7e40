"""Passcodes of users: choosing (A1 to A4, A7), registering, renewing, listing, unregistering.

The only room above the ports that looks at a passcode itself: at its length, its characters and
whether it is common. That happens when one is chosen, never when one is tried (A3, D1).
"""

from __future__ import annotations

import hmac
import re
import unicodedata
from collections.abc import Iterator
from datetime import datetime
from itertools import islice
from typing import Final

from msgspec.structs import replace

from engine.identity.blocklist import is_common
from engine.identity.mistakes import asked
from engine.identity.policies import limits
from engine.model.names import TenantId
from engine.model.problem import FieldProblem, Problems, wrong
from engine.ports.actor import Actor
from engine.ports.outside import HashPool
from engine.ports.paging import every
from engine.ports.store import Records
from engine.ports.unit_of_work import UnitOfWork
from engine.records.identity import (
    Passcode,
    PasscodePolicy,
    PasscodeStatus,
    User,
    earlier_key,
    use_key,
)
from engine.records.record import Absent, Version
from engine.secret import Secret

PRODUCT: Final = "trustflow"
FIELD: Final = "newPasscode"
COMMON: Final = "passcode.common"
USED: Final = "passcode.used"
PIECES: Final = re.compile(r"[^\w]+")


def problems_of(passcode: Secret, policy: PasscodePolicy, user: User, tenant: TenantId) -> Problems:
    """Say what keeps a passcode from being chosen: the first thing alone, never with its value.

    Length counts code points after NFKC; nothing is cut, case is folded only to compare (A1, A2).
    """
    value = unicodedata.normalize("NFKC", passcode.reveal())
    return tuple(islice(_wrong_with(value, policy, _parts(user, tenant)), 1))


def _wrong_with(value: str, policy: PasscodePolicy, parts: set[str]) -> Iterator[FieldProblem]:
    if not value:
        yield asked(FIELD, "passcode.new.missing")
    if len(value) < policy.min_length:
        yield asked(FIELD, "passcode.short", min=str(policy.min_length))
    if len(value) > policy.max_length:
        yield asked(FIELD, "passcode.long", max=str(policy.max_length))
    if not limits(policy).lets(value):
        yield asked(FIELD, f"passcode.{policy.character_set.lower()}")
    if is_common(value, parts):
        yield asked(FIELD, COMMON)


def _parts(user: User, tenant: TenantId) -> set[str]:
    """Give the words near this person: product, tenant, store, user key, name, e-mail (A3)."""
    told = [user.ext_id or "", *user.attributes.values()]
    pieces = {piece for text in told for piece in PIECES.split(text)}
    return {PRODUCT, tenant, user.store, user.id, *told, *pieces}


async def register(
    unit: UnitOfWork,
    actor: Actor,
    user: User,
    *,
    policy: PasscodePolicy,
    passcode: Secret,
    pool: HashPool,
    replaces: bool = False,
) -> Passcode | Problems:
    """Hash a passcode and stage it as the one in use of this user under this policy.

    `replaces`: the one that is registered goes; without it, one that is there is a problem.
    Raises `Busy` when the hash pool is full.
    """
    old = await in_use(unit, user, policy)
    if old is not None and not replaces:
        return (wrong("policyName", "there is a passcode already; unregister it first"),)
    problems = problems_of(passcode, policy, user, unit.tenant)
    if problems:
        return problems
    async with pool.reserve() as slot:
        hashed = await slot.hash(passcode)
    if old is None:
        return keep(unit, actor, user, policy=policy, hashed=hashed)
    return await succeed(unit, actor, old, policy=policy, hashed=hashed)


async def in_use(unit: UnitOfWork, user: User, policy: PasscodePolicy) -> Passcode | None:
    """Find the passcode in use, expired and blocked ones too."""
    return await unit.find(Passcode, "by_use", use_key(user.id, policy.name))


def keep(
    unit: UnitOfWork, actor: Actor, user: User, *, policy: PasscodePolicy, hashed: str
) -> Passcode:
    """Stage a user's first passcode. A twin that does the same is refused when it commits."""
    row = _row(actor, user.id, policy, hashed, serial=1)
    unit.put(row, Absent())
    unit.audit(actor.did("passcode.register", f"passcode:{row.id}", user=user.id))
    return row


async def succeed(
    unit: UnitOfWork, actor: Actor, old: Passcode, *, policy: PasscodePolicy, hashed: str
) -> Passcode:
    """Stage a passcode in the place of `old`, which is kept among the earlier ones or goes (A6).

    The audit row `passcode.renew` is what tells that it was changed, without the value.
    """
    if policy.history_size:
        unit.put(replace(old, status="ARCHIVED"), Version(number=old.version))
    else:
        unit.delete(old)
    row = _row(actor, old.user, policy, hashed, serial=old.serial + 1)
    unit.put(row, Absent())
    await _forget(unit, old, old.serial - max(policy.history_size, 1))
    unit.audit(actor.did("passcode.renew", f"passcode:{row.id}", user=old.user, replaces=old.id))
    return row


def _row(actor: Actor, user: str, policy: PasscodePolicy, hashed: str, *, serial: int) -> Passcode:
    return Passcode(
        id=actor.chance.id(),
        user=user,
        policy=policy.name,
        hash=hashed,
        serial=serial,
        created_at=actor.at,
        expires_at=None if policy.validity is None else actor.at + policy.validity,
    )


async def earlier(unit: UnitOfWork, current: Passcode, most: int) -> tuple[Passcode, ...]:
    """Read the newest `most` passcodes before the current one, the newest first."""
    found: list[Passcode] = []
    for serial in range(current.serial - 1, current.serial - 1 - most, -1):
        row = await _numbered(unit, current, serial)
        if row is None:
            break
        found.append(row)
    return tuple(found)


async def _numbered(unit: UnitOfWork, current: Passcode, serial: int) -> Passcode | None:
    key = earlier_key(current.user, current.policy, serial)
    return await unit.find(Passcode, "by_use", key)


async def _forget(unit: UnitOfWork, current: Passcode, serial: int) -> None:
    """Stage the removal of the earlier passcode of this number and of all before it."""
    while (row := await _numbered(unit, current, serial)) is not None:
        unit.delete(row)
        serial -= 1


def is_same(one: Secret, other: Secret) -> bool:
    """Whether two passcodes are one (after NFKC), told in constant time (B5)."""
    texts = (unicodedata.normalize("NFKC", secret.reveal()).encode() for secret in (one, other))
    return hmac.compare_digest(*texts)


async def registered(records: Records, tenant: TenantId, user: User) -> tuple[Passcode, ...]:
    """List a user's passcodes in use, by id."""
    rows = every(records, tenant, Passcode, "user", user.id)
    return tuple([row async for row in rows if row.status != "ARCHIVED"])


def change_passcode(
    unit: UnitOfWork,
    actor: Actor,
    passcode: Passcode,
    *,
    status: PasscodeStatus,
    expires_at: datetime | None,
) -> Passcode | Problems:
    """Stage whether a passcode in use opens anything, and until when."""
    if status not in ("ACTIVE", "BLOCKED"):
        return (wrong("status", "one in use is ACTIVE or BLOCKED"),)
    changed = replace(passcode, status=status, expires_at=expires_at)
    unit.put(changed, Version(number=passcode.version))
    ends = "never" if expires_at is None else expires_at.isoformat()
    facts = {"user": passcode.user, "status": status, "ends": ends}
    unit.audit(actor.did("passcode.change", f"passcode:{passcode.id}", **facts))
    return changed


async def unregister(unit: UnitOfWork, actor: Actor, passcode: Passcode) -> None:
    """Stage the removal of a passcode and of those before it, hashes and all."""
    unit.delete(passcode)
    await _forget(unit, passcode, passcode.serial - 1)
    unit.audit(actor.did("passcode.unregister", f"passcode:{passcode.id}", user=passcode.user))


def status_at(passcode: Passcode, at: datetime) -> PasscodeStatus:
    """Give the status as it is at a time: one in use expires by itself."""
    expired = passcode.expires_at is not None and passcode.expires_at <= at
    return "EXPIRED" if passcode.status == "ACTIVE" and expired else passcode.status
