"""What other TrustFactors call us back with: signed, and about what journeys have asked there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import msgspec

from engine.errors import UnknownInstance
from engine.model.names import InstanceId
from engine.ports.actor import Actor
from engine.ports.outside import Chance, Vault
from engine.ports.store import Store
from engine.ports.unit_of_work import UnitOfWork
from engine.realtime.trustfactor import codes, transactions
from engine.records.trustfactor import (
    Confirmation,
    DeviceInfo,
    Provider,
    RegistrationCode,
    Transaction,
    remote_key,
)
from engine.run.trustfactor.provider_client import bound_to
from engine.run.trustfactor.telling import Teller
from engine.webhooks import signing

DECISIONS: Final[Mapping[str, transactions.Decision]] = {
    "ACCEPTED": "ACCEPTED",
    "DECLINED": "DECLINED",
}


class Registered(msgspec.Struct, kw_only=True, frozen=True):
    """That a device has confirmed, as TrustFactor calls applications back."""

    app_user_unique_id: str
    register_code_unique_id: str | None = None
    contract_key: str
    device_key: str
    device_info: DeviceInfo
    device_ip: str = ""
    device_location: str | None = None


class Decided(msgspec.Struct, kw_only=True, frozen=True):
    """What became of a transaction."""

    app_user_unique_id: str
    transaction_id: str
    status: str
    contract_key: str | None = None
    signature: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What became of a provider's word.

    Attributes:
        channel: Which channel has an event.
        refused: Why it counts for nothing.
    """

    channel: str | None = None
    refused: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Hearing:
    """Takes in what a provider says, in the unit of what follows from it."""

    unit: UnitOfWork
    store: Store
    vault: Vault
    chance: Chance
    at: datetime

    async def is_from(self, name: str, headers: Mapping[str, str], body: bytes) -> bool:
        """Whether a provider of ours has signed this, just now."""
        provider = await self.unit.get(Provider, name)
        if provider is None:
            return False
        bound = bound_to(name, "callback")
        secret = self.vault.unseal("trustfactor", provider.sealed_callback, bound)
        return signing.is_signed([secret], headers, body, self.at)

    async def registered(self, name: str, said: Registered) -> Taken | None:
        """Take a device in that has confirmed; None: it is about nothing that we have asked."""
        key = remote_key(name, said.register_code_unique_id or "")
        code = await self.unit.find(RegistrationCode, "by_remote", key)
        if code is None or code.user_id != said.app_user_unique_id:
            return None
        if code.confirmation is None and await self._is_over(code.instance):
            return Taken(refused="cancelled")
        confirmation = Confirmation(
            contract_key=said.contract_key,
            device_key=said.device_key,
            device=said.device_info,
            address=said.device_ip,
            location=said.device_location,
            at=self.at,
        )
        changed = codes.confirmed_elsewhere(self.unit, self._actor(name), code, confirmation)
        if isinstance(changed, str):
            return Taken(refused=changed)
        if changed.version == code.version:
            return Taken()
        return Taken(channel=await self._teller(name).tell_of_code(changed))

    async def decided(self, name: str, said: Decided) -> Taken | None:
        """Take a decision in; None: it is about nothing that we have asked."""
        key = remote_key(name, said.transaction_id)
        asked = await self.unit.find(Transaction, "by_remote", key)
        if asked is None or asked.user_id != said.app_user_unique_id:
            return None
        decision = DECISIONS.get(said.status)
        if decision is None:
            return Taken()  # our own time ends it, too
        if asked.status == "PENDING" and await self._is_over(asked.instance):
            return Taken(refused="cancelled")
        changed = transactions.decided_elsewhere(
            self.unit, self._actor(name), asked, decision, said.contract_key or "",
            said.signature,
        )  # fmt: skip
        if isinstance(changed, str):
            return Taken(refused=changed)
        if changed.version == asked.version:
            return Taken()
        return Taken(channel=await self._teller(name).tell_of_decision(changed))

    async def _is_over(self, instance: InstanceId | None) -> bool:
        """Whether the journey that has asked is over: then nothing is to come of it."""
        if instance is None:
            return False
        try:
            return (await self.store.load(self.unit.tenant, instance)).instance.is_over
        except UnknownInstance:
            return True

    def _actor(self, name: str) -> Actor:
        return Actor(name=f"provider:{name}", at=self.at, chance=self.chance)

    def _teller(self, name: str) -> Teller:
        return Teller(unit=self.unit, records=self.store, vault=self.vault, actor=self._actor(name))
