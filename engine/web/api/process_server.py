"""`/api/process-server`: an instance is started, looked at and answered by an app (design 7)."""

from __future__ import annotations

import re
from typing import Annotated, Final

from msgspec import UNSET, Meta, Struct, UnsetType
from starlette.responses import Response

from engine.model.names import JsonObject, JsonValue, StepKey
from engine.run.current import Current, InstanceRef, Invalid
from engine.run.entry.answers import Begun, Refusal
from engine.web.answers import api_error, json_answer, refuse_link, unread_error
from engine.web.api.frame.operation import Described, Nothing
from engine.web.api.frame.values import Answer, Sent
from engine.web.api.screen import problems_json, screen_json
from engine.web.links import ticket_of
from engine.web.request import Ask
from engine.web.visit.live_panel import listening
from engine.web.wire import Unread, read_json

_STEP = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,323}\.[0-9]{1,9}")
"""A node's name, with those of up to four calls before it, and the visit."""
_LANGUAGE: Final = {"field": "language", "message": "send a language and nothing else, as text"}
_DEVICE: Final = {"field": "deviceToken", "message": "use text"}
_ANSWER: Final = {
    "field": "body",
    "message": "send revision, a whole number from 0, and one of data, action and extend, as the"
    " screen has them",
}


async def _read(ask: Ask) -> JsonObject | Unread:
    return await read_json(ask.request, seconds=ask.web.config.body_seconds)


async def start(ask: Ask) -> Response:
    """Start a created instance with its ticket: the first screen and the app's session value."""
    body = await _read(ask)
    if isinstance(body, Unread):
        return unread_error(ask, body)
    language = body.pop("language", None)
    if body or not isinstance(language, str | None):
        return api_error(ask, "unread", details=[_LANGUAGE])
    begun = await _start(ask, language)
    if isinstance(begun, Refusal):
        return refuse_link(ask, begun)
    ref = InstanceRef(tenant=ask.tenant, id=begun.instance)
    current = await ask.web.journeys.loop.current(ref)
    screen = screen_json(current, ask.web.config, await listening(ask, current))
    return json_answer(screen | {"sessionToken": begun.session})


async def _start(ask: Ask, language: str | None) -> Begun | Refusal:
    given = ask.request.query_params.getlist("pi")
    link = ticket_of(given[0]) if len(given) == 1 else None
    if link is None:
        return Refusal(reason="unknown")
    ask.tenant = link.tenant
    return await ask.web.journeys.visits.start(
        ask.tenant, link.instance, link.ticket, language=language
    )


async def screen(ask: Ask) -> Response:
    """Give the current screen."""
    return await _screen(ask, await ask.web.journeys.loop.current(ask.ref))


async def answer(ask: Ask) -> Response:
    """Answer a step: data, a button, or the wish for more time. Another step changes nothing."""
    body = await _read(ask)
    if isinstance(body, Unread):
        return unread_error(ask, body)
    step = ask.request.path_params["step"]
    revision, device = body.pop("revision", None), body.pop("deviceToken", None)
    if not _is_count(revision) or len(body) != 1 or not _STEP.fullmatch(step):
        return api_error(ask, "unread", details=[_ANSWER])
    if not isinstance(device, str | None):
        return api_error(ask, "unread", details=[_DEVICE])
    if ask.late:
        current = await ask.web.journeys.loop.current(ask.ref)
        return await _screen(ask, current, already_answered=True)
    found = await _take(ask, StepKey(step), int(str(revision)), body, device)
    if found is None:
        return api_error(ask, "unread", details=[_ANSWER])
    return _problems(ask, found) if isinstance(found, Invalid) else await _taken(ask, found)


async def choose_language(ask: Ask) -> Response:
    """Show the journey in another of its languages; one it does not have changes nothing."""
    body = await _read(ask)
    if isinstance(body, Unread):
        return unread_error(ask, body)
    language = body.pop("language", None)
    if body or not isinstance(language, str) or ask.late:
        return api_error(ask, "unread", details=[_LANGUAGE])
    current = await ask.web.journeys.loop.choose_language(ask.ref, language=language)
    return await _screen(ask, current)


async def _take(
    ask: Ask, step: StepKey, revision: int, body: JsonObject, device: str | None
) -> Current | Invalid | None:
    """Do what the body wants; None where it wants nothing we know."""
    loop = ask.web.journeys.loop
    match body:
        case {"data": dict(data)}:
            fields = _fields(data)
            if fields is None:
                return None
            await ask.circuit.slow_down()
            return await loop.submit(
                ask.ref, step=step, revision=revision, body=fields,
                session=ask.visitor.session, device=device,
            )  # fmt: skip
        case {"action": str(action)}:
            return await loop.press(ask.ref, step=step, revision=revision, action=action)
        case {"extend": True}:
            return await loop.extend(ask.ref, step=step, revision=revision)
        case _:
            return None


