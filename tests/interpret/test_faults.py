"""What no compiled definition does, and what comes at the wrong moment: nothing is guessed."""

from __future__ import annotations

import dataclasses
from datetime import timedelta

import pytest
from msgspec.structs import replace

from engine.errors import ExpressionFault, ProcessFault
from engine.expressions import Expression
from engine.interpret import advance, movement
from engine.interpret.advance import more_time
from engine.interpret.checks import decision
from engine.interpret.nodes import gateway, interactive, task
from engine.interpret.slots import after
from engine.model.effect import Expired, Resume, Returned
from engine.model.event import (
    Cancelled,
    Ended,
    Extended,
    Pressed,
    Resumed,
    Retried,
    Reviewed,
    Shown,
    TimerFired,
)
from engine.model.graph import ActivityNode, Flow, Gateway, ProcessGraph
from engine.model.instance import Incident, ProcessInstance
from engine.model.names import INIT_VARS, JsonObject, NodeId, StepKey
from engine.model.screen import Screen
from engine.model.turn import NotAwaited, Turn
from engine.testing import NOON, an_instance
from tests.interpret.flows import CHANNELS, SIGN_IN
from tests.interpret.walk import Walk, graph_of

ANA: JsonObject = {"userExternalId": "ana"}
ELSEWHERE = StepKey("elsewhere.1")


def asked() -> Walk:
    """Give a sign-in that waits for the passcode."""
    walk = Walk(graph_of(SIGN_IN), parameters=ANA)
    assert walk.node == "ask"
    return walk


def refused(graph: ProcessGraph, instance: ProcessInstance, event: object) -> str:
    """Give why an event was not awaited."""
    turn = advance(graph, instance, event)  # type: ignore[arg-type]  # events of every kind
    assert isinstance(turn, NotAwaited)
    return turn.reason


def activity_of(graph: ProcessGraph, node: str) -> ActivityNode:
    return task.activity(graph, NodeId(node))


def waiting(**changes: object) -> ProcessInstance:
    """Give a sign-in that waits for the passcode until a minute from noon."""
    instance = asked().instance
    assert instance.wait is not None
    facts: dict[str, object] = {"due": NOON + timedelta(minutes=1), **changes}
    return replace(instance, wait=replace(instance.wait, **facts))


def changed(**facts: object) -> ProcessGraph:
    """Give the sign-in's graph with other facts than any definition compiles to."""
    return dataclasses.replace(graph_of(SIGN_IN), **facts)  # type: ignore[arg-type]  # a test's own


def with_node(node: ActivityNode | Gateway) -> ProcessGraph:
    return changed(nodes={**graph_of(SIGN_IN).nodes, node.id: node})


@pytest.mark.parametrize(
    "event",
    [Pressed(at=NOON, step=ELSEWHERE, action="cancel"), Extended(at=NOON, step=ELSEWHERE)],
    ids=["button", "more time"],
)
def test_what_is_meant_for_another_step_is_not_awaited(event: Pressed | Extended) -> None:
    walk = asked()

    assert refused(walk.graph, walk.instance, event) == "another step"


@pytest.mark.parametrize(("seconds", "late"), [(59, False), (60, True), (61, True)])
def test_a_resume_link_is_late_from_its_waits_end_on(seconds: int, *, late: bool) -> None:
    instance = waiting(awaits="resume", key="door")
    event = Resumed(at=NOON + timedelta(seconds=seconds), key="door")

    turn = advance(graph_of(SIGN_IN), instance, event)

    assert (turn == NotAwaited(reason="late")) == late


@pytest.mark.parametrize(("seconds", "late"), [(59, False), (60, True)])
def test_a_review_is_late_from_its_waits_end_on(seconds: int, *, late: bool) -> None:
    instance = replace(waiting(awaits="review"), status="REVIEW")
    at = NOON + timedelta(seconds=seconds)

    turn = advance(graph_of(SIGN_IN), instance, Reviewed(at=at, by="op", accepted=True, comment=""))

    assert (turn == NotAwaited(reason="late")) == late


def test_a_timer_before_its_time_changes_nothing() -> None:
    event = TimerFired(at=NOON, node=NodeId("ask"), visit=1)

    assert refused(graph_of(SIGN_IN), waiting(), event) == "late"


def test_an_activity_that_wanted_to_be_woken_is_told_that_its_time_has_come() -> None:
    until = NOON + timedelta(minutes=1)
    instance = waiting(expires=until, due=None)

    event = TimerFired(at=until, node=NodeId("ask"), visit=1)

    turn = advance(graph_of(SIGN_IN), instance, event)

    assert isinstance(turn, Turn)
    (effect,) = turn.effects
    assert isinstance(effect, Resume)
    assert effect.woken == Expired()


def test_an_ended_instance_cannot_be_cancelled() -> None:
    over = replace(asked().instance, ended_at=NOON)

    assert refused(graph_of(SIGN_IN), over, Cancelled(at=NOON, by="op")) == "over"


def test_a_wait_without_a_timer_cannot_be_made_longer() -> None:
    node = replace(activity_of(graph_of(SIGN_IN), "ask"), timeout=None)

    assert more_time(with_node(node), waiting()) is None


