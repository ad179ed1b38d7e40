"""Passcode authentication: begin an attempt, verify a passcode (design 3.4; security B, C).

Known or not, right or wrong, locked or expired: each case makes the same calls in the same order.
A branch here chooses between values, never between doing something and not doing it, until the
verdict is a success.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from msgspec.structs import replace

from engine.errors import Busy, Contended
from engine.identity.attempts import charging, hidden, unknown_account, user_account
from engine.identity.passcodes import status_at
from engine.identity.policies import capped_at, policy_id
from engine.identity.stores import lock_rules
from engine.identity.users import by_ext_id, by_id, is_held, signed_in
from engine.model.names import AccountKey, HopId, JsonObject, id_text
from engine.model.value import Value
from engine.ports.outside import HashPool, Vault
from engine.ports.store import Capped, Charged, Claimed, ClaimKey, Ledger
from engine.ports.unit_of_work import UnitOfWork
from engine.records.identity import IdentityStore, Passcode, PasscodePolicy, User, use_key
from engine.records.record import AuditRow, Version
from engine.secret import Secret


class Attempt(Value, frozen=True, kw_only=True):
    """An attempt of a claimed user. `user` is an id: a user's, or one made up for a stranger."""

    store: str
    policy: str
    user: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """An attempt, and what is known of a user who was only claimed: an id, true or made up.

    Nothing else of them rests in the instance before the claim is proven: not in time, not in size,
    not in a declined stranger's row does an unknown user differ from a known one (B1, B2).
    """

    attempt: Attempt
    user: JsonObject


@dataclass(frozen=True, slots=True, kw_only=True)
class Missing:
    """What the attempt was to be made under is not there: a `store` or a `policy`."""

    what: str


async def begin(
    unit: UnitOfWork,
    vault: Vault,
    store: str,
    *,
    policy: str,
    user_id: str | None,
    ext_id: str | None,
) -> Begun | Missing:
    """Begin an attempt for whoever `user_id`, else `ext_id`, names; unknown users get one alike."""
    directory = await unit.get(IdentityStore, store)
    if directory is None:
        return Missing(what="store")
    if await unit.get(PasscodePolicy, policy_id(store, policy)) is None:
        return Missing(what="policy")
    invented = _stranger(vault, directory, user_id, ext_id)
    if user_id is not None:
        found = await by_id(unit, store, user_id)
    else:
        found = await by_ext_id(unit, store, ext_id or "")
    user = invented if found is None else found
    return Begun(attempt=Attempt(store=store, policy=policy, user=user.id), user={"id": user.id})


