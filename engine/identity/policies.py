"""Passcode policies: what may be chosen, and what is weaker than security A1, A2 and A7 advise."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from engine.identity.mistakes import misnamed
from engine.model.form import CharacterSet, Limits
from engine.model.problem import Problems, wrong
from engine.ports.actor import Actor
from engine.ports.unit_of_work import UnitOfWork
from engine.records.identity import IdentityStore, PasscodePolicy
from engine.records.record import Absent, Version

DEFAULT: Final = "default"
SHORTEST_EVER: Final = 4
LONGEST_EVER: Final = 256
SHORTEST_ALONE: Final = 15
SHORTEST_SECOND: Final = 8
LEAST_LONGEST: Final = 64
LONGEST_SESSION: Final = timedelta(hours=1)
MOST_EARLIER: Final = 10
"""Earlier passcodes that one choice is compared with: each costs a hash."""
DIGITS_ONLY_FAILURES: Final = 10
"""A7: consecutive failures with digits-only passcodes."""


def policy_id(store: str, name: str) -> str:
    """Name a policy's row."""
    return f"{store}/{name}"


async def add_policy(
    unit: UnitOfWork,
    actor: Actor,
    store: IdentityStore,
    name: str,
    *,
    min_length: int | None = None,
    max_length: int = LONGEST_EVER,
    character_set: CharacterSet = "ANY",
    validity: timedelta | None = None,
    history_size: int = 0,
    session_ttl: timedelta = timedelta(minutes=5),
    renewable_for: timedelta = timedelta(),
    second_factor: bool = False,
    accept_risk: bool = False,
) -> PasscodePolicy | Problems:
    """Stage a policy of a store.

    Lengths are in Unicode code points after NFKC; the least is 15 when it is not given, or 8 with
    `second_factor`. `accept_risk` takes a policy that `risks` has something to say about.
    """
    least = SHORTEST_SECOND if second_factor else SHORTEST_ALONE
    policy = PasscodePolicy(
        id=policy_id(store.id, name),
        store=store.id,
        name=name,
        min_length=least if min_length is None else min_length,
        max_length=max_length,
        character_set=character_set,
        validity=validity,
        history_size=history_size,
        session_ttl=session_ttl,
        renewable_for=renewable_for,
        second_factor=second_factor,
        accept_risk=accept_risk,
        created_at=actor.at,
    )
    problems = _problems(policy) or _unaccepted(policy)
    if not problems and await unit.get(PasscodePolicy, policy.id) is not None:
        problems = (wrong("policyName", f"there is a policy {name} already; choose another name"),)
    if problems:
        return problems
    unit.put(policy, Absent())
    unit.audit(actor.did("policy.add", f"policy:{policy.id}", risks=" ".join(risks(policy))))
    return policy


def change_policy(
    unit: UnitOfWork, actor: Actor, before: PasscodePolicy, after: PasscodePolicy
) -> PasscodePolicy | Problems:
    """Stage other rules for the passcodes that are chosen from now on; `after` has the same name.

    What is registered stays good, and keeps its own end.
    """
    problems = _problems(after) or _unaccepted(after)
    if problems:
        return problems
    unit.put(after, Version(number=before.version))
    unit.audit(actor.did("policy.change", f"policy:{after.id}", risks=" ".join(risks(after))))
    return after


def remove_policy(unit: UnitOfWork, actor: Actor, policy: PasscodePolicy) -> None:
    """Stage the end of a policy. Passcodes under it stay, and open nothing without it."""
    unit.delete(policy)
    unit.audit(actor.did("policy.remove", f"policy:{policy.id}"))


def risks(policy: PasscodePolicy) -> tuple[str, ...]:
    """Say in what a policy is weaker than advised; `doctor`, deploying and the API report it."""
    least = SHORTEST_SECOND if policy.second_factor else SHORTEST_ALONE
    found = []
    if policy.min_length < least:
        found.append(f"shorter than {least} characters is guessed too soon (A1)")
    if policy.max_length < LEAST_LONGEST:
        found.append(f"less than {LEAST_LONGEST} characters keeps good passcodes out (A1)")
    if policy.character_set != "ANY":
        found.append(f"{policy.character_set} leaves fewer passcodes to guess among (A2)")
    if policy.character_set == "NUMERIC":
        found.append(f"digits alone are held at {DIGITS_ONLY_FAILURES} failures in a row (A7)")
    if policy.validity is not None:
        found.append("a change at regular times makes people choose weaker ones (A2)")
    return tuple(found)


def _unaccepted(policy: PasscodePolicy) -> Problems:
    if policy.accept_risk:
        return ()
    return tuple(
        wrong("acceptRisk", f"{risk}; choose otherwise, or say acceptRisk: true")
        for risk in risks(policy)
    )


def _problems(policy: PasscodePolicy) -> Problems:
    found = [*misnamed("policyName", policy.name)]
    if not SHORTEST_EVER <= policy.min_length <= policy.max_length:
        found.append(wrong("minLength", f"use {SHORTEST_EVER} or more, not above maxLength"))
    if policy.max_length > LONGEST_EVER:
        found.append(wrong("maxLength", f"use {LONGEST_EVER} at most"))
    if policy.validity is not None and policy.validity < timedelta(days=1):
        found.append(wrong("validity", "use P1D or longer, or leave it out"))
    if not 0 <= policy.history_size <= MOST_EARLIER:
        found.append(wrong("historySize", f"use 0 to {MOST_EARLIER}"))
    if policy.renewable_for < timedelta():
        found.append(wrong("renewableFor", "use a length such as P30D, or leave it out"))
    if policy.renewable_for and policy.validity is None:
        found.append(wrong("renewableFor", "say validity too: without it nothing expires"))
    if not timedelta() < policy.session_ttl <= LONGEST_SESSION:
        found.append(wrong("sessionTtl", "use a length above zero, PT1H at most"))
    return tuple(found)


def limits(policy: PasscodePolicy) -> Limits:
    """Give the bounds that a new passcode must keep."""
    return Limits(
        min_length=policy.min_length,
        max_length=policy.max_length,
        characters=policy.character_set,
    )


def capped_at(policy: PasscodePolicy) -> int | None:
    """Give the failures in a row that a policy's passcodes allow, None: as all others."""
    return DIGITS_ONLY_FAILURES if policy.character_set == "NUMERIC" else None
