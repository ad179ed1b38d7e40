"""End-user tokens and callbacks: who may listen, and what they are told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final, cast

import msgspec
from msgspec import Meta, Struct

from engine.model.names import JsonObject
from engine.model.problem import Problems
from engine.realtime.callbacks import (
    SUBJECT_NAMES,
    Flags,
    event_of,
    group_problems,
    status_of,
    subject_of,
)
from engine.realtime.channels import Event, Flow, Group, publish
from engine.realtime.tokens import issue
from engine.web.api.frame.operation import (
    Answered,
    Call,
    Nothing,
    Operation,
    Stopped,
    invalid,
)
from engine.web.api.rtas.values import RTAS, SentToRtas, Token

CALLBACK_BYTES: Final = 512 * 1024
"""A callback holds a picture."""
Id = Annotated[str, Meta(min_length=1, max_length=128)]
Text = Annotated[str, Meta(max_length=500)]
Link = Annotated[str, Meta(max_length=4_000)]
Picture = Annotated[str, Meta(max_length=400_000, description="A PNG in base64, without `data:`.")]
Seconds = Annotated[int, Meta(ge=0, le=253_402_300_799, description="Unix seconds.")]
Minutes = Annotated[int, Meta(ge=1, le=1440)]
Anything = Annotated[Any, Meta(description="Any JSON; it is passed on as it is.")]


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


class DeviceInfo(SentToRtas, kw_only=True, frozen=True):
    """The device as TrustFactor tells of it."""

    name: Text
    manufacturer: Text
    device_model: Text
    operating_system: Text
    os_version: Text
    marketing_name: Text | None = None


class Callback(SentToRtas, kw_only=True, frozen=True):
    """What callbacks of both flows share.

    Attributes:
        close_connection_on_receive: Who has received it is sent away for good.
        store_in_cache: It is told to whoever comes later, too, until the next one.
        cache_expires_after_minutes: How long.
    """

    status: Annotated[str, Meta(min_length=1, max_length=60)]
    user_id: Id
    user_display_name: Text | None = None
    application_name: Text | None = None
    deeplink_url: Link | None = None
    contract_key: Text | None = None
    custom_data: Anything = None
    close_connection_on_receive: bool = False
    store_in_cache: bool = False
    cache_expires_after_minutes: Minutes = 15


class RegistrationCallback(Callback, kw_only=True, frozen=True):
    """What became of a registration; `status` says which fields are needed.

    `REGISTRATION_CREATED_V2`: application_name, user_display_name, qr_code, qr_code_expiration,
    deeplink_url. `REGISTRATION_SUCCESS_V2`: application_name, user_display_name, contract_key,
    device_key, device_info; wrong_device_token and custom_data may be there.

    Attributes:
        timestamp: In place of the id, for a token of version 1.
    """

    unique_id: Id | None = None
    registration_code_unique_id: Id | None = None
    register_code_unique_id: Id | None = None
    timestamp: Id | None = None
    qr_code: Picture | None = None
    qr_code_expiration: Seconds | None = None
    device_key: Text | None = None
    device_info: DeviceInfo | None = None
    wrong_device_token: Text | None = None


class TransactionCallback(Callback, kw_only=True, frozen=True):
    """What became of a transaction; `status` says which fields are needed.

    `TRANSACTION_CREATED`: application_name, user_display_name, contract_key, deeplink_url.
    `TRANSACTION_ACCEPTED`, `_DECLINED`, `_EXPIRED`: application_name, user_display_name.
    """

    transaction_id: Id
    transaction_expiration: Seconds | None = None


async def registration_token(call: Call[RegistrationTokenWanted, Nothing]) -> Answered | Stopped:
    """Sign a token for one registration."""
    subject = subject_of(_ids(call.body))
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


async def registration_callback(call: Call[RegistrationCallback, Nothing]) -> Answered | Stopped:
    """Tell what became of a registration."""
    ids = {**_ids(call.body), "timestamp": call.body.timestamp}
    return await _tell(call, "registration", subject_of(ids))


async def transaction_callback(call: Call[TransactionCallback, Nothing]) -> Answered | Stopped:
    """Tell what became of a transaction."""
    return await _tell(call, "transaction", call.body.transaction_id)


def _ids(body: RegistrationTokenWanted | RegistrationCallback) -> Mapping[str, str | None]:
    return {name: getattr(body, name) for name in SUBJECT_NAMES}


async def _token(
    call: Call[Any, Nothing], flow: Flow, subject: str | Problems, user_id: str
) -> Answered | Stopped:
    group = _group(call, flow, subject, user_id)
    if not isinstance(group, Group):
        return invalid(group)
    client = call.application.client
    token = await issue(call.unit, call.ask.web.issuer, client, group, call.actor.at)
    return Answered(body=Token(token=token))


async def _tell(
    call: Call[Any, Nothing], flow: Flow, subject: str | Problems
) -> Answered | Stopped:
    body: Callback = call.body
    group, status = _group(call, flow, subject, body.user_id), status_of(flow, body.status)
    if not isinstance(group, Group):
        return invalid(group)
    if not isinstance(status, str):
        return invalid(status)
    flags = Flags(
        closes=body.close_connection_on_receive,
        stores=body.store_in_cache,
        cache_minutes=body.cache_expires_after_minutes,
    )
    event = event_of(group, status, _said(body), flags)
    if not isinstance(event, Event):
        return invalid(event)
    channel = await publish(call.unit, call.ask.web.journeys.vault, group, event, call.actor.at)
    hub, tenant = call.ask.web.hub, call.tenant
    return Answered(after=lambda: hub.hint(tenant, channel.id))


def _group(
    call: Call[Any, Nothing], flow: Flow, subject: str | Problems, user_id: str
) -> Group | Problems:
    if not isinstance(subject, str):
        return subject
    client = call.application.client.id
    group = Group(client=client, flow=flow, subject=subject, user_id=user_id)
    name = "transaction_id" if flow == "transaction" else SUBJECT_NAMES[0]
    return group_problems(name, group) or group


def _said(body: Callback) -> JsonObject:
    said: JsonObject = msgspec.to_builtins(body)
    info = said.get("device_info")
    if isinstance(info, dict):
        said["device_info"] = {name: value for name, value in info.items() if value is not None}
    return said


def _operation(name: str, path: str, summary: str, **facts: Any) -> Operation[Any, Any]:
    return Operation(
        name=name, method="POST", path=f"{RTAS}{path}", needs="application",
        security=("application",), summary=summary, query=Nothing, **facts,
    )  # fmt: skip


_CREATED: Final = {
    "unique_id": "7c0e", "status": "REGISTRATION_CREATED_V2", "user_id": "john.doe",
    "user_display_name": "John Doe", "application_name": "Bank", "qr_code": "iVBORw0KGgo=",
    "qr_code_expiration": 1678104748, "deeplink_url": "https://tf.example/register?payload=djI",
    "close_connection_on_receive": False, "store_in_cache": True,
    "cache_expires_after_minutes": 15,
}  # fmt: skip
_OLDER: Final = "The same as version 3, for programs that know no other."
OPERATIONS: Final[Sequence[Operation[Any, Any]]] = (
    _operation(
        "RegistrationEndUserTokenV2", "/v2/end-user/registration/token",
        "Make a token for whoever listens to one registration",
        answer=registration_token, body=RegistrationTokenWanted, result=Token,
        example={"user_id": "john.doe", "unique_id": "7c0e"},
    ),
    _operation(
        "RegistrationEndUserToken", "/v1/end-user/registration/token",
        "Make a token for whoever listens to a registration that has no id yet",
        description="Callbacks name it by the `timestamp` that is answered.",
        answer=registration_token_once, body=RegistrationTokenWantedOnce, result=TimedToken,
        example={"user_id": "john.doe"},
    ),
    _operation(
        "TransactionEndUserToken", "/v1/end-user/transaction/token",
        "Make a token for whoever listens to one transaction",
        answer=transaction_token, body=TransactionTokenWanted, result=Token,
        example={"user_id": "john.doe", "transaction_id": "t-1"},
    ),
    *(
        _operation(
            name, f"/v{version}/registration/callback", "Tell what became of a registration",
            description=words, answer=registration_callback, body=RegistrationCallback, status=204,
            body_bytes=CALLBACK_BYTES, example=_CREATED,
        )
        for name, version, words in (
            ("RegistrationCallbackV3", 3, "Whoever listens with a token of the same ids is told."),
            ("RegistrationCallbackV2", 2, _OLDER),
            ("RegistrationCallback", 1, _OLDER),
        )
    ),
    _operation(
        "TransactionCallback", "/v1/transaction/callback", "Tell what became of a transaction",
        description="Whoever listens with a token of the same ids is told.",
        answer=transaction_callback, body=TransactionCallback, status=204,
        body_bytes=CALLBACK_BYTES,
        example={
            "transaction_id": "t-1", "status": "TRANSACTION_ACCEPTED", "user_id": "john.doe",
            "user_display_name": "John Doe", "application_name": "Bank",
            "close_connection_on_receive": True, "store_in_cache": True,
        },
    ),
)  # fmt: skip
