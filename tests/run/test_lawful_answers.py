"""What a stranger's activity may answer: what it declares, in plain JSON, or an incident."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

import msgspec
import pytest

from engine.activity import (
    DYNAMIC,
    INTEGER,
    NUMBER,
    STRING,
    Activity,
    Call,
    CheckUse,
    Decides,
    Ended,
    ErrorEvent,
    HandOver,
    KeyUse,
    ListOf,
    Outcome,
    Output,
    Screen,
    Shown,
    Submission,
    TextPanel,
    Woken,
    Words,
    activity,
    done,
    failed,
    passed,
    raised,
)
from engine.adapters.memory import MemoryStore
from engine.model.effect import Enter, Run
from engine.model.event import Broken
from engine.model.instance import ProcessInstance
from engine.model.names import NodeId
from engine.run.catalogue import Catalogue
from engine.run.hop.journal import event_of
from engine.run.hop.perform import StillChecking, perform
from engine.secret import Secret, SecretRef
from engine.testing import NOON, FrozenClock
from tests.bench import bench
from tests.run.flows import HEAD

CALL: Final = Call(node=NodeId("x"), visit=1, at=NOON, effect_key="i/x/1", inputs={})
RUN: Final = Run(node=NodeId("x"), visit=1, inputs={})
ENTER: Final = Enter(node=NodeId("x"), visit=1, inputs={})
SURROGATE: Final = "\udc80"
PRIVATE: Final = "ines.carvalho"
"""What no incident may repeat."""


class Colour(StrEnum):
    """A text that is none."""

    RED = "red"


def stranger(answer: Any) -> Activity:
    """Give an activity with two outputs, a key and a check, that answers so."""

    @activity(
        "Strange",
        version=1,
        kind="pure",
        keys=[KeyUse(input="boxKey", type="Box", default="box1", after="filled")],
        outputs=[
            Output(name="count", variable="_count", type=INTEGER, always=False),
            Output(name="any", variable="_any", type=DYNAMIC, always=False),
            Output(name="rate", variable="_rate", type=NUMBER, always=False),
            Output(name="names", variable="_names", type=ListOf(STRING), always=False),
        ],
        errors=[ErrorEvent(code="Sorry")],
        settles=CheckUse(name="strange", key="boxKey"),
    )
    def run(call: Call) -> Ended:
        """Answer as the test says."""
        return answer  # type: ignore[no-any-return]  # whatever a stranger may answer

    return run


def page(answer: Any) -> Activity:
    """Give an interactive activity that shows this."""

    class Page:
        """Show as the test says."""

        @staticmethod
        def enter(call: Call) -> Outcome:
            return answer  # type: ignore[no-any-return]  # whatever a stranger may answer

        @staticmethod
        def resume(call: Call, woken: Woken) -> Outcome:
            return done()

    return activity(
        "Strange Page",
        version=1,
        kind="interactive",
        keys=[KeyUse(input="boxKey", type="Box", default="box1", after="filled")],
    )(Page)


def performed(one: Activity) -> Outcome | HandOver | StillChecking:
    effect = ENTER if one.signature.is_page else RUN
    return asyncio.run(perform(one, effect, CALL))


def nested(depth: int) -> Any:
    value: Any = []
    for _ in range(depth):
        value = [value]
    return value


def endless() -> Any:
    value: list[Any] = []
    value.append(value)
    return value


@pytest.mark.parametrize(
    "answer",
    [
        done(),
        done(outputs={"count": 3, "any": None, "rate": 1.5, "names": ["a", "b"]}),
        done(outputs={"rate": 2, "any": {"a": [True, None, -1.5, "\N{GRINNING FACE}"]}}),
        done(outputs={"any": nested(40)}, keys={"boxKey": {"a": {"b": [1]}}}),
        done(outputs={"any": "{[" * 1000}),
        done(submission=Submission(values={"a": "b"}, secrets={"p": SecretRef(name="f.p")})),
        passed(promoted={"id": "u"}),
        failed("Sorry", message="no", keys={"boxKey": {}}),
        raised("Sorry"),
    ],
    ids=repr,
)
def test_what_is_plain_and_declared_is_taken_as_it_is(answer: Ended) -> None:
    assert performed(stranger(answer)) == answer


def test_nobody_changes_an_answer_once_it_was_given() -> None:
    kept: dict[str, Any] = {"a": [1]}

    outcome = performed(stranger(done(outputs={"any": kept})))
    kept["a"].append(2)

    assert outcome == done(outputs={"any": {"a": [1]}})


@pytest.mark.parametrize(
    ("answer", "named"),
    [
        (done(outputs={"count": PRIVATE}), "output count"),
        (done(outputs={"count": float("nan")}), "output count"),
        (done(outputs={"count": True}), "output count"),
        (done(outputs={"count": 2**63}), "output count"),
        (done(outputs={"count": 10**30}), "output count"),
        (done(outputs={"count": None}), "output count"),
        (Ended(error="Sorry", outputs={"count": PRIVATE}), "output count"),
        (done(outputs={"rate": float("inf")}), "output rate"),
        (done(outputs={"names": [1]}), "output names"),
        (done(outputs={"any": float("nan")}), "output any"),
        (done(outputs={"any": object()}), "output any"),  # type: ignore[dict-item]  # as strangers do
        (done(outputs={"any": Secret(PRIVATE)}), "output any"),  # type: ignore[dict-item]  # likewise
        (done(outputs={"any": (1, 2)}), "output any"),  # type: ignore[dict-item]  # likewise
        (done(outputs={"any": {1: PRIVATE}}), "output any"),  # type: ignore[dict-item]  # likewise
        (done(outputs={"any": NOON}), "output any"),  # type: ignore[dict-item]  # likewise
        (done(outputs={"any": b"bytes"}), "output any"),  # type: ignore[dict-item]  # likewise
        (done(outputs={"any": SURROGATE}), "output any"),
        (done(outputs={"any": {SURROGATE: 1}}), "output any"),
        (done(outputs={"any": nested(100)}), "output any"),
        (done(outputs={"any": nested(100_000)}), "output any"),
        (done(outputs={"any": endless()}), "output any"),
        (done(outputs={PRIVATE: 1}), "output it does not declare"),
        (done(outputs={SURROGATE: 1}), "outputs"),
        (done(keys={"boxKey": {"a": object()}}), "key boxKey"),  # type: ignore[dict-item]  # likewise
        (done(keys={"boxKey": {"a": SURROGATE}}), "key boxKey"),
        (done(keys={"boxKey": [PRIVATE]}), "key boxKey"),  # type: ignore[dict-item]  # likewise
        (done(keys={PRIVATE: {}}), "keys it does not declare"),
        (raised("Sorry", message=object()), "message"),  # type: ignore[arg-type]  # likewise
        (raised("Sorry", message=SURROGATE), "message"),
        (raised(7), "error"),  # type: ignore[arg-type]  # likewise
        (passed(promoted={"id": float("inf")}), "promoted"),
        (done(submission=Submission(values={"a": object()})), "submission"),  # type: ignore[dict-item]  # likewise
        (Ended(result="MAYBE"), "result"),  # type: ignore[arg-type]  # likewise
        (Ended(outputs=None), "outputs"),  # type: ignore[arg-type]  # likewise
        (Ended(error="Sorry", result="PASS"), "PASS"),
        (PRIVATE, "str"),
        (None, "NoneType"),
    ],
)  # fmt: skip
def test_what_is_neither_plain_nor_declared_is_named_and_not_repeated(
    answer: Any, named: str
) -> None:
    outcome = performed(stranger(answer))

    assert isinstance(outcome, Broken)
    assert outcome.code == "activity"
    assert named in outcome.reason
    assert "Strange" in outcome.reason
    assert PRIVATE not in outcome.reason
    msgspec.json.encode(outcome)


class Torn:
    """Nothing about it can be asked."""

    def __eq__(self, other: object) -> bool:
        raise RuntimeError

    def __hash__(self) -> int:
        raise RuntimeError


def test_a_value_that_breaks_whoever_looks_at_it_is_an_incident() -> None:
    outcome = performed(stranger(done(outputs={"any": Torn()})))  # type: ignore[dict-item]  # as strangers do

    assert isinstance(outcome, Broken)


PAGE: Final = Screen(step_id="x", screen_id="x")


@pytest.mark.parametrize(
    ("shown", "named"),
    [
        (Shown(screen=Screen(step_id="x", screen_id=object())), "screen"),  # type: ignore[arg-type]  # as strangers do
        (Shown(screen=Screen(step_id=SURROGATE, screen_id="x")), "screen"),
        (Shown(screen=Screen(step_id="x", screen_id="x", panels=("x",))), "screen"),  # type: ignore[arg-type]  # likewise
        (Shown(screen=PAGE, wait_key=b"x"), "wait_key"),  # type: ignore[arg-type]  # likewise
        (Shown(screen=PAGE, expires=datetime(2026, 1, 1)), "expires"),  # noqa: DTZ001 - as strangers do
        (Shown(screen=PAGE, expires=9), "expires"),  # type: ignore[arg-type]  # likewise
        (Shown(screen=PAGE, keys={"boxKey": {"a": float("nan")}}), "key boxKey"),
        (Shown(screen=PAGE, keys={PRIVATE: {}}), "keys it does not declare"),
    ],
)  # fmt: skip
def test_a_screen_that_cannot_be_kept_is_an_incident(shown: Shown, named: str) -> None:
    outcome = performed(page(shown))

    assert isinstance(outcome, Broken)
    assert named in outcome.reason
    assert PRIVATE not in outcome.reason


def test_a_screen_that_can_be_kept_is_shown() -> None:
    text = TextPanel(kind="info", text=Words(values={"en": "Wait"}))
    shown = Shown(
        screen=Screen(step_id="x", screen_id="x", screens=("x",), panels=(text,)),
        expires=NOON + timedelta(minutes=1),
        keys={"boxKey": {"a": 1}},
        wait_key="k",
    )

    assert performed(page(shown)) == shown


def ends_with(*strangers: Activity, flow: str) -> ProcessInstance:
    """Run a journey of strangers' activities; it must be readable, and its journal too."""

    async def story() -> ProcessInstance:
        clock = FrozenClock()
        known = Catalogue.of((*Catalogue.installed().activities, *strangers))
        house = bench(MemoryStore(clock), clock, catalogue=known)
        await house.deploy(flow)
        begun = await house.begin((await house.link("visit", {})).secret)
        instance = (await house.at(begun)).instance
        again = msgspec.json.decode(msgspec.json.encode(instance), type=ProcessInstance)
        assert again == instance
        for row in await house.store.journal(instance.tenant, instance.id):
            assert event_of(row) is not None
        return instance

    return asyncio.run(story())


