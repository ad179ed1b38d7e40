"""A step's claim in its finer points: an owner that comes again, and a row that is gone."""

from __future__ import annotations

from datetime import timedelta

import pytest

from engine.adapters.claims import CLAIM_LIFE, Asked, Claim, Taken, take
from engine.model.names import AccountKey, HopId
from engine.ports.store import Attempts, Capped, Charged, Claimed
from engine.testing import NOON

ANA = AccountKey("user:ana")
OWN, OTHER = HopId("own"), HopId("other")
ROW = Attempts(account=ANA, failures=3, last_at=NOON - timedelta(hours=1))


def asked(owner: HopId = OWN, revision: int = 1) -> Asked:
    return Asked(
        revision=revision, owner=owner, account=ANA, now=NOON,
        charge=lambda row, now, account: Attempts(account=account, failures=9, last_at=now),
    )  # fmt: skip


def held(until: timedelta = CLAIM_LIFE, *, charged: bool = True) -> Claim:
    return Claim(revision=1, owner=OWN, account=ANA, charged=charged, until=NOON + until)


@pytest.mark.parametrize(
    ("before", "told"), [(ROW, ROW), (None, Attempts(account=ANA, last_at=NOON))]
)
def test_an_owner_that_comes_again_is_not_charged_again(
    before: Attempts | None, told: Attempts
) -> None:
    taken = take(asked(), held(), before)

    assert isinstance(taken, Taken)
    assert (taken.answer, taken.ledger) == (Charged(attempts=told), None)
    assert taken.claim == held()


def test_an_owner_that_was_refused_is_refused_again() -> None:
    taken = take(asked(), held(charged=False), ROW)

    assert isinstance(taken, Taken)
    assert (taken.answer, taken.ledger) == (Capped(), None)


@pytest.mark.parametrize(
    ("until", "keeps_out"),
    [
        (timedelta(0), False),
        (timedelta(microseconds=1), True),
        (CLAIM_LIFE, True),
        (CLAIM_LIFE + timedelta(microseconds=1), False),
    ],
)
def test_a_claim_keeps_others_out_while_it_lives_and_no_clock_makes_it_live_longer(
    until: timedelta, *, keeps_out: bool
) -> None:
    taken = take(asked(OTHER), held(until), ROW)

    assert (taken == Claimed()) == keeps_out


def test_a_claim_of_an_earlier_revision_keeps_nobody_out() -> None:
    assert isinstance(take(asked(OTHER, revision=2), held(), ROW), Taken)
