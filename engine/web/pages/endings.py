"""Pages that end or stop: what happened, what was kept, what to do next, in this order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from markupsafe import Markup

from engine.model.instance import ProcessInstance
from engine.model.problem import Message, Text
from engine.model.screen import RedirectPanel, TextPanel
from engine.run.current import Current
from engine.web.pages.frame import Frame, render, titled
from engine.web.texts import Said, Speech

Shape = Literal["disc", "square", "dots", "hands", "tick", "question", "open"]
StopKind = Literal[
    "expired", "used", "unknown", "notyet", "lost", "cookies", "busy", "slow", "error", "missing",
    "refused", "app",
]  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """A page that stops.

    Attributes:
        shape: The mark in which the thread ends; `tone` its classes.
        title, ledes, advice: Message ids: the title, what happened, what a person can do.
        go: Message id of the button, shown where the caller says where it leads.
        error: Whether the title says so.
    """

    shape: Shape
    title: str
    tone: str = "still"
    ledes: tuple[str, ...] = ()
    advice: tuple[str, ...] = ()
    go: str | None = None
    error: bool = False


STOPS: Mapping[StopKind, Stop] = {
    "expired": Stop(shape="hands", tone="still timed", title="link.expired.title",
                    ledes=("link.expired.lede",), advice=("link.new",)),
    "used": Stop(shape="tick", title="link.used.title", ledes=("link.used.lede",),
                 advice=("link.new",)),
    "unknown": Stop(shape="question", title="link.unknown.title", ledes=("link.unknown.lede",),
                    advice=("link.new",)),
    "notyet": Stop(shape="hands", tone="still timed", title="link.notyet.title",
                   ledes=("link.notyet.lede",)),
    "lost": Stop(shape="question", title="visit.lost.title", ledes=("visit.lost.lede",),
                 advice=("visit.lost.how",)),
    "cookies": Stop(shape="question", title="visit.lost.title", ledes=("visit.lost.lede",),
                    advice=("visit.cookies",), go="busy.go"),
    "busy": Stop(shape="open", tone="broken", title="busy.title", ledes=("busy.lede",),
                 go="busy.go"),
    "slow": Stop(shape="hands", tone="still timed", title="slow.title", ledes=("slow.lede",)),
    "error": Stop(shape="open", tone="broken", title="error.title", ledes=("error.lede",),
                  go="error.go", error=True),
    "missing": Stop(shape="question", title="missing.title", ledes=("missing.lede",)),
    "refused": Stop(shape="question", title="refused.title", ledes=("refused.lede",),
                    go="refused.go"),
    "app": Stop(shape="dots", title="app.title", ledes=("app.lede",), advice=("app.how",)),
}  # fmt: skip
"""Why a request goes no further, and how that looks (`reference/ui/ui.md` 3)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _End:
    """A way a visit is over: the same as a Stop, with status 200 and the visit's own reference."""

    shape: Shape
    title: str
    ledes: tuple[str, ...]
    tone: str = "still"
    advice: tuple[str, ...] = ()


_ACCEPTED = _End(
    shape="disc", tone="good", title="end.accepted.title", ledes=("end.accepted.lede",)
)
_DECLINED = ("end.declined.again", "frame.contact")
_ENDS = {
    "COMPLETED_ENDED_SUCCESS": _ACCEPTED,
    "COMPLETED_TERMINATED": _End(shape="hands", tone="still timed", title="end.abandoned.title",
                                 ledes=("end.abandoned.lede",)),
    "REVIEW": _End(shape="dots", title="end.review.title", ledes=("end.review.lede",)),
    "PAUSED": _End(shape="dots", title="end.paused.title", ledes=("end.paused.lede",)),
}  # fmt: skip
_WORKING = _End(shape="dots", title="work.title", ledes=("work.lede",))
_LEFT = _End(shape="tick", title="visit.ended.title", ledes=("visit.ended.lede",),
             advice=_DECLINED)  # fmt: skip
_BROKEN = _End(shape="open", tone="broken", title="end.error.title", ledes=("end.error.lede",),
               advice=("frame.contact",))  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class _Button:
    href: str
    words: Markup


