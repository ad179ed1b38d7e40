"""Callbacks: what became of a registration or transaction, told to whoever listens."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta

from engine.model.names import JsonObject
from engine.model.problem import Problems, wrong
from engine.realtime.channels import MOST_EVENTS, Event, Flow, Group, publish
from engine.realtime.events import Flags, event_of, status_of, subject_of
from engine.realtime.trustfactor import links
from engine.web.api.frame.operation import Answered, Call, Nothing, Operation, Stopped, invalid
from engine.web.api.rtas.operations import group_of, ids_of, operation, subject_name
from engine.web.api.rtas.values import Id, SentToRtas

CALLBACK_BYTES: Final = 512 * 1024
"""A callback holds a picture."""
Text = Annotated[str, Meta(max_length=500)]
Link = Annotated[
    str, Meta(max_length=links.LONGEST, description="To a page, or an app by its own scheme.")
]
Picture = Annotated[
    str,
    Meta(
        max_length=400_000,
        pattern=r"^[A-Za-z0-9+/]+={0,2}\Z",
        description="A PNG in base64, without `data:`.",
    ),
]
Seconds = Annotated[int, Meta(ge=0, le=253_402_300_799, description="Unix seconds.")]
Minutes = Annotated[int, Meta(ge=1, le=1440)]
NO_LINK: Final = "use https://..., or the scheme of an app"
Anything = Annotated[Any, Meta(description="Any JSON; it is passed on as it is.")]


class RegisteredDevice(SentToRtas, kw_only=True, frozen=True):
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
    device_info: RegisteredDevice | None = None
    wrong_device_token: Text | None = None


class TransactionCallback(Callback, kw_only=True, frozen=True):
    """What became of a transaction; `status` says which fields are needed.

    `TRANSACTION_CREATED`: application_name, user_display_name, contract_key, deeplink_url.
    `TRANSACTION_ACCEPTED`, `_DECLINED`, `_EXPIRED`: application_name, user_display_name.
    """

    transaction_id: Id
    transaction_expiration: Seconds | None = None


async def registration_callback(call: Call[RegistrationCallback, Nothing]) -> Answered | Stopped:
    """Tell what became of a registration."""
    ids = {**ids_of(call.body), "timestamp": call.body.timestamp}
    return await _tell(call, "registration", subject_of(ids))


async def transaction_callback(call: Call[TransactionCallback, Nothing]) -> Answered | Stopped:
    """Tell what became of a transaction."""
    return await _tell(call, "transaction", call.body.transaction_id)


async def _tell(
    call: Call[Any, Nothing], flow: Flow, subject: str | Problems
) -> Answered | Stopped:
    body: Callback = call.body
    group, status = group_of(call, flow, subject, body.user_id), status_of(flow, body.status)
    if not isinstance(group, Group):
        return invalid(group)
    if not isinstance(status, str):
        return invalid(status)
    if body.deeplink_url is not None and links.kind_of(body.deeplink_url) is None:
        return invalid((wrong("deeplink_url", NO_LINK),))
    flags = Flags(
        closes=body.close_connection_on_receive,
        stores=body.store_in_cache,
        cache_minutes=body.cache_expires_after_minutes,
    )
    event = event_of(group, status, _said(body), flags)
    if not isinstance(event, Event):
        return invalid(event)
    channel = await publish(call.unit, call.ask.web.journeys.vault, group, event, call.actor.at)
    if channel.sequence > MOST_EVENTS:
        told = f"it has had {MOST_EVENTS} events, and may have no more"
        return invalid((wrong(subject_name(flow), told),))
    hub, tenant = call.ask.web.hub, call.tenant
    return Answered(after=lambda: hub.hint(tenant, channel.id))


def _said(body: Callback) -> JsonObject:
    said: JsonObject = msgspec.to_builtins(body)
    info = said.get("device_info")
    if isinstance(info, dict):
        said["device_info"] = {name: value for name, value in info.items() if value is not None}
    return said


_CREATED: Final = {
    "unique_id": "7c0e", "status": "REGISTRATION_CREATED_V2", "user_id": "john.doe",
    "user_display_name": "John Doe", "application_name": "Bank", "qr_code": "iVBORw0KGgo=",
    "qr_code_expiration": 1678104748, "deeplink_url": "https://tf.example/register?payload=djI",
    "close_connection_on_receive": False, "store_in_cache": True,
    "cache_expires_after_minutes": 15,
}  # fmt: skip
_OLDER: Final = "The same as version 3, for programs that know no other."
OPERATIONS: Final[Sequence[Operation[Any, Any]]] = (
    *(
        operation(
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
    operation(
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
