"""The passcode journey with plain values: every order of answers, late and doubled events."""

from __future__ import annotations

import itertools
from datetime import timedelta

import msgspec
import pytest

from engine.compile import Source, check_definition
from engine.interpret import advance
from engine.model.effect import Resume
from engine.model.event import (
    Cancelled,
    DeadlinePassed,
    Ended,
    Event,
    Extended,
    LanguageChosen,
    Outcome,
    Submission,
    Submitted,
    TimerFired,
)
from engine.model.names import NodeId, StepKey
from engine.model.problem import Message
from engine.model.screen import TextPanel
from engine.model.turn import NotAwaited, Turn
from engine.run.catalogue import Catalogue
from engine.secret import SecretRef
from tests.bench import shipped_forms
from tests.interpret.flows import SIGN_IN
from tests.interpret.walk import HEAD, PAGE, Walk, graph_of

RIGHT = Ended(result="PASS")
WRONG = Ended(error="FailedPasscodeAuthentication", result="FAIL")
LAST = Ended(error="ExceededFailedPasscodeAuthentication", result="FAIL")
PASS = Ended(outputs={"decision": "PASS"})
FAIL = Ended(outputs={"decision": "FAIL"})
KEY = "passcode-authentication/passcodeAuth1"


def sign_in(*verdicts: Outcome, decision: Outcome = FAIL) -> Walk:
    return Walk(
        graph_of(SIGN_IN),
        {"verify": verdicts, "decide": [decision]},
        {"userExternalId": "ines"},
    )


def answer(walk: Walk) -> NotAwaited | None:
    wait = walk.instance.wait
    assert wait is not None
    secret = SecretRef(name="passcodeAuthForm1.passcode")
    return walk.take(
        Submitted(at=walk.now, step=wait.step, submission=Submission(secrets={"passcode": secret}))
    )


def test_a_right_passcode_is_accepted() -> None:
    walk = sign_in(RIGHT, decision=PASS)

    answer(walk)

    assert walk.instance.status == "COMPLETED_ENDED_SUCCESS"
    assert [(check.name, check.state) for check in walk.instance.checks] == [(KEY, "PASS")]
    assert walk.instance.keys["user1"].type == "User"


def test_a_check_is_filed_under_the_name_its_nodes_give() -> None:
    labels = ("Start Passcode Authentication\n", "Complete Passcode Authentication\n")
    flow = SIGN_IN
    for label in labels:
        flow = flow.replace(label, f"{label}    check: possession\n")
    walk = Walk(graph_of(flow), {"verify": [RIGHT], "decide": [PASS]}, {"userExternalId": "ines"})

    answer(walk)

    assert [(check.name, check.state) for check in walk.instance.checks] == [("possession", "PASS")]


@pytest.mark.parametrize("order", list(itertools.product([RIGHT, WRONG, LAST], repeat=3)))
def test_nobody_is_accepted_without_a_settled_pass(order: tuple[Outcome, ...]) -> None:
    settled = next((verdict for verdict in order if verdict is not WRONG), None)
    walk = sign_in(*order, decision=PASS if settled is RIGHT else FAIL)

    while walk.instance.wait is not None and len(walk.effects) < 40:
        answer(walk)
        if settled is None and walk.instance.visits.get(NodeId("verify")) == len(order):
            break

    accepted = walk.instance.status == "COMPLETED_ENDED_SUCCESS"
    assert accepted == (settled is RIGHT)


def test_leaving_the_form_is_abandoned_even_when_the_decider_would_pass() -> None:
    walk = sign_in(decision=PASS)
    wait = walk.instance.wait
    assert wait is not None
    assert wait.due == walk.now + timedelta(minutes=4, seconds=30)

    walk.later(minutes=4, seconds=30)
    walk.take(TimerFired(at=walk.now, node=wait.node, visit=wait.visit))

    assert walk.instance.status == "COMPLETED_TERMINATED"
    assert walk.instance.checks[0].state == "OPEN"
    assert not any(isinstance(effect, Resume) for effect in walk.effects)


def test_a_timer_that_is_early_or_of_another_visit_changes_nothing() -> None:
    walk = sign_in(WRONG)
    wait = walk.instance.wait
    assert wait is not None

    early = walk.take(TimerFired(at=walk.now, node=wait.node, visit=1))
    answer(walk)
    walk.later(minutes=5)
    other = walk.take(TimerFired(at=walk.now, node=wait.node, visit=1))

    assert early == NotAwaited(reason="late")
    assert other == NotAwaited(reason="another step")
    assert walk.instance.wait is not None


def test_a_submission_at_the_due_time_is_late() -> None:
    walk = sign_in(RIGHT, decision=PASS)
    walk.later(minutes=4, seconds=30)

    refused = answer(walk)

    assert refused == NotAwaited(reason="late")
    assert walk.instance.status == "ACTIVE"


def test_a_second_answer_to_the_same_step_is_not_awaited() -> None:
    walk = sign_in(WRONG, WRONG)
    wait = walk.instance.wait
    assert wait is not None
    doubled = Submitted(at=walk.now, step=wait.step, submission=Submission())
    walk.take(doubled)

    refused = walk.take(doubled)

    assert refused == NotAwaited(reason="another step")
    assert walk.instance.visits[NodeId("ask")] == 2


