"""Every shipped definition as a person walks it, to each of its Ends: wide, narrow, two languages.

A new definition, or a new End, that no walk here comes to fails the first test.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Final

import pytest

from engine.adapters.memory import MemoryStore
from engine.model.graph import ActivityNode
from engine.model.instance import ProcessInstance
from engine.model.names import MAIN_TENANT, Digest, JsonObject
from engine.ports.store import InstanceQuery
from engine.run.current import InstanceRef
from engine.run.supervision import Deed
from engine.testing import FrozenClock
from engine.web.texts import Speech
from engine.web.visit.links import ResumeLink
from tests.bench import RIGHT, ROOT, WRONG, bench
from tests.browser.conftest import People, Person, Served

INES: Final = "ines.carvalho"
FRESH: Final = "harbour pencil walnut eleven"
COMMON: Final = "passwordpassword"


# ---- what a person, an operator or time does --------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Fill:
    """Fill in these boxes and press the main button."""

    fields: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Press:
    """Press another button."""

    action: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """Let time pass, then look at the page again."""

    minutes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Decide:
    """An operator decides; the person looks at the page again."""

    deed: Deed


@dataclass(frozen=True, slots=True, kw_only=True)
class Return:
    """Open the link that the operator has sent, and go on."""


Move = Fill | Press | Wait | Decide | Return
DAY: Final = 24 * 60


def fill(**fields: str) -> Fill:
    return Fill(fields=fields)


def chosen(new: str, **more: str) -> Fill:
    return fill(newPasscode=new, confirmPasscode=new, **more)


WRONG_3: Final = (fill(passcode=WRONG),) * 3
SIGN_IN: Final = fill(identifier=INES, passcode=RIGHT)
HELP: Final = fill(identifier=INES, email="ines@example.org")
DETAILS: Final = fill(name="Rui Costa", email="rui@example.org")
FORGOT: Final = Press(action="forgot")
CANCEL: Final = Press(action="cancel")
RESEND: Final = Press(action="resend")
BACK: Final = Press(action="back")
LATE: Final = Wait(minutes=11)
ACCEPT: Final = Decide(deed="accept")
DECLINE: Final = Decide(deed="decline")


@dataclass(frozen=True, slots=True, kw_only=True)
class Walk:
    """One way through a definition. `words`: what the last page's title is, by its id."""

    process: str
    end: str
    words: str
    moves: tuple[Move, ...]
    user: str = INES

    @property
    def name(self) -> str:
        """Name it for people."""
        return f"{self.process}-{self.end}-{self.words.split('.')[1]}"


ACCEPTED: Final = "end.accepted.title"
DECLINED: Final = "end.declined.title.authentication"
NOT_DONE: Final = "end.declined.title.verification"
ABANDONED: Final = "end.abandoned.title"
LEFT: Final = "visit.ended.title"
REVIEWED: Final = "end.review.title"

