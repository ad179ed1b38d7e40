"""What application servers come in with: API keys; and the answers that are given once more."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar, Literal

from engine.records.record import Ending, Record

KeyType = Literal["SESSION", "PERMANENT"]
KeyStatus = Literal["ACTIVE", "BLOCKED", "ARCHIVED"]


class ApiKey(Record, frozen=True, kw_only=True):
    """A program's way in; `id` is a name, no secret.

    Attributes:
        type: PERMANENT lasts until somebody ends it, SESSION until `expires_at`.
        status: BLOCKED may become ACTIVE again, ARCHIVED never.
        permissions: `TNT#{tenant}#{Service}:{operation}`, sorted.
        secret_hash: SHA-256 hex of `ak_...`.
        prefix: First 6 characters of that hash: how lists and logs show it (D8, E6).
    """

    TABLE: ClassVar[str] = "api_keys"
    UNIQUE: ClassVar[tuple[str, ...]] = ("name", "secret_hash")

    name: str
    description: str = ""
    type: KeyType = "PERMANENT"
    status: KeyStatus = "ACTIVE"
    permissions: tuple[str, ...] = ()
    secret_hash: str
    prefix: str
    created_at: datetime
    created_by: str
    updated_at: datetime
    updated_by: str
    expires_at: datetime | None = None


class KeptAnswer(Ending, frozen=True, kw_only=True):
    """What a creation call was answered; `id` is a hash of caller, operation and Idempotency-Key.

    Attributes:
        asked: SHA-256 hex of what was asked for: another question under the same key is refused.
        body: The answer's JSON, sealed: it may hold a secret that is shown once.
    """

    TABLE: ClassVar[str] = "given_answers"

    asked: str
    status: int
    body: str
