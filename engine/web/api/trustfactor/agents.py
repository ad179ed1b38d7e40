"""What agents ask on devices: nothing opens these ways in but signatures by the device's keys."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final, Literal

from msgspec import Struct
from starlette.responses import Response

from engine.access.naming import tenant_of
from engine.model.names import TenantId
from engine.realtime.trustfactor import codes, contracts, transactions
from engine.realtime.trustfactor.paths import AGENT, TRUSTFACTOR
from engine.realtime.trustfactor.signed_texts import decision_text
from engine.realtime.trustfactor.values import Id, Key, Word
from engine.records.trustfactor import Confirmation, Contract, RegistrationCode, Transaction
from engine.run.trustfactor.device_answers import Outcome, is_awaited
from engine.run.unit import Unit
from engine.web.api.frame.operation import Described, Nothing
from engine.web.api.trustfactor.signed import (
    AgentCall,
    Done,
    Found,
    Signed,
    Work,
    answering,
)
from engine.web.api.trustfactor.values import (
    WRONG_DEVICE_PREFIX,
    Device,
    SentToTrustFactor,
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
        signature: By the contract's key, over the lines `trustfactor`, `1`, `decision`, tenant,
            transaction, digest, decision and contract key: it is kept, and can be verified later.
    """

    transaction_id: Id
    decision: Literal["ACCEPT", "DECLINE"]
    digest: str
    signature: Word


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


async def _code(
    call: AgentCall, *, contract: str | None = None
) -> tuple[Unit, RegistrationCode] | Response:
    """Find the code of a payload, in the unit that what follows is written with.

    The device's key has signed, and the contract's where one is named.
    """
    journeys = call.ask.web.journeys
    found = await codes.read_payload(journeys.offices.store, journeys.vault, call.body.payload)
    if found is None:
        return call.stranger("unknown")
    keys = {} if contract is None else {"contract": contract}
    refusal = call.refusal(device=call.body.device_key, **keys)
    return (call.unit(found[0]), found[1]) if refusal is None else refusal


async def scan(call: AgentCall) -> Found:
    """Take a code: from now on it is this device's alone."""
    found = await _code(call)
    if isinstance(found, Response):
        return found
    unit, code = found
    outcome = await call.answers(unit, code.id).scan(code, call.body.device_key)
    return _registration(call, unit, outcome)


async def confirm(call: AgentCall) -> Found:
    """Take the device's word that it shall be registered; said again it tells how far that is."""
    body = call.body
    found = await _code(call, contract=body.contract_key)
    if isinstance(found, Response):
        return found
    unit, code = found
    confirmation = Confirmation(
        contract_key=body.contract_key,
        device_key=body.device_key,
        device=body.device_info.info,
        address=call.ask.source,
        location=body.device_location,
        at=call.at,
    )
    return _registration(call, unit, await call.answers(unit, code.id).confirm(code, confirmation))


async def reject(call: AgentCall) -> Found:
    """Take the person's word that this is not for them."""
    found = await _code(call)
    if isinstance(found, Response):
        return found
    unit, code = found
    outcome = await call.answers(unit, code.id).reject(code, call.body.device_key)
    return _registration(call, unit, outcome)


async def list_transactions(call: AgentCall) -> Found:
    """List what the device is asked."""
    found = await _contract(call)
    if isinstance(found, Response):
        return found
    unit, contract = found
    store = call.ask.web.journeys.offices.store
    rows = await transactions.open_for(store, unit.tenant, contract, call.at)
    asked = [_asked(call, row) for row in rows if await is_awaited(unit, store, row)]
    return Done(unit=unit, body=Questions(transactions=asked))


async def decide(call: AgentCall) -> Found:
    """Take a decision on what the person has read."""
    found = await _contract(call)
    if isinstance(found, Response):
        return found
    (unit, contract), body = found, call.body
    transaction = await unit.get(Transaction, body.transaction_id)
    if transaction is None or contract.contract_key not in transaction.contracts:
        return call.refused("transaction_id", "not theirs")
    refusal = _unsaid(call, unit.tenant, transaction)
    if refusal is not None:
        return refusal
    answer = transactions.Answer(
        decision="ACCEPTED" if body.decision == "ACCEPT" else "DECLINED",
        contract_key=body.contract_key,
        signature=body.signature,
    )
    answers = call.answers(unit, contract.id)
    outcome = await answers.decide(transaction, answer, contract=contract)
    return Done(
        unit=unit,
        body=Decided(status=outcome.subject.status),
        channel=outcome.channel,
        refusal=_refused(call, "transaction_id", outcome),
    )