def test_the_words_of_a_failed_try_stand_above_the_next_form_and_go_with_it() -> None:
    walk = sign_in(WRONG, RIGHT, decision=PASS)

    answer(walk)

    assert walk.instance.wait is not None
    said = [p for p in walk.instance.wait.screen.panels if isinstance(p, TextPanel)]
    assert [panel.text for panel in said] == [
        Message(id="passcode.failed"),
        Message(id="passcode.left", count=2),
    ]
    answer(walk)
    assert walk.instance.notices == ()


def test_the_carried_secret_is_a_reference_and_is_gone_once_taken() -> None:
    walk = sign_in(WRONG)
    wait = walk.instance.wait
    assert wait is not None
    answer(walk)

    run = [e for e in walk.effects if e.node == "verify"]
    assert len(run) == 1
    assert walk.instance.keys["passcodeAuth1"].state == "started"
    assert walk.instance.keys["passcodeAuth1"].secrets == {}
    assert "_customFormData" not in walk.instance.variables or walk.instance.variables[
        "_customFormData"
    ] == {"passcodeAuthForm1": {}}


def test_the_instance_deadline_ends_the_journey_and_never_early() -> None:
    walk = sign_in()

    early = walk.take(DeadlinePassed(at=walk.now))
    walk.later(hours=1)
    walk.take(DeadlinePassed(at=walk.now))

    assert early == NotAwaited(reason="late")
    assert walk.instance.status == "COMPLETED_TERMINATED"
    assert walk.instance.ended_at == walk.now


def test_nothing_moves_an_instance_that_is_over() -> None:
    walk = sign_in()
    walk.take(Cancelled(at=walk.now, by="operator"))

    refused = [
        walk.take(DeadlinePassed(at=walk.now + timedelta(days=1))),
        walk.take(LanguageChosen(at=walk.now, language="pt-PT")),
        walk.take(Submitted(at=walk.now, step=StepKey("ask.1"), submission=Submission())),
    ]

    assert walk.instance.status == "COMPLETED_TERMINATED"
    assert refused == [NotAwaited(reason="over")] * 3


def test_more_time_adds_the_steps_own_length_ten_times_and_not_beyond_the_deadline() -> None:
    walk = sign_in()
    step = StepKey("ask.1")

    given = []
    for _ in range(14):
        refused = walk.take(Extended(at=walk.now, step=step))
        assert walk.instance.wait is not None
        given.append((refused, walk.instance.wait.due))

    assert [refused for refused, _ in given[:10]] == [None] * 10
    assert given[9][1] == walk.now + 11 * timedelta(minutes=4, seconds=30)
    assert {refused for refused, _ in given[10:]} == {NotAwaited(reason="no more time")}


def test_more_time_stops_at_the_instances_deadline() -> None:
    walk = Walk(graph_of(SIGN_IN), {}, {"userExternalId": "ines"}, deadline=timedelta(minutes=6))

    first = walk.take(Extended(at=walk.now, step=StepKey("ask.1")))
    second = walk.take(Extended(at=walk.now, step=StepKey("ask.1")))

    assert first is None
    assert walk.instance.wait is not None
    assert walk.instance.wait.due == walk.instance.deadline
    assert second == NotAwaited(reason="no more time")


def test_another_language_of_the_definition_is_kept_and_no_other() -> None:
    walk = sign_in()

    kept = walk.take(LanguageChosen(at=walk.now, language="pt-PT"))
    same = walk.take(LanguageChosen(at=walk.now, language="pt-PT"))
    other = walk.take(LanguageChosen(at=walk.now, language="fr"))

    assert kept is None
    assert walk.instance.language == "pt-PT"
    assert same == other == NotAwaited(reason="not offered")


def test_events_replayed_from_json_give_the_same_instance() -> None:
    walk = sign_in(WRONG, WRONG, RIGHT, decision=PASS)
    for _ in range(3):
        answer(walk)

    instance = walk.first
    for event in walk.events:
        again = msgspec.json.decode(msgspec.json.encode(event), type=Event)
        assert again == event
        turn = advance(walk.graph, instance, again)
        assert isinstance(turn, Turn)
        instance = turn.instance

    assert instance == walk.instance
    assert instance.status == "COMPLETED_ENDED_SUCCESS"


def test_a_changed_effect_result_replays_to_another_state() -> None:
    walk = sign_in(WRONG)
    answer(walk)
    changed = [
        msgspec.structs.replace(event, outcome=RIGHT)
        if getattr(event, "outcome", None) == WRONG
        else event
        for event in walk.events
    ]

    instance = walk.first
    for event in changed[: changed.index(walk.events[-1])]:
        turn = advance(walk.graph, instance, event)
        assert isinstance(turn, Turn)
        instance = turn.instance

    assert instance != walk.instance


def test_an_interactive_activity_may_show_again() -> None:
    walk = Walk(graph_of(SIGN_IN), {"ask": [PAGE, PAGE]}, {"userExternalId": "ines"})

    answer(walk)

    assert walk.instance.wait is not None
    assert walk.instance.wait.visit == 1


def test_without_the_node_that_verifies_it_does_not_compile() -> None:
    kept, verify = SIGN_IN.split("  verify:\n")
    without = (
        kept.replace("next: verify", "next: decide")
        + "  decide:\n"
        + verify.split("  decide:\n")[1]
    )
    source = Source(path="walk.yaml", text=(HEAD + without).encode())

    report = check_definition(source, Catalogue.installed().signatures, shipped_forms())

    assert report.graph is None
    assert {problem.rule for problem in report.problems if problem.severity == "error"} == {"P112"}
