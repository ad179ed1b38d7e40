"""Registration codes for applications: made, drawn, looked at, cancelled."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from datetime import timedelta
from typing import Annotated, Any, Final

from msgspec import Meta, Struct

from engine.realtime.trustfactor import codes, qr_code
from engine.realtime.trustfactor.paths import CODES
from engine.realtime.trustfactor.values import Id, Name
from engine.records.trustfactor import RegistrationCode
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
from engine.web.links import registration_link

CODE: Final = f"{CODES}/{{uniqueId}}"
USUAL_SIZE: Final = 200
Size = Annotated[
    int, Meta(ge=qr_code.SMALLEST, le=qr_code.LARGEST, description="Pixels of the picture's edge.")
]
Expiry = Annotated[int, Meta(description="Unix seconds.")]


class NewCode(SentToTrustFactor, kw_only=True, frozen=True):
    """For whom a device is to be registered."""

    user_id: Id
    user_name: Name
    application_name: Name
    expires_in_seconds: Length = int(codes.LIFE.total_seconds())
    qr_code_size: Size = USUAL_SIZE


class Drawn(SentToTrustFactor, kw_only=True, frozen=True):
    """How large the square code is wanted."""

    size: Size = USUAL_SIZE


class CodeShown(Struct, kw_only=True, frozen=True):
    """A code and what has become of it.

    Attributes:
        status: CREATED, SCANNED, CONFIRMED (by the device), REGISTERED (the application has agreed,
            too), REJECTED, SCANNED_TWICE (by two devices), CANCELLED, EXPIRED.
        qr_code: A PNG in base64.
        contract_key: Once a device has confirmed.
    """

    unique_id: str
    expires_at: Expiry
    status: str
    payload: str
    deeplink_url: str
    qr_code: str
    contract_key: str | None


async def create_code(call: Call[NewCode, Nothing]) -> Answered | Stopped:
    """Make a code."""
    asked = call.body
    wanted = codes.Wanted(
        client=call.application.client.id,
        application=asked.application_name,
        user_id=asked.user_id,
        user_name=asked.user_name,
        life=timedelta(seconds=asked.expires_in_seconds),
    )
    made = codes.create(call.unit, call.actor, wanted)
    return invalid(made) if isinstance(made, tuple) else _answered(call, made, asked.qr_code_size)


async def read_code(call: Call[Nothing, Drawn]) -> Answered | Stopped:
    """Tell what has become of a code, and draw it."""
    code = await _own(call)
    return MISSING if code is None else _answered(call, code, call.query.size)


async def cancel_code(call: Call[Nothing, Nothing]) -> Answered | Stopped:
    """Let nothing come of a code."""
    code = await _own(call)
    if code is None:
        return MISSING
    if code.status == "CANCELLED" or codes.cancel(call.unit, call.actor, code) is not None:
        return Answered()
    status = codes.status_at(code, call.actor.at)
    return exists("status", f"it is {status}: nothing is left to be cancelled")


async def _own(call: Call[Any, Any]) -> RegistrationCode | None:
    code = await call.unit.get(RegistrationCode, call.path["uniqueId"])
    return code if code is not None and code.client == call.application.client.id else None


def _answered(call: Call[Any, Any], code: RegistrationCode, size: int) -> Answered | Stopped:
    web = call.ask.web
    payload = codes.payload_of(web.journeys.vault, call.tenant, code)
    link = registration_link(web.config.origin, payload)
    picture = qr_code.png(link, size)
    if picture is None:
        return exists("size", "the code does not fit into so few pixels; ask for more")
    shown = CodeShown(
        unique_id=code.id,
        expires_at=int(code.ends_at.timestamp()),
        status=codes.status_at(code, call.actor.at),
        payload=payload,
        deeplink_url=link,
        qr_code=base64.b64encode(picture).decode(),
        contract_key=None if code.confirmation is None else code.confirmation.contract_key,
    )
    return Answered(body=shown)


OPERATIONS: Final[Sequence[Operation[Any, Any]]] = (
    Operation(
        name="RegisterCodeV2", method="POST", path=CODES, needs="application",
        security=("application",), summary="Make a code that one device is registered with",
        description="Whoever scans it may be anybody: it is the application that agrees.",
        answer=create_code, makes=True, status=201,
        example={"user_id": "john.doe", "user_name": "John Doe", "application_name": "Bank"},
        links={"GetRegisterCode": {"uniqueId": "$response.body#/unique_id"}},
        body=NewCode, query=Nothing, result=CodeShown,
    ),
    Operation(
        name="GetRegisterCode", method="GET", path=CODE, needs="application",
        security=("application",), summary="Tell what has become of a code, and draw it",
        answer=read_code, body=Nothing, query=Drawn, result=CodeShown,
        others={409: "It does not fit into a picture of this size."},
    ),
    Operation(
        name="CancelRegisterCode", method="DELETE", path=CODE, needs="application",
        security=("application",), summary="Let nothing come of a code", answer=cancel_code,
        others={409: "Something has come of it already, or it is over."},
        body=Nothing, query=Nothing, status=204,
    ),
)  # fmt: skip
