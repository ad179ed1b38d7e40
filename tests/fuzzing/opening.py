"""What opens something: only what we handed out, to the letter, and only where it belongs.

Each door is tried with what was made for it, worsened, and with what was made for another one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from typing import Final

from starlette.datastructures import QueryParams

from engine.access.keys import Caller, caller, exchange
from engine.identity import devices
from engine.model.names import MAIN_TENANT, InstanceId, StepKey
from engine.run.entry import begin_keys
from engine.run.entry.answers import Landing
from engine.secret import digest
from engine.web.gate.auth import form_token, is_form_token, is_value
from engine.web.links import link_of, ticket_of
from tests.bench import Bench
from tests.fuzzing.dice import Dice
from tests.fuzzing.noise import Noise
from tests.fuzzing.running import Case
from tests.web.program import program
from tests.web.surface import PERSON, TWO_FORMS, Surface, surface

Opens = Callable[[str], Coroutine[object, None, bool]]
"""What somebody brings -> whether it opens the door. Raises nothing, whatever is brought."""
STEP: Final = StepKey("first.1")
PIECES: Final = (
    "pt_", "ak_", "at_", "main", "main.", "acme.", ".", "..", "-", "_", "=", "==", "A", "a", "0",
    "00", "9999999999", "1", "%", "+", " ", "\n", "\x00", "é", "\ufffd", "\uff11", "\u202e", "|",
    ";", ",", '"', "\\", "/", "Bearer ", "pi=", "&pt=", "?", "#", "0" * 26, "A" * 43, "x" * 200,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Door:
    """What is tried: what opens it, and how it is asked.

    `several`: what else may stand beside it, behind dots, without a word about the rest.
    """

    right: str
    opens: Opens
    several: bool = False

    def may(self, text: str) -> bool:
        """Whether a text may open it."""
        given, right = text.split("."), self.right.split(".")
        beside = self.several and given[0] == right[0] and right[1] in given
        return text == self.right or beside


class Secrets:
    """Judges secrets. `doors`: each with what opens it; a test adds one that opens too easily."""

    name = "secrets"
    planned = 1_500_000

    def __init__(self, doors: Mapping[str, Door] | None = None) -> None:
        self._doors = doors or asyncio.run(_built())
        rights = tuple(door.right for door in self._doors.values())
        self._names, self._rights = tuple(self._doors), rights
        self._noise = Noise(others=rights, pieces=PIECES, stretches=(2, 5, 40))

    def make(self, dice: Dice) -> Case:
        """Bring a door what is its own, or another's, as it is or worsened."""
        name = dice.pick(self._names)
        text = self._doors[name].right if dice.below(5) else dice.pick(self._rights)
        if dice.below(50):
            text = self._noise.worsen(dice, text, 1 + dice.below(2))
        return Case(name, text)

    def judge(self, case: Case) -> str:
        """Try the door."""
        door = self._doors[case.kind]
        opened = self._run(door.opens(case.text))
        assert opened <= door.may(case.text), "it opened"
        assert opened or case.text != door.right, "it did not open"
        return "opened" if opened else "refused"

    def _run(self, asked: Coroutine[object, None, bool]) -> bool:
        """Run what waits for nothing outside, without a loop's ado."""
        try:
            while asked.send(None) is None:  # it lets others go first: there are none
                pass
        except StopIteration as ended:
            return bool(ended.value)
        asked.close()
        message = "a door that waits for the outside"
        raise AssertionError(message)


async def _built() -> Mapping[str, Door]:
    """Furnish a house and take from it one secret of each kind."""
    house = surface()
    await house.bench.deploy(TWO_FORMS, {"person.v1": PERSON})
    shop = await program(house)
    return {
        **await _of_links(house.bench),
        **_of_values(house.bench),
        "bearer": Door(shop.token, _bearer(house)),
        "key": Door(shop.key.secret, _key(house)),
    }


async def _of_links(bench: Bench) -> Mapping[str, Door]:
    link = await bench.link("two-forms", {}, max_count=1_000)
    begun = await bench.begin(link.secret)
    made = await bench.visits.create(MAIN_TENANT, link.secret)
    assert not isinstance(made, Landing)
    ticket, instance = getattr(made, "ticket"), getattr(made, "instance")  # noqa: B009 - Created

    async def token(text: str) -> bool:
        read = link_of(QueryParams([("pt", text)]))
        found = await bench.visits.landing(read.tenant, text) if read is not None else None
        return isinstance(found, Landing)

    async def start(text: str) -> bool:
        read = ticket_of(text)
        if read is None:
            return False
        found = await bench.visits.waiting(read.tenant, read.instance, read.ticket)
        return isinstance(found, Landing)

    async def session(text: str) -> bool:
        if not is_value(text):
            return False
        id = InstanceId(begun.instance)
        return await bench.visits.enter(MAIN_TENANT, id, text, reads=True) is not None

    return {
        "token": Door(link.secret, token),
        "ticket": Door(f"{instance}.{ticket}", start),
        "session": Door(begun.session, session),
    }


def _of_values(bench: Bench) -> Mapping[str, Door]:
    vault, now = bench.vault, bench.clock.now()
    hashed = digest("a token")
    right = form_token(vault, hashed, STEP, 3)

    async def begin(text: str) -> bool:
        return begin_keys.is_good(vault, text, hashed, now)

    async def form(text: str) -> bool:
        return is_form_token(text, right)

    async def device(text: str) -> bool:
        found = devices.read(text)
        return found is not None and devices.is_known(vault, found, "ana", "P1", now)

    known = devices.grant(vault, bench.chance, None, user="ana", passcode="P1", at=now)
    return {
        "begin key": Door(begin_keys.make(vault, bench.chance, hashed, now), begin),
        "form token": Door(right, form),
        "device": Door(known, device, several=True),
    }


def _bearer(house: Surface) -> Opens:
    async def opens(text: str) -> bool:
        bench = house.bench
        if not is_value(text):
            return False
        found = await caller(bench.store, bench.vault, text, bench.clock.now())
        return isinstance(found, Caller)

    return opens


def _key(house: Surface) -> Opens:
    async def opens(text: str) -> bool:
        bench = house.bench
        found = await exchange(bench.store, bench.vault, MAIN_TENANT, text, bench.clock.now())
        return isinstance(found, tuple)

    return opens
