"""Stores and policies: defaults, refusals, what needs acceptRisk (design 8; A1, A2, A7)."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any, Final

import pytest

from engine.identity.attempts import LONGEST_HELD, charge, user_account
from engine.identity.policies import add_policy, risks
from engine.identity.stores import add_store, lock_rules
from engine.model.names import MAIN_TENANT
from engine.model.problem import Words
from engine.ports.store import Attempts, AuditQuery, Conflict
from engine.records.identity import IdentityStore, PasscodePolicy
from engine.testing import NOON
from tests.identity.world import World

ANA: Final = user_account("ana")

ACCEPTED: Final[dict[str, Any]] = {"accept_risk": True}


def added_store(name: str = "customers", **facts: Any) -> object:
    async def story() -> object:
        world = World()
        return await add_store(world.unit(), world.actor, name, **facts)

    return asyncio.run(story())


def added_policy(name: str = "pin", **facts: Any) -> object:
    async def story() -> object:
        world = World()
        return await add_policy(world.unit(), world.actor, await world.customers(), name, **facts)

    return asyncio.run(story())


def fields(answer: object) -> list[str]:
    assert isinstance(answer, tuple)
    return [problem.field for problem in answer]


def test_a_store_comes_with_a_default_policy_and_an_audit_row() -> None:
    async def story() -> tuple[IdentityStore, PasscodePolicy | None, list[str]]:
        world = World()
        store = await world.customers()
        page = await world.store.audit(MAIN_TENANT, AuditQuery())
        policy = await world.store.get(MAIN_TENANT, PasscodePolicy, "customers/default")
        return store, policy, sorted(row.action for row in page.rows)

    store, policy, actions = asyncio.run(story())

    assert store == IdentityStore(id="customers", created_at=NOON)
    assert policy is not None
    assert (policy.min_length, policy.max_length, policy.character_set) == (15, 256, "ANY")
    assert risks(policy) == ()
    assert actions == ["policy.add", "store.add"]


@pytest.mark.parametrize(
    ("facts", "field"),
    [
        ({"name": ""}, "storeName"),
        ({"name": "a/b"}, "storeName"),
        ({"name": "x" * 51}, "storeName"),
        ({"locale": "english"}, "locale"),
        ({"time_zone": "Mars/Olympus"}, "timeZone"),
        ({"time_zone": "../etc/passwd"}, "timeZone"),
        ({"user_status": "LOCKED"}, "userStatus"),
        ({"max_failed_attempts": 0}, "maxFailedAttempts"),
        ({"max_failed_attempts": 51}, "maxFailedAttempts"),
        ({"temp_lock": timedelta(minutes=5)}, "tempLockDuration"),
        ({"max_failed_attempts": 3, "temp_lock": timedelta()}, "tempLockDuration"),
        ({"max_failed_attempts": 3, "temp_lock": timedelta(days=367)}, "tempLockDuration"),
    ],
)
def test_a_wrong_store_is_refused_with_its_field(facts: dict[str, Any], field: str) -> None:
    assert fields(added_store(**facts)) == [field]


@pytest.mark.parametrize("locale", ["en", "pt-PT", "zh-Hant", "zh-Hant-TW"])
def test_usual_language_tags_are_taken(locale: str) -> None:
    assert isinstance(added_store(locale=locale), IdentityStore)


def test_a_taken_name_is_refused_by_name_and_in_a_race_by_the_store() -> None:
    async def story() -> tuple[object, object]:
        world = World()
        one, other = world.unit(), world.unit()
        await add_store(one, world.actor, "customers")
        await add_store(other, world.actor, "customers")
        await world.write(one)
        race = await world.write(other)
        return race, await add_store(world.unit(), world.actor, "customers")

    race, later = asyncio.run(story())

    assert race == Conflict(what="record")
    assert fields(later) == ["storeName"]


def test_lock_rules_follow_the_store() -> None:
    store = IdentityStore(id="s", max_failed_attempts=3, created_at=NOON)
    timed = IdentityStore(
        id="s", max_failed_attempts=3, temp_lock=timedelta(minutes=1), created_at=NOON
    )

    assert lock_rules(IdentityStore(id="s", created_at=NOON)).capped_at is None
    assert lock_rules(store).capped_at == 3
    assert lock_rules(store, capped_at=10).capped_at == 3
    assert lock_rules(store, capped_at=2).capped_at == 2
    for_ever = IdentityStore(  # as it could be kept once
        id="s", max_failed_attempts=3, temp_lock=timedelta.max, created_at=NOON
    )
    held = charge(lock_rules(for_ever), Attempts(account=ANA, failures=2, last_at=NOON), NOON, ANA)
    assert held is not None
    assert held.waits_until == NOON + LONGEST_HELD
    assert (lock_rules(timed, 10).held_at, lock_rules(timed, 10).capped_at) == (3, 10)


@pytest.mark.parametrize(
    ("facts", "ids"),
    [
        ({"min_length": 14}, ["A1"]),
        ({"min_length": 7, "second_factor": True}, ["A1"]),
        ({"max_length": 63}, ["A1"]),
        ({"character_set": "ALPHANUMERIC"}, ["A2"]),
        ({"character_set": "NUMERIC"}, ["A2", "A7"]),
        ({"validity": timedelta(days=90)}, ["A2"]),
        ({"min_length": 6, "max_length": 6, "character_set": "NUMERIC"}, ["A1", "A1", "A2", "A7"]),
    ],
)
def test_what_is_weaker_than_advised_needs_accept_risk_and_is_reported(
    facts: dict[str, Any], ids: list[str]
) -> None:
    refused = added_policy(**facts)
    taken = added_policy(**facts, **ACCEPTED)

    assert fields(refused) == ["acceptRisk"] * len(ids)
    assert isinstance(taken, PasscodePolicy)
    assert [risk[-3:-1] for risk in risks(taken)] == ids


@pytest.mark.parametrize(
    "facts", [{}, {"min_length": 15}, {"second_factor": True}, {"max_length": 64}]
)
def test_what_is_as_advised_needs_nothing(facts: dict[str, Any]) -> None:
    policy = added_policy(**facts)

    assert isinstance(policy, PasscodePolicy)
    assert policy.min_length == (8 if policy.second_factor else 15)


@pytest.mark.parametrize(
    ("facts", "field"),
    [
        ({"name": "a b"}, "policyName"),
        ({"min_length": 3}, "minLength"),
        ({"min_length": 80, "max_length": 70}, "minLength"),
        ({"max_length": 257}, "maxLength"),
        ({"validity": timedelta(hours=23)}, "validity"),
        ({"history_size": 11}, "historySize"),
        ({"history_size": -1}, "historySize"),
        ({"renewable_for": timedelta(days=1)}, "renewableFor"),
        ({"validity": timedelta(days=9), "renewable_for": timedelta(days=-1)}, "renewableFor"),
        ({"session_ttl": timedelta()}, "sessionTtl"),
        ({"session_ttl": timedelta(hours=2)}, "sessionTtl"),
    ],
)
def test_what_cannot_be_is_refused_whatever_is_accepted(facts: dict[str, Any], field: str) -> None:
    assert fields(added_policy(**facts, **ACCEPTED)) == [field]


def test_a_policys_name_is_taken_once_per_store() -> None:
    assert fields(added_policy("default")) == ["policyName"]


def test_problems_are_sentences_for_operators() -> None:
    answer = added_store(name="a b")

    assert isinstance(answer, tuple)
    (problem,) = answer
    assert isinstance(problem.text, Words)
    assert problem.text.values["en"].startswith("use letters")
