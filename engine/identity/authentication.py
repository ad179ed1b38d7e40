"""Passcode authentication: begin an attempt, verify a passcode (design 3.4; security B, C).

Known or not, right or wrong, locked or expired: each case makes the same calls in the same order.
A branch here chooses between values, never between doing something and not doing it, until the
verdict is a success.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from msgspec.structs import replace

from engine.errors import Busy, Contended
from engine.identity import devices
from engine.identity.attempts import (
    NO_WAIT,
    LockRules,
    charging,
    hidden,
    unknown_account,
    user_account,
)
from engine.identity.devices import Device
from engine.identity.passcodes import status_at
from engine.identity.policies import capped_at, policy_id
from engine.identity.stores import lock_rules
from engine.identity.users import by_ext_id, by_id, is_held, signed_in
from engine.model.names import AccountKey, HopId, JsonObject, id_text
from engine.model.value import Value
from engine.ports.actor import Actor
from engine.ports.outside import Chance, HashPool, Slot, Vault
from engine.ports.store import Capped, Charge, Charged, Claimed, ClaimKey, Ledger
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
    """What a hop or a call lends: all that verifying takes besides the attempt and the passcode.

    Attributes:
        step: What is claimed: one step of one instance. None: a session of the API, which was spent
            before, so that nobody else verifies for it.
        owner: Who claims it: the hop, the same when it is run again.
        name: Who does it, as audit rows name them.
        at: UTC, the event's time.
        chance: Where ids of new rows come from.
        device: What the request brought of a known device, unproven; None: nothing.
    """

    unit: UnitOfWork
    ledger: Ledger
    step: ClaimKey | None
    owner: HopId
    name: str
    pool: HashPool
    vault: Vault
    at: datetime
    chance: Chance
    device: Device | None = None

    @property
    def actor(self) -> Actor:
        """Give who changes something here, now."""
        return Actor(name=self.name, at=self.at, chance=self.chance)

    async def charge(self, account: AccountKey, rule: Charge) -> Charged | Capped:
        """Claim the step, where there is one, and charge an account before a guess is made.

        Raises:
            Contended: Another request verifies this step; nothing was charged.
        """
        if self.step is None:
            return await self.ledger.charge(self.unit.tenant, account, rule)
        charged = await self.ledger.claim_and_charge(self.step, self.owner, account, rule)
        if isinstance(charged, Claimed):
            raise Contended(instance=self.step.instance, moved_on=charged.moved_on)
        return charged

    def claim(self) -> None:
        """Stage that what is staged counts only while the step is claimed, where there is one."""
        if self.step is not None:
            self.unit.claim()


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """A user, and the passcode under a policy that was shown to be theirs; as they were before."""

    user: User
    passcode: Passcode
    policy: PasscodePolicy


LONG_AGO: Final = datetime(1970, 1, 1, tzinfo=UTC)
NO_STORE: Final = IdentityStore(id="", created_at=LONG_AGO)
NOBODY: Final = Proof(
    user=User(id="", store="", created_at=LONG_AGO, updated_at=LONG_AGO),
    passcode=Passcode(id="", user="", policy="", hash="", created_at=LONG_AGO),
    policy=PasscodePolicy(id="", store="", name="", created_at=LONG_AGO),
)
"""What is looked at where rows are not there: as long as at rows that are (B2, B6)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _File:
    """All that is kept about a claimed user, or what stands for it; read alike for everybody."""

    store: IdentityStore
    proof: Proof
    is_whole: bool
    account: AccountKey

    def is_usable(self, at: datetime, *, expired: bool) -> bool:
        """Whether nothing but the passcode's being right is left to ask.

        `expired`: one that has expired will do too, for as long as the policy lets it be renewed.
        Everything is looked at before anything is decided.
        """
        slack = self.proof.policy.renewable_for if expired else NO_WAIT
        is_active = status_at(self.proof.passcode, at - slack) == "ACTIVE"
        is_free = not is_held(self.proof.user, at)
        return self.is_whole and is_active and is_free


async def verify(verifier: Verifier, attempt: Attempt, passcode: Secret) -> User | None:
    """Give the claimed user if the passcode is theirs. What follows from it is staged.

    Raises:
        Busy: The pool is full; nothing was charged.
        Contended: Another request verifies this step; nothing was hashed or charged.
    """
    async with verifier.pool.reserve() as slot:
        proof = await prove(verifier, attempt, passcode, slot)
    if proof is None:
        return None
    await _keep(verifier, proof.passcode, passcode)
    _know_again(verifier, proof)
    return await by_id(verifier.unit, attempt.store, proof.user.id)


