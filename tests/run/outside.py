"""A stranger's external activity for tests: what it is to answer at each try, and what it saw."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from engine.activity import (
    BOOLEAN,
    INTEGER,
    STRING,
    Activity,
    Call,
    Ended,
    ErrorEvent,
    HandOver,
    Input,
    Output,
    TryLater,
    activity,
    done,
    raised,
)
from engine.run.catalogue import Catalogue
from tests.run.flows import HEAD

DELAYS = (timedelta(seconds=10), timedelta(minutes=10))
NOT_YET = TryLater(reason="nobody answers", at_last=raised("NotDone"))
PARAMETERS = "parameters:\n  who: {type: string, required: true}\nflow:"
SAID = done(outputs={"size": 7})

WAITING = (
    HEAD.format(first="fetch")
    + """\
  fetch:
    activity: Fetch
    inputs: {what: "parcel of ${_initVars.who}", wait: true}
    timeout: {after: PT1H, to: late}
    errors: {NotDone: no}
    next:
      - when: "${has(_size) && _size > 5}"
        to: yes
      - to: no
  yes:
    activity: End
  no:
    activity: End
    result: FAIL
  late:
    activity: End
"""
).replace("flow:", PARAMETERS)
"""Stands still until what was fetched is there."""

FUSED = WAITING.replace(
    """    next:
      - when""",
    """    next: fuse
  fuse:
    activity: Fuse
    next:
      - when""",
)
"""The same, with something behind it that may break."""

GOING_ON = (
    HEAD.format(first="fetch")
    + """\
  fetch:
    activity: Fetch
    inputs: {what: "parcel"}
    next: end
  end:
    activity: End
    result: FAIL
"""
).replace("flow:", PARAMETERS)
"""Hands it over and goes on."""


@dataclass(slots=True)
class Outside:
    """The other side: `answers` are given one after the other, the last one for ever."""

    answers: list[Ended | TryLater] = field(default_factory=lambda: [SAID])
    calls: list[Call] = field(default_factory=list)
    delays: Sequence[timedelta] = DELAYS
    is_whole: bool = True

    def activity(self) -> Activity:
        """Give the activity that fetches from here."""
        outside = self

        @activity(
            "Fetch",
            version=1,
            kind="external",
            waits_if="wait",
            inputs=[
                Input(name="what", type=STRING, required=True),
                Input(name="wait", type=BOOLEAN, default=False, literal=True),
            ],
            outputs=[Output(name="size", variable="_size", type=INTEGER, always=False)],
            errors=[ErrorEvent(code="NotDone")],
        )
        class Fetch:
            """Fetch something."""

            @staticmethod
            async def prepare(call: Call) -> HandOver:
                return HandOver(job={"wanted": call.text("what")}, delays=outside.delays)

            @staticmethod
            async def run(call: Call) -> Ended | TryLater:
                outside.calls.append(call)
                if len(outside.answers) > 1:
                    return outside.answers.pop(0)
                return outside.answers[0]

        return Fetch  # type: ignore[return-value]  # checkers do not see what a decorator makes

    def catalogue(self) -> Catalogue:
        """Give the installed activities, this one, and one that breaks unless all is whole."""

        @activity("Fuse", version=1, kind="pure")
        def fuse(call: Call) -> Ended:
            """Break."""
            if not self.is_whole:
                raise ValueError
            return done()

        known = Catalogue.installed().activities
        return Catalogue.of((*known, self.activity(), fuse))
