"""Transactions for applications: asked for, looked at, cancelled."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Annotated, Any, Final

from msgspec import Meta, Struct
from msgspec.structs import replace

from engine.model.problem import Problems, wrong
from engine.realtime.trustfactor import transactions
from engine.realtime.trustfactor.contracts import MOST_DEVICES
from engine.realtime.trustfactor.paths import TRANSACTIONS
from engine.realtime.trustfactor.values import Id, Key, Name
from engine.records.trustfactor import Transaction
from engine.run.trustfactor.notifier import Notifier
from engine.web.api.frame.operation import (
    MISSING,
    Answered,
    Call,
    Nothing,
    Operation,
    Stopped,
    exists,
    invalid,
)
from engine.web.api.trustfactor.values import Length, SentToTrustFactor
from engine.web.links import transaction_link

TRANSACTION: Final = f"{TRANSACTIONS}/{{transactionId}}"
Message = Annotated[str, Meta(min_length=1, max_length=transactions.LONGEST_MESSAGE)]
Action = Annotated[str, Meta(min_length=1, max_length=transactions.LONGEST_ACTION)]
Keys = Annotated[list[Key], Meta(min_length=1, max_length=MOST_DEVICES)]
Value = Annotated[str, Meta(max_length=transactions.LONGEST_VALUE)]


class NewTransaction(SentToTrustFactor, kw_only=True, frozen=True):
    """What a user shall accept or decline on a device.

    Attributes:
        contract_keys: The user's devices that may answer; without it each of them.
        contract_key: The one that may; in place of `contract_keys`.
        parameters: Name -> text, shown below the message.
    """

    user_id: Id
    application_name: Name
    action: Action
    message: Message
    parameters: Annotated[dict[str, Value], Meta(max_length=transactions.MOST_PARAMETERS)] = {}
    contract_keys: Keys | None = None
    contract_key: Key | None = None
    expires_in_seconds: Length = int(transactions.LIFE.total_seconds())


class TransactionShown(Struct, kw_only=True, frozen=True):
    """A transaction and what has become of it.

    Attributes:
        status: PENDING, ACCEPTED, DECLINED, EXPIRED or CANCELLED.
        contract_key: Which device has decided; before that the one that was registered last.
        digest: Of what is shown.
        signature: By that device, over its decision: see AgentDecide.
        decided_at: Unix seconds; None: nobody has.
    """

    transaction_id: str
    expires_at: int
    status: str
    deeplink_url: str
    contract_key: str
    digest: str
    signature: str | None
    decided_at: int | None


async def create_transaction(call: Call[NewTransaction, Nothing]) -> Answered | Stopped:
    """Ask a user's devices."""
    asked, vault = call.body, call.ask.web.journeys.vault
    if asked.contract_key is not None and asked.contract_keys is not None:
        return invalid((wrong("contract_key", "name devices here or in contract_keys, not both"),))
    one = None if asked.contract_key is None else [asked.contract_key]
    wanted = transactions.Wanted(
        client=call.application.client.id,
        application=asked.application_name,
        user_id=asked.user_id,
        display=transactions.Display(
            action=asked.action, message=asked.message, parameters=asked.parameters
        ),
        contract_keys=asked.contract_keys or one,
        life=timedelta(seconds=asked.expires_in_seconds),
    )
    made = await transactions.create(call.unit, call.offices.store, vault, call.actor, wanted)
    if made is None:
        told = {"field": "user_id", "message": "no registered device fits; register one first"}
        return Stopped(kind="missing", details=[told])
    if isinstance(made, tuple):
        return invalid(made if one is None else _of_one(made))
    notifier = Notifier(unit=call.unit, records=call.offices.store, vault=vault, actor=call.actor)
    await notifier.watch_expiry(made)
    return _answered(call, made)


def _of_one(problems: Problems) -> Problems:
    """Name the field that was sent, where one device was named and not a list."""
    return tuple(
        replace(found, field="contract_key") if found.field == "contract_keys" else found
        for found in problems
    )


async def read_transaction(call: Call[Nothing, Nothing]) -> Answered | Stopped:
    """Tell what has become of a transaction."""
    found = await _own(call)
    return MISSING if found is None else _answered(call, found)


async def cancel_transaction(call: Call[Nothing, Nothing]) -> Answered | Stopped:
    """Let nobody decide any more."""
    found = await _own(call)
    if found is None:
        return MISSING
    is_done = transactions.cancel(call.unit, call.actor, found) is not None
    if is_done or found.status == "CANCELLED":
        return Answered()
    status = transactions.status_at(found, call.actor.at)
    return exists("status", f"it is {status}: nothing is left to be cancelled")


async def _own(call: Call[Any, Any]) -> Transaction | None:
    found = await call.unit.get(Transaction, call.path["transactionId"])
    return found if found is not None and found.client == call.application.client.id else None


def _answered(call: Call[Any, Any], found: Transaction) -> Answered:
    display = transactions.display_of(call.ask.web.journeys.vault, found)
    shown = TransactionShown(
        transaction_id=found.id,
        expires_at=int(found.ends_at.timestamp()),
        status=transactions.status_at(found, call.actor.at),
        deeplink_url=transaction_link(call.ask.web.config.origin, call.tenant, found.id),
        contract_key=found.decided_by or found.contracts[0],
        digest=transactions.digest_of(found.id, found.application, display),
        signature=found.signature,
        decided_at=None if found.decided_at is None else int(found.decided_at.timestamp()),
    )
    return Answered(body=shown)


OPERATIONS: Final[Sequence[Operation[Any, Any]]] = (
    Operation(
        name="CreateTransaction", method="POST", path=TRANSACTIONS, needs="application",
        security=("application",), summary="Ask a user's devices to accept or decline",
        answer=create_transaction, makes=True, status=201,
        example={
            "user_id": "john.doe", "application_name": "Bank", "action": "Transfer",
            "message": "Send 250 euros to Ana?", "parameters": {"Amount": "250.00 EUR"},
        },
        others={404: "No registered device of this user fits."},
        links={"GetTransaction": {"transactionId": "$response.body#/transaction_id"}},
        body=NewTransaction, query=Nothing, result=TransactionShown,
    ),
    Operation(
        name="GetTransaction", method="GET", path=TRANSACTION, needs="application",
        security=("application",), summary="Tell what has become of a transaction",
        answer=read_transaction, body=Nothing, query=Nothing, result=TransactionShown,
    ),
    Operation(
        name="CancelTransaction", method="DELETE", path=TRANSACTION, needs="application",
        security=("application",), summary="Let nobody decide any more",
        answer=cancel_transaction, others={409: "It was decided already, or is over."},
        body=Nothing, query=Nothing, status=204,
    ),
)  # fmt: skip
