"""Whether a request may come in by its door: tries, our own pages, the session and its instance."""

from __future__ import annotations

from typing import Final

from starlette.responses import Response

from engine.access.keys import Caller, caller, denied
from engine.access.naming import tenant_of
from engine.access.permissions import Permission, hold
from engine.access.rtas_clients import Application, application
from engine.model.names import InstanceId
from engine.ports.actor import Actor
from engine.run.entry.answers import Entered
from engine.web.answers import api_error, stop
from engine.web.gate.auth import (
    bearer,
    is_for_us,
    is_from_our_page,
    is_instance_id,
    session_of,
)
from engine.web.gate.door import SAFE, Door, Needs
from engine.web.gate.guard import report_denial, report_limit
from engine.web.links import LANDING_PATH
from engine.web.request import Ask
from engine.web.sources import seconds_until

_GUESSABLE: Final = frozenset({"link", "application", "end user"})


async def admit(ask: Ask, door: Door) -> Response | None:
    """Let a request in (None), or say why not."""
    if door.permission == "anybody":
        return None
    if not is_for_us(ask.request, ask.web.config):
        return stop(ask, "misdirected")
    changes = door.method not in SAFE
    tired = _too_many_tries(ask) if changes or _tries(door) else None
    if tired is not None:
        return tired
    by_hand = changes and not ask.is_for_programs
    if by_hand and not is_from_our_page(ask.request, ask.web.config):
        return stop(ask, "refused")
    return await _admit_by(ask, door)


async def _admit_by(ask: Ask, door: Door) -> Response | None:
    """Look at what the door's permission asks for."""
    if isinstance(door.permission, Needs):
        return await admit_caller(ask, door.permission)
    if door.permission == "application":
        return await admit_application(ask)
    return await _admit_session(ask, door) if door.rule == "the session's own instance" else None


def _tries(door: Door) -> bool:
    """Whether what it brings might be guessed, also where nothing is changed."""
    return isinstance(door.permission, Needs) or door.permission in _GUESSABLE


def _too_many_tries(ask: Ask) -> Response | None:
    if ask.web.sources.is_empty:  # the address need not be looked at
        return None
    until = ask.web.sources.waits_until(ask.source)
    if until is None:
        return None
    report_limit(ask)
    seconds = seconds_until(until, ask.web.journeys.clock.now())
    return stop(ask, "slow", at=until, retry_after=seconds)


async def admit_caller(ask: Ask, needs: Needs) -> Response | None:
    """Let a program in whose key is good and may do this, in its own tenant (F7).

    A forged token is a failed try; one that is over is none.
    """
    value = bearer(ask.request)
    if value is None:
        return stop(ask, "lost")
    journeys = ask.web.journeys
    store = journeys.offices.store
    now = await store.now()
    found = await caller(store, journeys.vault, value, now)
    if not isinstance(found, Caller):
        if found == "forged":
            ask.fail()
        return stop(ask, "bearer" if found == "forged" else "outdated")
    wanted = Permission(tenant=found.tenant, service=needs.service, operation=needs.operation)
    if not hold(found.key.permissions, wanted):
        report_denial(ask, found, wanted)
        by = Actor(name=found.name, at=now, chance=journeys.chance)
        await store.write(found.tenant, denied(by, found.key, wanted))
        lacking = {"field": "permission", "message": f"the key does not have {wanted.written}"}
        return api_error(ask, "denied", details=[lacking])
    ask.caller, ask.tenant = found, found.tenant
    return None


async def admit_application(ask: Ask) -> Response | None:
    """Let an application server in whose token is good, for what is its client's own.

    A forged token is a failed try; one that is over is none.
    """
    value = bearer(ask.request)
    if value is None:
        return stop(ask, "lost")
    journeys = ask.web.journeys
    store = journeys.offices.store
    found = await application(store, journeys.vault, value, await store.now())
    if not isinstance(found, Application):
        if found == "forged":
            ask.fail()
        return stop(ask, "bearer" if found == "forged" else "outdated")
    ask.application, ask.tenant = found, found.tenant
    return None


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
    ask.tenant = tenant_of(value)
    reads = door.method in SAFE
    entered = await journeys.visits.enter(ask.tenant, instance, value, reads=reads)
    if entered is None and not reads:
        entered = await journeys.visits.enter(ask.tenant, instance, value, reads=True)
        ask.late = entered is not None
    return entered


def _comes_from_landing(ask: Ask) -> bool:
    """Whether Begin was pressed just now, and yet no cookie came: the browser takes none."""
    came = ask.request.headers.get("referer", "")
    origin, found, _ = came.partition(f"{LANDING_PATH}?")
    begun = bool(found) and origin in ask.web.config.origins
    return begun and "cookie" not in ask.request.headers


def _stranger(ask: Ask) -> Response:
    """An old cookie is no try at anything; a program's wrong value is."""
    if ask.is_for_programs:
        ask.fail()
    return stop(ask, "lost")
