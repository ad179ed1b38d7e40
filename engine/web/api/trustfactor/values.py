"""How this server takes and tells what TrustFactor's calls are made of: strictly; in seconds."""

from __future__ import annotations

from typing import Annotated, Final

from msgspec import Meta, Struct

from engine.realtime.trustfactor import values
from engine.records.trustfactor import DeviceInfo

WRONG_DEVICE_PREFIX: Final = "wd_"
Seconds = Annotated[int, Meta(ge=0, le=253_402_300_799, description="Unix seconds.")]
Length = Annotated[int, Meta(ge=1, le=86_400, description="Seconds.")]


class SentToTrustFactor(Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
    """What is sent: strictly, a field that it does not have is refused (G6)."""


class Device(values.ToldDevice, forbid_unknown_fields=True, kw_only=True, frozen=True):
    """A device, as its agent tells of it."""


def shown(info: DeviceInfo) -> Device:
    """Write a device for a program."""
    return Device(**{name: getattr(info, name) for name in Device.__struct_fields__})
