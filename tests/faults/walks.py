"""Walks that are killed: each is prepared in peace, and then goes the same way at every try."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Final

from engine.errors import HttpFailed
from engine.model.names import MAIN_TENANT
from engine.ports.http import HttpAnswer
from engine.ports.store import PageQuery
from engine.records.identity import User
from engine.run.current import Current, Invalid
from engine.run.entry.answers import Begun, Returning
from engine.run.outbox import Outbox
from engine.run.pump import Pump
from engine.run.unit import Unit
from engine.testing import ScriptedHttp
from engine.webhooks.definitions import add_webhook
from tests.bench import RIGHT, WRONG, Bench, ref
from tests.run.flows import NAME_FORM, PAUSED
from tests.run.test_send_webhook import AWAITED, WANTED

FRESH: Final = "harbour pencil walnut eleven"
THIRD: Final = "copper lagoon thirteen bicycles"
COMMON: Final = "passwordpassword"
REGISTRATION: Final = "passcode-registration"
REVIEWED: Final = "sign-in-with-review"
ELSEWHERE: Final = ("https://www.example.org/",)

Said = Callable[[], None]
"""Called whenever an answer went out."""

Go = Callable[[Bench, str, Said], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Walk:
    """One way through.

    Attributes:
        prepare: Makes what it needs; gives the secret of its link.
        go: Walks, with that secret.
        mistaken: How those walk that are killed, where it must be found that it is not the same.
    """

    prepare: Callable[[Bench], Awaitable[str]]
    go: Go
    mistaken: Go | None = None


async def _sign_in(house: Bench) -> str:
    await house.deploy()
    await house.user()
    return (await house.link(max_count=3)).secret


async def _signs_in(house: Bench, secret: str, said: Said) -> None:
    """Begin, wrong, right."""
    begun = await house.begin(secret)
    said()
    for passcode in (WRONG, RIGHT):
        _answered(await house.answer(begun, passcode=passcode))
        said()


async def _registration(house: Bench) -> str:
    await house.deploy(shipped=REGISTRATION)
    await house.user(passcode=None)
    return (await house.link(REGISTRATION, max_count=3)).secret


async def _registers(house: Bench, secret: str, said: Said) -> None:
    """Choose one that is too common, then a good one; come again: renew with a wrong, a right."""
    begun = await house.begin(secret)
    said()
    for passcode in (COMMON, FRESH):
        _answered(await house.answer(begun, newPasscode=passcode, confirmPasscode=passcode))
        said()
    again = await house.begin(secret)
    said()
    for old in (WRONG, FRESH):
        new = {"newPasscode": THIRD, "confirmPasscode": THIRD}
        _answered(await house.answer(again, passcode=old, **new))
        said()


async def _review(house: Bench) -> str:
    await house.deploy(shipped=REVIEWED)
    await house.user()
    return (await house.link(REVIEWED, max_count=3)).secret


async def _is_reviewed(house: Bench, secret: str, said: Said) -> None:
    """One wrong, forgotten, looked at, accepted."""
    begun = await house.begin(secret)
    said()
    now = _answered(await house.answer(begun, passcode=WRONG)).instance
    said()
    assert now.step is not None
    await house.loop.press(ref(begun), step=now.step, revision=now.revision, action="forgot")
    said()
    last = await house.supervisor.act(ref(begun), "accept", house.actor(), "spoke with her")
    assert last.instance.status == "COMPLETED_ENDED_SUCCESS"
    said()


async def _pause(house: Bench) -> str:
    await house.deploy(PAUSED, {"name.v1": NAME_FORM})
    return (await house.link("visit", {}, max_count=3)).secret


async def _comes_back(house: Bench, secret: str, said: Said) -> None:
    """Led away, back by the link, an answer, and an operator who declines."""
    begun = await house.begin(secret)
    said()
    value = await house.supervisor.resume_value(ref(begun), house.actor())
    assert value is not None
    said()
    shown = await house.visits.returning(MAIN_TENANT, begun.instance, value)
    assert isinstance(shown, Returning)
    back = await house.visits.resume(MAIN_TENANT, begun.instance, value, begin_key=shown.begin_key)
    assert isinstance(back, Begun)
    said()
    _answered(await house.answer(begun, name="Ines"))
    said()
    await house.supervisor.act(ref(begun), "decline", house.actor(), "no such visit")
    said()


async def _times_out(house: Bench, secret: str, said: Said) -> None:
    """Nobody answers: the pump fires the step's timer."""
    await house.begin(secret)
    said()
    house.wait(minutes=5)
    assert await Pump(house.store, house.loop, house.clock).sweep() == 1
    said()


