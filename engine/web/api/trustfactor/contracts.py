"""Contracts for applications: the devices of a user, and how one is reset."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from msgspec import Struct

from engine.access.naming import named
from engine.realtime.trustfactor import contracts
from engine.realtime.trustfactor.paths import RESET, TRUSTFACTOR
from engine.realtime.trustfactor.values import Key
from engine.records.trustfactor import Contract
from engine.web.api.frame.operation import (
    Answered,
    Call,
    Nothing,
    Operation,
    Stopped,
)
from engine.web.api.trustfactor.values import (
    WRONG_DEVICE_PREFIX,
    Device,
    SentToTrustFactor,
    shown,
)

CONTRACTS: Final = f"{TRUSTFACTOR}/v1/users/{{tfUserId}}/contracts"
TOKEN: Final = f"{TRUSTFACTOR}/v1/contracts/wrong-device-token"


class Named(SentToTrustFactor, kw_only=True, frozen=True):
    """Which contract."""

    contract_key: Key


class ContractShown(Struct, kw_only=True, frozen=True):
    """A device that may answer for a user."""

    contract_key: str
    device_key: str
    device_info: Device
    device_ip: str
    device_location: str | None
    registered_at: int


class Contracts(Struct, kw_only=True, frozen=True):
    """The devices that may answer for a user, the newest first."""

    contracts: list[ContractShown]


class WrongDevice(Struct, kw_only=True, frozen=True):
    """By which whoever is shown it removes the device: once, within two minutes."""

    token: str
    expires_at: int


UNKNOWN: Final = Stopped(
    kind="missing",
    details=[{"field": "contract_key", "message": "no device of yours has this key"}],
)


async def list_contracts(call: Call[Nothing, Nothing]) -> Answered | Stopped:
    """List the devices of a user."""
    client, user_id = call.application.client.id, call.path["tfUserId"]
    found = await contracts.of_user(call.unit, call.offices.store, client, user_id)
    return Answered(body=Contracts(contracts=[_shown(one) for one in found]))


async def reset_contract(call: Call[Named, Nothing]) -> Answered | Stopped:
    """Let a device answer for nobody any more."""
    found = await _own(call)
    if found is None:
        return UNKNOWN
    contracts.reset(call.unit, call.actor, found)
    return Answered()


async def make_token(call: Call[Named, Nothing]) -> Answered | Stopped:
    """Make a token for the person who sees that it is not their device."""
    found = await _own(call)
    if found is None or found.status != "ACTIVE":
        return UNKNOWN
    token = named(call.tenant, call.actor.chance.token(), WRONG_DEVICE_PREFIX)
    ends = contracts.keep_wrong_device(call.unit, call.actor, found, token)
    return Answered(body=WrongDevice(token=token, expires_at=int(ends.timestamp())))


async def _own(call: Call[Named, Nothing]) -> Contract | None:
    found = await call.unit.find(Contract, "contract_key", call.body.contract_key)
    return found if found is not None and found.client == call.application.client.id else None


def _shown(contract: Contract) -> ContractShown:
    return ContractShown(
        contract_key=contract.contract_key,
        device_key=contract.device_key,
        device_info=shown(contract.device),
        device_ip=contract.address,
        device_location=contract.location,
        registered_at=int(contract.created_at.timestamp()),
    )


_EXAMPLE: Final = {"contract_key": "7D/Iw9i3NdYLbHfw0UsVk3LcJo8PpQXoOPIRBhvF4Bk="}
OPERATIONS: Final[Sequence[Operation[Any, Any]]] = (
    Operation(
        name="GetContracts", method="GET", path=CONTRACTS, needs="application",
        security=("application",), summary="List the devices that may answer for a user",
        answer=list_contracts, body=Nothing, query=Nothing, result=Contracts,
    ),
    Operation(
        name="ResetContract", method="POST", path=RESET, needs="application",
        security=("application",), summary="Let a device answer for nobody any more",
        answer=reset_contract, others={404: "The application has no such contract."},
        body=Named, query=Nothing, status=204, example=_EXAMPLE,
    ),
    Operation(
        name="CreateWrongDeviceToken", method="POST", path=TOKEN, needs="application",
        security=("application",), answer=make_token,
        summary="Make a token by which a device is removed that is not its user's",
        description="It works once, for two minutes, at POST /trustfactor/v1/wrong-device.",
        others={404: "The application has no such contract."},
        body=Named, query=Nothing, result=WrongDevice, example=_EXAMPLE,
    ),
)  # fmt: skip