def _stranger(vault: Vault, store: IdentityStore, user_id: str | None, ext_id: str | None) -> User:
    """Make up the user that would be meant: the same for the same identifier, stored nowhere."""
    chance = hidden(vault, store.id, f"ext\x1f{ext_id or ''}")
    made_up = id_text(int.from_bytes(chance[:16], "big"))
    return User(
        id=made_up if user_id is None else user_id,
        store=store.id,
        ext_id=ext_id if user_id is None else None,
        status=store.user_status,
        locale=store.locale,
        time_zone=store.time_zone,
        created_at=store.created_at,
        updated_at=store.created_at,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Verifier:
    """What a hop lends: all that verifying takes besides the attempt and the passcode.

    Attributes:
        step: What is claimed: one step of one instance.
        owner: Who claims it: the hop, the same when it is run again.
        at: UTC, the event's time.
    """

    unit: UnitOfWork
    ledger: Ledger
    step: ClaimKey
    owner: HopId
    pool: HashPool
    vault: Vault
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class _File:
    """All that is kept about a claimed user, read alike for everybody."""

    store: IdentityStore | None
    policy: PasscodePolicy | None
    user: User | None
    passcode: Passcode | None
    account: AccountKey

    def usable(self, at: datetime) -> tuple[User, Passcode] | None:
        """Give user and passcode where nothing but the passcode's being right is left to ask."""
        if self.store is None or self.policy is None or self.user is None or self.passcode is None:
            return None
        in_use = status_at(self.passcode, at) == "ACTIVE" and not is_held(self.user, at)
        return (self.user, self.passcode) if in_use else None


async def verify(verifier: Verifier, attempt: Attempt, passcode: Secret) -> User | None:
    """Give the claimed user if the passcode is theirs. What follows from it is staged.

    The four steps of design 3.4: a place in the pool, claim and charge, one hash (of a dummy where
    there is nothing to compare with), the verdict, which commits with the hop.

    Raises:
        Busy: The pool is full; nothing was charged.
        Contended: Another request verifies this step; nothing was hashed or charged.
    """
    async with verifier.pool.reserve() as slot:
        file = await _read(verifier, attempt)
        rules = lock_rules(file.store, capped_at(file.policy))
        charged = await verifier.ledger.claim_and_charge(
            verifier.step, verifier.owner, file.account, charging(rules)
        )
        if isinstance(charged, Claimed):
            raise Contended(instance=verifier.step.instance, moved_on=charged.moved_on)
        dummy = verifier.pool.dummy
        usable = file.usable(verifier.at) if isinstance(charged, Charged) else None
        right = await slot.verify(dummy if usable is None else usable[1].hash, passcode)
    verifier.unit.claim()
    if right and usable is not None and isinstance(charged, Charged):
        failures = charged.attempts.failures - 1
        return await _succeed(verifier, *usable, passcode, locks=rules.locks(failures))
    verifier.unit.audit(_failure(verifier, attempt, file.account, charged))
    return None


async def _read(verifier: Verifier, attempt: Attempt) -> _File:
    """Read five times, whatever is found."""
    unit, store = verifier.unit, attempt.store
    directory = await unit.get(IdentityStore, store)
    policy = await unit.get(PasscodePolicy, policy_id(store, attempt.policy))
    user = await by_id(unit, store, attempt.user)
    passcode = await unit.find(Passcode, "by_use", use_key(attempt.user, attempt.policy))
    unknown = unknown_account(verifier.vault, store, attempt.user)
    return _File(
        store=directory,
        policy=policy,
        user=user,
        passcode=passcode,
        account=unknown if user is None else user_account(user.id),
    )


async def _succeed(
    verifier: Verifier, user: User, passcode: Passcode, secret: Secret, *, locks: int
) -> User:
    """Stage what a success leaves: a proven user, no failures, a hash of today's making (A4)."""
    proven = signed_in(user, verifier.at, locks=locks)
    verifier.unit.put(proven, Version(number=user.version))
    verifier.unit.reset(user_account(user.id))
    if locks:
        verifier.unit.audit(_told(verifier, "attempt.unlock", user_account(user.id), {}))
    if verifier.pool.is_old(passcode.hash):
        # A second hash, and only now: a full pool must not spoil a success, the next one renews.
        with suppress(Busy):
            async with verifier.pool.reserve() as slot:
                fresh = replace(passcode, hash=await slot.hash(secret))
            verifier.unit.put(fresh, Version(number=passcode.version))
    return proven


def _failure(
    verifier: Verifier, attempt: Attempt, account: AccountKey, charged: Charged | Capped
) -> AuditRow:
    """Write down a failed try, one row whatever the reason, never with what was tried (C6)."""
    facts = {"store": attempt.store, "policy": attempt.policy}
    if isinstance(charged, Capped):
        return _told(verifier, "attempt.limit", account, facts)
    if charged.attempts.disabled:
        return _told(verifier, "attempt.disable", account, facts)
    locked = charged.attempts.waits_until is not None
    return _told(verifier, "attempt.lock" if locked else "attempt.failed", account, facts)


def _told(verifier: Verifier, action: str, account: AccountKey, facts: dict[str, str]) -> AuditRow:
    """Make an audit row; its id follows from the hop: run again, it writes the same one."""
    number = len(verifier.unit.staged().audit) + 1
    return AuditRow(
        id=f"{verifier.owner}.{number}",
        at=verifier.at,
        actor=f"instance:{verifier.step.instance}",
        action=action,
        subject=f"account:{account}",
        facts=facts,
    )
