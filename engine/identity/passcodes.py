"""Passcodes of users: choosing (A1 to A4, A7), registering, listing, unregistering.

The only room above the ports that looks at a passcode itself: at its length, its characters and
whether it is common. That happens when one is chosen, never when one is tried (A3, D1).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from datetime import datetime
from itertools import islice
from typing import Final

from engine.identity.blocklist import is_common
from engine.identity.deeds import Actor, Problems, asked
from engine.model.names import TenantId
from engine.model.problem import FieldProblem, wrong
from engine.ports.outside import HashPool
from engine.ports.store import PageQuery, Records
from engine.ports.unit_of_work import UnitOfWork
from engine.records.identity import Passcode, PasscodePolicy, PasscodeStatus, User, use_key
from engine.records.record import Absent
from engine.secret import Secret

PRODUCT: Final = "trustflow"
FIELD: Final = "newPasscode"
PIECES: Final = re.compile(r"[^\w]+")
MOST: Final = 200
"""Passcodes of one user that are listed."""


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
    if policy.character_set == "NUMERIC" and not (value.isascii() and value.isdecimal()):
        yield asked(FIELD, "passcode.numeric")
    if policy.character_set == "ALPHANUMERIC" and not value.isalnum():
        yield asked(FIELD, "passcode.alphanumeric")
    if is_common(value, parts):
        yield asked(FIELD, "passcode.common")


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
) -> Passcode | Problems:
    """Hash a passcode and stage it as the one in use of this user under this policy.

    Raises `Busy` when the hash pool is full.
    """
    if await unit.find(Passcode, "by_use", use_key(user.id, policy.name)) is not None:
        return (wrong("policyName", "there is a passcode already; unregister it first"),)
    problems = problems_of(passcode, policy, user, unit.tenant)
    if problems:
        return problems
    async with pool.reserve() as slot:
        hashed = await slot.hash(passcode)
    row = Passcode(
        id=actor.chance.id(),
        user=user.id,
        policy=policy.name,
        hash=hashed,
        created_at=actor.at,
        expires_at=None if policy.validity is None else actor.at + policy.validity,
    )
    unit.put(row, Absent())
    unit.audit(actor.did("passcode.register", f"passcode:{row.id}", user=user.id))
    return row


async def registered(records: Records, tenant: TenantId, user: User) -> tuple[Passcode, ...]:
    """List a user's passcodes, by id."""
    page = await records.page(tenant, Passcode, PageQuery(by="user", value=user.id, size=MOST))
    return page.rows


def unregister(unit: UnitOfWork, actor: Actor, passcode: Passcode) -> None:
    """Stage the removal of a passcode, hash and all."""
    unit.delete(passcode)
    unit.audit(actor.did("passcode.unregister", f"passcode:{passcode.id}", user=passcode.user))


def status_at(passcode: Passcode, at: datetime) -> PasscodeStatus:
    """Give the status as it is at a time: one in use expires by itself."""
    expired = passcode.expires_at is not None and passcode.expires_at <= at
    return "EXPIRED" if passcode.status == "ACTIVE" and expired else passcode.status
