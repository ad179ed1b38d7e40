"""The phones of a user of an identity store: those that journeys have registered."""

from __future__ import annotations

from collections.abc import Sequence

from engine.access.journey_client import known_client
from engine.ports.store import Records
from engine.ports.unit_of_work import UnitOfWork
from engine.realtime.trustfactor import contracts
from engine.records.identity import User
from engine.records.trustfactor import Contract


async def devices_of(unit: UnitOfWork, records: Records, user: User) -> Sequence[Contract]:
    """List them, the newest first."""
    client = await known_client(unit)
    if client is None:
        return ()
    return await contracts.of_user(unit, records, client.id, user.id)
