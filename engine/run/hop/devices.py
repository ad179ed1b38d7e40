"""`Devices` through a hop's unit: our own application's registrations and transactions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, Literal

from engine.access.journey_client import own_client
from engine.activity import Question, Registration
from engine.errors import ActivityFault
from engine.model.names import InstanceId, JsonObject
from engine.model.problem import Problems
from engine.ports.actor import Actor
from engine.ports.outside import Vault
from engine.ports.store import Records
from engine.ports.unit_of_work import UnitOfWork
from engine.realtime.trustfactor import codes, contracts, transactions
from engine.records.trustfactor import (
    EMBEDDED,
    Provider,
    RegistrationCode,
    Transaction,
    TransactionStatus,
)
from engine.run.trustfactor.notifier import Notifier, ProviderRequest, group_of, signal_id
from engine.run.trustfactor.provider_endings import end_code, end_transaction

Answer = Literal["open", "accepted", "declined", "over"]
_STATES: Final[Mapping[codes.Told, Literal["open", "confirmed", "rejected", "twice", "over"]]] = {
    "CREATED": "open",
    "SCANNED": "open",
    "CONFIRMED": "confirmed",
    "REGISTERED": "confirmed",
    "REJECTED": "rejected",
    "SCANNED_TWICE": "twice",
    "CANCELLED": "over",
    "EXPIRED": "over",
}
_ANSWERS: Final[Mapping[TransactionStatus, Answer]] = {
    "PENDING": "open",
    "ACCEPTED": "accepted",
    "DECLINED": "declined",
    "EXPIRED": "over",
    "CANCELLED": "over",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class DevicesOfHop:
    """`Devices`, as they are at the hop's time."""

    unit: UnitOfWork
    records: Records
    vault: Vault
    actor: Actor
    instance: InstanceId

    async def register(
        self, *, user: str, user_name: str, application: str, life: timedelta, provider: str
    ) -> JsonObject:
        """Make a code that one device is registered with."""
        client = await own_client(self.unit, self.actor)
        wanted = codes.Wanted(
            client=client.id,
            application=application,
            user_id=user,
            user_name=user_name,
            life=life,
            instance=self.instance,
            provider=await self._provider(provider),
        )
        made = codes.create(self.unit, self.actor, wanted)
        if not isinstance(made, RegistrationCode):
            raise _mistaken(made)
        if provider != EMBEDDED:
            self._notifier.request(ProviderRequest(what="code", subject=made.id))
        return _slot(made)

    async def registration(self, slot: JsonObject) -> Registration:
        """Tell how far a registration is."""
        code = await self._code(slot)
        if code is None:
            return Registration(status="over")
        confirmed = code.confirmation
        return Registration(
            status=_STATES[codes.status_at(code, self.actor.at)],
            device="" if confirmed is None else confirmed.device.known_as,
        )

    async def keep(self, slot: JsonObject) -> str | None:
        """Agree to the device that has confirmed."""
        code = await self._code(slot)
        if code is None:
            return None
        contract = await contracts.register(self.unit, self.records, self.actor, code)
        return None if contract is None else contract.device.known_as

    async def drop(self, slot: JsonObject) -> None:
        """Let nothing come of a registration."""
        code = await self._code(slot)
        if code is not None:
            end_code(self._notifier, code)

    async def ask(self, question: Question) -> JsonObject | None:
        """Ask the devices of a user."""
        client = await own_client(self.unit, self.actor)
        wanted = transactions.Wanted(
            client=client.id,
            application=question.application,
            user_id=question.user,
            display=transactions.Display(
                action=question.action,
                message=question.message,
                parameters=dict(question.parameters),
            ),
            life=question.life,
            instance=self.instance,
            provider=await self._provider(question.provider),
        )
        made = await transactions.create(self.unit, self.records, self.vault, self.actor, wanted)
        if isinstance(made, tuple):
            raise _mistaken(made)
        if made is None:
            return None
        if made.provider != EMBEDDED:
            self._notifier.request(ProviderRequest(what="ask", subject=made.id))
        return _slot(made)

    async def answer(self, slot: JsonObject) -> Answer:
        """Tell what was answered."""
        asked = await self._transaction(slot)
        if asked is None:
            return "over"
        return _ANSWERS[transactions.status_at(asked, self.actor.at)]

    async def withdraw(self, slot: JsonObject) -> None:
        """Ask no more."""
        asked = await self._transaction(slot)
        if asked is not None:
            end_transaction(self._notifier, asked)

    @property
    def _notifier(self) -> Notifier:
        return Notifier(unit=self.unit, records=self.records, vault=self.vault, actor=self.actor)

    async def _provider(self, name: str) -> str:
        if name != EMBEDDED and await self.unit.get(Provider, name) is None:
            raise ActivityFault(reason="there is no such provider", provider=name)
        return name

    async def _code(self, slot: JsonObject) -> RegistrationCode | None:
        found = await self.unit.get(RegistrationCode, str(slot.get("id", "")))
        return found if found is not None and found.instance == self.instance else None

    async def _transaction(self, slot: JsonObject) -> Transaction | None:
        found = await self.unit.get(Transaction, str(slot.get("id", "")))
        return found if found is not None and found.instance == self.instance else None


def _slot(made: RegistrationCode | Transaction) -> JsonObject:
    """Write what a slot holds: whose it is, until when, and what a page's wait is named by."""
    return {
        "id": made.id,
        "user": made.user_id,
        "endsAt": made.ends_at.isoformat(),
        "signal": signal_id(group_of(made).flow, made.id),
    }


def _mistaken(problems: Problems) -> ActivityFault:
    """Name the fields that cannot be; what they hold may be a person's data."""
    return ActivityFault(
        reason="it cannot be asked like this", fields=", ".join(one.field for one in problems)
    )
