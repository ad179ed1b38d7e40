"""What agents ask on devices: nothing opens these ways in but signatures by the device's keys."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Final, Literal

from msgspec import Struct
from starlette.responses import Response

from engine.access.naming import tenant_of
from engine.errors import Busy
from engine.model.names import TenantId
from engine.ports.store import Committed
from engine.realtime.trustfactor import codes, contracts, transactions
from engine.records.trustfactor import Confirmation, Contract, RegistrationCode, Transaction
from engine.run.trustfactor.telling import Teller
from engine.run.unit import Unit
from engine.web.answers import api_error
from engine.web.api.frame.operation import Described, Nothing
from engine.web.api.trustfactor.signed import (
    BY_CONTRACT,
    BY_DEVICE,
    Done,
    Found,
    Heard,
    Signed,
    Work,
    door_of,
    refused,
    stranger,
)
from engine.web.api.trustfactor.values import (
    TRUSTFACTOR,
    WRONG_DEVICE_PREFIX,
    Device,
    Id,
    Key,
    SentToTrustFactor,
    Word,
)
from engine.web.request import Ask

Payload = Id


class Scan(Signed, kw_only=True, frozen=True):
    """A code that was scanned; signed with the device's key."""

    payload: Payload
    device_key: Key


class Confirm(Signed, kw_only=True, frozen=True):
    """That a device shall be registered; signed with both keys."""

    payload: Payload
    contract_key: Key
    device_key: Key
    device_info: Device
    device_location: Word | None = None


class AskFor(Signed, kw_only=True, frozen=True):
    """What a device is asked now; signed with the contract's key."""

    tenant: Id
    contract_key: Key


class Decide(AskFor, kw_only=True, frozen=True):
    """What was decided; signed with the contract's key.

    Attributes:
        digest: Of what the person has read, as it was listed: they decide on nothing else.
    """

    transaction_id: Id
    decision: Literal["ACCEPT", "DECLINE"]
    digest: str


class RemoveDevice(SentToTrustFactor, kw_only=True, frozen=True):
    """A wrong-device token: whoever has it needs no signature."""

    token: Id


class Registration(Struct, kw_only=True, frozen=True):
    """What a device is being registered for, and how far that is."""

    tenant: str
    unique_id: str
    application_name: str
    user_name: str
    expires_at: int
    status: str


class Asked(Struct, kw_only=True, frozen=True):
    """One transaction as the device shows it."""

    transaction_id: str
    application_name: str
    action: str
    message: str
    parameters: dict[str, str]
    expires_at: int
    digest: str


class Questions(Struct, kw_only=True, frozen=True):
    """What a device may decide now, the oldest first."""

    transactions: list[Asked]


class Decided(Struct, kw_only=True, frozen=True):
    """What became of a transaction."""

    status: str


async def _code(heard: Heard) -> tuple[Unit, RegistrationCode] | None:
    """Find the code of a payload, in the unit that what follows is written with."""
    journeys = heard.ask.web.journeys
    found = await codes.read_payload(journeys.offices.store, journeys.vault, heard.body.payload)
    return None if found is None else (heard.unit(found[0]), found[1])


async def scan(heard: Heard) -> Found:
    """Take a code: from now on it is this device's alone."""
    found = await _code(heard)
    if found is None:
        return stranger(heard, "unknown")
    unit, code = found
    if not heard.is_signed(BY_DEVICE, heard.body.device_key):
        return stranger(heard, "signature")
    changed = codes.scan(unit, heard.actor(code.id), code, heard.body.device_key)
    if isinstance(changed, str):
        return refused(heard, "payload", changed)
    if changed.status == "SCANNED_TWICE":
        return await _told_twice(heard, unit, changed)
    return _registration(unit, changed, heard.at)


async def _told_twice(heard: Heard, unit: Unit, code: RegistrationCode) -> Response:
    """Write that a second device has come, and send it away."""
    offices = heard.ask.web.journeys.offices
    channel = await _teller(heard, unit, code.id).registration(code)
    if not isinstance(await offices.store.write(unit.tenant, unit.staged()), Committed):
        raise Busy(retry_after=1)
    if channel is not None:
        heard.ask.web.hub.hint(unit.tenant, channel)
    return refused(heard, "payload", "twice")


