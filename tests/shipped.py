"""Ways through every shipped definition, to each of its Ends: what people, operators and time do.

Told once and walked by whoever wants to see a page, a stored byte or an answer of each of them. A
new definition, or a new End, that no walk here comes to fails a test.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from engine.adapters.memory import MemoryStore
from engine.model.graph import ActivityNode, ProcessGraph
from engine.model.names import MAIN_TENANT, Digest, JsonObject
from engine.run.oversight.supervision import Deed
from engine.testing import FrozenClock
from tests.bench import RIGHT, ROOT, WRONG, bench
from tests.phones import Deed as PhoneDeed

INES: Final = "ines.carvalho"
"""Somebody with a passcode."""
NEWCOMER: Final = "eva.neves"
"""Somebody whom the store does not know."""
FRESH: Final = "harbour pencil walnut eleven"
COMMON: Final = "passwordpassword"


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Phone:
    """Somebody does something on a phone; the page goes on, or the person looks at it again."""

    done: PhoneDeed


@dataclass(frozen=True, slots=True, kw_only=True)
class Own:
    """Say whether the phone that was added is one's own."""

    answer: Literal["mine", "wrong"]


Move = Fill | Press | Wait | Decide | Return | Phone | Own
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
    """One way through a definition. `words`: what the last page's title is, by its id.

    Attributes:
        given: Start parameters besides the user.
        has_phone: Their phone was registered before.
    """

    process: str
    end: str
    words: str
    moves: tuple[Move, ...]
    user: str = INES
    given: Mapping[str, str] = field(default_factory=dict)
    has_phone: bool = False

    def parameters(self, user: str) -> JsonObject:
        """Give what its link carries."""
        if self.process == "sign-in":
            return {}
        return {"userExternalId": user, **self.given}

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
PHONE: Final = {"userDisplayName": "Inês Carvalho", "applicationName": "Farol Mutual"}
ASKED: Final = {
    "applicationName": "Farol Mutual", "action": "Transfer to a new account",
    "message": "Send 250.00 EUR to Ana Luz, PT50 0002 0123 1234 5678 9015 4?",
}  # fmt: skip
REGISTER: Final = Phone(done="register")
REJECT: Final = Phone(done="reject")
MINE: Final = Own(answer="mine")

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
    Walk(process="contact-details", end="end", words=ACCEPTED,
         moves=(fill(passcode=RIGHT), Press(action="skip"))),
    Walk(process="contact-details", end="refused", words=LEFT, moves=(FORGOT,)),
    Walk(process="passcode-registration", end="end", words=ACCEPTED, user=NEWCOMER,
         moves=(fill(name="", email="rui"), DETAILS, BACK, DETAILS, fill(), chosen("short"),
                chosen(FRESH))),
    Walk(process="passcode-registration", end="end", words=NOT_DONE, user=NEWCOMER,
         moves=(DETAILS, fill(), *(chosen(COMMON),) * 5)),
    Walk(process="passcode-registration", end="end", words=REVIEWED, moves=(FORGOT,)),
    Walk(process="passcode-registration", end="cancelled", words=LEFT, user=NEWCOMER,
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
    Walk(process="device-registration", end="end", words=ACCEPTED, given=PHONE,
         moves=(fill(passcode=RIGHT), REGISTER, Own(answer="wrong"), Phone(done="clash"),
                REGISTER, MINE)),
    Walk(process="device-registration", end="end", words="phone.rejected.title", given=PHONE,
         moves=(fill(passcode=RIGHT), REJECT, Wait(minutes=16), REJECT)),
    Walk(process="device-registration", end="refused", words=LEFT, given=PHONE, moves=(FORGOT,)),
    Walk(process="transaction-approval", end="end", words=ACCEPTED, given=ASKED, has_phone=True,
         moves=(fill(passcode=RIGHT), Phone(done="accept"))),
    Walk(process="transaction-approval", end="end", words="approval.declined.title", given=ASKED,
         moves=(fill(passcode=RIGHT), Phone(done="decline")), has_phone=True),
    Walk(process="transaction-approval", end="refused", words="approval.nodevice.title",
         given=ASKED, moves=(fill(passcode=RIGHT),)),
    Walk(process="transaction-approval", end="refused", words=LEFT, given=ASKED, moves=(FORGOT,)),
)  # fmt: skip
PROCESSES: Final = tuple(dict.fromkeys(walk.process for walk in WALKS))


def shipped() -> list[str]:
    """Name every definition that is shipped and can be begun."""
    texts = {path.stem: path.read_text("utf-8") for path in (ROOT / "definitions").glob("*.yaml")}
    return sorted(name for name, text in texts.items() if "\ntype: part\n" not in text)


def graph_of(process: str) -> ProcessGraph:
    """Compile a shipped definition."""

    async def deployed() -> ProcessGraph:
        clock = FrozenClock()
        house = bench(MemoryStore(clock), clock)
        bundle = (await house.deploy(shipped=process)).bundle
        return await house.library.graph(MAIN_TENANT, Digest(bundle.digest))

    return asyncio.run(deployed())


def ends_of(process: str) -> set[str]:
    """Name the Ends of a shipped definition."""
    nodes = graph_of(process).nodes.values()
    return {
        node.id for node in nodes if isinstance(node, ActivityNode) and node.signature.kind == "end"
    }
