"""Real time: application servers that publish, keys that sign, channels and their events."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar, Literal

from engine.model.value import Value
from engine.records.record import Ending, Record

ClientStatus = Literal["ACTIVE", "BLOCKED"]


class ClientSecret(Value, frozen=True, kw_only=True):
    """A secret of a client: its hash, and until when it still opens beside the one after it.

    Attributes:
        hash: SHA-256 hex of `rs_...`.
    """

    hash: str
    created_at: datetime
    retires_at: datetime | None = None


class RtasClient(Record, frozen=True, kw_only=True):
    """An application server that logs in with a client id and a secret; `id` is never given anew.

    Attributes:
        name: The client id, and the application's name in the groups of its tokens.
        secrets: The newest first.
        origins: Pages that may listen, as browsers name them; `null` must be written (I1).
    """

    TABLE: ClassVar[str] = "rtas_clients"
    UNIQUE: ClassVar[tuple[str, ...]] = ("name",)

    name: str
    description: str = ""
    status: ClientStatus = "ACTIVE"
    secrets: tuple[ClientSecret, ...]
    origins: tuple[str, ...] = ()
    created_at: datetime
    created_by: str
    updated_at: datetime
    updated_by: str


class SigningKey(Value, frozen=True, kw_only=True):
    """A key that end-user tokens are signed with.

    Attributes:
        kid: Names the tenant before its dot.
        sealed: The private key.
        public: The public one, as a JWK in JSON.
        retires_at: Nothing that it has signed is good any more from then on; None: it is the
            newest.
    """

    kid: str
    sealed: str
    public: str
    created_at: datetime
    retires_at: datetime | None = None


class SigningKeys(Record, frozen=True, kw_only=True):
    """The keys of a tenant, the newest first; one row, so that two servers make one key."""

    TABLE: ClassVar[str] = "signing_keys"

    keys: tuple[SigningKey, ...]


class RtasChannel(Ending, frozen=True, kw_only=True):
    """What one registration or transaction of one user and client is told on.

    `id` is a hash of the four: a client can name no channel but its own.

    Attributes:
        sequence: Of the newest event; the first is 1.
        changed: When that was published, ISO 8601 in UTC, so that it sorts.
        cached: Sequence of the event that is said to whoever comes later, as long as it is there.
        cached_until: Until when it is said.
    """

    TABLE: ClassVar[str] = "rtas_channels"
    LISTED: ClassVar[tuple[str, ...]] = ("changed",)

    sequence: int
    changed: str
    cached: int | None = None
    cached_until: datetime | None = None


class RtasEvent(Ending, frozen=True, kw_only=True):
    """One event; `id` is its channel's and its sequence, so that they sort.

    Attributes:
        targets: The methods of the browser that are called with it.
        sealed: The payload's JSON.
        closes: Who has received it is sent away.
    """

    TABLE: ClassVar[str] = "rtas_events"
    LISTED: ClassVar[tuple[str, ...]] = ("channel",)

    channel: str
    sequence: int
    targets: tuple[str, ...]
    sealed: str
    closes: bool = False
