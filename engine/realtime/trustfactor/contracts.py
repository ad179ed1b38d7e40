"""Contracts: which devices may answer for a user of an application, and how one is reset."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from msgspec.structs import replace

from engine.ports.actor import Actor
from engine.ports.paging import every
from engine.ports.store import Records
from engine.ports.unit_of_work import UnitOfWork
from engine.realtime.trustfactor import codes
from engine.realtime.trustfactor.seats import free_seat
from engine.records.record import Absent, Version
from engine.records.trustfactor import (
    Contract,
    RegistrationCode,
    Transaction,
    WrongDeviceToken,
    owner_of,
)
from engine.secret import digest

MOST_DEVICES: Final = 20
"""Of one user."""
WRONG_DEVICE_LIFE: Final = timedelta(minutes=2)


async def register(
    unit: UnitOfWork, records: Records, actor: Actor, code: RegistrationCode
) -> Contract | None:
    """Stage the contract of a code that a device has confirmed; the application has agreed.

    None: it cannot be. A second time gives the same contract.
    """
    confirmed = code.confirmation
    if confirmed is None or not await is_possible(unit, records, actor, code):
        return None
    found = await unit.find(Contract, "contract_key", confirmed.contract_key)
    if found is not None:
        return found
    devices = await of_user(unit, records, code.client, code.user_id)
    contract = Contract(
        id=actor.chance.id(),
        client=code.client,
        application=code.application,
        user_id=code.user_id,
        owner=owner_of(code.client, code.user_id),
        code=code.id,
        contract_key=confirmed.contract_key,
        device_key=confirmed.device_key,
        device=confirmed.device,
        address=confirmed.address,
        location=confirmed.location,
        created_at=actor.at,
        provider=code.provider,
        seat=free_seat([one.seat for one in devices], MOST_DEVICES, actor.chance),
    )
    unit.put(contract, Absent())
    codes.registered(unit, actor, code)
    unit.audit(actor.did("device.register", f"contract:{contract.id}", client=code.client))
    return contract


async def is_possible(
    unit: UnitOfWork, records: Records, actor: Actor, code: RegistrationCode
) -> bool:
    """Whether a code can become a contract, or is one already.

    Not where nothing was confirmed or it is over, where the key is another's already, or the user
    has as many devices as may be.
    """
    confirmed = code.confirmation
    if confirmed is None or codes.status_at(code, actor.at) not in ("CONFIRMED", "REGISTERED"):
        return False
    found = await unit.find(Contract, "contract_key", confirmed.contract_key)
    if found is not None:
        return found.owner == owner_of(code.client, code.user_id) and found.code == code.id
    return len(await of_user(unit, records, code.client, code.user_id)) < MOST_DEVICES


async def of_user(
    unit: UnitOfWork, records: Records, client: str, user_id: str
) -> Sequence[Contract]:
    """List the devices that may answer for a user, the newest first; staged ones count."""
    found = await ever_of_user(unit, records, client, user_id)
    return [row for row in found if row.status == "ACTIVE"]


async def ever_of_user(
    unit: UnitOfWork, records: Records, client: str, user_id: str
) -> Sequence[Contract]:
    """List the same, and those that may answer no more."""
    owner = owner_of(client, user_id)
    rows = {row.id: row async for row in every(records, unit.tenant, Contract, "owner", owner)}
    for write in unit.staged().writes:
        if isinstance(write.row, Contract) and write.row.owner == owner:
            rows[write.row.id] = write.row
    return sorted(rows.values(), key=lambda row: (row.created_at, row.id), reverse=True)


async def forget_user(unit: UnitOfWork, records: Records, client: str, user_id: str) -> None:
    """Stage the end of all that is kept of a user's devices."""
    owner = owner_of(client, user_id)
    async for contract in every(records, unit.tenant, Contract, "owner", owner):
        unit.delete(contract)
    async for code in every(records, unit.tenant, RegistrationCode, "owner", owner):
        unit.delete(code)
    async for asked in every(records, unit.tenant, Transaction, "owner", owner):
        unit.delete(asked)


def reset(unit: UnitOfWork, actor: Actor, contract: Contract) -> Contract:
    """Stage that a device answers for nobody any more; its key can never be registered again."""
    if contract.status == "RESET":
        return contract
    gone = replace(contract, status="RESET")
    unit.put(gone, Version(number=contract.version))
    unit.audit(actor.did("device.reset", f"contract:{contract.id}", client=contract.client))
    return gone


def keep_wrong_device(unit: UnitOfWork, actor: Actor, contract: Contract, token: str) -> datetime:
    """Stage that a token resets a contract: once, within two minutes; its hash alone is kept."""
    ends = actor.at + WRONG_DEVICE_LIFE
    unit.put(WrongDeviceToken(id=digest(token), contract=contract.id, expires_at=ends), Absent())
    return ends


async def remove_wrong_device(unit: UnitOfWork, actor: Actor, token: str) -> Contract | None:
    """Stage the reset that a token is for; None: it is none, over, or used."""
    kept = await unit.get(WrongDeviceToken, digest(token))
    if kept is None or actor.at >= kept.expires_at:
        return None
    contract = await unit.get(Contract, kept.contract)
    unit.delete(kept)
    return None if contract is None else reset(unit, actor, contract)
