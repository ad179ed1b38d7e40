"""What a device says of a code or a transaction: taken in with all that follows, in one unit."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Generic, Literal, TypeVar

from engine.access.rtas_clients import is_active
from engine.errors import UnknownInstance
from engine.ports.actor import Actor
from engine.ports.outside import Vault
from engine.ports.store import Store
from engine.ports.unit_of_work import UnitOfWork
from engine.realtime.trustfactor import codes, transactions
from engine.records.realtime import RtasClient
from engine.records.trustfactor import (
    EMBEDDED,
    Confirmation,
    Contract,
    RegistrationCode,
    Transaction,
)
from engine.run.trustfactor.notifier import Notifier

Why = codes.Refusal | transactions.Refusal | Literal["taken", "one key"]
"""Why a device's word counts for nothing."""
Subject = TypeVar("Subject", RegistrationCode, Transaction)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome(Generic[Subject]):
    """What became of a device's word.

    Attributes:
        subject: The code or transaction, as it is once the unit is written.
        channel: Which channel has an event then.
        refused: Why the word counts for nothing; what is staged is written all the same.
    """

    subject: Subject
    channel: str | None = None
    refused: Why | None = None


async def is_awaited(
    unit: UnitOfWork, store: Store, subject: RegistrationCode | Transaction
) -> bool:
    """Whether somebody still wants the answer: an application that may ask, or a journey."""
    if not is_active(await unit.get(RtasClient, subject.client)):
        return False
    if subject.instance is None:
        return True
    try:
        loaded = await store.load(unit.tenant, subject.instance)
    except UnknownInstance:
        return False
    return not loaded.instance.is_over


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceAnswers:
    """Takes in what one device says, at the actor's time; who it is was verified before.

    What nobody awaits any more is refused, unless it was said before: again it changes nothing.
    """

    unit: UnitOfWork
    store: Store
    vault: Vault
    actor: Actor

    async def scan(self, code: RegistrationCode, device_key: str) -> Outcome[RegistrationCode]:
        """Take a code: from now on it is this device's alone. A second device ends it."""
        if codes.is_open(code, self.actor.at) and not await self._is_awaited(code):
            return Outcome(subject=code, refused="cancelled")
        changed = codes.scan(self.unit, self.actor, code, device_key)
        if isinstance(changed, str) or changed.status != "SCANNED_TWICE":
            return await self._code(code, changed, tells=False)
        return replace(await self._code(code, changed), refused="twice")

    async def confirm(
        self, code: RegistrationCode, confirmation: Confirmation
    ) -> Outcome[RegistrationCode]:
        """Take the word that a device shall be registered.

        At another provider it was scanned there: we hear of it with this.
        """
        why = await self._hindrance(code, confirmation)
        if why is not None:
            return Outcome(subject=code, refused=why)
        confirm = codes.confirm if code.provider == EMBEDDED else codes.confirmed_elsewhere
        return await self._code(code, confirm(self.unit, self.actor, code, confirmation))

    async def reject(self, code: RegistrationCode, device_key: str) -> Outcome[RegistrationCode]:
        """Take the person's word that this is not for them."""
        return await self._code(code, codes.reject(self.unit, self.actor, code, device_key))

    async def decide(
        self,
        transaction: Transaction,
        answer: transactions.Answer,
        *,
        contract: Contract | None = None,
    ) -> Outcome[Transaction]:
        """Take a decision on what the person has read; `contract`: see `transactions.decide`."""
        is_open = transactions.is_open(transaction, self.actor.at)
        if is_open and not await self._is_awaited(transaction):
            return Outcome(subject=transaction, refused="cancelled")
        changed = transactions.decide(self.unit, self.actor, transaction, answer, contract=contract)
        if isinstance(changed, str):
            return Outcome(subject=transaction, refused=changed)
        if changed.version == transaction.version:
            return Outcome(subject=changed)
        return Outcome(subject=changed, channel=await self._notifier.tell_of_decision(changed))

    async def _code(
        self,
        before: RegistrationCode,
        changed: RegistrationCode | codes.Refusal,
        *,
        tells: bool = True,
    ) -> Outcome[RegistrationCode]:
        """Let follow what does; what follows may change the code once more."""
        if isinstance(changed, str):
            return Outcome(subject=before, refused=changed)
        if changed.version == before.version or not tells:
            return Outcome(subject=changed)
        channel = await self._notifier.tell_of_code(changed)
        latest = await self.unit.get(RegistrationCode, before.id) or changed
        return Outcome(subject=latest, channel=channel)

    async def _hindrance(self, code: RegistrationCode, said: Confirmation) -> Why | None:
        """Say why these keys cannot be registered with this code."""
        if said.contract_key == said.device_key:
            return "one key"
        held = await self.unit.find(Contract, "contract_key", said.contract_key)
        if held is not None and held.code != code.id:
            return "taken"
        is_open = codes.is_open(code, self.actor.at)
        return "cancelled" if is_open and not await self._is_awaited(code) else None

    async def _is_awaited(self, subject: RegistrationCode | Transaction) -> bool:
        return await is_awaited(self.unit, self.store, subject)

    @property
    def _notifier(self) -> Notifier:
        return Notifier(unit=self.unit, records=self.store, vault=self.vault, actor=self.actor)
