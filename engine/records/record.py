"""What every row has in common: an id, a version to guard it, and the ways to find it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Final, TypeVar

from engine.model.value import Value


def is_good(retires_at: datetime | None, at: datetime) -> bool:
    """Whether what retires at a time, or at none, still opens or signs."""
    return retires_at is None or at < retires_at


class Record(Value, frozen=True, kw_only=True):
    """A row. `id` is unique per tenant and kind.

    `TABLE` names its table. `UNIQUE` names properties whose text is unique per tenant among rows of
    the kind (None: not in the index); `LISTED` names properties that rows are listed by. `version`
    counts writes from 1; a change names the version it was made from.
    """

    TABLE: ClassVar[str]
    UNIQUE: ClassVar[tuple[str, ...]] = ()
    LISTED: ClassVar[tuple[str, ...]] = ()

    id: str
    version: int = 1


class Ending(Record, frozen=True, kw_only=True):
    """A row that nobody needs after its end."""

    expires_at: datetime


R = TypeVar("R", bound=Record)


@dataclass(frozen=True, slots=True, kw_only=True)
class Absent:
    """The row must not be there yet, nor another one with one of its unique texts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """The row must be there at this version."""

    number: int


Expectation = Absent | Version


@dataclass(frozen=True, slots=True, kw_only=True)
class Put:
    """One staged row and what must be true for it."""

    row: Record
    expect: Expectation


@dataclass(frozen=True, slots=True, kw_only=True)
class Delete:
    """Take one row away; it must be there at this version."""

    row: Record


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """Change nothing of a row, and nothing at all unless it is there at this version."""

    row: Record


class AuditRow(Value, frozen=True, kw_only=True):
    """Who did what to what, when. Never a value tried, no personal data beyond ids (C6, J3).

    Attributes:
        action: `user.add`, `token.create`, `definition.deploy`, `attempt.limit`, ...
        subject: `<kind>:<id>` of what it was done to.
        facts: Plain words: version, digest, limits.
    """

    id: str
    at: datetime
    actor: str
    action: str
    subject: str
    facts: dict[str, str] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Staged:
    """What a unit of work wants written: all or nothing.

    Attributes:
        owned: The step it belongs to was claimed: it counts only while that claim holds.
    """

    writes: tuple[Put | Delete | Hold, ...] = ()
    audit: tuple[AuditRow, ...] = ()
    resets: tuple[str, ...] = ()
    owned: bool = False

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to write."""
        return not (self.writes or self.audit or self.resets)


EMPTY: Final = Staged()
"""Nothing to write."""
