"""Failed tries: when an account waits or is held, and its key in the ledger (security C)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from engine.errors import SettingsRefused
from engine.model.names import AccountKey
from engine.ports.outside import Purpose, Vault
from engine.ports.store import Attempts, Charge

UNKNOWN: Final = "unknown:"
"""What the key of every account begins with that nobody has."""
PURPOSE: Final[Purpose] = "accounts"
"""The vault's key that stands between identifiers nobody has and what is stored of them (B3)."""

FREE: Final = 5
DISABLED_AT: Final = 50
NEVER_ABOVE: Final = 100
"""NIST SP 800-63B-4: no setting allows more consecutive failures."""
FIRST_WAIT: Final = timedelta(seconds=30)
DOUBLED: Final = 5
QUARTER: Final = timedelta(minutes=15)
LONGEST: Final = timedelta(hours=1)
NO_WAIT: Final = timedelta()
LONGEST_HELD: Final = timedelta(days=366)
"""A store holds an account no longer: whoever must wait longer needs recovery (C2)."""
CLOCK_SLACK: Final = timedelta(seconds=60)
"""A last charge later than this after now was dated by a clock that ran ahead (C5)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LockRules:
    """How many failures in a row an account may have. Every part can only tighten C2.

    Attributes:
        free: Failures without a wait, 0 to 5.
        disabled_at: Failures at which nothing but recovery helps, 1 to 100.
        held_at: Failures from which a store holds the account for `held_for` each, if it does.
        capped_at: Failures at which no more guesses of this kind are verified (a store's limit
            without a time, digits-only passcodes); None: as for all others.
    """

    free: int = FREE
    disabled_at: int = DISABLED_AT
    held_at: int | None = None
    held_for: timedelta = NO_WAIT
    capped_at: int | None = None

    def __post_init__(self) -> None:
        """Refuse what is weaker than its floor. Raises `SettingsRefused`."""
        if not 0 <= self.free <= FREE:
            raise SettingsRefused(setting="free tries", allowed=f"0 to {FREE}")
        if not 1 <= self.disabled_at <= NEVER_ABOVE:
            raise SettingsRefused(setting="disabled at", allowed=f"1 to {NEVER_ABOVE}")

    def wait(self, failures: int) -> timedelta:
        """Tell how long an account waits after its `failures`-th failure in a row."""
        held = self.held_at is not None and failures >= self.held_at
        held_for = min(self.held_for, LONGEST_HELD) if held else NO_WAIT
        return max(self._wait(failures - self.free), held_for)

    def _wait(self, beyond: int) -> timedelta:
        if beyond <= 0:
            return NO_WAIT
        if beyond <= DOUBLED:
            return FIRST_WAIT * (1 << (beyond - 1))
        return min(QUARTER * (beyond - DOUBLED), LONGEST)

    def locks(self, failures: int) -> int:
        """Count the waits that this many failures in a row have begun."""
        begun = self.free if self.held_at is None else min(self.free, self.held_at - 1)
        return max(0, failures - begun)

    def is_capped(self, attempts: Attempts) -> bool:
        """Whether only recovery helps, whatever the time."""
        most = self.disabled_at if self.capped_at is None else min(self.disabled_at, self.capped_at)
        return attempts.disabled or attempts.failures >= most


def charge(
    rules: LockRules, row: Attempts | None, now: datetime, account: AccountKey
) -> Attempts | None:
    """Count one try before it is made.

    Pure. A clock that was stepped back never ends a wait; a charge dated by a clock that ran ahead
    does not date new waits (C5: what a step forward clears is kept small by the clock itself).
    The row is made before it is known whether it counts: a refusal is no quicker (B2).

    Returns:
        The ledger's row with one added; None where the account waits or is capped.
    """
    if row is None:
        row = Attempts(account=account, last_at=now)
    waits = row.waits_until is not None and now < row.waits_until
    at = now if row.last_at - now > CLOCK_SLACK else max(now, row.last_at)
    failures = row.failures + 1
    wait = rules.wait(failures)
    counted = Attempts(
        account=account,
        failures=failures,
        waits_until=at + wait if wait else None,
        last_at=at,
        disabled=failures >= rules.disabled_at,
    )
    return None if rules.is_capped(row) or waits else counted


def charging(rules: LockRules) -> Charge:
    """Give the rule as the ledger takes it."""
    return partial(charge, rules)


def user_account(user_id: str) -> AccountKey:
    """Name a user's account."""
    return AccountKey(f"user:{user_id}")


def hidden(vault: Vault, store: str, identifier: str) -> bytes:
    """Turn an identifier of a store into 32 bytes that do not tell it (B3)."""
    return vault.mac(PURPOSE, f"{store}\x1f{identifier}".encode())


def unknown_account(vault: Vault, store: str, identifier: str) -> AccountKey:
    """Name the account of somebody who is not there."""
    return AccountKey(f"{UNKNOWN}{hidden(vault, store, identifier).hex()}")