def ending(frame: Frame, current: Current, *, redirect: RedirectPanel | None = None) -> str:
    """Show how a visit ended, or that it is held; never why it was declined.

    Args:
        frame: What the page stands in.
        current: An instance that is over, paused, held by an incident, or standing still until
            something is done outside: then the page looks again by itself (`Refresh`).
        redirect: Where the person goes next, as `redirect_of` finds it; its address must have been
            held against the allow-list (F4). The caller sends the `Refresh` header.
    """
    say, instance = frame.speech, current.instance
    end = _end(current)
    heading, ledes = _own_words(instance, end, say)
    is_working = instance.works_on
    if not is_working:
        ledes += (say("end.redirect") if redirect else say("frame.close"),)
    button = _Button(href=redirect.url, words=say("end.redirect.go")) if redirect else None
    if is_working:
        button = _Button(href=frame.path, words=say("phone.check"))
    return render(
        "ending.html",
        frame,
        title=titled(frame, say.plain_text(heading)),
        shape=end.shape,
        tone=end.tone,
        heading=say.text(heading),
        ledes=ledes,
        advice=[say(id_) for id_ in end.advice],
        button=button,
        of_visit=True,
        finished=_when(instance.ended_at, say) if instance.ended_at is not None else None,
        reference=instance.reference,
        at=None,
    )


def stop(
    frame: Frame,
    kind: StopKind,
    *,
    again: str | None = None,
    reference: str | None = None,
    at: datetime | None = None,
    retry_after: int | None = None,
) -> str:
    """Show why a request goes no further.

    Args:
        frame: What the page stands in.
        kind: Which one.
        again: Where its button leads (GET); without it there is none.
        reference: The request's id, of an `error`.
        at: From when it works (`notyet`, `slow`), or when it happened (`error`).
        retry_after: Seconds, of `busy`.

    Raises:
        TextMissing: A fact that the page has to say was not given.
    """
    say, page = frame.speech, STOPS[kind]
    facts: dict[str, Said] = {}
    if at is not None:
        facts |= {"clock": say.clock(at), "date": say.day(at)}
    if retry_after is not None:
        facts["count"] = retry_after
    go = _Button(href=again, words=say(page.go)) if again and page.go else None
    return render(
        "ending.html",
        frame,
        title=titled(frame, say.plain(page.title), wrong=page.error),
        shape=page.shape,
        tone=page.tone,
        heading=say(page.title),
        ledes=[say(id_, **facts) for id_ in page.ledes],
        advice=[say(id_) for id_ in page.advice],
        button=go,
        of_visit=False,
        finished=None,
        reference=reference,
        at=_when(at, say) if at is not None else None,
    )


def redirect_of(current: Current) -> RedirectPanel | None:
    """Find where a visit leads on that asks nothing more; held against the allow-list before."""
    screen = current.instance.screen
    return screen.redirect if screen is not None else None


def _end(current: Current) -> _End:
    instance = current.instance
    if instance.incident is not None:
        return _BROKEN
    if instance.works_on:
        return _WORKING
    if instance.status == "COMPLETED_ENDED_ERROR" and instance.left is not None:
        return _LEFT  # a button led straight here: the person knows why
    if instance.status == "COMPLETED_ENDED_ERROR":
        type_ = current.graph.definition.type
        kind = "authentication" if type_ == "authentication" else "verification"
        return _End(shape="square", title=f"end.declined.title.{kind}",
                    ledes=("end.declined.lede",), advice=_DECLINED)  # fmt: skip
    return _ENDS.get(instance.status, _BROKEN)


def _own_words(
    instance: ProcessInstance, end: _End, say: Speech
) -> tuple[Text, tuple[Markup, ...]]:
    """Take the last screen's own title and sentences where it has them, else ours."""
    screen = instance.screen
    panels = screen.panels if screen is not None else ()
    told = tuple(say.text(panel.text) for panel in panels if isinstance(panel, TextPanel))
    own = screen.title if screen is not None else None
    title = own if own is not None and say.plain_text(own) else Message(id=end.title)
    return title, told or tuple(say(id_) for id_ in end.ledes)


def _when(at: datetime, say: Speech) -> Markup:
    return say("frame.when", date=say.day(at), clock=say.clock(at))
