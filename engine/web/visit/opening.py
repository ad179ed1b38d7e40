"""`/web/trustweb`: a link is shown, and begun by a POST. Looking at it changes nothing (E2)."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.responses import Response

from engine.model.problem import Message
from engine.run.entry.answers import Begun, Landing, Refusal, Returning
from engine.web import pages
from engine.web.answers import frame, page, refuse_link, see_other, stop_unread
from engine.web.gate.auth import crowded_out, hand_out, session_seconds, sessions_of
from engine.web.links import Link, ResumeLink, TicketLink, TokenLink, link_of, visit_path
from engine.web.request import Ask
from engine.web.wire import Unread, choose_language, read_form


async def show(ask: Ask) -> Response:
    """Show the landing page, or go on with the visit this browser has already begun."""
    link = link_of(ask.request.query_params)
    found = await _look(ask, link)
    if link is None or isinstance(found, Refusal):
        return _refused(ask, found)
    if isinstance(found, Landing) and found.resume is not None and _is_spent(found):
        return see_other(visit_path(found.resume))
    return _landing(ask, link, found)


async def begin(ask: Ask) -> Response:
    """Redeem the link: a new visit, its cookie, and on to the clean address."""
    form = await read_form(ask.request, seconds=ask.web.config.body_seconds)
    if isinstance(form, Unread):
        return stop_unread(ask, form)
    link = link_of(ask.request.query_params)
    found = await _begin(ask, link, form)
    match found:
        case Begun():
            return _enter(ask, found)
        case Refusal(reason="stale"):
            return await _again(ask, link)
        case Refusal(reason="used"):
            return await show(ask)
        case Refusal():
            return _refused(ask, found)


async def _look(ask: Ask, link: Link | None) -> Landing | Returning | Refusal:
    journeys = ask.web.journeys
    ask.tenant = ask.tenant if link is None else link.tenant
    match link:
        case TokenLink():
            cookies = tuple(sessions_of(ask.request, ask.web.config).values())
            return await journeys.visits.landing(ask.tenant, link.secret, cookies)
        case TicketLink():
            return await journeys.visits.waiting(ask.tenant, link.instance, link.ticket)
        case ResumeLink():
            return await journeys.visits.returning(ask.tenant, link.instance, link.value)
        case None:
            return Refusal(reason="unknown")


async def _begin(ask: Ask, link: Link | None, form: Mapping[str, str]) -> Begun | Refusal:
    journeys, key, language = ask.web.journeys, form.get("begin", ""), form.get("lang", "")
    ask.tenant = ask.tenant if link is None else link.tenant
    match link:
        case TokenLink():
            return await journeys.visits.begin(
                ask.tenant, link.secret, begin_key=key, language=language
            )
        case TicketLink():
            return await journeys.visits.start(
                ask.tenant, link.instance, link.ticket, language=language, begin_key=key
            )
        case ResumeLink():
            return await journeys.visits.resume(
                ask.tenant, link.instance, link.value, begin_key=key
            )
        case None:
            return Refusal(reason="unknown")


async def _again(ask: Ask, link: Link | None) -> Response:
    """The form lay open for more than 15 minutes: show it anew, nothing was used up."""
    found = await _look(ask, link)
    if link is None or isinstance(found, Refusal):
        return _refused(ask, found)
    return _landing(ask, link, found, notice=Message(id="again.changed"), status=409)


def _landing(
    ask: Ask,
    link: Link,
    found: Landing | Returning,
    *,
    notice: Message | None = None,
    status: int = 200,
) -> Response:
    language = choose_language(
        found.definition.languages,
        wanted=ask.request.query_params.get("lang"),
        accepted=ask.request.headers.get("accept-language", ""),
    )
    shown = frame(ask, language=language, languages=found.definition.languages, path=link.address)
    if isinstance(found, Returning):
        html = pages.returning(shown, found, action=link.address, notice=notice)
        return page(ask, html, status=status)
    ready = ("landing.ready.passcode",) if found.asks_passcode else ()
    return page(
        ask,
        pages.landing(shown, found, action=link.address, ready=ready, notice=notice),
        status=status,
    )


def _enter(ask: Ask, begun: Begun) -> Response:
    config = ask.web.config
    seconds = session_seconds(begun.expires_at, ask.web.journeys.clock.now())
    cookie = hand_out(config, begun.instance, begun.session, seconds=seconds)
    room = crowded_out(ask.request, config, begun.instance)
    return see_other(visit_path(begun.instance), cookies=(cookie, *room))


def _refused(ask: Ask, found: Refusal | Landing | Returning) -> Response:
    refusal = found if isinstance(found, Refusal) else Refusal(reason="unknown")
    return refuse_link(ask, refusal)


def _is_spent(found: Landing) -> bool:
    """Whether the link itself begins nothing any more."""
    return found.token.refusal(found.now) in ("used", "expired")