async def _all_kinds(house: Bench) -> str:
    secret = await _sign_in(house)
    await _signs_in(house, secret, lambda: None)
    await house.begin(secret)
    return secret


async def _is_erased(house: Bench, secret: str, said: Said) -> None:
    """A person asks to be forgotten: one visit is over, one goes on."""
    user = (await house.store.page(MAIN_TENANT, User, PageQuery())).rows[0]
    await house.eraser.erase_user(MAIN_TENANT, user, house.actor())
    said()


async def _is_purged(house: Bench, secret: str, said: Said) -> None:
    """Thirty days later the pump ends what went on, purges what is over, and forgets the rest."""
    house.wait(days=40)
    pump = Pump(house.store, house.loop, house.clock, house.eraser)
    await pump.sweep()
    said()
    house.wait(days=40)
    await pump.sweep()
    said()


async def _told(house: Bench) -> str:
    unit = Unit(house.store, MAIN_TENANT)
    await add_webhook(unit, house.actor(), house.vault, ScriptedHttp(), WANTED)
    await house.store.write(MAIN_TENANT, unit.staged())
    await house.deploy(AWAITED, {"name.v1": NAME_FORM})
    return (await house.link("visit", {}, max_count=3)).secret


async def _is_told(house: Bench, secret: str, said: Said) -> None:
    """An answer, then a webhook that nobody takes at first; the visit waits for it."""
    begun = await house.begin(secret)
    said()
    _answered(await house.answer(begun, name="Ines"))
    said()
    down = HttpFailed(reason="nobody answers there", host="shop.example")
    http = ScriptedHttp(down, HttpAnswer(status=200, headers={}, body=b""))
    outbox = Outbox(outside=house.loop.outside, loop=house.loop, clock=house.clock, http=http)
    await outbox.sweep()
    house.wait(seconds=5)
    await outbox.sweep()
    said()
    assert (await house.at(begun)).instance.is_over


def _answered(found: Current | Invalid) -> Current:
    assert isinstance(found, Current), found
    return found


WALKS: Final[Mapping[str, Walk]] = {
    "passcode-authentication": Walk(prepare=_sign_in, go=_signs_in),
    "passcode-registration": Walk(prepare=_registration, go=_registers),
    "sign-in-with-review": Walk(prepare=_review, go=_is_reviewed),
    "pause and resume": Walk(prepare=_pause, go=_comes_back),
    "timer": Walk(prepare=_sign_in, go=_times_out),
    "webhook": Walk(prepare=_told, go=_is_told),
    "erasure": Walk(prepare=_all_kinds, go=_is_erased),
    "purge": Walk(prepare=_all_kinds, go=_is_purged),
}
"""By the name that the figures have."""


async def _is_told_too_early(house: Bench, secret: str, said: Said) -> None:
    """Answer before the commit."""
    said()
    await _signs_in(house, secret, said)


async def _is_done_twice(house: Bench, secret: str, said: Said) -> None:
    """Use the link once more, and say nothing of it."""
    await house.begin(secret)
    await _signs_in(house, secret, said)


PLANTED: Final[Mapping[str, Walk]] = {
    "told too early": Walk(prepare=_sign_in, go=_signs_in, mistaken=_is_told_too_early),
    "done twice": Walk(prepare=_sign_in, go=_signs_in, mistaken=_is_done_twice),
}
"""Walks with a mistake that must be found."""
