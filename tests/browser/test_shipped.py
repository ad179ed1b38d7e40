"""Every shipped definition as a person walks it, to each of its Ends: wide, narrow, two languages.

A new definition, or a new End, that no walk here comes to fails the first test.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final

import pytest
from playwright.sync_api import expect

from engine.model.instance import ProcessInstance
from engine.model.names import MAIN_TENANT
from engine.ports.store import InstanceQuery
from engine.run.current import InstanceRef
from engine.web.links import ResumeLink
from engine.web.texts import Speech
from tests.browser.conftest import People, Person, Served
from tests.phones import Deed as PhoneDeed
from tests.phones import does, phone_of
from tests.shipped import (
    PROCESSES,
    WALKS,
    Decide,
    Fill,
    Move,
    Own,
    Phone,
    Press,
    Return,
    Wait,
    Walk,
    ends_of,
    shipped,
)

LOOKS: Final = {
    "wide": {"width": 1280, "scheme": "light", "locale": "en-GB"},
    "narrow": {"width": 320, "scheme": "dark", "locale": "pt-PT"},
}


def said(id: str, language: str) -> str:
    """Say a sentence of ours as a page does."""
    return str(Speech(language=language, app="Farol Mutual")(id))


@pytest.mark.parametrize("process", shipped())
def test_every_end_of_every_shipped_definition_is_walked_to(process: str) -> None:
    assert {walk.end for walk in WALKS if walk.process == process} == ends_of(process)


def test_every_way_out_that_has_words_of_ours_is_shown_where_a_person_would_look() -> None:
    pressed = {
        (walk.process, move.action)
        for walk in WALKS
        for move in walk.moves
        if isinstance(move, Press)
    }

    assert {action for _, action in pressed} >= {"back", "resend", "skip", "forgot", "cancel"}


def begun(served: Served, someone: Person, walk: Walk) -> None:
    """Deploy the definition and begin it."""
    works: list[Callable[[], Awaitable[object]]] = [
        lambda: served.house.deploy(shipped=walk.process),
        lambda: served.house.user("somebody.else", passcode=None),
    ]
    for work in works:
        served.do(work)
    if walk.has_phone:
        served.phone = served.do(lambda: phone_of(served.surface, served.ines))
    someone.opens(served.link(process=walk.process, parameters=walk.parameters(walk.user)))


def visit(served: Served) -> ProcessInstance:
    """Give the only visit there is."""
    found = served.do(lambda: served.house.store.instances(MAIN_TENANT, InstanceQuery()))
    return found.rows[0]


def moved(served: Served, someone: Person, move: Move) -> None:
    """Do one thing, and wait for the page that comes of it."""
    page = someone.page
    match move:
        case Fill(fields=fields):
            for name, text in fields.items():
                page.locator(f"#{name}").fill(text)
            page.locator("main form .actions button.button").first.click()
        case Press() | Own():
            pressed = move.action if isinstance(move, Press) else move.answer
            name = "_action" if isinstance(move, Press) else "device"
            page.locator(f"button[name={name}][value={pressed}]").click()
        case Wait(minutes=minutes):
            served.wait(minutes=minutes)
            page.reload()
        case Decide(deed=deed):
            ref, house = InstanceRef(tenant=MAIN_TENANT, id=visit(served).id), served.house
            served.do(lambda: house.supervisor.act(ref, deed, house.actor()))
            page.reload()
        case Return():
            came_back(served, someone)
        case Phone(done=done):
            on_a_phone(served, someone, done)
    page.wait_for_load_state()


def came_back(served: Served, someone: Person) -> None:
    """Open the link that the operator has sent."""
    someone.page.goto(f"{served.base}{resume_link(served)}")
    someone.looks()
    someone.page.locator("main button.button").click()


def on_a_phone(served: Served, someone: Person, deed: PhoneDeed) -> None:
    """Do it there; the page goes on by itself, and without script by its link."""
    page, surface = someone.page, served.surface
    shown = page.content()
    if not someone.has_script:
        served.do(lambda: does(surface, deed, shown, served.phone))
        page.get_by_role("link", name="Check again").click()
        return
    expect(page.locator("[data-live]")).to_be_visible()
    with page.expect_navigation():
        served.do(lambda: does(surface, deed, shown, served.phone))


def resume_link(served: Served) -> str:
    """Give the link that the operator would send."""
    ref = InstanceRef(tenant=MAIN_TENANT, id=visit(served).id)
    value = served.do(lambda: served.house.supervisor.resume_value(ref, served.house.actor()))
    assert value is not None
    return ResumeLink(instance=ref.id, value=value).address


def walked(served: Served, someone: Person, walk: Walk) -> None:
    begun(served, someone, walk)
    before: Move | None = None
    for move in walk.moves:
        moved(served, someone, move)
        if move != before:  # the same again gives the same page again
            someone.looks()
        before = move
    someone.looks()
    assert visit(served).node == walk.end


@pytest.mark.browser
@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.parametrize("walk", WALKS, ids=[walk.name for walk in WALKS])
def test_a_person_comes_to_each_end(served: Served, person: People, walk: Walk, look: str) -> None:
    someone = person(**LOOKS[look])

    walked(served, someone, walk)

    language = someone.page.locator("html").get_attribute("lang")
    assert language == {"en-GB": "en"}.get(str(LOOKS[look]["locale"]), "pt-PT")
    assert someone.title == said(walk.words, language)


def shortest(process: str) -> Walk:
    """Give a way to success, or whatever comes first."""
    return next(walk for walk in WALKS if walk.process == process)


@pytest.mark.browser
@pytest.mark.parametrize("process", PROCESSES)
def test_each_can_be_walked_without_script(served: Served, person: People, process: str) -> None:
    someone, walk = person(script=False), shortest(process)

    walked(served, someone, walk)

    assert someone.title == said(walk.words, "en")
