"""What follows a change of a registration or transaction, and commits with it.

A journey that asked for it has a signal and an event for its page; it is never touched. Another
application is called back through the outbox, or finds it when it asks.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal

import msgspec

from engine.activity import USUAL_DELAYS
from engine.model.names import InstanceId, JsonObject
from engine.model.value import Value
from engine.ports.actor import Actor
from engine.ports.outside import Vault
from engine.ports.store import Records
from engine.ports.unit_of_work import UnitOfWork
from engine.realtime.channels import Event, Flow, Group, publish
from engine.realtime.events import USUAL_CACHE, Flags, Status, event_of
from engine.realtime.trustfactor import codes, contracts
from engine.records.record import Absent
from engine.records.trustfactor import (
    EMBEDDED,
    CallbackAddresses,
    RegistrationCode,
    Transaction,
)
from engine.records.work import Signal
from engine.run.jobs import Sealing, errand, message_id

APPLICATION_CALLBACK: Final = "TrustFactor callback"
"""Of the rows of the outbox that call an application back."""
MOVED: Final = Event(targets=("JourneyMovedEvent",), payload={}, cached=USUAL_CACHE)
"""What pages of ours are told where RTAS has no word for it."""
SIGNAL_KEPT: Final = timedelta(hours=1)
CallbackKind = Literal["registration", "decision", "expiry"]
PROVIDER_REQUEST: Final = "TrustFactor provider"
"""Of the rows of the outbox that ask another TrustFactor for something."""
RequestKind = Literal["code", "created", "success", "ask", "cancel-code", "cancel", "reset"]
"""What is asked there: a code, to tell RTAS that it was made or used, a transaction, an end."""


class ProviderRequest(Value, frozen=True, kw_only=True):
    """What is asked of a provider, as a row of the outbox holds it.

    Attributes:
        subject: Id here of the code, transaction or contract.
        provider, remote: Of what is to end: whose it is, and its id there. Its row here may be
            gone by then.
        contract_key: Of a device that is to answer for nobody there.
    """

    what: RequestKind
    subject: str
    provider: str = ""
    remote: str = ""
    contract_key: str = ""


_SOON: Final = (1.0, 2.0, 5.0, 15.0, 60.0, 300.0, 1_800.0)
_USUAL: Final = tuple(delay.total_seconds() for delay in USUAL_DELAYS)


def signal_id(flow: Flow, id: str) -> str:
    """Name what a wait for a registration or transaction waits for."""
    return f"{flow}.{id}"


def group_of(subject: RegistrationCode | Transaction) -> Group:
    """Name who may listen to what becomes of it."""
    flow: Flow = "registration" if isinstance(subject, RegistrationCode) else "transaction"
    return Group(client=subject.client, flow=flow, subject=subject.id, user_id=subject.user_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Notifier:
    """Stages what follows, in the unit of what it follows from."""

    unit: UnitOfWork
    records: Records
    vault: Vault
    actor: Actor

    async def tell_of_code(self, code: RegistrationCode) -> str | None:
        """Stage what follows a device's word on a code; give the channel that has an event."""
        if code.instance is not None:
            if code.provider != EMBEDDED and code.status == "CONFIRMED":
                self.request(ProviderRequest(what="success", subject=code.id))
            await self._signal("registration", code.id, code.instance)
            event = _success(code) if code.status == "CONFIRMED" else MOVED
            return (await publish(self.unit, self.vault, group_of(code), event, self.actor.at)).id
        if code.status != "CONFIRMED":
            return None
        callbacks = await self.unit.get(CallbackAddresses, code.client)
        if callbacks is not None and callbacks.registration_url is not None:
            self._hand_over("registration", code.id, due_at=self.actor.at)
        else:  # whoever leaves no address agrees to each
            await self._agreed(code)
        return None

    async def _agreed(self, code: RegistrationCode) -> None:
        """Register it, or let it end where that cannot be."""
        if await contracts.register(self.unit, self.records, self.actor, code) is None:
            codes.refuse(self.unit, self.actor, code)

    async def tell_of_decision(self, decided: Transaction) -> str | None:
        """Stage what follows a device's decision; give the channel that has an event."""
        if decided.instance is not None:
            await self._signal("transaction", decided.id, decided.instance)
            event = _decided(decided)
            group = group_of(decided)
            return (await publish(self.unit, self.vault, group, event, self.actor.at)).id
        callbacks = await self.unit.get(CallbackAddresses, decided.client)
        if callbacks is not None and callbacks.transaction_url is not None:
            self._hand_over("decision", decided.id, due_at=self.actor.at)
        return None

    async def watch_expiry(self, asked: Transaction) -> None:
        """Stage that the application is called back when time has ended a transaction."""
        callbacks = await self.unit.get(CallbackAddresses, asked.client)
        if callbacks is not None and callbacks.transaction_url is not None:
            self._hand_over("expiry", asked.id, due_at=asked.ends_at)

    def _hand_over(self, what: CallbackKind, subject: str, *, due_at: datetime) -> None:
        """Stage a callback; each try of it has the same id."""
        self._row(APPLICATION_CALLBACK, {"what": what, "subject": subject}, due_at, _USUAL)

    def request(self, asked: ProviderRequest) -> None:
        """Stage what is asked of a provider; each try has the same id, so it is done once there."""
        # What is no more must not answer there either: nothing else ends it.
        delays = _USUAL if asked.what == "reset" else _SOON
        self._row(PROVIDER_REQUEST, msgspec.to_builtins(asked), self.actor.at, delays)

    def _row(
        self, label: str, handed: JsonObject, due_at: datetime, delays: tuple[float, ...]
    ) -> None:
        id = message_id(f"trustfactor/{handed['what']}/{handed['subject']}")
        sealing = Sealing(vault=self.vault, tenant=self.unit.tenant, id=id)
        row = errand(sealing, label, handed, at=self.actor.at, due_at=due_at, delays=delays)
        self.unit.put(row, Absent())

    async def _signal(self, flow: Flow, id: str, instance: InstanceId) -> None:
        name = signal_id(flow, id)
        if await self.unit.get(Signal, name) is None:
            at = self.actor.at
            signal = Signal(id=name, instance=instance, at=at, expires_at=at + SIGNAL_KEPT)
            self.unit.put(signal, Absent())


def _success(code: RegistrationCode) -> Event:
    confirmed = code.confirmation
    said: JsonObject = {
        "application_name": code.application,
        "user_display_name": code.user_name,
        "contract_key": confirmed.contract_key if confirmed else "",
        "device_key": confirmed.device_key if confirmed else "",
        "device_info": msgspec.to_builtins(confirmed.device) if confirmed else {},
    }
    return _event(group_of(code), "SUCCESS", said)


def _decided(transaction: Transaction) -> Event:
    said: JsonObject = {
        "application_name": transaction.application,
        "user_display_name": transaction.user_id,
        "contract_key": transaction.decided_by,
    }
    status: Status = "ACCEPTED" if transaction.status == "ACCEPTED" else "DECLINED"
    return _event(group_of(transaction), status, said)


def _event(group: Group, status: Status, said: JsonObject) -> Event:
    event = event_of(group, status, said, Flags(closes=True, stores=True))
    assert isinstance(event, Event)  # noqa: S101 - all that RTAS asks for is there
    return event