async def confirm(heard: Heard) -> Found:
    """Take the device's word that it shall be registered; said again it tells how far that is."""
    found = await _code(heard)
    if found is None:
        return stranger(heard, "unknown")
    (unit, code), body = found, heard.body
    is_device = heard.is_signed(BY_DEVICE, body.device_key)
    if not is_device or not heard.is_signed(BY_CONTRACT, body.contract_key):
        return stranger(heard, "signature")
    held = await unit.find(Contract, "contract_key", body.contract_key)
    if held is not None and held.code != code.id:
        return refused(heard, "contract_key", "this key is registered already; make another")
    confirmation = Confirmation(
        contract_key=body.contract_key,
        device_key=body.device_key,
        device=body.device_info.info,
        address=heard.ask.source,
        location=body.device_location,
        at=heard.at,
    )
    changed = codes.confirm(unit, heard.actor(code.id), code, confirmation)
    if isinstance(changed, str):
        return refused(heard, "payload", changed)
    if changed.version == code.version:  # it was said before
        return _registration(unit, changed, heard.at)
    channel = await _teller(heard, unit, code.id).registration(changed)
    latest = await unit.get(RegistrationCode, code.id) or changed
    return replace(_registration(unit, latest, heard.at), channel=channel)


async def reject(heard: Heard) -> Found:
    """Take the person's word that this is not for them."""
    found = await _code(heard)
    if found is None:
        return stranger(heard, "unknown")
    unit, code = found
    if not heard.is_signed(BY_DEVICE, heard.body.device_key):
        return stranger(heard, "signature")
    changed = codes.reject(unit, heard.actor(code.id), code, heard.body.device_key)
    if isinstance(changed, str):
        return refused(heard, "payload", changed)
    if changed.version == code.version:
        return _registration(unit, changed, heard.at)
    channel = await _teller(heard, unit, code.id).registration(changed)
    return replace(_registration(unit, changed, heard.at), channel=channel)


async def list_transactions(heard: Heard) -> Found:
    """List what the device is asked."""
    contract = await _contract(heard)
    if isinstance(contract, Response):
        return contract
    journeys = heard.ask.web.journeys
    tenant = heard.ask.tenant
    found = await transactions.open_for(journeys.offices.store, tenant, contract, heard.at)
    return Done(
        unit=heard.unit(tenant), body=Questions(transactions=[_asked(heard, one) for one in found])
    )


async def decide(heard: Heard) -> Found:
    """Take a decision on what the person has read."""
    contract = await _contract(heard)
    if isinstance(contract, Response):
        return contract
    body, unit = heard.body, heard.unit(heard.ask.tenant)
    transaction = await unit.get(Transaction, body.transaction_id)
    if transaction is None or contract.contract_key not in transaction.contracts:
        return api_error(heard.ask, "missing")
    if body.digest != _asked(heard, transaction).digest:
        return refused(heard, "digest", "this is not what is asked; list it again")
    decision: transactions.Decision = "ACCEPTED" if body.decision == "ACCEPT" else "DECLINED"
    signature = heard.ask.request.headers[BY_CONTRACT]
    actor = heard.actor(contract.id)
    changed = transactions.decide(unit, actor, transaction, contract, decision, signature)
    if isinstance(changed, str):
        return refused(heard, "transaction_id", changed)
    channel = None
    if changed.version != transaction.version:
        channel = await _teller(heard, unit, contract.id).transaction(changed)
    return Done(unit=unit, body=Decided(status=changed.status), channel=channel)


async def remove_device(heard: Heard) -> Found:
    """Reset the contract that a wrong-device token is for."""
    token = heard.body.token
    unit = heard.unit(tenant_of(token, WRONG_DEVICE_PREFIX))
    gone = await contracts.remove_wrong_device(unit, heard.actor("wrong-device"), token)
    return stranger(heard, "unknown") if gone is None else Done(unit=unit)