async def prove(
    verifier: Verifier, attempt: Attempt, passcode: Secret, slot: Slot, *, expired: bool = False
) -> Proof | None:
    """Prove a claim by a passcode: the four steps of design 3.4, the place in the pool taken.

    Claim and charge, one hash (of a dummy where there is nothing to compare with), the verdict,
    which commits with the hop: a success leaves a proven user and no failures, a failure one audit
    row. Raises `Contended` as `verify` does.

    Args:
        verifier: What the hop lends.
        attempt: Whose, and under what.
        passcode: What was typed.
        slot: A place in the pool.
        expired: Let an expired one prove it too, while its policy says that it may be renewed.
    """
    file = await _read(verifier, attempt)
    account, rules = await _budget(verifier, attempt, file)
    charged = await verifier.charge(account, charging(rules))
    is_usable = file.is_usable(verifier.at, expired=expired) and isinstance(charged, Charged)
    stored = file.proof.passcode.hash if is_usable else verifier.pool.dummy
    right = await slot.verify(stored, passcode)
    verifier.claim()
    if right and is_usable and isinstance(charged, Charged):
        locks = rules.locks(charged.attempts.failures - 1)
        _succeed(verifier, file.proof.user, account, locks=locks)
        return file.proof
    verifier.unit.audit(_failure(verifier, attempt, account, charged))
    return None


async def _budget(
    verifier: Verifier, attempt: Attempt, file: _File
) -> tuple[AccountKey, LockRules]:
    """Choose what is charged: the account, or a small budget on a known device (C3).

    A device whose budget is used up is a stranger, so that recovery helps there too. Whoever is
    meant, and whether it is known or not, it costs the same calls.
    """
    general = lock_rules(file.store, capped_at(file.proof.policy))
    if verifier.device is None:
        return file.account, general
    own, small = devices.account(attempt.user, verifier.device), devices.rules(general)
    spent = await verifier.ledger.attempts(verifier.unit.tenant, own)
    passcode = file.proof.passcode.id
    known = devices.is_known(verifier.vault, verifier.device, attempt.user, passcode, verifier.at)
    is_spent = spent is not None and small.is_capped(spent)
    return (own, small) if known and not is_spent else (file.account, general)


def _know_again(verifier: Verifier, proof: Proof) -> None:
    """Stage the value by which this device is known from now on."""
    value = devices.grant(
        verifier.vault, verifier.chance, verifier.device,
        user=proof.user.id, passcode=proof.passcode.id, at=verifier.at,
    )  # fmt: skip
    verifier.unit.hand_out(value)


async def _read(verifier: Verifier, attempt: Attempt) -> _File:
    """Read five times, whatever is found."""
    unit, store = verifier.unit, attempt.store
    directory = await unit.get(IdentityStore, store)
    policy = await unit.get(PasscodePolicy, policy_id(store, attempt.policy))
    user = await unit.get(User, attempt.user)
    passcode = await unit.find(Passcode, "by_use", use_key(attempt.user, attempt.policy))
    stranger = unknown_account(verifier.vault, store, attempt.user)
    own = user_account(attempt.user)
    proof = Proof(
        user=user or NOBODY.user,
        passcode=passcode or NOBODY.passcode,
        policy=policy or NOBODY.policy,
    )
    is_member = proof.user.store == store
    are_there = (directory is not None) & (policy is not None) & (passcode is not None)
    return _File(
        store=directory or NO_STORE,
        proof=proof,
        is_whole=are_there & is_member,
        account=own if is_member else stranger,
    )


def _succeed(verifier: Verifier, user: User, account: AccountKey, *, locks: int) -> None:
    """Stage what a success leaves: a proven user, and no failures of the budget that it used.

    What strangers have tried stays counted when the owner signs in on a known device.
    """
    proven = signed_in(user, verifier.at, locks=locks)
    verifier.unit.put(proven, Version(number=user.version))
    verifier.unit.reset(account)
    if locks:
        verifier.unit.audit(_told(verifier, "attempt.unlock", account, {}))


async def _keep(verifier: Verifier, passcode: Passcode, secret: Secret) -> None:
    """Stage that what was proven is still there; with a hash of today's where it is older (A4)."""
    if verifier.pool.is_old(passcode.hash):
        # A second hash, and only now: a full pool must not spoil a success, the next one renews.
        with suppress(Busy):
            async with verifier.pool.reserve() as slot:
                fresh = replace(passcode, hash=await slot.hash(secret))
            verifier.unit.put(fresh, Version(number=passcode.version))
            return
    verifier.unit.hold(passcode)


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
        actor=verifier.name,
        action=action,
        subject=f"account:{account}",
        facts=facts,
    )
