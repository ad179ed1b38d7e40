"""`/web/instances/<id>`: the current step, whatever the browser did, and the answers to it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from urllib.parse import quote

from starlette.responses import Response

from engine.model.names import JsonValue, StepKey
from engine.model.problem import FieldProblem, Message
from engine.model.screen import RedirectPanel
from engine.run.current import Current, Invalid, time_limit, typed_so_far
from engine.web import pages
from engine.web.answers import closing, frame, page, see_other, stop
from engine.web.gate.auth import (
    device_of,
    drop_notice,
    form_token,
    hand_out,
    is_form_token,
    know_again,
    leave_notice,
    read_notice,
    session_seconds,
)
from engine.web.links import visit_path
from engine.web.request import Ask
from engine.web.visit.live_panel import listening
from engine.web.wire import MALFORMED, Unread, choose_language, read_form

_COMMANDS = ("_language", "_more", "_action")
_OURS = frozenset({"_step", "_revision", "_token", *_COMMANDS})
"""Names that are the page's own; any other that the form does not have is refused (G6)."""
_URL_SIGNS = "%/:=&?~#+!$,;'@()*[]"
"""What stays as it is in an address (RFC 3986, 2.2), percent signs included."""
SOON, LATER, PATIENT_AFTER = 2, 10, 30
"""Seconds between two looks at what is being done outside; less often after the third number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """What a step's form brought.

    Attributes:
        step, revision: What the person saw.
        token: The form token.
        command: `_action`, `_more` or `_language`, and its value; None for the main button.
        fields: The answers, by name.
    """

    step: StepKey
    revision: int
    token: str
    command: tuple[str, str] | None
    fields: Mapping[str, list[str]]


async def show(ask: Ask) -> Response:
    """Show where the visit stands."""
    journeys, config = ask.web.journeys, ask.web.config
    current = await journeys.loop.current(ask.ref)
    notice = read_notice(ask.request, journeys.vault, config, ask.ref.id)
    response = await _shown(ask, current, notice=Message(id=notice) if notice else None)
    if notice is not None and ask.request.method == "GET":
        response.headers.append("set-cookie", drop_notice(config, ask.ref.id))
    return _with_session(ask, response, current)


async def answer(ask: Ask) -> Response:
    """Take what a step's form brought: an answer, a button, more time or another language."""
    form = await read_form(ask.request, seconds=ask.web.config.body_seconds)
    sent = _sent(form) if not isinstance(form, Unread) else None
    if ask.late:
        return await _late(ask)
    if isinstance(form, Unread) or sent is None:
        return await _unread(ask, form if isinstance(form, Unread) else MALFORMED)
    if not is_form_token(sent.token, _token(ask, sent.step, sent.revision)):
        return await _foreign(ask, sent)
    return await _take(ask, sent)


def _sent(form: Mapping[str, str]) -> Sent | None:
    """Take a step's form apart; None where it is none of ours."""
    commands = [(name, form[name]) for name in _COMMANDS if name in form]
    revision = form.get("_revision", "")
    if not (revision.isascii() and revision.isdigit() and len(revision) < 10) or len(commands) > 1:
        return None
    return Sent(
        step=StepKey(form.get("_step", "")),
        revision=int(revision),
        token=form.get("_token", ""),
        command=commands[0] if commands else None,
        fields={name: [text] for name, text in form.items() if name not in _OURS},
    )


async def _take(ask: Ask, sent: Sent) -> Response:
    match sent.command:
        case ("_language", language):
            return await _language(ask, sent, language)
        case ("_more", _):
            return await _more(ask, sent)
        case (_, action):
            return _moved(ask, sent, await _press(ask, sent, action))
        case None:
            return await _submit(ask, sent)


async def _submit(ask: Ask, sent: Sent) -> Response:
    await ask.circuit.slow_down()
    found = await ask.web.journeys.loop.submit(
        ask.ref,
        step=sent.step,
        revision=sent.revision,
        body=sent.fields,
        session=ask.visitor.session,
        device=device_of(ask.request, ask.web.config),
    )
    if isinstance(found, Invalid):
        return await _with_problems(ask, found)
    if found.has_failed:
        ask.fail()
    return _moved(ask, sent, found)


async def _press(ask: Ask, sent: Sent, action: str) -> Current:
    return await ask.web.journeys.loop.press(
        ask.ref, step=sent.step, revision=sent.revision, action=action
    )


async def _more(ask: Ask, sent: Sent) -> Response:
    current = await ask.web.journeys.loop.extend(ask.ref, step=sent.step, revision=sent.revision)
    if current.instance.step != sent.step:
        return _moved(ask, sent, current)
    return await _retyped(ask, sent, current, notice=_of_time(ask, current))


def _of_time(ask: Ask, current: Current) -> Message | None:
    """Say how the wish for more time went."""
    limit = time_limit(current)
    if limit is None:
        return None
    id_ = "limit.last" if current.already_answered else "limit.given"
    return Message(id=id_, values={"clock": limit.due.isoformat()})


async def _language(ask: Ask, sent: Sent, language: str) -> Response:
    current = await ask.web.journeys.loop.choose_language(ask.ref, language=language)
    if current.instance.step != sent.step:
        return _moved(ask, sent, current)
    return await _retyped(ask, sent, current)


