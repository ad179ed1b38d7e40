"""What TrustFactor's calls are made of, whoever writes them: ids, names, public keys, devices."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from engine.records.trustfactor import DeviceInfo

Id = Annotated[str, Meta(min_length=1, max_length=128)]
Name = Annotated[str, Meta(min_length=1, max_length=200)]
Word = Annotated[str, Meta(max_length=200)]
Key = Annotated[
    str,
    Meta(
        # The pattern alone lets a line end follow.
        pattern="^[A-Za-z0-9+/]{43}=$",
        max_length=44,
        description="A public key: Ed25519, 32 bytes in base64.",
        examples=["7D/Iw9i3NdYLbHfw0UsVk3LcJo8PpQXoOPIRBhvF4Bk="],
    ),
]


class ToldDevice(Struct, kw_only=True, frozen=True):
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
