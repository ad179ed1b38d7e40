"""The phones of a user by API: which may approve for them, and how one is removed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from engine.records.trustfactor import Contract
from engine.run.trustfactor import user_devices
from engine.run.trustfactor.notifier import Notifier
from engine.web.api.frame.operation import (
    MISSING,
    Answered,
    Call,
    Nothing,
    Operation,
    Stopped,
)
from engine.web.api.frame.values import Answer, Moment, moment
from engine.web.api.identity_store.paths import needs
from engine.web.api.identity_store.users import USER, user_of

DEVICES: Final = f"{USER}/devices"
DEVICE: Final = f"{DEVICES}/{{deviceId}}"


class DeviceShown(Answer, kw_only=True, frozen=True):
    """A phone that may approve for its user. What it says of itself is not proven."""

    id: str
    name: str
    manufacturer: str
    model: str
    operating_system: str
    os_version: str
    contract_key: str
    created_dtm: Moment


class Devices(Answer, kw_only=True, frozen=True):
    """The phones of a user, the newest first."""

    content: list[DeviceShown]


async def list_devices(call: Call[Nothing, Nothing]) -> Answered | Stopped:
    """List the phones of a user."""
    user = await user_of(call)
    if user is None:
        return MISSING
    found = await user_devices.devices_of(call.unit, call.offices.store, user)
    return Answered(body=Devices(content=[_shown(one) for one in found]))


async def remove_device(call: Call[Nothing, Nothing]) -> Answered | Stopped:
    """Let a phone approve nothing any more."""
    user = await user_of(call)
    if user is None:
        return MISSING
    vault = call.ask.web.journeys.vault
    notifier = Notifier(unit=call.unit, records=call.offices.store, vault=vault, actor=call.actor)
    gone = await user_devices.remove_device(notifier, user, call.path["deviceId"])
    return MISSING if gone is None else Answered()


def _shown(contract: Contract) -> DeviceShown:
    info = contract.device
    return DeviceShown(
        id=contract.id,
        name=info.known_as,
        manufacturer=info.manufacturer,
        model=info.device_model,
        operating_system=info.operating_system,
        os_version=info.os_version,
        contract_key=contract.contract_key,
        created_dtm=moment(contract.created_at),
    )


OPERATIONS: Final[Sequence[Operation[Any, Any]]] = (
    Operation(
        name="listDevices", method="GET", path=DEVICES, needs=needs("listDevices"),
        summary="List the phones that may approve for a user", answer=list_devices,
        body=Nothing, query=Nothing, result=Devices,
    ),
    Operation(
        name="deleteDevice", method="DELETE", path=DEVICE, needs=needs("deleteDevice"),
        summary="Let a phone approve nothing any more", answer=remove_device,
        body=Nothing, query=Nothing, status=204,
    ),
)  # fmt: skip
