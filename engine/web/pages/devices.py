"""What is decided on a device: its square code or question while it waits, and the phone added."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from markupsafe import Markup

from engine.model.instance import Wait
from engine.model.problem import Message
from engine.model.screen import DevicePanel, LivePanel
from engine.realtime.trustfactor.qr_code import outline
from engine.web.pages.frame import drawn
from engine.web.texts import Said, Speech

WORDS = ("phone.left", "phone.soon", "approval.left", "phone.wrong.left", "phone.waiting",
         "offline.title", "live.stopped")  # fmt: skip
"""What the script may say on such a page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listening:
    """What a page that waits for a device is made with, derived for this one answer.

    Attributes:
        link: What the device's agent opens, or scans; None until its provider has given it.
        token: What the page listens with.
        after: Sequence of the newest event: whatever is newer moves the page on.
        hub: Path of the hub.
        script: Address of rtas-ui, and its digest.
    """

    link: str | None
    token: str
    after: int
    hub: str
    script: str
    integrity: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Panelled:
    """A panel as it stands in a step: its words where the screen has none, and its markup."""

    heading: Message
    ledes: tuple[Markup, ...]
    markup: Markup


@dataclass(frozen=True, slots=True, kw_only=True)
class Countdown:
    """A time that runs out, for words and script.

    Attributes:
        words: Id of the sentence that the script counts in.
        until: The same for whoever has no script: the time of day.
        whole: Seconds from the beginning, of which `now` to `due` are left.
    """

    now: str
    due: str
    words: str
    until: Markup
    whole: int
    left: int


def panelled(
    wait: Wait, now: datetime, listening: Listening | None, path: str, say: Speech
) -> Panelled | None:
    """Draw what a step shows of devices; None where it shows nothing of the kind."""
    screen = wait.screen
    if screen.live is not None and listening is not None:
        return _waiting(screen.live, wait, now, listening, path, say)
    return None if screen.device is None else _added(screen.device, wait, now, path, say)


def _waiting(
    panel: LivePanel, wait: Wait, now: datetime, listening: Listening, path: str, say: Speech
) -> Panelled:
    is_phone = panel.flow == "registration"
    left = "phone.left" if is_phone else "approval.left"
    size, dark = outline(listening.link) if is_phone and listening.link else (0, "")
    shown: Mapping[str, object] = {
        "is_phone": is_phone, "listening": listening, "panel": panel, "size": size, "dark": dark,
        "path": path, "count": _countdown(panel.ends_at, wait, now, left, say),
    }  # fmt: skip
    return Panelled(
        heading=Message(id="phone.title" if is_phone else "approval.title"),
        ledes=(say("phone.lede" if is_phone else "approval.lede"),),
        markup=drawn("devices.html", "waiting", say, shown),
    )


def _added(panel: DevicePanel, wait: Wait, now: datetime, path: str, say: Speech) -> Panelled:
    shown: Mapping[str, object] = {
        "device": panel.device or say.plain("phone.device.unknown"),
        "added": say("phone.success.added", clock=say.clock(wait.since)),
        "path": path,
        "count": _countdown(panel.ends_at, wait, now, "phone.wrong.left", say)
        if now < panel.ends_at
        else None,
    }
    return Panelled(
        heading=Message(id="phone.success.title"),
        ledes=(say("phone.success.lede"),),
        markup=drawn("devices.html", "added", say, shown),
    )


def _countdown(ends_at: datetime, wait: Wait, now: datetime, words: str, say: Speech) -> Countdown:
    facts: dict[str, Said] = {"clock": say.clock(ends_at)}
    until = {"phone.wrong.left": "phone.wrong.until"}.get(words, "phone.until")
    return Countdown(
        now=now.isoformat(timespec="milliseconds"),
        due=ends_at.isoformat(timespec="milliseconds"),
        words=words,
        until=say(until, **facts),
        whole=max(int((ends_at - wait.since).total_seconds()), 1),
        left=max(int((ends_at - now).total_seconds()), 0),
    )
