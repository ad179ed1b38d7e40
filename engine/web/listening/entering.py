"""Whether a browser may come in: its token, its page's origin, and what a page is told of that."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Final

from starlette.requests import HTTPConnection

from engine.access.rtas_clients import is_active
from engine.realtime.tokens import Listener, read
from engine.records.realtime import RtasClient
from engine.signalr import SERVER_SENT_EVENTS, WEB_SOCKETS
from engine.signalr.transports import Wish
from engine.web.hub.standing import Admitted, lists
from engine.web.request import Ask

_WITHOUT_HEADERS: Final = (WEB_SOCKETS, SERVER_SENT_EVENTS)
"""What browsers ask for with nothing but an address: `WebSocket` and `EventSource`."""
_SCHEME: Final = "bearer"
_ALLOWED_HEADERS: Final = "authorization, content-type, x-requested-with, x-signalr-user-agent"
LONGEST_AFTER: Final = 9
LONGEST_ORIGIN: Final = 300
log = logging.getLogger("trustflow.hub")


@dataclass(frozen=True, slots=True, kw_only=True)
class NotAdmitted:
    """Why it may not: 401 for a token that is none, 403 for a page that may not listen."""

    status: int


async def enter(ask: Ask, wish: Wish | None = None) -> Admitted | NotAdmitted:
    """Look at token and origin; each request is looked at, not the first one alone (I1).

    `wish` is what is asked of the hub's path; negotiation is at another.

    A forged token is a failed try of its source (C4). One that is over is none: a page that was
    left open comes back with it by itself.
    """
    request, web = ask.request, ask.web
    token = token_of(request, is_in_address=wish in _WITHOUT_HEADERS)
    if token is None:
        return NotAdmitted(status=401)
    store = web.journeys.offices.store
    listener = await read(store, web.issuer, token, await store.now())
    if not isinstance(listener, Listener):
        if listener == "forged":
            ask.fail()
        return NotAdmitted(status=401)
    client = await store.get(listener.tenant, RtasClient, listener.group.client)
    if not is_active(client):
        return NotAdmitted(status=401)
    origins = request.headers.getlist("origin")
    others = frozenset(origins) - web.config.origins
    if len(origins) > 1 or not lists(client, others):
        facts = {"client": client.name, "origin": ", ".join(origins)[:LONGEST_ORIGIN]}
        log.warning("page-refused", extra={"facts": facts})  # the page itself cannot be told
        return NotAdmitted(status=403)
    return Admitted(listener=listener, origins=others)


def token_of(request: HTTPConnection, *, is_in_address: bool) -> str | None:
    """Read the token: the header's, or the address's for what cannot set a header (I2).

    Elsewhere none may stand in the address, where others write it down, not even beside a header.
    """
    given = request.headers.getlist("authorization")
    asked = request.query_params.getlist("access_token")
    if len(given) > 1 or len(asked) > is_in_address:
        return None
    if given:
        scheme, _, value = given[0].partition(" ")
        return value if scheme.lower() == _SCHEME and value else None
    return asked[0] if asked else None


def after_of(request: HTTPConnection) -> tuple[int | None, bool]:
    """Read what our own script has seen, and whether it is ours: only that says `after`."""
    said = request.query_params.get("after")
    if said is None:
        return None, False
    fits = said.isascii() and said.isdigit() and len(said) <= LONGEST_AFTER
    return (int(said) if fits else None), True


def cors(request: HTTPConnection) -> dict[str, str]:
    """Let the page read the answer; that it may ask was decided by `enter`.

    A preflight brings no token: it grants nothing but the question.
    """
    origin = request.headers.get("origin")
    always = {"Vary": "Origin", "Cross-Origin-Resource-Policy": "cross-origin"}
    if origin is None:
        return always
    return {
        **always,
        "Access-Control-Allow-Origin": origin,
        "Access-Control-Allow-Credentials": "true",
        "Access-Control-Expose-Headers": "Date",
    }


def preflight(request: HTTPConnection) -> dict[str, str]:
    """Say what may be asked from another origin."""
    return {
        **cors(request),
        "Access-Control-Allow-Headers": _ALLOWED_HEADERS,
        "Access-Control-Allow-Methods": "GET, POST, DELETE, OPTIONS",
        "Access-Control-Max-Age": "600",
    }
