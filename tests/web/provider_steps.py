"""How far a journey is that has asked another provider, and what stands in both houses."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from engine.model.names import MAIN_TENANT, InstanceId
from engine.ports.store import PageQuery
from engine.realtime.trustfactor.paths import CODES, TRANSACTIONS
from engine.records.identity import User
from engine.records.trustfactor import Contract, RegistrationCode, Transaction
from engine.records.work import Job
from engine.run.current import InstanceRef
from tests.web.agent import Agent
from tests.web.journey import Journey
from tests.web.program import program
from tests.web.surface import Surface
from tests.web.town import Town, payload

Kind = type[RegistrationCode] | type[Transaction] | type[Contract]


async def rows(house: Surface, kind: Kind) -> Sequence[Any]:
    return (await house.bench.store.page(MAIN_TENANT, kind, PageQuery())).rows


async def there(town: Town, kind: Kind) -> list[str]:
    """Give how things stand at the vendor, as it has written them down."""
    return [row.status for row in await rows(town.vendor, kind)]


async def reasons(town: Town) -> list[str]:
    """Give why rows of our outbox are not done."""
    found = (await town.ours.bench.store.page(MAIN_TENANT, Job, PageQuery())).rows
    return [row.reason for row in found]


def ref_of(journey: Journey) -> InstanceRef:
    id = InstanceId(journey.page.action.rpartition("/")[2])
    return InstanceRef(tenant=MAIN_TENANT, id=id)


async def cancel(town: Town, journey: Journey) -> None:
    """Let an operator end a journey."""
    bench = town.ours.bench
    await bench.supervisor.act(ref_of(journey), "cancel", bench.actor())


async def showing(town: Town) -> Journey:
    """Come to the page that shows a code."""
    journey = await town.begin()
    await town.work()
    await journey.look()
    assert payload(journey)
    return journey


async def confirmed(town: Town) -> tuple[Agent, Journey]:
    """Come to where a phone has confirmed, and the person is asked whose it is."""
    phone, journey = Agent(house=town.vendor), await showing(town)
    await phone.register(payload(journey))
    await town.work()
    assert (await journey.look()).title == "Your phone is ready"
    return phone, journey


async def approving(town: Town) -> tuple[Agent, Journey]:
    """Come to where the phone is to be asked; the outbox has not asked it yet."""
    phone, journey = await confirmed(town)
    await journey.answer(device="mine")
    assert journey.page.title == "Approve on your phone"
    return phone, journey


async def to_be_asked(town: Town, kind: Kind) -> tuple[Journey, str]:
    """Come to where a thing is to be asked for; give the path, too."""
    if kind is RegistrationCode:
        return await town.begin(), CODES
    return (await approving(town))[1], TRANSACTIONS


async def user_of(town: Town) -> User:
    found = (await town.ours.bench.store.page(MAIN_TENANT, User, PageQuery())).rows
    return found[0]


async def by_program(town: Town) -> None:
    caller, row = await program(town.ours), (await rows(town.ours, Contract))[0]
    user = await user_of(town)
    place = f"/api/identity-store/stores/customers/users/{user.id}/devices/{row.id}"
    assert (await caller.call("DELETE", place)).status == 204
