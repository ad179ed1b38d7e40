"""The table of routes: every way in, its permission, its object rule; all else is denied (F7)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from starlette.responses import Response
from starlette.routing import Route, Router
from starlette.types import ASGIApp, Receive, Scope, Send

from engine.errors import SettingsRefused
from engine.model.names import InstanceId
from engine.run.entry.answers import Entered
from engine.web import landing, pages, process_server, steps
from engine.web.answers import json_answer, prepared, stop
from engine.web.gate.auth import bearer, is_from_our_page, is_instance_id, session_of
from engine.web.gate.guard import ASK, Guard, report_limit
from engine.web.request import Ask, Journeys, Web, WebConfig
from engine.web.sources import Sources

__all__ = ["DOORS", "Door", "Journeys", "Permission", "WebConfig", "build_web"]

Permission = Literal["anybody", "link", "ticket", "page session", "app session"]
"""What a request must bring: nothing, a link's secret, a start ticket, or a living session.

A link or ticket is looked at by the answer itself, which knows what each refusal says.
"""
ObjectRule = Literal["none", "the link's own", "the session's own instance"]
Method = Literal["GET", "POST"]
SAFE = frozenset({"GET", "HEAD"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """One way in.

    Attributes:
        path: The template, as logs name it.
        permission: Checked before `answer` is called.
        rule: Which object the request may touch.
        answer: Called only when the permission is there. GET stands for HEAD too.
    """

    path: str
    method: Method
    permission: Permission
    rule: ObjectRule
    answer: Callable[[Ask], Awaitable[Response]]


async def alive(ask: Ask) -> Response:
    """Say that the process answers."""
    return json_answer({"status": "ok"})


async def ready(ask: Ask) -> Response:
    """Say whether the store can be written and the keys are there."""
    fine = await ask.web.journeys.ready()
    return json_answer({"status": "ok" if fine else "not ready"}, status=200 if fine else 503)


async def static(ask: Ask) -> Response:
    """Give a file that never changes under its name."""
    file = pages.static_files().get(ask.request.path_params["name"])
    if file is None:
        return stop(ask, "missing")
    headers = {"Cache-Control": "public, max-age=31536000, immutable", "ETag": file.etag}
    if ask.request.headers.get("if-none-match") == file.etag:
        return Response(status_code=304, headers=headers)
    return Response(file.body, headers=headers, media_type=file.content_type)


_VISIT = f"{pages.VISITS_PATH}{{instance}}"
_INSTANCE = "/api/process-server/processInstances/{instance}"
_OWN: ObjectRule = "the session's own instance"
_LINK: ObjectRule = "the link's own"

DOORS: Sequence[Door] = (
    Door(path=_VISIT, method="POST", permission="page session", rule=_OWN, answer=steps.answer),
    Door(path=_VISIT, method="GET", permission="page session", rule=_OWN, answer=steps.show),
    Door(path=f"{_INSTANCE}/steps/{{step}}", method="POST", permission="app session", rule=_OWN,
         answer=process_server.answer),
    Door(path=f"{_INSTANCE}/screen", method="GET", permission="app session", rule=_OWN,
         answer=process_server.screen),
    Door(path=f"{_INSTANCE}/language", method="POST", permission="app session", rule=_OWN,
         answer=process_server.choose_language),
    Door(path="/api/process-server/startProcess", method="POST", permission="ticket", rule=_LINK,
         answer=process_server.start),
    Door(path="/api/process-manager/processInstances/create", method="POST", permission="link",
         rule=_LINK, answer=process_server.create),
    Door(path=landing.PATH, method="GET", permission="link", rule=_LINK, answer=landing.show),
    Door(path=landing.PATH, method="POST", permission="link", rule=_LINK, answer=landing.begin),
    # TrustX writes its links with a slash before the question mark.
    Door(path=f"{landing.PATH}/", method="GET", permission="link", rule=_LINK, answer=landing.show),
    Door(path=f"{landing.PATH}/", method="POST", permission="link", rule=_LINK,
         answer=landing.begin),
    Door(path=f"{pages.STATIC_PATH}{{name}}", method="GET", permission="anybody", rule="none",
         answer=static),
    Door(path="/healthz", method="GET", permission="anybody", rule="none", answer=alive),
    Door(path="/readyz", method="GET", permission="anybody", rule="none", answer=ready),
)  # fmt: skip


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
    # A redirect to the path without its slash would be built from the Host header (F4).
    router = Router(routes, redirect_slashes=False, default=_missing)
    web = Web(journeys=journeys, config=config, sources=sources)
    return Guard(router, web, stop)


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
        door = self._doors.get("GET" if scope["method"] == "HEAD" else scope["method"])
        if door is None:
            response = stop(ask, "method", headers={"Allow": self._allow})
        else:
            response = await _admit(ask, door) or await door.answer(ask)
        await response(scope, receive, send)


# ---- permissions ------------------------------------------------------------------------------


async def _admit(ask: Ask, door: Door) -> Response | None:
    """Let a request in (None), or say why not."""
    if door.permission == "anybody":
        return None
    changes = door.method not in SAFE
    tired = _too_many_tries(ask) if changes or door.permission == "link" else None
    if tired is not None:
        return tired
    by_hand = changes and not ask.is_for_programs
    if by_hand and not is_from_our_page(ask.request, ask.web.config):
        return stop(ask, "refused")
    return await _admit_session(ask, door) if door.rule == _OWN else None


def _too_many_tries(ask: Ask) -> Response | None:
    if ask.web.sources.is_empty:  # the address need not be looked at
        return None
    until = ask.web.sources.waits_until(ask.source)
    if until is None:
        return None
    report_limit(ask)
    seconds = int((until - ask.web.journeys.clock.now()).total_seconds()) + 1
    return stop(ask, "slow", at=until, retry_after=seconds)


async def _admit_session(ask: Ask, door: Door) -> Response | None:
    instance = ask.request.path_params["instance"]
    value = _session_value(ask, door, instance)
    if value is None:
        return stop(ask, "cookies" if _comes_from_landing(ask) else "lost")
    entered = await _enter(ask, door, InstanceId(instance), value)
    wanted = "page" if door.permission == "page session" else "app"
    if entered is None or entered.session.kind != wanted:
        return _stranger(ask)
    ask.entered = entered
    return None


def _session_value(ask: Ask, door: Door, instance: str) -> str | None:
    """Pages know cookies only, programs bearer values only (F2)."""
    if not is_instance_id(instance):
        return None
    if door.permission == "app session":
        return bearer(ask.request)
    return session_of(ask.request, ask.web.config, instance)


async def _enter(ask: Ask, door: Door, instance: InstanceId, value: str) -> Entered | None:
    """Find the session; a value replaced a moment ago may still look, and changes nothing."""
    journeys = ask.web.journeys
    reads = door.method in SAFE
    entered = await journeys.visits.enter(journeys.tenant, instance, value, reads=reads)
    if entered is None and not reads:
        entered = await journeys.visits.enter(journeys.tenant, instance, value, reads=True)
        ask.late = entered is not None
    return entered


def _comes_from_landing(ask: Ask) -> bool:
    """Whether Begin was pressed just now, and yet no cookie came: the browser takes none."""
    came = ask.request.headers.get("referer", "")
    begun = came.startswith(f"{ask.web.config.origin}{landing.PATH}?")
    return begun and "cookie" not in ask.request.headers


def _stranger(ask: Ask) -> Response:
    """An old cookie is no try at anything; a program's wrong value is."""
    if ask.is_for_programs:
        ask.web.sources.fail(ask.source)
    return stop(ask, "lost")