WALKS: Final = (
    Walk(process="passcode-authentication", end="end", words=ACCEPTED,
         moves=(fill(passcode=WRONG), fill(passcode=RIGHT))),
    Walk(process="passcode-authentication", end="end", words=DECLINED, moves=WRONG_3),
    Walk(process="passcode-authentication", end="end", words=ABANDONED, moves=(LATE,)),
    Walk(process="sign-in", end="end", words=ACCEPTED,
         moves=(fill(identifier="", passcode=""), FORGOT, BACK,
                fill(identifier=INES, passcode=WRONG), SIGN_IN)),
    Walk(process="sign-in", end="end", words=DECLINED,
         moves=(FORGOT, HELP, ACCEPT, Return(), chosen(FRESH), *(SIGN_IN,) * 5)),
    Walk(process="sign-in", end="refused", words=DECLINED, moves=(FORGOT, HELP, DECLINE)),
    Walk(process="sign-in", end="cancelled", words=LEFT, moves=(CANCEL,)),
    Walk(process="sign-in", end="late", words=ABANDONED, moves=(LATE,)),
    Walk(process="sign-in-with-lock", end="end", words=ACCEPTED,
         moves=(*WRONG_3, ACCEPT, Return(), chosen(COMMON), chosen(RIGHT), chosen(FRESH),
                fill(passcode=FRESH))),
    Walk(process="sign-in-with-lock", end="end", words=DECLINED,
         moves=(FORGOT, ACCEPT, Return(), chosen(FRESH), *(fill(passcode=RIGHT),) * 3)),
    Walk(process="sign-in-with-lock", end="refused", words=DECLINED, moves=(*WRONG_3, DECLINE)),
    Walk(process="sign-in-with-lock", end="cancelled", words=LEFT,
         moves=(FORGOT, ACCEPT, Wait(minutes=DAY), RESEND, ACCEPT, Return(), CANCEL)),
    Walk(process="sign-in-with-lock", end="late", words=ABANDONED,
         moves=(FORGOT, Wait(minutes=2 * DAY))),
    Walk(process="sign-in-with-review", end="end", words=ACCEPTED, moves=(fill(passcode=RIGHT),)),
    Walk(process="sign-in-with-review", end="end", words=DECLINED, moves=WRONG_3),
    Walk(process="sign-in-with-review", end="end", words=REVIEWED, moves=(FORGOT,)),
    Walk(process="sign-in-with-review", end="cancelled", words=LEFT, moves=(CANCEL,)),
    Walk(process="contact-details", end="end", words=ACCEPTED,
         moves=(fill(passcode=RIGHT), fill(email="ines", phone="1"),
                fill(email="ines@example.org", phone="912345678"))),
    Walk(process="contact-details", end="refused", words=LEFT, moves=(FORGOT,)),
    Walk(process="passcode-registration", end="end", words=ACCEPTED, user="rui.costa",
         moves=(fill(name="", email="rui"), DETAILS, BACK, DETAILS, fill(), chosen("short"),
                chosen(FRESH))),
    Walk(process="passcode-registration", end="end", words=NOT_DONE, user="rui.costa",
         moves=(DETAILS, fill(), *(chosen(COMMON),) * 5)),
    Walk(process="passcode-registration", end="end", words=REVIEWED, moves=(FORGOT,)),
    Walk(process="passcode-registration", end="cancelled", words=LEFT, user="rui.costa",
         moves=(CANCEL,)),
    Walk(process="passcode-registration", end="late", words=ABANDONED, moves=(LATE,)),
    Walk(process="passcode-registration", end="refused", words=NOT_DONE, user="x" * 257,
         moves=(DETAILS, fill())),
    Walk(process="passcode-renewal", end="end", words=ACCEPTED,
         moves=(chosen(FRESH, passcode=WRONG), chosen(RIGHT, passcode=RIGHT),
                chosen(FRESH, passcode=RIGHT))),
    Walk(process="passcode-renewal", end="end", words=DECLINED,
         moves=(chosen(FRESH, passcode=WRONG),) * 5),
    Walk(process="passcode-renewal", end="end", words=REVIEWED, moves=(FORGOT,)),
    Walk(process="passcode-renewal", end="cancelled", words=LEFT, moves=(CANCEL,)),
)  # fmt: skip
PROCESSES: Final = tuple(dict.fromkeys(walk.process for walk in WALKS))
LOOKS: Final = {
    "wide": {"width": 1280, "scheme": "light", "locale": "en-GB"},
    "narrow": {"width": 320, "scheme": "dark", "locale": "pt-PT"},
}


def said(id: str, language: str) -> str:
    """Say a sentence of ours as a page does."""
    return str(Speech(language=language, app="Farol Mutual")(id))


# ---- nothing is forgotten ---------------------------------------------------------------------


def shipped() -> list[str]:
    """Name every definition that is shipped and can be begun."""
    texts = {path.stem: path.read_text("utf-8") for path in (ROOT / "definitions").glob("*.yaml")}
    return sorted(name for name, text in texts.items() if "\ntype: part\n" not in text)


def ends_of(process: str) -> set[str]:
    """Name the Ends of a shipped definition."""

    async def deployed() -> set[str]:
        clock = FrozenClock()
        house = bench(MemoryStore(clock), clock)
        bundle = (await house.deploy(shipped=process)).bundle
        graph = await house.library.graph(MAIN_TENANT, Digest(bundle.digest))
        return {
            node.id
            for node in graph.nodes.values()
            if isinstance(node, ActivityNode) and node.signature.kind == "end"
        }

    return asyncio.run(deployed())


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

    assert {action for _, action in pressed} >= {"back", "resend", "forgot", "cancel"}


# ---- the walks --------------------------------------------------------------------------------


def begun(served: Served, someone: Person, walk: Walk) -> None:
    """Deploy the definition and begin it."""
    works: list[Callable[[], Awaitable[object]]] = [
        lambda: served.house.deploy(shipped=walk.process),
        lambda: served.house.user("somebody.else", passcode=None),
    ]
    for work in works:
        served.do(work)
    given: JsonObject = {} if walk.process == "sign-in" else {"userExternalId": walk.user}
    someone.opens(served.link(process=walk.process, parameters=given))


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
        case Press(action=action):
            page.locator(f"button[name=_action][value={action}]").click()
        case Wait(minutes=minutes):
            served.wait(minutes=minutes)
            page.reload()
        case Decide(deed=deed):
            ref, house = InstanceRef(tenant=MAIN_TENANT, id=visit(served).id), served.house
            served.do(lambda: house.supervisor.act(ref, deed, house.actor()))
            page.reload()
        case Return():
            page.goto(f"{served.base}{resume_link(served)}")
            someone.looks()
            page.locator("main button.button").click()
    page.wait_for_load_state()


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
