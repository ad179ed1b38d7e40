"""The landing page: what a link is for, before anything happens."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from markupsafe import Markup

from engine.model.problem import Message
from engine.records.tokens import ProcessToken
from engine.run.entry.answers import Landing, Returning
from engine.web.links import visit_path
from engine.web.pages.frame import Frame, noticed, render, script_words, titled
from engine.web.texts import Speech


def landing(
    frame: Frame,
    landing: Landing,
    *,
    action: str,
    ready: Sequence[str] = (),
    notice: Message | None = None,
) -> str:
    """Show what the link is for, and Begin. Nothing was changed to show it.

    Args:
        frame: What the page stands in; its path keeps `pt`, so that a change of language does.
        landing: The link, its definition and its begin key.
        action: Where Begin posts to: hidden `begin` (the key) and `lang` (the page's language).
        ready: Message ids of what to have at hand, `landing.ready.passcode`.
        notice: A sentence above the title.
    """
    say, definition = frame.speech, landing.definition
    title = say.pick(definition.title)
    kind = "authentication" if definition.type == "authentication" else "verification"
    return render(
        "landing.html",
        frame,
        title=titled(frame, title),
        heading=title,
        lede=say(f"landing.lede.{kind}"),
        ready=ready,
        resume=visit_path(landing.resume) if landing.resume else None,
        action=action,
        begin=landing.begin_key,
        go="landing.begin",
        facts=_facts(landing, say),
        nothing=say("landing.nothing"),
        notice=noticed(frame, notice) if notice else None,
        words=script_words(say, "frame.sending", "say.sending"),
    )


def returning(frame: Frame, back: Returning, *, action: str, notice: Message | None = None) -> str:
    """Show what a resume link goes on with, and Go on. Nothing was changed to show it.

    Args:
        frame: What the page stands in; its path keeps `rs`.
        back: The paused visit and the page's begin key.
        action: Where Go on posts to.
        notice: A sentence above the title.
    """
    say = frame.speech
    title = say.pick(back.definition.title)
    until = say("landing.valid.until", clock=say.clock(back.until), date=say.day(back.until))
    return render(
        "landing.html",
        frame,
        title=titled(frame, title),
        heading=title,
        lede=say("landing.resume"),
        ready=(),
        resume=None,
        action=action,
        begin=back.begin_key,
        go="landing.resume.go",
        facts=(until,),
        nothing="",
        notice=noticed(frame, notice) if notice else None,
        words=script_words(say, "frame.sending", "say.sending"),
    )


def _facts(landing: Landing, say: Speech) -> tuple[Markup, ...]:
    """Say how long the link lives, and how long the visit will."""
    token = landing.token
    lengths = (landing.definition.max_duration, token.max_process_duration)
    length = min((each for each in lengths if each is not None), default=None)
    valid = _validity(token, say)
    time = say("landing.time", left=say.duration(length)) if length else None
    return tuple(fact for fact in (valid, time) if fact)


def _validity(token: ProcessToken, say: Speech) -> Markup | None:
    until: datetime | None = token.not_after
    limited = token.type == "MULTI_USE_COUNT_LIMITED"
    if until is None:
        return None if limited else say("landing.valid.open")
    once = limited and token.max_count is not None and token.max_count - token.counter == 1
    id_ = "landing.valid.once" if once else "landing.valid.until"
    return say(id_, clock=say.clock(until), date=say.day(until))
