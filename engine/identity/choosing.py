"""Choosing a passcode in a journey: a user's first one, and a new one for one that is proven.

Whoever chooses is told what is wrong with a new passcode, never anything of the one there is: a
first one needs a user whom the journey has loaded, another one needs the old one first (A6, B4), or
that an operator has accepted a recovery.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from engine.errors import ActivityFault
from engine.identity.attempts import user_account
from engine.identity.authentication import Attempt, Missing, Proof, Verifier, prove
from engine.identity.blocklist import prepared
from engine.identity.passcodes import (
    COMMON,
    USED,
    earlier,
    in_use,
    is_same,
    keep,
    problems_of,
    succeed,
)
from engine.identity.policies import policy_id
from engine.identity.users import by_id, unlock
from engine.model.names import AccountKey
from engine.model.problem import Message, Text
from engine.ports.outside import Slot
from engine.ports.store import Attempts
from engine.ports.unit_of_work import UnitOfWork
from engine.records.identity import IdentityStore, Passcode, PasscodePolicy, User
from engine.secret import Secret

Why = Literal["policy", "common", "used"]
REASONS: Final[dict[str, Why]] = {COMMON: "common", USED: "used"}
"""Sentence -> what refuses; any other sentence is the policy's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A new passcode cannot be taken; `text` says how to make it right, never with its value."""

    why: Why
    text: Text


@dataclass(frozen=True, slots=True, kw_only=True)
class Registered:
    """This user has a passcode under this policy already."""


async def begin_first(
    unit: UnitOfWork, store: str, *, policy: str, user: str
) -> Attempt | Registered | Missing:
    """Begin the registration of a user's first passcode under a policy.

    Raises `ActivityFault` when the store has no such user.
    """
    begun = await begin_recovery(unit, store, policy=policy, user=user)
    if isinstance(begun, Missing):
        return begun
    return begun if (await _file(unit, begun)).passcode is None else Registered()


async def begin_recovery(
    unit: UnitOfWork, store: str, *, policy: str, user: str
) -> Attempt | Missing:
    """Begin to choose a passcode in the place of one that nobody can prove, or where there is none.

    Raises `ActivityFault` when the store has no such user.
    """
    if await unit.get(IdentityStore, store) is None:
        return Missing(what="store")
    if await unit.get(PasscodePolicy, policy_id(store, policy)) is None:
        return Missing(what="policy")
    attempt = Attempt(store=store, policy=policy, user=user)
    await _file(unit, attempt)
    return attempt


@dataclass(frozen=True, slots=True, kw_only=True)
class _File:
    user: User
    policy: PasscodePolicy
    passcode: Passcode | None


async def _file(unit: UnitOfWork, attempt: Attempt) -> _File:
    user = await by_id(unit, attempt.store, attempt.user)
    policy = await unit.get(PasscodePolicy, policy_id(attempt.store, attempt.policy))
    if user is None or policy is None:
        what = "user" if user is None else "policy"
        raise ActivityFault(reason=f"the store has no such {what}", store=attempt.store)
    return _File(user=user, policy=policy, passcode=await in_use(unit, user, policy))


async def choose_first(
    verifier: Verifier, attempt: Attempt, passcode: Secret
) -> Passcode | Registered | Refusal:
    """Stage a user's first passcode, unless it is refused or one was registered meanwhile.

    The step is claimed, so that of requests at once only one hashes; nothing is charged: no guess
    is made.

    Raises:
        Busy: The pool is full.
        Contended: Another request works on this step.
    """
    unit = verifier.unit
    await prepared()
    async with verifier.pool.reserve() as slot:
        file = await _file(unit, attempt)
        await _claim(verifier, file.user)
        if file.passcode is not None:
            return Registered()
        problems = problems_of(passcode, file.policy, file.user, unit.tenant)
        if problems:
            return _refusal(problems[0].text)
        hashed = await slot.hash(passcode)
    return keep(unit, verifier.actor, file.user, policy=file.policy, hashed=hashed)


async def _claim(verifier: Verifier, user: User) -> None:
    await verifier.charge(AccountKey(f"choosing:{user.id}"), _uncharged)
    verifier.claim()


def _uncharged(row: Attempts | None, now: datetime, account: AccountKey) -> None:
    """Add nothing to the ledger."""


async def recover(verifier: Verifier, attempt: Attempt, passcode: Secret) -> Passcode | Refusal:
    """Stage a passcode in the place of whatever there is, and the end of locks and failed tries.

    The step is claimed and nothing charged, as for a first one; earlier ones, the last among them,
    are not taken again. Raises as `choose_first` does.
    """
    unit = verifier.unit
    await prepared()
    async with verifier.pool.reserve() as slot:
        file = await _file(unit, attempt)
        await _claim(verifier, file.user)
        problems = problems_of(passcode, file.policy, file.user, unit.tenant)
        if problems:
            return _refusal(problems[0].text)
        if file.passcode is not None and await _was_used(
            slot, passcode, (file.passcode, *await _earlier(unit, file.passcode, file.policy))
        ):
            return _refusal(Message(id=USED))
        hashed = await slot.hash(passcode)
    _reopen(verifier, file.user)
    if file.passcode is None:
        return keep(unit, verifier.actor, file.user, policy=file.policy, hashed=hashed)
    return await succeed(unit, verifier.actor, file.passcode, policy=file.policy, hashed=hashed)


def _reopen(verifier: Verifier, user: User) -> None:
    """Stage the end of what tries and locks have brought about; who was disabled stays so."""
    if user.status in ("DISABLED", "PENDING_ACTIVE"):
        verifier.unit.reset(user_account(user.id))
    else:
        unlock(verifier.unit, verifier.actor, user)


async def renew(
    verifier: Verifier, attempt: Attempt, *, old: Secret, new: Secret
) -> Passcode | Refusal | None:
    """Stage a new passcode in the place of the old one; None where the old one did not prove it.

    The old one is verified exactly as at authentication. The new one is looked at only then.
    Raises as `choose_first` does.
    """
    await prepared()
    async with verifier.pool.reserve() as slot:
        proof = await prove(verifier, attempt, old, slot, expired=True)
        if proof is None:
            return None
        refusal = await _judge(verifier.unit, proof, slot, old=old, new=new)
        if refusal is not None:
            return refusal
        hashed = await slot.hash(new)
    return await succeed(
        verifier.unit, verifier.actor, proof.passcode, policy=proof.policy, hashed=hashed
    )


async def _judge(
    unit: UnitOfWork, proof: Proof, slot: Slot, *, old: Secret, new: Secret
) -> Refusal | None:
    """Say why a new passcode cannot be taken: the policy, what everybody tries, the history."""
    problems = problems_of(new, proof.policy, proof.user, unit.tenant)
    if problems:
        return _refusal(problems[0].text)
    before = await _earlier(unit, proof.passcode, proof.policy)
    if is_same(old, new) or await _was_used(slot, new, before):
        return _refusal(Message(id=USED))
    return None


async def _earlier(
    unit: UnitOfWork, current: Passcode, policy: PasscodePolicy
) -> tuple[Passcode, ...]:
    return await earlier(unit, current, policy.history_size)


async def _was_used(slot: Slot, new: Secret, rows: Iterable[Passcode]) -> bool:
    for row in rows:
        if await slot.verify(row.hash, new):
            return True
    return False


def _refusal(text: Text) -> Refusal:
    why = REASONS.get(text.id, "policy") if isinstance(text, Message) else "policy"
    return Refusal(why=why, text=text)