DECIDED: Final = (
    HEAD.format(first="decide")
    + """\
  decide:
    activity: Strange Decider
    next: end
  end:
    activity: End
"""
)


def decider(decision: Any, *, always: bool = True) -> Activity:
    """Give a decider whose output is a text by its signature."""

    @activity(
        "Strange Decider",
        version=1,
        kind="pure",
        outputs=[Output(name="verdict", variable="_verdict", type=STRING, always=always)],
        decides=Decides(output="verdict"),
    )
    def decide(call: Call) -> Ended:
        """Decide as the test says."""
        return done(outputs={} if decision is None else {"verdict": decision})

    return decide


@pytest.mark.parametrize("decision", ["MAYBE", "pass", "", None])
def test_a_decision_that_is_none_is_an_incident_and_no_success(decision: str | None) -> None:
    instance = ends_with(decider(decision, always=decision is not None), flow=DECIDED)

    assert instance.incident is not None
    assert instance.incident.code == "activity"
    assert "verdict" in instance.incident.reason
    assert instance.decision is None
    assert not instance.is_over


@pytest.mark.parametrize(
    ("decision", "status"),
    [
        ("PASS", "COMPLETED_ENDED_SUCCESS"),
        ("FAIL", "COMPLETED_ENDED_ERROR"),
        ("REVIEW", "REVIEW"),
    ],
)
def test_a_strangers_decision_counts(decision: str, status: str) -> None:
    instance = ends_with(decider(decision), flow=DECIDED)

    assert (instance.incident, instance.status) == (None, status)


