"""What other TrustFactors call us back with: signed, and about what journeys have asked there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Final

import msgspec

from engine.ports.actor import Actor
from engine.ports.outside import Chance, Vault
from engine.ports.store import Store
from engine.ports.unit_of_work import UnitOfWork
from engine.realtime.trustfactor import transactions
from engine.realtime.trustfactor.display_text import is_plain
from engine.realtime.trustfactor.values import Id, Key, ToldDevice, Word
from engine.records.trustfactor import (
    Confirmation,
    Contract,
    Provider,
    RegistrationCode,
    Transaction,
    remote_key,
)
from engine.run.trustfactor.device_answers import DeviceAnswers, Outcome
from engine.run.trustfactor.provider_client import bound_to
from engine.webhooks import signing

DECISIONS: Final[Mapping[str, transactions.Decision]] = {
    "ACCEPTED": "ACCEPTED",
    "DECLINED": "DECLINED",
}


class Registered(msgspec.Struct, kw_only=True, frozen=True):
    """That a device has confirmed, as TrustFactor calls applications back."""

    app_user_unique_id: Id
    register_code_unique_id: Id | None = None
    contract_key: Key
    device_key: Key
    device_info: ToldDevice
    device_ip: Word = ""
    device_location: Word | None = None


class TransactionDecided(msgspec.Struct, kw_only=True, frozen=True):
    """What became of a transaction."""

    app_user_unique_id: Id
    transaction_id: Id
    status: Annotated[str, msgspec.Meta(max_length=60)]
    contract_key: Key | None = None
    signature: Word | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What became of a provider's word.

    Attributes:
        channel: Which channel has an event.
        refused: Why it counts for nothing.
        field: Which field says so.
    """

    channel: str | None = None
    refused: str | None = None
    field: str = "status"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderCallbackReader:
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
        unseen = _unseen(said)
        if unseen is not None:
            return Taken(refused="use no control characters", field=unseen)
        confirmation = Confirmation(
            contract_key=said.contract_key,
            device_key=said.device_key,
            device=said.device_info.info,
            address=said.device_ip,
            location=said.device_location,
            at=self.at,
        )
        return _taken(await self._answers(name).confirm(code, confirmation))

    async def decided(self, name: str, said: TransactionDecided) -> Taken | None:
        """Take a decision in; None: it is about nothing that we have asked."""
        key = remote_key(name, said.transaction_id)
        asked = await self.unit.find(Transaction, "by_remote", key)
        if asked is None or asked.user_id != said.app_user_unique_id:
            return None
        decision = DECISIONS.get(said.status)
        if decision is None:
            return Taken()  # our own time ends it, too
        key = said.contract_key or ""
        contract = await self.unit.find(Contract, "contract_key", key)
        is_gone = contract is None or contract.status == "RESET"
        if is_gone and asked.status == "PENDING":  # it may not know yet
            return Taken(refused="not theirs", field="contract_key")
        answer = transactions.Answer(decision=decision, contract_key=key, signature=said.signature)
        return _taken(await self._answers(name).decide(asked, answer, contract=contract))

    def _answers(self, name: str) -> DeviceAnswers:
        actor = Actor(name=f"provider:{name}", at=self.at, chance=self.chance)
        return DeviceAnswers(unit=self.unit, store=self.store, vault=self.vault, actor=actor)


def _taken(outcome: Outcome[RegistrationCode] | Outcome[Transaction]) -> Taken:
    if outcome.refused in ("taken", "one key"):
        return Taken(refused="use a key of this device alone", field="contract_key")
    return Taken(channel=outcome.channel, refused=outcome.refused)


def _unseen(said: Registered) -> str | None:
    """Name the text that people would read, or an operator, and that is not what it looks like."""
    device = said.device_info
    texts = {f"device_info.{name}": getattr(device, name) for name in device.__struct_fields__}
    texts |= {"device_ip": said.device_ip, "device_location": said.device_location}
    return next((name for name, text in texts.items() if text and not is_plain(text)), None)
