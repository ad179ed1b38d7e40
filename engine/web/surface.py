"""The whole surface: the guard around the table of routes, a place for each path."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final
from urllib.parse import parse_qsl, unquote

from starlette.routing import Route, Router
from starlette.types import ASGIApp, Receive, Scope, Send

from engine.errors import SettingsRefused
from engine.realtime.tokens import Issuer
from engine.web.answers import prepared, stop
from engine.web.gate.admit import admit
from engine.web.gate.door import Door
from engine.web.gate.guard import ASK, Guard
from engine.web.links import HUB_PATH, NEGOTIATE_PATH
from engine.web.request import Ask, Journeys, Web, WebConfig
from engine.web.routes import DOORS
from engine.web.sources import Sources

HUB_METHODS: Final = ("GET", "POST", "DELETE", "OPTIONS")
_SLASH: Final = "\udc2f"
"""Stands for a slash within a part until a door is found: no path that is read can have it."""


def build_web(journeys: Journeys, config: WebConfig, doors: Sequence[Door] = DOORS) -> ASGIApp:
    """Put the surface together.

    Args:
        journeys: What the answers ask.
        config: How the surface is set up.
        doors: The table of routes.

    Raises:
        SettingsRefused: Two doors share path and method.
        TextMissing: The pages' words are not complete.
    """
    prepared()
    sources = Sources(config.source_limits, journeys.clock)
    places: dict[str, dict[str, Door]] = {}
    for door in doors:
        if places.setdefault(door.path, {}).setdefault(door.method, door) is not door:
            raise SettingsRefused(route=door.path, reason="two doors in one place")
    routes = [Route(path, _Place(path, found)) for path, found in places.items()]
    hub = {path: _Place(path, places.get(path, {})) for path in (HUB_PATH, NEGOTIATE_PATH)}
    # A redirect to the path without its slash would be built from the Host header (F4).
    router = Router(routes, redirect_slashes=False, default=_strayed(hub))
    offices = journeys.offices
    web = Web(
        journeys=journeys,
        config=config,
        sources=sources,
        issuer=Issuer(
            vault=journeys.vault, signer=offices.signer, chance=journeys.chance, url=config.origin
        ),
    )
    return Guard(_by_parts(router), web)


def _by_parts(router: ASGIApp) -> ASGIApp:
    """Keep a slash that is written as `%2F` within its part: an external id may have one."""

    async def lead(scope: Scope, receive: Receive, send: Send) -> None:
        raw: bytes = scope.get("raw_path") or b""
        if b"%2f" in raw.lower():
            parts = (unquote(part.decode("ascii", "replace")) for part in raw.split(b"/"))
            scope["path"] = "/".join(part.replace("/", _SLASH) for part in parts)
        await router(scope, receive, send)

    return lead


def _strayed(hub: Mapping[str, _Place]) -> ASGIApp:
    """Lead a client that has put a path of its own behind our address to the hub (rtas.md 6).

    It is known by what only SignalR asks for; nothing else is there.
    """

    async def lead(scope: Scope, receive: Receive, send: Send) -> None:
        words = dict(parse_qsl(scope["query_string"].decode("latin-1")))
        if scope["path"].endswith("/negotiate"):
            path = NEGOTIATE_PATH
        elif "id" in words and scope["method"] in HUB_METHODS:
            path = HUB_PATH
        else:
            await _missing(scope, receive, send)
            return
        scope["path"] = path
        await hub[path](scope, receive, send)

    return lead


async def _missing(scope: Scope, receive: Receive, send: Send) -> None:
    await stop(scope[ASK], "missing")(scope, receive, send)


class _Place:
    """A path and its doors: the method is looked at, then the permission, then comes the answer."""

    def __init__(self, path: str, doors: Mapping[str, Door]) -> None:
        self._path = path
        self._doors = doors
        self._allow = ", ".join(sorted({*doors, *(["HEAD"] if "GET" in doors else [])}))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        ask: Ask = scope[ASK]
        ask.place = self._path
        if _SLASH in scope["path"]:
            given = scope["path_params"].items()
            scope["path_params"] = {name: part.replace(_SLASH, "/") for name, part in given}
        door = self._doors.get("GET" if scope["method"] == "HEAD" else scope["method"])
        if door is None:
            response = stop(ask, "method", headers={"Allow": self._allow})
        else:
            response = await admit(ask, door) or await door.answer(ask)
        await response(scope, receive, send)
