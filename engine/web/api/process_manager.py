"""`/api/process-manager`: an app creates instances by a link's secret (design 7)."""

from __future__ import annotations

import re

from starlette.responses import Response

from engine.run.entry.answers import Refusal
from engine.web.answers import api_error, json_answer, refuse_link, unread_error
from engine.web.links import TicketLink
from engine.web.request import Ask
from engine.web.wire import Unread, read_json

_IDEMPOTENCY_KEY = re.compile(r"[\x21-\x7e]{1,255}")


async def create(ask: Ask) -> Response:
    """Create an instance for an app, by the token's secret: 201 and the address that starts it."""
    body = await read_json(ask.request, seconds=ask.web.config.body_seconds)
    if isinstance(body, Unread):
        return unread_error(body, ask.id)
    keys = ask.request.headers.getlist("idempotency-key")
    secrets = ask.request.query_params.getlist("pt")
    if body or len(keys) > 1 or not all(_IDEMPOTENCY_KEY.fullmatch(key) for key in keys):
        return api_error("unread", ask.id)
    journeys = ask.web.journeys
    secret = secrets[0] if len(secrets) == 1 else ""
    found = await journeys.visits.create(
        journeys.tenant, secret, idempotency_key=keys[0] if keys else None
    )
    if isinstance(found, Refusal):
        return refuse_link(ask, found)
    link = TicketLink(instance=found.instance, ticket=found.ticket)
    answer = {
        "redirectUrl": link.address_at(ask.web.config.origin),
        "processInstanceId": found.instance,
        "themeUrl": None,
    }
    return json_answer(answer, status=201)
