"""Passcodes by API: a session is begun, and spent by one completion (trustx-identity.md 5).

The rules are those of a journey: one ledger, one failure, the same work for everybody. A session is
taken out of the store before anything is verified for it: of completions at once one is first, and
the others meet a session that is not there.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from msgspec.structs import replace

from engine.identity.authentication import Attempt, Missing, Verifier, begin, verify
from engine.identity.choosing import Refusal, Registered, begin_first, choose_first, renew
from engine.identity.policies import policy_id
from engine.identity.users import by_ext_id, by_id
from engine.ports.actor import Actor
from engine.ports.outside import Vault
from engine.ports.store import Committed, Records
from engine.ports.unit_of_work import UnitOfWork
from engine.records.identity import (
    IdentityStore,
    Passcode,
    PasscodePolicy,
    PasscodeSession,
    SessionKind,
    User,
    use_key,
)
from engine.records.record import Absent, Delete, Staged
from engine.secret import Secret, digest

SECRET_PREFIX: Final = "ps_"  # noqa: S105 - how a session's value begins, not one
LONGEST_VALUE: Final = 128


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """Whom an application server means: by id, or by external id."""

    store: str
    policy: str
    user_id: str | None = None
    ext_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """A session, the policy that it was begun under, and its value, which is kept nowhere."""

    session: PasscodeSession
    policy: PasscodePolicy
    value: str = field(repr=False)


async def start(
    unit: UnitOfWork, vault: Vault, actor: Actor, kind: SessionKind, named: Named
) -> Started | Registered | Missing:
    """Stage a session.

    Args:
        unit: Where it is staged.
        vault: For the id of a stranger.
        actor: Who begins it.
        kind: What its completion does.
        named: Whom it is for.

    Returns:
        `Missing`: there is no such `store`, `policy` or `user`; a store that hides who is not there
        has everybody, except to be registered. `Registered`: there is a first passcode already.
    """
    directory = await unit.get(IdentityStore, named.store)
    policy = await unit.get(PasscodePolicy, policy_id(named.store, named.policy))
    if directory is None or policy is None:
        return Missing(what="store" if directory is None else "policy")
    user = await _user(unit, named)
    if user is None and (kind == "registration" or not directory.hide_unknown_users):
        return Missing(what="user")
    attempt = await _attempt(unit, vault, kind, named, user)
    if not isinstance(attempt, Attempt):
        return attempt
    value = SECRET_PREFIX + actor.chance.token()
    session = PasscodeSession(
        id=digest(value),
        kind=kind,
        store=attempt.store,
        policy=attempt.policy,
        user=attempt.user,
        created_at=actor.at,
        expires_at=actor.at + policy.session_ttl,
    )
    unit.put(session, Absent())
    return Started(session=session, policy=policy, value=value)


async def _user(unit: UnitOfWork, named: Named) -> User | None:
    if named.user_id is not None:
        return await by_id(unit, named.store, named.user_id)
    return await by_ext_id(unit, named.store, named.ext_id or "")


async def _attempt(
    unit: UnitOfWork, vault: Vault, kind: SessionKind, named: Named, user: User | None
) -> Attempt | Registered | Missing:
    if kind == "registration" and user is not None:
        return await begin_first(unit, named.store, policy=named.policy, user=user.id)
    begun = await begin(
        unit,
        vault,
        named.store,
        policy=named.policy,
        user_id=named.user_id,
        ext_id=named.ext_id,
    )
    return begun if isinstance(begun, Missing) else begun.attempt


async def spend(
    records: Records, verifier: Verifier, kind: SessionKind, value: str
) -> PasscodeSession | None:
    """Take a session out of the store, for good; None where it is not there, or over.

    Of several who ask at once one gets it.
    """
    if len(value) > LONGEST_VALUE:
        return None
    tenant = verifier.unit.tenant
    session = await records.get(tenant, PasscodeSession, digest(value))
    if session is None or session.kind != kind or verifier.at >= session.expires_at:
        return None
    taken = await records.write(tenant, Staged(writes=(Delete(row=session),)))
    return session if isinstance(taken, Committed) else None


def give_back(unit: UnitOfWork, session: PasscodeSession) -> None:
    """Stage a session anew: what was chosen cannot be taken, and another choice may be made."""
    unit.put(replace(session, version=1), Absent())


def attempt_of(session: PasscodeSession) -> Attempt:
    """Give the attempt that a session was begun for."""
    return Attempt(store=session.store, policy=session.policy, user=session.user)


async def complete_authentication(
    verifier: Verifier, session: PasscodeSession, passcode: Secret
) -> tuple[User, Passcode] | None:
    """Verify a passcode; None for a failure, whatever its cause. Raises `Busy`."""
    user = await verify(verifier, attempt_of(session), passcode)
    if user is None:
        return None
    found = await verifier.unit.find(Passcode, "by_use", use_key(user.id, session.policy))
    assert found is not None  # noqa: S101 - it is held, or put anew, in this unit
    return user, found


async def complete_registration(
    verifier: Verifier, session: PasscodeSession, passcode: Secret
) -> Passcode | Registered | Refusal | None:
    """Keep a first passcode; a refused one leaves the session for another choice. Raises `Busy`.

    None: the user or the policy is gone; a user who goes meanwhile refuses the commit.
    """
    unit = verifier.unit
    user = await by_id(unit, session.store, session.user)
    policy = await unit.get(PasscodePolicy, policy_id(session.store, session.policy))
    if user is None or policy is None:
        return None
    chosen = await choose_first(verifier, attempt_of(session), passcode)
    if isinstance(chosen, Refusal):
        give_back(unit, session)
    if isinstance(chosen, Passcode):
        unit.hold(user)
    return chosen


async def complete_renewal(
    verifier: Verifier, session: PasscodeSession, *, old: Secret, new: Secret
) -> Passcode | Refusal | None:
    """Verify the old passcode and keep the new one; None where the old one did not prove it.

    A refused new one leaves the session for another choice. Raises `Busy`.
    """
    chosen = await renew(verifier, attempt_of(session), old=old, new=new)
    if isinstance(chosen, Refusal):
        give_back(verifier.unit, session)
    return chosen
