"""An API key for a bearer value: the one call that a key itself opens (trustx-identity.md 10.1)."""

from __future__ import annotations

from typing import Final

from starlette.responses import Response

from engine.access.bearers import OF_KEYS
from engine.access.keys import SECRET_PREFIX, exchange, refused
from engine.access.naming import tenant_of
from engine.ports.actor import Actor
from engine.records.record import Staged
from engine.web.answers import api_error, json_answer, unread_error
from engine.web.api.frame.operation import Described, Nothing
from engine.web.api.frame.values import Answer
from engine.web.request import Ask
from engine.web.wire import Unread, read_json

HEADER: Final = "x-api-key"
_NO_KEY: Final = {"field": "X-API-Key", "message": "send the API key in this header, once"}
_NO_BODY: Final = {"field": "body", "message": "send none: the key stands in the header X-API-Key"}


class Issued(Answer, kw_only=True, frozen=True):
    """A bearer value."""

    token: str
    ttl: int


ISSUE: Final = Described(
    name="issueBearerToken", method="POST", path="/api/arthr/apiKeys/issue",
    summary="Exchange an API key for a bearer token", security=("apiKey",),
    description="`ttl` is its life in seconds. A key that is blocked ends it at once.",
    body=Nothing, query=Nothing, result=Issued,
)  # fmt: skip


async def issue(ask: Ask) -> Response:
    """Give a bearer value for the key in `X-API-Key`, and its life in seconds."""
    body = await read_json(ask.request, seconds=ask.web.config.body_seconds)
    if isinstance(body, Unread):
        return unread_error(ask, body)
    given = ask.request.headers.getlist(HEADER)
    if body:
        return api_error(ask, "unread", details=[_NO_BODY])
    if len(given) != 1:
        return api_error(ask, "unread", details=[_NO_KEY])
    journeys, secret = ask.web.journeys, given[0]
    store, tenant = journeys.offices.store, tenant_of(secret, SECRET_PREFIX)
    ask.tenant = tenant
    now = await store.now()
    found = await exchange(store, journeys.vault, tenant, secret, now)
    if not isinstance(found, tuple):
        ask.fail()
        if found is not None:
            by = Actor(name=f"key:{found.id}", at=now, chance=journeys.chance)
            await store.write(tenant, refused(by, found))
        return api_error(ask, "key")
    caller, value = found
    by = Actor(name=caller.name, at=now, chance=journeys.chance)
    await store.write(tenant, Staged(audit=(by.did("key.issue", f"key:{caller.key.id}"),)))
    return json_answer(Issued(token=value, ttl=int(OF_KEYS.life.total_seconds())))
