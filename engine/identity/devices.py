"""Known devices: who proved a passcode here before has a small budget of their own (security C3).

A browser or app keeps a value that we signed after a PASS: strangers who use up an account's budget
do not lock its owner out. It opens nothing, and says nothing of anybody: whether it is good shows
in the outcome of a right passcode alone.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from engine.identity.attempts import LockRules
from engine.model.names import AccountKey
from engine.ports.outside import Chance, Purpose, Vault
from engine.secret import base64url

PURPOSE: Final[Purpose] = "device"
LIFE: Final = timedelta(days=180)
FAILURES: Final = 10
"""In a row on one device; then it is a stranger, and only the account's own budget counts."""
MOST: Final = 4
"""People whom one device is known for; the oldest is forgotten."""
LONGEST: Final = 300
_ID: Final = re.compile(r"[A-Za-z0-9_-]{43}")
_MARK: Final = re.compile(r"(0|[1-9][0-9]{0,4})-([A-Za-z0-9_-]{43})")
_FIRST_DAY: Final = datetime.fromisoformat("2020-01-01T00:00:00+00:00")


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """That a passcode was proven: on which day (counted from 2020), and our word for it."""

    day: int
    mac: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """What a request brought. `marks`: the newest first; nobody has looked at them yet."""

    id: str
    marks: tuple[Mark, ...]


def read(value: str | None) -> Device | None:
    """Take a value apart; None where it is none of ours by its form alone."""
    if value is None or len(value) > LONGEST:
        return None
    id, *written = value.split(".")
    found = [_MARK.fullmatch(text) for text in written]
    if not _ID.fullmatch(id) or not 1 <= len(found) <= MOST or None in found:
        return None
    marks = (Mark(day=int(one[1]), mac=one[2]) for one in found if one is not None)
    return Device(id=id, marks=tuple(marks))


def is_known(vault: Vault, device: Device, user: str, passcode: str, at: datetime) -> bool:
    """Whether this very passcode of this user was proven on the device within its life.

    Every mark is looked at, whoever is meant, so that the work says nothing (B2).

    Args:
        vault: Its key `device` is used.
        device: What the request brought.
        user: A user's id, or one made up.
        passcode: The id of the passcode in use; empty where there is none.
        at: UTC.
    """
    right = [_is_ours(vault, device, mark, user, passcode, at) for mark in device.marks]
    return bool(passcode) and any(right)


def _is_ours(
    vault: Vault, device: Device, mark: Mark, user: str, passcode: str, at: datetime
) -> bool:
    ours = hmac.compare_digest(_mac(vault, device.id, mark.day, user, passcode), mark.mac)
    return ours and timedelta() <= timedelta(days=_day(at) - mark.day) <= LIFE


def grant(
    vault: Vault, chance: Chance, device: Device | None, *, user: str, passcode: str, at: datetime
) -> str:
    """Give the value that a device is known by from now on, after a PASS."""
    id = chance.token() if device is None else device.id
    kept = () if device is None else tuple(
        mark for mark in device.marks
        if not hmac.compare_digest(_mac(vault, id, mark.day, user, passcode), mark.mac)
    )  # fmt: skip
    today = _day(at)
    marks = (Mark(day=today, mac=_mac(vault, id, today, user, passcode)), *kept)[:MOST]
    return ".".join([id, *(f"{mark.day}-{mark.mac}" for mark in marks)])


def account(user: str, device: Device) -> AccountKey:
    """Name the ledger's row of a user on a device; it does not tell the device's value."""
    digest = hashlib.sha256(device.id.encode()).hexdigest()[:32]
    return AccountKey(f"device:{user}:{digest}")


def rules(general: LockRules) -> LockRules:
    """Tighten an account's rules to a device's small budget."""
    return replace(general, disabled_at=min(general.disabled_at, FAILURES))


def _day(at: datetime) -> int:
    return (at - _FIRST_DAY).days


def _mac(vault: Vault, id: str, day: int, user: str, passcode: str) -> str:
    made = vault.mac(PURPOSE, f"{id}\x1f{day}\x1f{user}\x1f{passcode}".encode())
    return base64url(made)
