"""The phones of a user of an identity store: those that journeys have registered."""

from __future__ import annotations

from collections.abc import Sequence

from engine.access.journey_client import known_client
from engine.ports.store import Records
from engine.ports.unit_of_work import UnitOfWork
from engine.realtime.trustfactor import contracts
from engine.records.identity import User
from engine.records.trustfactor import Contract
from engine.run.trustfactor.notifier import Notifier
from engine.run.trustfactor.provider_endings import end_device


async def devices_of(unit: UnitOfWork, records: Records, user: User) -> Sequence[Contract]:
    """List them, the newest first."""
    client = await known_client(unit)
    if client is None:
        return ()
    return await contracts.of_user(unit, records, client.id, user.id)


async def remove_device(notifier: Notifier, user: User, id: str) -> Contract | None:
    """Stage that a phone answers for its user no more, here and at its provider.

    None: the user has none of this id.
    """
    devices = await devices_of(notifier.unit, notifier.records, user)
    found = next((one for one in devices if one.id == id), None)
    return None if found is None else end_device(notifier, found)