def _unsaid(call: AgentCall, tenant: TenantId, transaction: Transaction) -> Response | None:
    """Refuse a decision on another text, and one that nobody could verify later."""
    body = call.body
    if body.digest != _asked(call, transaction).digest:
        return call.refused("digest", "other text")
    said = decision_text(tenant, transaction.id, body.digest, body.decision, body.contract_key)
    keys = call.ask.web.journeys.offices.device_keys
    is_signed = keys.verify(body.contract_key, body.signature, said)
    return None if is_signed else call.stranger("signature")


async def remove_device(call: AgentCall) -> Found:
    """Reset the contract that a wrong-device token is for."""
    token = call.body.token
    unit = call.unit(tenant_of(token, WRONG_DEVICE_PREFIX))
    gone = await contracts.remove_wrong_device(unit, call.actor("wrong-device"), token)
    return call.stranger("unknown") if gone is None else Done(unit=unit)


async def _contract(call: AgentCall) -> tuple[Unit, Contract] | Response:
    """Find the contract whose key has signed; one that is gone is told so, and is no guess."""
    body = call.body
    refusal = call.refusal(contract=body.contract_key)
    if refusal is not None:
        return refusal
    unit = call.unit(TenantId(body.tenant))
    contract = await unit.find(Contract, "contract_key", body.contract_key)
    if contract is None or contract.status == "RESET":
        return call.refused("contract_key", "removed")
    return unit, contract


def _registration(call: AgentCall, unit: Unit, outcome: Outcome[RegistrationCode]) -> Done:
    code = outcome.subject
    shown = Registration(
        tenant=unit.tenant,
        unique_id=code.id,
        application_name=code.application,
        user_name=code.user_name,
        expires_at=int(code.ends_at.timestamp()),
        status=codes.status_at(code, call.at),
    )
    field = "contract_key" if outcome.refused in ("taken", "one key") else "payload"
    refusal = _refused(call, field, outcome)
    return Done(unit=unit, body=shown, channel=outcome.channel, refusal=refusal)


def _refused(
    call: AgentCall, field: str, outcome: Outcome[RegistrationCode] | Outcome[Transaction]
) -> Response | None:
    return None if outcome.refused is None else call.refused(field, outcome.refused)


def _asked(call: AgentCall, transaction: Transaction) -> Asked:
    display = transactions.display_of(call.ask.web.journeys.vault, transaction)
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
    row = Described(name=name, method="POST", path=path, query=Nothing, others=_OTHERS, **facts)
    return row, answering(row, work)


Answering = Callable[[Ask], Awaitable[Response]]
AGENTS: Final[Sequence[tuple[Described, Answering]]] = (
    _row(
        "AgentScan", f"{AGENT}/scan", scan, summary="Take a code that was scanned",
        description="A second device that scans it ends it.",
        body=Scan, result=Registration, example=_SCANNED,
    ),
    _row(
        "AgentConfirm", f"{AGENT}/confirm", confirm, summary="Let a device be registered",
        description="Said again it tells how far that is.",
        body=Confirm, result=Registration,
        example={**_SCANNED, "contract_key": _KEY, "device_info": _DEVICE},
    ),
    _row(
        "AgentReject", f"{AGENT}/reject", reject, summary="Let a device not be registered",
        body=Scan, result=Registration, example=_SCANNED,
    ),
    _row(
        "AgentTransactions", f"{AGENT}/transactions", list_transactions,
        summary="List what a device is asked", body=AskFor, result=Questions, example=_ASKING,
    ),
    _row(
        "AgentDecide", f"{AGENT}/decide", decide, summary="Accept or decline a transaction",
        body=Decide, result=Decided,
        example={**_ASKING, "transaction_id": "t-1", "decision": "ACCEPT", "digest": "9f86d0",
                 "signature": "c2lnbmVk"},
    ),
    _row(
        "RemoveWrongDevice", f"{TRUSTFACTOR}/v1/wrong-device", remove_device,
        summary="Remove a device that is not its user's", body=RemoveDevice, result=None,
        status=204, example={"token": "wd_..."},
    ),
)  # fmt: skip
"""Rows of the document, and what answers each."""