TRIED: Final = (
    HEAD.format(first="try")
    + """\
  try:
    activity: Strange Try
    next: end
  end:
    activity: End
"""
)
HANDLED: Final = TRIED.replace("    next: end\n", "    errors: {Sorry: end}\n    next: end\n", 1)


def trying(answer: Callable[[], Ended], *, opens: bool = False) -> Activity:
    """Give an activity without a check, or one that opens it alone, that answers so."""

    def run(call: Call) -> Ended:
        """Answer as the test says."""
        return answer()

    check = CheckUse(name="tried", key="boxKey")
    keys = [KeyUse(input="boxKey", type="Box", default="box1", after="filled")]
    errors = [ErrorEvent(code="Sorry"), ErrorEvent(code="Shrugged", fails=False)]
    outputs = [Output(name="any", variable="_any", type=DYNAMIC, always=False)]
    described = activity(
        "Strange Try", version=1, kind="pure", keys=keys, errors=errors, outputs=outputs
    )(run)
    signature = replace(described.signature, opens=check if opens else None)
    return replace(described, signature=signature)


@pytest.mark.parametrize("opens", [False, True], ids=["no check", "opens one"])
@pytest.mark.parametrize(
    "answer", [passed, lambda: failed("Sorry"), lambda: failed("Shrugged")],
    ids=["passed", "failed", "failed without failing"],
)  # fmt: skip
def test_whoever_settles_no_check_gives_no_result(answer: Callable[[], Ended], opens: bool) -> None:
    instance = ends_with(trying(answer, opens=opens), flow=TRIED)

    assert instance.incident is not None
    assert "result" in instance.incident.reason
    assert instance.checks == ()


@pytest.mark.parametrize("flow", [TRIED, HANDLED], ids=["without an edge", "with one"])
def test_an_error_event_that_fails_leaves_a_failed_check_also_without_one(flow: str) -> None:
    instance = ends_with(trying(lambda: raised("Sorry")), flow=flow)

    assert [(check.name, check.state) for check in instance.checks] == [("try", "FAIL")]
    assert instance.status == "COMPLETED_ENDED_ERROR"


def test_an_error_event_that_is_no_failure_touches_no_check() -> None:
    instance = ends_with(trying(lambda: raised("Shrugged")), flow=TRIED)

    assert instance.checks == ()
    assert instance.status == "COMPLETED_ENDED_SUCCESS"


@pytest.mark.parametrize(
    "value",
    [object(), Secret(PRIVATE), SURROGATE, Colour.RED, {SURROGATE: 1}, nested(100)],
    ids=["object", "secret", "surrogate", "enumeration", "key", "nested"],
)
def test_what_cannot_be_kept_never_leaves_the_loop_as_an_error(value: Any) -> None:
    instance = ends_with(trying(lambda: done(outputs={"any": value})), flow=TRIED)

    if instance.incident is None:
        assert instance.variables["_any"] == "red"
        assert type(instance.variables["_any"]) is str
    else:
        assert "any" in instance.incident.reason
