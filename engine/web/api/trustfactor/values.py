"""What TrustFactor's calls are written in: names with underscores, public keys, seconds."""

from __future__ import annotations

from typing import Annotated, Final

from msgspec import Meta, Struct

from engine.records.trustfactor import DeviceInfo

TRUSTFACTOR: Final = "/trustfactor"
WRONG_DEVICE_PREFIX: Final = "wd_"
Id = Annotated[str, Meta(min_length=1, max_length=128)]
Name = Annotated[str, Meta(min_length=1, max_length=200)]
Word = Annotated[str, Meta(max_length=200)]
Key = Annotated[
    str,
    Meta(
        pattern="^[A-Za-z0-9+/]{43}=$",
        description="A public key: Ed25519, 32 bytes in base64.",
        examples=["7D/Iw9i3NdYLbHfw0UsVk3LcJo8PpQXoOPIRBhvF4Bk="],
    ),
]
Seconds = Annotated[int, Meta(ge=0, le=253_402_300_799, description="Unix seconds.")]
Length = Annotated[int, Meta(ge=1, le=86_400, description="Seconds.")]


class SentToTrustFactor(Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
    """What is sent: strictly, a field that it does not have is refused (G6)."""


class Device(SentToTrustFactor, kw_only=True, frozen=True):
    """A device, as its agent tells of it."""

    name: Name
    manufacturer: Word
    device_model: Word
    operating_system: Word
    os_version: Word
    marketing_name: Word | None = None

    @property
    def info(self) -> DeviceInfo:
        """The same, to be kept."""
        return DeviceInfo(**{name: getattr(self, name) for name in self.__struct_fields__})


def shown(info: DeviceInfo) -> Device:
    """Write a device for a program."""
    return Device(**{name: getattr(info, name) for name in Device.__struct_fields__})
