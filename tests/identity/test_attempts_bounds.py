"""The rule by which failed tries are counted, exactly at its bounds (security C2, C5)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from engine.errors import SettingsRefused
from engine.identity.attempts import LockRules, charge, user_account
from engine.ports.store import Attempts
from engine.testing import NOON

ANA = user_account("ana")
SLACK = timedelta(seconds=60)


def test_a_store_may_leave_no_try_free_and_disable_at_the_first() -> None:
    rules = LockRules(free=0, disabled_at=1)

    row = charge(rules, None, NOON, ANA)

    assert row is not None
    assert row.waits_until == NOON + timedelta(seconds=30)
    assert row.disabled


def test_an_account_that_is_never_open_cannot_be_set() -> None:
    with pytest.raises(SettingsRefused):
        LockRules(disabled_at=0)


@pytest.mark.parametrize(
    ("ahead", "dated"),
    [(SLACK, SLACK), (SLACK + timedelta(microseconds=1), timedelta())],
)
def test_a_charge_up_to_a_minute_ahead_dates_the_next_wait_and_no_later_one(
    ahead: timedelta, dated: timedelta
) -> None:
    row = Attempts(account=ANA, failures=5, last_at=NOON + ahead)

    after = charge(LockRules(), row, NOON, ANA)

    assert after is not None
    assert after.last_at == NOON + dated
    assert after.waits_until == NOON + dated + timedelta(seconds=30)