async def _contract(heard: Heard) -> Contract | Response:
    """Find the contract whose key has signed; a reset one is told so."""
    body = heard.body
    unit = heard.unit(TenantId(body.tenant))
    if not heard.is_signed(BY_CONTRACT, body.contract_key):
        return stranger(heard, "signature")
    contract = await unit.find(Contract, "contract_key", body.contract_key)
    if contract is None:
        return stranger(heard, "signature")
    if contract.status == "RESET":
        return refused(heard, "contract_key", "this device was removed; register it again")
    return contract


def _teller(heard: Heard, unit: Unit, name: str) -> Teller:
    return Teller(unit=unit, vault=heard.ask.web.journeys.vault, actor=heard.actor(name))


def _registration(unit: Unit, code: RegistrationCode, at: datetime) -> Done:
    shown = Registration(
        tenant=unit.tenant,
        unique_id=code.id,
        application_name=code.application,
        user_name=code.user_name,
        expires_at=int(code.ends_at.timestamp()),
        status=codes.status_at(code, at),
    )
    return Done(unit=unit, body=shown)


def _asked(heard: Heard, transaction: Transaction) -> Asked:
    display = transactions.display_of(heard.ask.web.journeys.vault, transaction)
    return Asked(
        transaction_id=transaction.id,
        application_name=transaction.application,
        action=display.action,
        message=display.message,
        parameters=display.parameters,
        expires_at=int(transaction.ends_at.timestamp()),
        digest=transactions.digest_of(transaction.id, transaction.application, display),
    )


_KEY: Final = "7D/Iw9i3NdYLbHfw0UsVk3LcJo8PpQXoOPIRBhvF4Bk="
_SCANNED: Final = {"payload": "v2.main.01J...", "device_key": _KEY, "at": 1_678_104_748}
_DEVICE: Final = {
    "name": "Virtual Agent #1", "manufacturer": "trustflow", "device_model": "agent",
    "operating_system": "Linux", "os_version": "6.1",
}  # fmt: skip
_ASKING: Final = {"tenant": "main", "contract_key": _KEY, "at": 1_678_104_748}
_OTHERS: Final = {404: "It is not known here.", 409: "It stands otherwise.", 410: "It is over."}


def _row(name: str, path: str, work: Work, **facts: Any) -> tuple[Described, Answering]:
    row = Described(
        name=name, method="POST", path=f"{TRUSTFACTOR}/v1/{path}", query=Nothing, others=_OTHERS,
        **facts,
    )  # fmt: skip
    return row, door_of(row, work)


Answering = Callable[[Ask], Awaitable[Response]]
AGENTS: Final[Sequence[tuple[Described, Answering]]] = (
    _row(
        "AgentScan", "agent/scan", scan, summary="Take a code that was scanned",
        description="A second device that scans it ends it.",
        body=Scan, result=Registration, example=_SCANNED,
    ),
    _row(
        "AgentConfirm", "agent/confirm", confirm, summary="Let a device be registered",
        description="Said again it tells how far that is.",
        body=Confirm, result=Registration,
        example={**_SCANNED, "contract_key": _KEY, "device_info": _DEVICE},
    ),
    _row(
        "AgentReject", "agent/reject", reject, summary="Let a device not be registered",
        body=Scan, result=Registration, example=_SCANNED,
    ),
    _row(
        "AgentTransactions", "agent/transactions", list_transactions,
        summary="List what a device is asked", body=AskFor, result=Questions, example=_ASKING,
    ),
    _row(
        "AgentDecide", "agent/decide", decide, summary="Accept or decline a transaction",
        body=Decide, result=Decided,
        example={**_ASKING, "transaction_id": "t-1", "decision": "ACCEPT", "digest": "9f86d0"},
    ),
    _row(
        "RemoveWrongDevice", "wrong-device", remove_device,
        summary="Remove a device that is not its user's", body=RemoveDevice, result=None,
        status=204, example={"token": "wd_..."},
    ),
)  # fmt: skip
"""Rows of the document, and what answers each."""
