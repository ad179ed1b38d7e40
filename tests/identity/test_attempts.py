"""The rule by which failed tries are counted: security C2, C5, A7, and what a store may tighten."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import SettingsRefused
from engine.identity.attempts import LockRules, charge, unknown_account, user_account
from engine.ports.store import Attempts
from engine.testing import NOON, SeededVault

ANA = user_account("ana")
RULES = LockRules()
HOUR = timedelta(hours=1)


def charged(rules: LockRules, failures: int, at: datetime = NOON) -> tuple[Attempts, datetime]:
    """Fail this many times, each as soon as it is allowed; give the row and when that was."""
    row = None
    for _ in range(failures):
        if row is not None and row.waits_until is not None:
            at = max(at, row.waits_until)
        row = charge(rules, row, at, ANA)
        assert row is not None
    assert row is not None
    return row, at


@pytest.mark.parametrize(
    ("failures", "seconds"),
    [
        (1, 0), (5, 0), (6, 30), (7, 60), (8, 120), (9, 240), (10, 480),
        (11, 900), (12, 1800), (13, 2700), (14, 3600), (15, 3600), (49, 3600),
    ],
)  # fmt: skip
def test_each_failure_waits_as_long_as_the_table_says(failures: int, seconds: int) -> None:
    row, at = charged(RULES, failures)

    wait = timedelta() if row.waits_until is None else row.waits_until - at

    assert wait == timedelta(seconds=seconds)
    assert row.failures == failures
    assert not row.disabled


def test_nothing_is_added_while_the_account_waits() -> None:
    row, at = charged(RULES, 6)

    assert charge(RULES, row, at + timedelta(seconds=29.999), ANA) is None
    assert charge(RULES, row, at + timedelta(seconds=30), ANA) is not None


def test_fifty_failures_disable_until_recovery() -> None:
    row, at = charged(RULES, 50)

    later = charge(RULES, row, at + timedelta(days=3650), ANA)

    assert row.disabled
    assert later is None


def test_what_was_disabled_stays_so_under_looser_rules() -> None:
    row, at = charged(RULES, 50)

    assert charge(LockRules(disabled_at=100), row, at + HOUR, ANA) is None


def test_a_first_try_begins_a_row_of_its_own() -> None:
    row = charge(RULES, None, NOON, ANA)

    assert row == Attempts(account=ANA, failures=1, last_at=NOON)


@pytest.mark.parametrize("settings", [{"free": 6}, {"free": -1}, {"disabled_at": 101}])
def test_rules_weaker_than_their_floor_are_refused(settings: dict[str, int]) -> None:
    with pytest.raises(SettingsRefused):
        LockRules(**settings)  # type: ignore[arg-type]  # the point is what the settings hold


def test_a_hundred_failures_may_be_set_and_no_more() -> None:
    row, at = charged(LockRules(disabled_at=100), 100)

    assert row.disabled
    assert charge(LockRules(disabled_at=100), row, at + HOUR, ANA) is None


def test_digits_alone_are_tried_ten_times_and_leave_other_passcodes_open() -> None:
    digits = LockRules(capped_at=10)
    row, at = charged(digits, 10)

    later = at + timedelta(days=1)

    assert charge(digits, row, later, ANA) is None
    assert charge(RULES, row, later, ANA) is not None


def test_a_store_holds_sooner_and_longer() -> None:
    rules = LockRules(held_at=3, held_for=timedelta(minutes=10))

    waits = {n: rules.wait(n) for n in (2, 3, 6, 11)}

    assert waits == {
        2: timedelta(),
        3: timedelta(minutes=10),
        6: timedelta(minutes=10),
        11: timedelta(minutes=15),
    }


@given(
    failures=st.integers(1, 60),
    held_at=st.none() | st.integers(1, 60),
    held_for=st.timedeltas(min_value=timedelta(), max_value=timedelta(days=1)),
    capped_at=st.none() | st.integers(1, 60),
)
def test_what_a_store_says_only_tightens(
    failures: int, held_at: int | None, held_for: timedelta, capped_at: int | None
) -> None:
    rules = LockRules(held_at=held_at, held_for=held_for, capped_at=capped_at)
    row = Attempts(account=ANA, failures=failures, last_at=NOON)

    assert rules.wait(failures) >= RULES.wait(failures)
    assert rules.is_capped(row) or not RULES.is_capped(row)


STEPS = st.lists(
    st.timedeltas(min_value=timedelta(days=-2), max_value=timedelta(hours=2)), max_size=40
)


@given(steps=STEPS)
def test_no_clock_step_lets_a_waiting_account_in_before_its_time(steps: list[timedelta]) -> None:
    now, row = NOON, charged(RULES, 5)[0]
    for step in steps:
        now += step
        after = charge(RULES, row, now, ANA)
        if row.waits_until is not None and now < row.waits_until:
            assert after is None
        if after is not None:
            assert after.failures == row.failures + 1
            row = after


@given(ahead=st.timedeltas(min_value=timedelta(), max_value=timedelta(days=3650)))
def test_a_charge_dated_ahead_makes_no_new_wait_longer_than_a_minute(ahead: timedelta) -> None:
    row = Attempts(account=ANA, failures=5, last_at=NOON + ahead)

    after = charge(RULES, row, NOON, ANA)

    assert after is not None
    assert after.waits_until is not None
    assert timedelta(seconds=30) <= after.waits_until - NOON <= timedelta(seconds=90)


def test_time_does_not_run_backwards_past_the_last_charge() -> None:
    row = Attempts(account=ANA, failures=5, last_at=NOON)

    after = charge(RULES, row, NOON - timedelta(seconds=59), ANA)

    assert after is not None
    assert after.last_at == NOON
    assert after.waits_until == NOON + timedelta(seconds=30)


def test_locks_are_counted_from_the_first_wait_on() -> None:
    counted = [RULES.locks(n) for n in (-1, 0, 5, 6, 9)]

    assert counted == [0, 0, 0, 1, 4]
    assert LockRules(held_at=3, held_for=HOUR).locks(4) == 2


def test_an_unknown_account_does_not_tell_its_identifier() -> None:
    vault = SeededVault()

    account = unknown_account(vault, "customers", "ana@example.com")

    assert account == unknown_account(vault, "customers", "ana@example.com")
    assert account != unknown_account(vault, "staff", "ana@example.com")
    assert account.startswith("unknown:")
    assert "ana" not in account
