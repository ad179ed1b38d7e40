"""End-user tokens: who may listen to one registration or transaction."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, cast

from msgspec import Struct

from engine.model.problem import Problems
from engine.realtime.channels import Flow, Group
from engine.realtime.events import subject_of
from engine.realtime.tokens import issue
from engine.web.api.frame.operation import Answered, Call, Nothing, Operation, Stopped, invalid
from engine.web.api.rtas.operations import group_of, ids_of, operation
from engine.web.api.rtas.values import Id, SentToRtas, Token


class RegistrationTokenWanted(SentToRtas, kw_only=True, frozen=True):
    """Whose registration is to be listened to; the id may be spelt in three ways.

    Attributes:
        unique_id: Of the registration code, as TrustFactor has given it.
    """

    user_id: Id
    unique_id: Id | None = None
    registration_code_unique_id: Id | None = None
    register_code_unique_id: Id | None = None


class RegistrationTokenWantedOnce(SentToRtas, kw_only=True, frozen=True):
    """Whose registration is to be listened to, in the way of version 1: by a moment."""

    user_id: Id


class TimedToken(Struct, kw_only=True, frozen=True):
    """A token, and the moment that names its registration in callbacks."""

    token: str
    timestamp: str


class TransactionTokenWanted(SentToRtas, kw_only=True, frozen=True):
    """Whose transaction is to be listened to."""

    user_id: Id
    transaction_id: Id


async def registration_token(call: Call[RegistrationTokenWanted, Nothing]) -> Answered | Stopped:
    """Sign a token for one registration."""
    subject = subject_of(ids_of(call.body))
    return await _token(call, "registration", subject, call.body.user_id)


async def registration_token_once(
    call: Call[RegistrationTokenWantedOnce, Nothing],
) -> Answered | Stopped:
    """Sign a token for whatever is told with the moment that is answered."""
    moment = str(int(call.actor.at.timestamp() * 1_000_000))
    found = await _token(call, "registration", moment, call.body.user_id)
    if isinstance(found, Stopped):
        return found
    token = cast("Token", found.body).token
    return Answered(body=TimedToken(token=token, timestamp=moment))


async def transaction_token(call: Call[TransactionTokenWanted, Nothing]) -> Answered | Stopped:
    """Sign a token for one transaction."""
    return await _token(call, "transaction", call.body.transaction_id, call.body.user_id)


async def _token(
    call: Call[Any, Nothing], flow: Flow, subject: str | Problems, user_id: str
) -> Answered | Stopped:
    group = group_of(call, flow, subject, user_id)
    if not isinstance(group, Group):
        return invalid(group)
    client = call.application.client
    token = await issue(call.unit, call.ask.web.issuer, client, group, call.actor.at)
    return Answered(body=Token(token=token))


OPERATIONS: Final[Sequence[Operation[Any, Any]]] = (
    operation(
        "RegistrationEndUserTokenV2", "/v2/end-user/registration/token",
        "Make a token for whoever listens to one registration",
        answer=registration_token, body=RegistrationTokenWanted, result=Token,
        example={"user_id": "john.doe", "unique_id": "7c0e"},
    ),
    operation(
        "RegistrationEndUserToken", "/v1/end-user/registration/token",
        "Make a token for whoever listens to a registration that has no id yet",
        description="Callbacks name it by the `timestamp` that is answered.",
        answer=registration_token_once, body=RegistrationTokenWantedOnce, result=TimedToken,
        example={"user_id": "john.doe"},
    ),
    operation(
        "TransactionEndUserToken", "/v1/end-user/transaction/token",
        "Make a token for whoever listens to one transaction",
        answer=transaction_token, body=TransactionTokenWanted, result=Token,
        example={"user_id": "john.doe", "transaction_id": "t-1"},
    ),
)  # fmt: skip
