"""How an application server comes in: id and secret for a token, a token for the next one."""

from __future__ import annotations

from typing import Annotated, Any, Final

from msgspec import Meta
from starlette.responses import Response

from engine.access.naming import tenant_of
from engine.access.rtas_clients import LONGEST_SECRET, log_in, refused, renewed
from engine.ports.actor import Actor
from engine.records.record import Staged
from engine.web.answers import api_error, json_answer, unread_error
from engine.web.api.frame.operation import (
    Answered,
    Call,
    Described,
    Nothing,
    Operation,
    Stopped,
    invalid,
)
from engine.web.api.frame.reading import taken
from engine.web.api.rtas.values import RTAS, SentToRtas, Token
from engine.web.request import Ask
from engine.web.wire import Unread, read_json


class Login(SentToRtas, kw_only=True, frozen=True):
    """What an application server proves itself with."""

    client_id: Annotated[str, Meta(min_length=1, max_length=50)]
    client_secret: Annotated[str, Meta(min_length=1, max_length=LONGEST_SECRET)]


LOGIN: Final = Described(
    name="Login", method="POST", path=f"{RTAS}/v1/login",
    summary="Exchange client id and secret for a token",
    description="The token is good for 60 minutes, and renewed as long as it is.",
    example={"client_id": "bank-app", "client_secret": "rs_..."},
    body=Login, query=Nothing, result=Token,
)  # fmt: skip


async def login(ask: Ask) -> Response:
    """Give a token for client id and secret; a wrong pair is a try of its source."""
    body = await read_json(ask.request, seconds=ask.web.config.body_seconds)
    if isinstance(body, Unread):
        return unread_error(ask, body)
    given = taken(body, Login)
    if isinstance(given, list):
        return api_error(ask, "invalid", details=invalid(tuple(given)).details)
    journeys = ask.web.journeys
    store, tenant = journeys.offices.store, tenant_of(given.client_secret, "rs_")
    ask.tenant, now = tenant, await store.now()
    found = await log_in(store, journeys.vault, given.client_id, given.client_secret, now)
    if not isinstance(found, tuple):
        ask.fail()
        if found is not None:
            by = Actor(name=f"rtas:{found.id}", at=now, chance=journeys.chance)
            await store.write(tenant, refused(by, found))
        return api_error(ask, "client")
    application, token = found
    by = Actor(name=application.name, at=now, chance=journeys.chance)
    await store.write(tenant, Staged(audit=(by.did("rtas.login", application.name),)))
    return json_answer(Token(token=token))


async def renew(call: Call[Nothing, Nothing]) -> Answered | Stopped:
    """Give the next token."""
    token = renewed(call.ask.web.journeys.vault, call.application, call.actor.at)
    return Answered(body=Token(token=token))


RENEWAL: Final[Operation[Any, Any]] = Operation(
    name="RenewToken", method="POST", path=f"{RTAS}/v1/token/renew", needs="application",
    security=("application",), answer=renew, summary="Renew the token",
    description="The one before stays good until its own end.",
    body=Nothing, query=Nothing, result=Token,
)  # fmt: skip