def _moved(ask: Ask, sent: Sent, current: Current) -> Response:
    """Lead to the current step by GET, so that a refresh sends nothing again."""
    return _see_step(ask, current, _notice_of(current, sent.step))


def _see_step(ask: Ask, current: Current, notice: str | None) -> Response:
    journeys, config = ask.web.journeys, ask.web.config
    response = see_other(visit_path(ask.ref.id))
    if notice is not None:
        left = leave_notice(journeys.vault, config, ask.ref.id, notice)
        response.headers.append("set-cookie", left)
    return _with_session(ask, response, current)


def _notice_of(current: Current, step: StepKey) -> str | None:
    if current.still_checking:
        return "again.busy"
    if current.already_answered:
        return "again.changed" if current.instance.step == step else "again.notice"
    return None


async def _late(ask: Ask) -> Response:
    """A twin of this request was quicker and its answer is lost: show where the visit stands."""
    return _see_step(ask, await ask.web.journeys.loop.current(ask.ref), None)


async def _foreign(ask: Ask, sent: Sent) -> Response:
    """The form token is not this session's: an old page (nothing is lost), or none of ours."""
    current = await ask.web.journeys.loop.current(ask.ref)
    if current.instance.stands_at(sent.step, sent.revision):
        ask.fail()
        return stop(ask, "refused")
    return _see_step(ask, current, _notice_of(replace(current, already_answered=True), sent.step))


async def _unread(ask: Ask, unread: Unread) -> Response:
    """Show the step again: its answers could not be read."""
    current = await ask.web.journeys.loop.current(ask.ref)
    problem = FieldProblem(field="", text=Message(id=unread.message))
    response = await _shown(ask, current, problems=(problem,), status=unread.status)
    response.headers.update(closing(unread))
    return _with_session(ask, response, current)


async def _with_problems(ask: Ask, found: Invalid) -> Response:
    return await _shown(
        ask, found.current, problems=found.problems, values=found.values, status=422
    )


async def _retyped(
    ask: Ask, sent: Sent, current: Current, *, notice: Message | None = None
) -> Response:
    """Show the step again with what was typed so far, secrets emptied."""
    values = typed_so_far(current, sent.fields)
    shown = await _shown(ask, current, values=values, notice=notice)
    return _with_session(ask, shown, current)


async def _shown(
    ask: Ask,
    current: Current,
    *,
    problems: Sequence[FieldProblem] = (),
    values: Mapping[str, JsonValue] | None = None,
    notice: Message | None = None,
    status: int = 200,
) -> Response:
    """Put the current step on a page; a visit that is over has only its ending to show."""
    if current.instance.asked is None:
        return _ended(ask, current)
    heard = await listening(ask, current)
    html = pages.step(
        _frame(ask, current, current.instance.language),
        current,
        action=visit_path(ask.ref.id),
        form_token=_token(ask, current.instance.asked.step, current.instance.revision),
        problems=problems,
        values=values,
        notice=notice,
        limit=time_limit(current),
        listening=heard,
    )
    return page(ask, html, status=status, listens=heard is not None)


def _ended(ask: Ask, current: Current) -> Response:
    """Show the ending, and lead on to where the link's maker wants the person next (F4)."""
    language = choose_language(
        current.graph.definition.languages,
        wanted=ask.request.query_params.get("lang") or current.instance.language,
        accepted="",
    )
    redirect = pages.redirect_of(current)
    html = pages.ending(_frame(ask, current, language), current, redirect=redirect)
    headers = _refresh(redirect) if redirect else {}
    if current.instance.works_on:
        headers = {"Refresh": str(_look_again(current))}
    return page(ask, html, headers=headers)


def _look_again(current: Current) -> int:
    """Give the seconds until a page that goes on by itself looks again: soon, then less often."""
    wait = current.instance.wait
    waited = (current.now - wait.since).total_seconds() if wait is not None else 0.0
    return SOON if waited < PATIENT_AFTER else LATER


def _refresh(redirect: RedirectPanel) -> Mapping[str, str]:
    """Lead on after a while; a header holds ASCII only, so other characters are percent-encoded."""
    return {"Refresh": f"{redirect.after_seconds};url={quote(redirect.url, safe=_URL_SIGNS)}"}


def _frame(ask: Ask, current: Current, language: str) -> pages.Frame:
    return frame(
        ask,
        language=language,
        languages=current.graph.definition.languages,
        path=visit_path(current.instance.id),
    )


def _with_session(ask: Ask, response: Response, current: Current) -> Response:
    """Hand out the session's new value (E3), and what the browser is known by (C3), if any."""
    if current.device is not None:
        response.headers.append("set-cookie", know_again(ask.web.config, current.device))
    value = current.session or ask.visitor.fresh
    if value is not None:
        seconds = session_seconds(ask.visitor.session.expires_at, current.now)
        cookie = hand_out(ask.web.config, ask.ref.id, value, seconds=seconds)
        response.headers.append("set-cookie", cookie)
    return response


def _token(ask: Ask, step: StepKey, revision: int) -> str:
    return form_token(ask.web.journeys.vault, ask.visitor.session.id, step, revision)