def _fields(data: JsonObject) -> dict[str, list[str]] | None:
    """Write plain values as a form would send them: nothing for null and for an unticked box."""
    fields: dict[str, list[str]] = {}
    for name, value in data.items():
        if isinstance(value, (dict, list)):
            return None
        told = _told(value)
        if told is not None:
            fields[name] = [told]
    return fields


def _told(value: JsonValue) -> str | None:
    match value:
        case None | False:
            return None
        case True:
            return "true"
        case str():
            return value
        case float() if value.is_integer():
            return str(int(value))
        case _:
            return str(value)


def _is_count(value: JsonValue) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


async def _taken(ask: Ask, current: Current) -> Response:
    if current.has_failed:
        ask.fail()
    return await _screen(ask, current, already_answered=current.already_answered)


async def _screen(ask: Ask, current: Current, *, already_answered: bool = False) -> Response:
    shown = screen_json(current, ask.web.config, await listening(ask, current))
    if already_answered:
        shown["alreadyAnswered"] = True
    if current.still_checking:
        shown["stillChecking"] = True
    fresh = current.session or ask.visitor.fresh
    given = {"sessionToken": fresh, "deviceToken": current.device}
    return json_answer(shown | {name: value for name, value in given.items() if value is not None})


def _problems(ask: Ask, found: Invalid) -> Response:
    return api_error(ask, "fields", details=problems_json(found, ask.web.config))


class Beginning(Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
    """In which language the person would like to read."""

    language: str | None = None


class Answering(Sent, kw_only=True, frozen=True):
    """An answer to a step: its revision, and one of `data`, `action` and `extend`.

    Attributes:
        revision: As the screen has it.
        data: Component -> answer.
        action: The name of a button.
        extend: True: more time, please.
        device_token: What this device is known by.
    """

    revision: Annotated[int, Meta(ge=0, le=2**53)]
    data: dict[str, str | float | bool | None] | UnsetType = UNSET
    action: str | UnsetType = UNSET
    extend: bool | UnsetType = UNSET
    device_token: str | UnsetType = UNSET


class Choosing(Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
    """Which of the journey's languages to go on in."""

    language: str


class TicketWords(Struct, kw_only=True, frozen=True):
    """The start ticket.

    Attributes:
        pi: `<instance id>.<ticket>`, as the address in `redirectUrl` has it.
    """

    pi: str


class ScreenShown(Answer, kw_only=True, frozen=True):
    """Where an instance stands: what to show, and how to answer.

    Attributes:
        step_key: Of the step that waits; null once nothing does.
        panels: Texts, a form with its components, or an address to go on to.
        actions: Buttons besides the form's own.
        due: Until when the step may be answered.
        already_answered: What was sent was for another step, and changed nothing.
        still_checking: The last answer is being verified; look again.
        session_token: A new one, from now on.
        device_token: What this device is known by, to be sent with the next passcode.
    """

    process_instance_id: str
    status: str
    language: str
    revision: int
    step_key: str | None
    step_id: str | UnsetType = UNSET
    screen_id: str | UnsetType = UNSET
    screens: list[str] | UnsetType = UNSET
    title: str | UnsetType | None = UNSET
    progress: dict[str, int | None] | UnsetType | None = UNSET
    panels: list[dict[str, JsonValue]] | UnsetType = UNSET
    actions: list[dict[str, str]] | UnsetType = UNSET
    due: str | UnsetType = UNSET
    extendable: bool | UnsetType = UNSET
    already_answered: bool | UnsetType = UNSET
    still_checking: bool | UnsetType = UNSET
    session_token: str | UnsetType = UNSET
    device_token: str | UnsetType = UNSET


_INSTANCE: Final = "/api/process-server/processInstances/{instance}"
START: Final = Described(
    name="startProcess", method="POST", path="/api/process-server/startProcess",
    summary="Start a created instance: its first screen, and the app's session token",
    example={"language": "pt-PT"}, body=Beginning, query=TicketWords, result=ScreenShown,
    others={404: "The ticket is not known.", 410: "It was used, or is over."},
)  # fmt: skip
SHOW: Final = Described(
    name="getScreen", method="GET", path=f"{_INSTANCE}/screen",
    summary="Show where an instance stands", security=("session",),
    body=Nothing, query=Nothing, result=ScreenShown,
)  # fmt: skip
ANSWER: Final = Described(
    name="answerStep", method="POST", path=f"{_INSTANCE}/steps/{{step}}",
    summary="Answer a step, press a button, or ask for more time", security=("session",),
    description="Another step than the one that waits changes nothing and is shown again.",
    example={"revision": 1, "data": {"name": "Inês"}},
    body=Answering, query=Nothing, result=ScreenShown,
    others={422: "Some answers cannot be taken."},
)  # fmt: skip
CHOOSE_LANGUAGE: Final = Described(
    name="chooseLanguage", method="POST", path=f"{_INSTANCE}/language",
    summary="Go on in another language", security=("session",),
    example={"language": "pt-PT"}, body=Choosing, query=Nothing, result=ScreenShown,
)  # fmt: skip
DESCRIBED: Final = (START, SHOW, ANSWER, CHOOSE_LANGUAGE)
