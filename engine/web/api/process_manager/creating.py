"""An instance is created for an app: by a link's secret, or by the token's id with a permission."""

from __future__ import annotations

import re
from typing import Annotated, Final

from msgspec import Meta
from starlette.responses import Response

from engine.access.naming import tenant_of
from engine.run.entry.answers import Created, Refusal
from engine.run.entry.tokens import SECRET_PREFIX
from engine.web.answers import api_error, json_answer, refusal_kind, refuse_link, unread_error
from engine.web.api.frame.operation import Answered, Call, Nothing, Operation, Stopped
from engine.web.api.frame.performing import perform
from engine.web.api.frame.remembering import BAD_KEY
from engine.web.api.frame.values import Answer, Sent
from engine.web.api.process_manager.service import PROCESS_MANAGER, needs
from engine.web.gate.admit import admit_caller
from engine.web.links import TicketLink
from engine.web.request import Ask
from engine.web.wire import Unread, read_json

INSTANCES: Final = f"{PROCESS_MANAGER}/processInstances"
_NO_BODY: Final = {"field": "body", "message": "send none: the token knows all there is to know"}
_IDEMPOTENCY_KEY = re.compile(r"[\x21-\x7e]{1,255}")


class WhichToken(Sent, kw_only=True, frozen=True):
    """Which token to use.

    Attributes:
        pt: Its id, for who is permitted; or its secret, which opens by itself.
        tn: The tenant, as TrustX writes it; it can only be the key's own.
    """

    pt: Annotated[str, Meta(min_length=1, max_length=200)]
    tn: Annotated[str, Meta(max_length=30)] | None = None


_NEEDS: Final = needs("createProcessInstance")


class CreatedShown(Answer, kw_only=True, frozen=True):
    """A new instance, and the address at which the person begins; for a quarter of an hour."""

    redirect_url: str
    process_instance_id: str
    theme_url: str | None


async def create(ask: Ask) -> Response:
    """Create an instance: by the link's secret, or with a bearer value as any operation."""
    if _is_by_caller(ask):
        return await admit_caller(ask, _NEEDS) or await perform(ask, CREATE)
    found = await _by_secret(ask)
    return found if isinstance(found, Response) else json_answer(_shown(ask, found), status=201)


async def create_and_lead(ask: Ask) -> Response:
    """Create an instance and lead on to where the person begins."""
    if _is_by_caller(ask):
        refused = await admit_caller(ask, _NEEDS)
        return refused or await perform(ask, CREATE_AND_LEAD)
    found = await _by_secret(ask)
    if isinstance(found, Response):
        return found
    return Response(status_code=307, headers={"Location": _shown(ask, found).redirect_url})


def _is_by_caller(ask: Ask) -> bool:
    """Whether it is the caller's permission that opens: a secret opens by itself, whoever comes."""
    has_secret = ask.request.query_params.get("pt", "").startswith(SECRET_PREFIX)
    return "authorization" in ask.request.headers and not has_secret


async def _by_secret(ask: Ask) -> Created | Response:
    body = await read_json(ask.request, seconds=ask.web.config.body_seconds)
    if isinstance(body, Unread):
        return unread_error(ask, body)
    keys = ask.request.headers.getlist("idempotency-key")
    secrets = ask.request.query_params.getlist("pt")
    if body:
        return api_error(ask, "unread", details=[_NO_BODY])
    if not _are_keys(keys):
        return api_error(ask, "unread", details=BAD_KEY)
    journeys = ask.web.journeys
    secret = secrets[0] if len(secrets) == 1 else ""
    ask.tenant = tenant_of(secret, SECRET_PREFIX)
    found = await journeys.visits.create(
        ask.tenant, secret, idempotency_key=keys[0] if keys else None
    )
    return refuse_link(ask, found) if isinstance(found, Refusal) else found


def _are_keys(keys: list[str]) -> bool:
    return len(keys) <= 1 and all(_IDEMPOTENCY_KEY.fullmatch(key) for key in keys)


def _shown(ask: Ask, found: Created) -> CreatedShown:
    link = TicketLink(instance=found.instance, ticket=found.ticket)
    return CreatedShown(
        redirect_url=link.address_at(ask.web.config.origin),
        process_instance_id=found.instance,
        theme_url=None,
    )


async def _created(call: Call[Nothing, WhichToken]) -> CreatedShown | Stopped:
    """Use a token of the caller's tenant.

    The Idempotency-Key is the token's own: the same one gives the same answer, until the ticket in
    it is spent.
    """
    words, keys = call.query, call.ask.request.headers.getlist("idempotency-key")
    if not _are_keys(keys):
        return Stopped(kind="unread", details=BAD_KEY)
    if words.tn not in (None, call.tenant):
        return Stopped(kind="unknown")
    visits, key = call.ask.web.journeys.visits, keys[0] if keys else None
    found = await visits.create_by_id(call.tenant, words.pt, idempotency_key=key)
    if isinstance(found, Refusal):
        return Stopped(kind=refusal_kind(found))
    return _shown(call.ask, found)


async def create_one(call: Call[Nothing, WhichToken]) -> Answered | Stopped:
    """Create an instance."""
    found = await _created(call)
    return found if isinstance(found, Stopped) else Answered(body=found)


async def create_and_redirect(call: Call[Nothing, WhichToken]) -> Answered | Stopped:
    """Create an instance, and answer with where the person begins alone."""
    found = await _created(call)
    if isinstance(found, Stopped):
        return found
    return Answered(headers={"Location": found.redirect_url})


_MADE: Final = {"processInstanceId": "$response.body#/processInstanceId"}
CREATE: Final = Operation(
    name="createProcessInstance", method="POST", path=f"{INSTANCES}/create",
    needs=_NEEDS, summary="Create a process instance for a person",
    description="Without a bearer value it is opened by the secret of the token itself.",
    answer=create_one, body=Nothing, query=WhichToken, result=CreatedShown, status=201,
    others={410: "The token is used up, or not valid now."}, own_key=True,
    links={"getProcessInstance": _MADE, "cancelProcessInstance": _MADE},
)  # fmt: skip
CREATE_AND_LEAD: Final = Operation(
    name="createProcessInstanceAndRedirect", method="POST", path=INSTANCES,
    needs=_NEEDS,
    summary="Create a process instance and lead to where the person begins",
    description="Without a bearer value it is opened by the secret of the token itself.",
    answer=create_and_redirect, body=Nothing, query=WhichToken, status=307,
    others={410: "The token is used up, or not valid now."}, own_key=True,
)  # fmt: skip
