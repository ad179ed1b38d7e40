"""Our own application: the one that journeys of a tenant register devices for."""

from __future__ import annotations

from typing import Final

from engine.ports.actor import Actor
from engine.ports.unit_of_work import UnitOfWork
from engine.records.realtime import ClientSecret, RtasClient
from engine.records.record import Absent
from engine.secret import digest

NAME: Final = "-journeys"
"""No operator can give a client this name: it begins with a sign that names cannot begin with."""
_ABOUT: Final = "What journeys of this server act as; nobody logs in as it, and it stays."


async def known_client(unit: UnitOfWork) -> RtasClient | None:
    """Give the client that journeys act as, if one ever did."""
    return await unit.find(RtasClient, "name", NAME)


async def own_client(unit: UnitOfWork, actor: Actor) -> RtasClient:
    """Give the client that journeys act as; a tenant's first journey makes it.

    Nobody can log in as it: its secret was never told.
    """
    found = await known_client(unit)
    if found is not None:
        return found
    nobodys = ClientSecret(hash=digest(actor.chance.token()), created_at=actor.at)
    client = RtasClient(
        id=actor.chance.id(),
        name=NAME,
        description=_ABOUT,
        secrets=(nobodys,),
        created_at=actor.at,
        created_by=actor.name,
        updated_at=actor.at,
        updated_by=actor.name,
    )
    unit.put(client, Absent())
    return client
