"""Where other providers call us back: what a device has confirmed or decided there."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final

from starlette.responses import Response

from engine.errors import Busy
from engine.model.names import JsonObject, TenantId
from engine.realtime.trustfactor.paths import PROVIDED
from engine.run.trustfactor.provider_callbacks import (
    ProviderCallbackReader,
    Registered,
    Taken,
    TransactionDecided,
)
from engine.run.unit import TRIES, Unit, is_written
from engine.web.answers import api_error, unread_error
from engine.web.api.frame.operation import Described, Nothing, invalid
from engine.web.api.frame.reading import taken
from engine.web.request import Ask
from engine.web.wire import Unread, read_object

BASE: Final = f"{PROVIDED}/{{tenantId}}/{{providerName}}"
"""Where providers call us back; `Wanted.callback_base` is what stands before the tenant."""
_Take = Callable[[ProviderCallbackReader, str, Any], Awaitable[Taken | None]]


def _answer(kind: type, take: _Take) -> Callable[[Ask], Awaitable[Response]]:
    """Make what answers one kind of call; the signature is over the bytes that came."""

    async def answer(ask: Ask) -> Response:
        read = await read_object(ask.request, seconds=ask.web.config.body_seconds)
        if isinstance(read, Unread):
            return unread_error(ask, read)
        for _try in range(TRIES):
            found = await _taken(ask, read, kind, take)
            if found is not None:
                return found
        raise Busy(retry_after=1)

    return answer


async def _taken(
    ask: Ask, read: tuple[bytes, JsonObject], kind: type, take: _Take
) -> Response | None:
    """Take it in once; None where somebody was quicker."""
    raw, sent = read
    journeys, path = ask.web.journeys, ask.request.path_params
    store, tenant = journeys.offices.store, TenantId(path["tenantId"])
    ask.tenant = tenant
    unit = Unit(store, tenant)
    reader = ProviderCallbackReader(
        unit=unit, store=store, vault=journeys.vault, chance=journeys.chance, at=await store.now()
    )
    headers = {name.lower(): value for name, value in ask.request.headers.items()}
    if not await reader.is_from(path["providerName"], headers, raw):
        ask.fail()
        return api_error(ask, "signature")
    said = taken(sent, kind)
    if isinstance(said, list):
        stopped = invalid(tuple(said))
        return api_error(ask, stopped.kind, details=stopped.details)
    found = await take(reader, path["providerName"], said)
    if found is None:
        return api_error(ask, "missing")
    if found.refused is not None:
        told = {"field": found.field, "message": found.refused}
        return api_error(ask, "fields", details=[told])
    if not await is_written(unit, store):
        return None
    if found.channel is not None:
        ask.web.hub.hint(tenant, found.channel)
    return Response(status_code=204)


_DEVICE: Final = {
    "name": "Pixel", "manufacturer": "Google", "device_model": "9",
    "operating_system": "Android", "os_version": "16",
}  # fmt: skip
_KEY: Final = "7D/Iw9i3NdYLbHfw0UsVk3LcJo8PpQXoOPIRBhvF4Bk="
_SIGNED: Final = "Signed as webhooks are, with the secret that we were given at our login there."


def _row(name: str, path: str, summary: str, kind: type, example: dict[str, Any]) -> Described:
    return Described(
        name=name, method="POST", path=f"{BASE}/{path}", summary=summary, description=_SIGNED,
        body=kind, query=Nothing, result=None, status=204, example=example,
        others={404: "It is about nothing that was asked.", 422: "It stands otherwise."},
    )  # fmt: skip


PROVIDER_CALLBACKS: Final[Sequence[tuple[Described, Callable[[Ask], Awaitable[Response]]]]] = (
    (
        _row(
            "ProviderRegistered", "registration", "Tell that a device has confirmed", Registered,
            {
                "app_user_unique_id": "u-1", "register_code_unique_id": "c-1",
                "contract_key": _KEY, "device_key": _KEY, "device_info": _DEVICE,
            },
        ),
        _answer(Registered, ProviderCallbackReader.registered),
    ),
    (
        _row(
            "ProviderDecided", "transaction", "Tell what a device has decided", TransactionDecided,
            {"app_user_unique_id": "u-1", "transaction_id": "t-1", "status": "ACCEPTED"},
        ),
        _answer(TransactionDecided, ProviderCallbackReader.decided),
    ),
)  # fmt: skip
"""Rows of the document, and what answers each."""
