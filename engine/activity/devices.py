"""Capability: devices of users, registered and asked; what is changed commits with the hop."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Literal, Protocol

from engine.model.names import JsonObject


@dataclass(frozen=True, slots=True, kw_only=True)
class Registration:
    """How far the registration of a device is.

    Attributes:
        status: `open`: no device has confirmed yet; `confirmed`: one has; `rejected`: the person
            at the device wants none of it; `twice`: a second device has scanned the code; `over`:
            time or somebody has ended it.
        device: As its owner calls it, once it is confirmed.
    """

    status: Literal["open", "confirmed", "rejected", "twice", "over"]
    device: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What a user shall accept or decline on a device.

    Attributes:
        user: Id of the user, whose journey this is about.
        application: As the person knows whoever asks.
        parameters: Name -> text, shown below the message.
        provider: `embedded`, or the name of another TrustFactor.
    """

    user: str
    application: str
    action: str
    message: str
    parameters: Mapping[str, str] = field(default_factory=dict)
    life: timedelta = timedelta(minutes=2)
    provider: str = "embedded"


class Devices(Protocol):
    """Capability: register devices of users of this tenant, and ask them.

    What `register` and `ask` give is the value of a slot, `{id, user, endsAt, signal}`, and no
    code; `signal` is what a page's wait is named by.
    """

    async def register(
        self, *, user: str, user_name: str, application: str, life: timedelta, provider: str
    ) -> JsonObject:
        """Make a code that one device is registered with.

        `provider`: `embedded`, or the name of another TrustFactor. Raises `ActivityFault` for one
        that is not known, and for names or a length that cannot be: mistakes of the definition.
        """
        ...

    async def registration(self, slot: JsonObject) -> Registration:
        """Tell how far a registration is."""
        ...

    async def keep(self, slot: JsonObject) -> str | None:
        """Agree to the device that has confirmed: it is the user's. None: there is none to keep."""
        ...

    async def drop(self, slot: JsonObject) -> None:
        """Let nothing come of a registration; a device that was kept stays."""
        ...

    async def ask(self, question: Question) -> JsonObject | None:
        """Ask the devices of a user; None: there is none.

        Raises `ActivityFault` for texts or a length that cannot be.
        """
        ...

    async def answer(self, slot: JsonObject) -> Literal["open", "accepted", "declined", "over"]:
        """Tell what was answered."""
        ...

    async def withdraw(self, slot: JsonObject) -> None:
        """Ask no more."""
        ...
