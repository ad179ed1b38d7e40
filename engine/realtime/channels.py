"""Channels: one registration or transaction of one user of one client, and its events in order.

Every event is a row with a sequence. Foreign clients are told the cached one when they come, then
those that follow; whoever says what it has seen is told all that came since (design 9).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal, TypeAlias

import msgspec
from msgspec.structs import replace

from engine.model.names import JsonObject, TenantId
from engine.model.value import Value
from engine.ports.outside import Vault
from engine.ports.store import LARGEST_PAGE, PageQuery, Records
from engine.ports.unit_of_work import UnitOfWork
from engine.records.realtime import RtasChannel, RtasEvent
from engine.records.record import Absent, Expectation, Version
from engine.secret import digest

Flow: TypeAlias = Literal["registration", "transaction"]
LIFE: Final = timedelta(hours=2)
"""How long a channel is kept after its newest event, and after a token for it is made.

Always longer than such a token lives: a sequence that began anew meanwhile would be taken for one
that was heard already.
"""
MOST_EVENTS: Final = 500
"""Of one channel that an application publishes on: whoever comes again may be told all of them."""
UNCACHED_LIFE: Final = timedelta(minutes=2)
"""How long an event that is not cached is kept for those that are connected, or will be again."""
# A comma parts groups, a colon a group's name; neither may stand in what an application sends.
SUBJECT: Final = re.compile(r"[^,:\x00-\x20\x7f-\x9f]{1,128}")
USER: Final = re.compile(r"[^,\x00-\x1f\x7f-\x9f]{1,128}")


class Group(Value, frozen=True, kw_only=True):
    """What one token may listen to, and one callback is told on: the most specific group.

    Attributes:
        client: The client's id.
        subject: Unique id of the registration, or the transaction's id.
        user_id: The application's name of its user.
    """

    client: str
    flow: Flow
    subject: str
    user_id: str

    @property
    def channel(self) -> str:
        """The id of its channel."""
        return digest("\n".join((self.client, self.flow, self.subject, self.user_id)))


class Event(Value, frozen=True, kw_only=True):
    """What is to be told.

    Attributes:
        targets: Methods of the browser that are called with the payload.
        payload: The browser's one argument.
        closes: Who has received it is sent away for good.
        cached: How long it is told to whoever comes later; None: not at all.
    """

    targets: tuple[str, ...]
    payload: JsonObject
    closes: bool = False
    cached: timedelta | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One event as the hub sends it."""

    sequence: int
    targets: tuple[str, ...]
    payload: JsonObject
    closes: bool


async def publish(
    unit: UnitOfWork, vault: Vault, group: Group, event: Event, at: datetime
) -> RtasChannel:
    """Stage an event as the newest of its group.

    Two that are published at once are told one after the other: the slower unit is refused and
    made again.
    """
    id = group.channel
    found = await unit.get(RtasChannel, id)
    sequence = 1 if found is None else found.sequence + 1
    # A channel outlives whatever it may still have to say.
    ends = at + max(LIFE, event.cached or LIFE)
    before = found or RtasChannel(id=id, sequence=0, changed="", expires_at=ends)
    channel = replace(
        before,
        sequence=sequence,
        changed=at.isoformat(),
        expires_at=max(ends, before.expires_at),
        cached=before.cached if event.cached is None else sequence,
        cached_until=before.cached_until if event.cached is None else at + event.cached,
    )
    expect: Expectation = Absent() if found is None else Version(number=found.version)
    unit.put(channel, expect)
    row_id = f"{id}.{sequence:08d}"
    unit.put(
        RtasEvent(
            id=row_id,
            channel=id,
            sequence=sequence,
            targets=event.targets,
            sealed=vault.seal("rtas", msgspec.json.encode(event.payload), row_id.encode()),
            closes=event.closes,
            expires_at=at + (event.cached or UNCACHED_LIFE),
        ),
        Absent(),
    )
    return channel


async def keep(unit: UnitOfWork, group: Group, until: datetime) -> None:
    """Stage that a channel, if there is one, is kept for whoever may listen to it until then."""
    found = await unit.get(RtasChannel, group.channel)
    if found is not None and found.expires_at <= until:
        longer = replace(found, expires_at=until + LIFE)
        unit.put(longer, Version(number=found.version))


async def since(
    records: Records, vault: Vault, tenant: TenantId, channel: str, after: int, at: datetime
) -> Sequence[Told]:
    """Read what was told on a channel after a sequence, in order; what is kept no longer is not."""
    found: list[RtasEvent] = []
    number = 0
    while True:  # from the newest back: nobody waits for what was told long ago
        query = PageQuery(
            by="channel", value=channel, descending=True, page=number, size=LARGEST_PAGE
        )
        rows = (await records.page(tenant, RtasEvent, query)).rows
        fresh = [row for row in rows if row.sequence > after]
        found.extend(row for row in fresh if row.expires_at > at)
        if len(fresh) < LARGEST_PAGE:
            break
        number += 1
    return [_told(vault, row) for row in reversed(found)]


async def cached(
    records: Records, vault: Vault, tenant: TenantId, channel: RtasChannel, at: datetime
) -> Told | None:
    """Read what is told to whoever comes now; None where nothing is cached any more."""
    is_over = channel.cached_until is not None and channel.cached_until <= at
    if channel.cached is None or is_over:
        return None
    row = await records.get(tenant, RtasEvent, f"{channel.id}.{channel.cached:08d}")
    return None if row is None else _told(vault, row)


def _told(vault: Vault, row: RtasEvent) -> Told:
    payload = msgspec.json.decode(vault.unseal("rtas", row.sealed, row.id.encode()))
    return Told(sequence=row.sequence, targets=row.targets, payload=payload, closes=row.closes)