def test_a_timer_of_a_node_that_has_none_is_a_fault() -> None:
    node = replace(activity_of(graph_of(SIGN_IN), "ask"), timeout=None)
    event = TimerFired(at=NOON + timedelta(minutes=1), node=node.id, visit=1)

    turn = advance(with_node(node), waiting(), event)

    assert isinstance(turn, Turn)
    assert turn.instance.incident is not None
    assert "no timer" in turn.instance.incident.reason


def test_an_output_that_is_no_decision_decides_nothing() -> None:
    node = activity_of(graph_of(SIGN_IN), "decide")
    decides = node.signature.decides
    assert decides is not None

    with pytest.raises(ProcessFault, match="is no decision"):
        decision(node, an_instance(), Ended(outputs={decides.output: "MAYBE"}))


def test_a_way_to_a_node_that_is_not_there_is_a_fault() -> None:
    with pytest.raises(ProcessFault, match="no such node"):
        movement.enter(graph_of(SIGN_IN), an_instance(), NodeId("nowhere"), NOON)


def test_a_ring_of_gateways_is_left_after_a_thousand_nodes() -> None:
    ring = NodeId("ring")
    graph = with_node(Gateway(id=ring, name="Ring", flows=(Flow(to=ring),)))

    with pytest.raises(ProcessFault, match="1,000 nodes"):
        movement.enter(graph, an_instance(), ring, NOON)


def test_a_gateway_is_no_activity() -> None:
    with pytest.raises(ProcessFault, match="no such activity"):
        task.activity(graph_of(CHANNELS), NodeId("sort"))


def test_nothing_is_resumed_where_nothing_waits() -> None:
    with pytest.raises(ProcessFault, match="nothing waits"):
        interactive.resume(graph_of(SIGN_IN), an_instance(), Returned(), NOON)


def test_flows_of_which_none_holds_are_a_fault() -> None:
    sort = graph_of(CHANNELS).nodes[NodeId("sort")]
    assert isinstance(sort, Gateway)
    instance = an_instance(variables={INIT_VARS: {"channel": "web"}})

    with pytest.raises(ProcessFault, match="without a default"):
        gateway.choose(sort.flows[:1], instance)


def test_a_condition_that_gives_a_text_is_not_taken_as_true() -> None:
    text = activity_of(graph_of(SIGN_IN), "begin").formulas["userExternalId"]
    assert isinstance(text, Expression)
    instance = an_instance(variables={INIT_VARS: ANA})

    with pytest.raises(ExpressionFault, match="neither true nor false"):
        gateway.choose([Flow(to=NodeId("end"), condition=text), Flow(to=NodeId("end"))], instance)


def test_an_instance_that_breaks_again_when_retried_is_held_again() -> None:
    incident = Incident(code="process", reason="once", node=NodeId("start"), at=NOON)
    held = replace(asked().instance, wait=None, incident=incident)

    turn = advance(changed(start=NodeId("nowhere")), held, Retried(at=NOON, by="op"))

    assert isinstance(turn, Turn)
    assert turn.instance.incident is not None
    assert "no such node" in turn.instance.incident.reason


ADDING = """\
parameters:
  locale: {type: string}
flow:
  start:
    activity: Start
    next: add
  add:
    activity: Add User
    inputs:
      storeName: customers
      locale: "${_initVars.locale}"
    errors:
      ExtIdNotUnique: end
      FailedAddUser: end
    next: end
  end:
    activity: End
    result: REVIEW
"""


def test_an_input_whose_value_is_not_there_is_not_given() -> None:
    walk = Walk(graph_of(ADDING), parameters={})

    assert "locale" not in walk.effects[0].inputs


def test_what_a_gateway_writes_and_is_not_given_is_no_longer_there() -> None:
    locale = activity_of(graph_of(ADDING), "add").formulas["locale"]
    assert isinstance(locale, Expression)
    node = Gateway(
        id=NodeId("write"), name="Write", flows=(Flow(to=NodeId("end")),),
        outputs=(("locale", locale), ("kept", 1)),
    )  # fmt: skip
    instance = an_instance(variables={INIT_VARS: {}, "locale": "pt"})

    written, to = gateway.passed(node, instance)

    assert (written.variables, to) == ({INIT_VARS: {}, "kept": 1}, "end")


def test_a_page_may_give_a_key_a_new_value_and_no_new_state() -> None:
    shown = Shown(
        screen=Screen(step_id="ask", screen_id="ask"),
        keys={"passcodeAuthenticationKey": {"seen": True}},
    )

    walk = Walk(graph_of(SIGN_IN), {"ask": [shown]}, ANA)

    slot = walk.instance.keys["passcodeAuth1"]
    assert (slot.value, slot.state) == ({"seen": True}, "started")


def test_a_success_without_the_key_it_goes_by_promotes_nobody() -> None:
    node = activity_of(graph_of(SIGN_IN), "verify")

    keys = after(node, an_instance(keys={}), Ended(promoted={"id": "ana"}))

    assert all(slot.type != "User" for slot in keys.values())
