"""What registering a phone and asking one share: whose it is, how long, pages, and the check."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from activities.screens import show
from engine.activity import (
    BOOLEAN,
    STRING,
    Call,
    Ended,
    ErrorEvent,
    Input,
    KeyUse,
    Panel,
    Shown,
    passed,
)

USER_KEY: Final = KeyUse(input="userKey", type="User", default="user1", reads=frozenset({"User"}))
PROVIDER: Final = Input(
    name="provider", type=STRING, default="embedded", literal=True, refers="provider"
)
APPLICATION: Final = Input(name="applicationName", type=STRING, required=True)

FAIL_ON_REJECTION: Final = Input(
    name="failCheckOnRejection", type=BOOLEAN, default=True, literal=True
)


def length(default: str) -> Input:
    """Declare how long a code or question is good."""
    return Input(name="expiresAfter", type=STRING, default=default, literal=True, refers="duration")


def endings(words: Mapping[str, tuple[str, str]]) -> list[ErrorEvent]:
    """Declare error events that need an edge: code -> title of a last page, and the sentence.

    Whoever is there has done it on the phone, or has let time pass: they may be told.
    """
    # The check stays open: `Complete` settles it, or another try does.
    return [
        ErrorEvent(code=code, demanded=True, fails=False, title=title, words=sentence)
        for code, (title, sentence) in words.items()
    ]


def shown(
    call: Call, panel: Panel, *, expires: datetime | None = None, key: str | None = None
) -> Shown:
    """Show a panel that waits for a signal, named by `key`; without one the person answers."""
    screen = show(call, panel).screen
    return Shown(screen=screen, expires=expires, wait_key=key, asks=key is None)


def settled(call: Call, *, is_good: bool) -> Ended:
    """Settle the check; what was not confirmed fails it, or leaves it open where that is wanted."""
    if is_good:
        return passed()
    return Ended(result="FAIL" if call.flag("failCheckOnRejection") else None)
