"""Process tokens and sessions: hashed secrets with their lives and uses (security E)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import ClassVar, Literal

from engine.model.names import JsonObject
from engine.records.record import Record

TokenStatus = Literal["ACTIVE", "INACTIVE"]
TokenType = Literal["UNLIMITED", "MULTI_USE_COUNT_LIMITED", "MULTI_USE_TIME_LIMITED"]


class ProcessToken(Record, frozen=True, kw_only=True):
    """The ticket that starts instances of one definition; `id` is a name, no secret.

    Attributes:
        secret_hash: SHA-256 hex of `pt_...`.
        prefix: First 6 characters of that hash: how lists and logs show it (D8, E6).
        process_version: None: the newest deployed when it is redeemed.
        max_count: Uses allowed, for count limited; `counter` counts them.
        max_process_duration: The instance deadline, when earlier than the definition's.
        parameters: Checked against the definition; `_redirectUrl` among them.
    """

    TABLE: ClassVar[str] = "process_tokens"
    UNIQUE: ClassVar[tuple[str, ...]] = ("secret_hash", "name")
    LISTED: ClassVar[tuple[str, ...]] = ("process",)

    name: str
    description: str = ""
    secret_hash: str
    prefix: str
    process: str
    process_version: int | None = None
    status: TokenStatus = "ACTIVE"
    type: TokenType = "MULTI_USE_COUNT_LIMITED"
    max_count: int | None = 1
    not_before: datetime | None = None
    not_after: datetime | None = None
    max_process_duration: timedelta | None = None
    parameters: JsonObject = {}
    ui_url: str = ""
    counter: int = 0
    created_at: datetime
    created_by: str
    updated_at: datetime | None = None
    updated_by: str = ""

    @property
    def most_uses(self) -> int | None:
        """How often it may be used; None: any number of times."""
        return (self.max_count or 0) if self.type == "MULTI_USE_COUNT_LIMITED" else None

    def refusal(self, at: datetime) -> Literal["not yet", "expired", "used"] | None:
        """Tell why it starts nothing at a time; None where its window and its uses allow it."""
        if self.not_before is not None and at < self.not_before:
            return "not yet"
        if self.not_after is not None and at >= self.not_after:
            return "expired"
        return "used" if self.most_uses is not None and self.counter >= self.most_uses else None


class Session(Record, frozen=True, kw_only=True):
    """A browser's or app's right to one instance; `id` is the SHA-256 hex of its 256-bit value.

    Attributes:
        token: Id of the process token it came from.
        kind: `page` (cookie), `app` (Bearer `sessionToken`) or `ticket` (start ticket, spent once).
        begin: Hash of the landing form's begin key that made it: redeeming is idempotent by it.
        superseded_at: When a rotation replaced it; it may then for 30 s GET the current page.
        successor: The session that replaced it; `used` says whether a request has come with it.
    """

    TABLE: ClassVar[str] = "sessions"
    UNIQUE: ClassVar[tuple[str, ...]] = ("begin",)
    LISTED: ClassVar[tuple[str, ...]] = ("instance",)

    instance: str
    token: str = ""
    kind: Literal["page", "app", "ticket"] = "page"
    begin: str | None = None
    created_at: datetime
    expires_at: datetime
    superseded_at: datetime | None = None
    successor: str | None = None
    used: bool = False
