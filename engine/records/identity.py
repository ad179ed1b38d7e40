"""Identity stores, their policies, users and passcodes."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import ClassVar, Literal

from engine.model.form import CharacterSet
from engine.records.record import Ending, Record

UserStatus = Literal["ACTIVE", "LOCKED", "TEMP_LOCKED", "DISABLED", "PENDING_ACTIVE"]
SessionKind = Literal["registration", "authentication", "renewal"]
PasscodeStatus = Literal["ACTIVE", "BLOCKED", "EXPIRED", "ARCHIVED"]


class IdentityStore(Record, frozen=True, kw_only=True):
    """A named directory of users; `id` is its name.

    Attributes:
        locale, time_zone, user_status: Copied to a user when it is added.
        max_failed_attempts: Tightens the account's ledger (never loosens it); None: the ledger
            alone.
        temp_lock: How long that tighter limit holds an account.
        hide_unknown_users: The API's start call simulates a session for an unknown user (design 8).
    """

    TABLE: ClassVar[str] = "identity_stores"

    locale: str = "en"
    time_zone: str = "UTC"
    user_status: UserStatus = "ACTIVE"
    max_failed_attempts: int | None = None
    temp_lock: timedelta | None = None
    hide_unknown_users: bool = False
    created_at: datetime


class PasscodePolicy(Record, frozen=True, kw_only=True):
    """What passcodes a store accepts; `id` is `<store>/<name>`.

    Lengths in code points after NFKC.

    Attributes:
        validity: How long one is good for; None: it does not expire.
        history_size: How many before the current one may not be chosen again, 0 to 10.
        session_ttl: How long an attempt begun by API lives.
        renewable_for: How long after its end an expired one may still be renewed, not used.
    """

    TABLE: ClassVar[str] = "passcode_policies"
    LISTED: ClassVar[tuple[str, ...]] = ("store",)

    store: str
    name: str
    min_length: int = 15
    max_length: int = 256
    character_set: CharacterSet = "ANY"
    validity: timedelta | None = None
    history_size: int = 0
    session_ttl: timedelta = timedelta(minutes=5)
    renewable_for: timedelta = timedelta()
    second_factor: bool = False
    accept_risk: bool = False
    created_at: datetime


class User(Record, frozen=True, kw_only=True):
    """A member of one store. `locked_until` is set while TEMP_LOCKED."""

    TABLE: ClassVar[str] = "users"
    UNIQUE: ClassVar[tuple[str, ...]] = ("by_ext_id",)
    LISTED: ClassVar[tuple[str, ...]] = ("store",)

    store: str
    ext_id: str | None = None
    status: UserStatus = "ACTIVE"
    locale: str = "en"
    time_zone: str = "UTC"
    attributes: dict[str, str] = {}
    created_at: datetime
    updated_at: datetime
    authenticated_at: datetime | None = None
    locked_until: datetime | None = None
    lock_count: int = 0

    @property
    def by_ext_id(self) -> str | None:
        """Unique within the store."""
        return None if self.ext_id is None else ext_key(self.store, self.ext_id)


def ext_key(store: str, ext_id: str) -> str:
    """Name a user by store and external id, as the unique text of its row."""
    return f"{store}\x1f{ext_id}"


class Passcode(Record, frozen=True, kw_only=True):
    """A registered passcode: one in use per user and policy; those before it are ARCHIVED.

    Attributes:
        serial: 1 for the first of this user under this policy; each that follows is one more.
        hash: PHC string of argon2id whose last part is the HMAC of its tag; `keyid` names the
            pepper (A4). Never the passcode.
    """

    TABLE: ClassVar[str] = "passcodes"
    UNIQUE: ClassVar[tuple[str, ...]] = ("by_use",)
    LISTED: ClassVar[tuple[str, ...]] = ("user",)

    user: str
    policy: str
    hash: str
    status: PasscodeStatus = "ACTIVE"
    serial: int = 1
    created_at: datetime
    expires_at: datetime | None = None

    @property
    def by_use(self) -> str | None:
        """One passcode in use per user and policy, and one earlier one of each number."""
        if self.status == "ARCHIVED":
            return earlier_key(self.user, self.policy, self.serial)
        return use_key(self.user, self.policy)


class PasscodeSession(Ending, frozen=True, kw_only=True):
    """An attempt that an application server has begun; `id` is the SHA-256 hex of its value.

    It goes with its one completion. `user` is an id: a user's, or one made up for a stranger.
    """

    TABLE: ClassVar[str] = "passcode_sessions"

    kind: SessionKind
    store: str
    policy: str
    user: str
    created_at: datetime


def use_key(user: str, policy: str) -> str:
    """Name the passcode in use of a user under a policy."""
    return f"{user}\x1f{policy}"


def earlier_key(user: str, policy: str, serial: int) -> str:
    """Name an earlier passcode of a user under a policy."""
    return f"{use_key(user, policy)}\x1f{serial}"


def sealed_by(passcode: Passcode) -> str:
    """Give the id of the key that a record names."""
    return passcode.hash.split("keyid=")[1].split("$")[0]
