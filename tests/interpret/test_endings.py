"""The finalizer's table, incidents, redirects, and what is dropped at the end."""

from __future__ import annotations

import json
from typing import Literal

import pytest
from msgspec.structs import replace

from engine.compile import Source, check_definition
from engine.errors import ProcessFault
from engine.interpret import advance
from engine.interpret.finalize import ended, status_of
from engine.model.event import (
    Broken,
    Cancelled,
    Ended,
    Finished,
    Started,
    Submission,
    Submitted,
)
from engine.model.graph import ActivityNode, ProcessGraph
from engine.model.instance import Check, CheckState, Decision, ProcessInstance, Status
from engine.model.names import Digest, JsonObject, NodeId, StepKey
from engine.model.problem import Message
from engine.model.screen import RedirectPanel, TextPanel
from engine.model.turn import NotAwaited
from engine.run.catalogue import Catalogue
from engine.testing import NOON, an_instance
from tests.bench import shipped_forms
from tests.interpret.flows import CHANNELS, SIGN_IN
from tests.interpret.walk import HEAD, Walk, graph_of

SUCCESS: Status = "COMPLETED_ENDED_SUCCESS"
ERROR: Status = "COMPLETED_ENDED_ERROR"


def over(
    decision: Decision | None, *states: CheckState, timed_out: bool = False
) -> ProcessInstance:
    checks = tuple(Check(name=str(n), state=s, at=NOON) for n, s in enumerate(states))
    return replace(an_instance(), decision=decision, checks=checks, last_wait_timed_out=timed_out)


@pytest.mark.parametrize(
    ("instance", "result", "expected"),
    [
        (over("PASS", "PASS"), None, SUCCESS),
        (over("PASS", "PASS", timed_out=True), None, "COMPLETED_TERMINATED"),
        (over("PASS", "PASS", timed_out=True), "FAIL", "COMPLETED_TERMINATED"),
        (over("PASS", "PASS"), "FAIL", ERROR),
        (over("FAIL", "PASS"), None, ERROR),
        (over("FAIL", "PASS"), "REVIEW", ERROR),
        (over("REVIEW", "FAIL"), None, "REVIEW"),
        (over("PASS", "FAIL"), "REVIEW", "REVIEW"),
        (over(None, "PASS"), "REVIEW", "REVIEW"),
        (over(None, "FAIL"), "REVIEW", ERROR),
        (over(None, "OPEN"), "REVIEW", ERROR),
        (over(None), None, SUCCESS),
        (over(None, "PASS", "OPEN"), None, ERROR),
        (over(None, "PASS", "FAIL"), None, ERROR),
        (over("PASS", "FAIL"), None, SUCCESS),
    ],
)
def test_the_finalizer_gives(
    instance: ProcessInstance, result: Literal["FAIL", "REVIEW"] | None, expected: Status
) -> None:
    assert status_of(instance, result) == expected


@pytest.mark.parametrize(
    ("channel", "end"), [("kiosk", "declined"), ("phone", "reviewed"), ("web", "accepted")]
)
def test_only_who_fails_is_told_why_by_the_last_page(channel: str, end: str) -> None:
    walk = Walk(graph_of(CHANNELS), parameters={"channel": channel})
    node = walk.graph.nodes[NodeId(end)]
    assert isinstance(node, ActivityNode)
    plain = TextPanel(kind="error", text=Message(id="passcode.wrong"))
    titled = replace(plain, title=Message(id="approval.declined.title"))
    before = replace(walk.instance, notices=(plain, titled), status="STARTED")

    last = ended(walk.graph, node, before, NOON)

    told = [titled] if last.status == ERROR else []
    assert last.ending is not None
    assert list(last.ending.panels) == told
    assert last.ending.title == (titled.title if told else None)


@pytest.mark.parametrize(
    ("channel", "status"), [("kiosk", ERROR), ("phone", "REVIEW"), ("web", SUCCESS)]
)
def test_a_gateway_takes_the_first_true_flow_else_its_default(channel: str, status: Status) -> None:
    walk = Walk(graph_of(CHANNELS), parameters={"channel": channel})

    assert walk.instance.status == status


def test_a_condition_that_cannot_be_told_is_an_incident_and_never_the_default() -> None:
    walk = Walk(graph_of(CHANNELS), parameters={})

    assert walk.instance.incident is not None
    assert walk.instance.incident.code == "expression"
    assert walk.instance.status not in (SUCCESS, ERROR)


def test_a_broken_activity_holds_the_instance_with_where_and_why() -> None:
    broken = Broken(code="activity", reason="ValueError in Start Passcode Authentication")
    walk = Walk(graph_of(SIGN_IN), {"begin": [broken]}, {"userExternalId": "ines"})

    refused = walk.take(Submitted(at=walk.now, step=StepKey("ask.1"), submission=Submission()))

    incident = walk.instance.incident
    assert incident is not None
    assert (incident.code, incident.node) == ("activity", "begin")
    assert refused == NotAwaited(reason="over")


def test_an_error_event_that_was_never_declared_is_an_incident() -> None:
    walk = Walk(graph_of(SIGN_IN), {"begin": [Ended(error="Surprise")]}, {"userExternalId": "ines"})

    assert walk.instance.incident is not None
    assert "Surprise" in walk.instance.incident.reason


def test_an_instance_of_another_bundle_is_refused() -> None:
    stranger = an_instance(bundle=Digest("f" * 64))

    with pytest.raises(ProcessFault):
        advance(graph_of(CHANNELS), stranger, Started(at=NOON, deadline=NOON, language="en"))


def test_a_started_instance_is_not_started_again_and_unknown_results_are_ignored() -> None:
    walk = Walk(graph_of(SIGN_IN), {}, {"userExternalId": "ines"})
    again = Started(at=walk.now, deadline=walk.now, language="en")
    stray = Finished(at=walk.now, node=walk.node, visit=9, outcome=Ended())

    assert walk.take(again) == NotAwaited(reason="another step")
    assert walk.take(stray) == NotAwaited(reason="another step")


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ({"_redirectUrl": "https://shop.example/back?i=%7BPROCESS_INSTANCE_ID%7D"},
         "https://shop.example/back?i=" + "I" * 26),
        ({"_redirectUrl": "https://shop.example/{PROCESS_DNF_NAME}/{PROCESS_DNF_VERSION}"},
         "https://shop.example/walk/1"),
        ({}, None),
    ],
)  # fmt: skip
def test_the_last_screen_says_where_the_person_goes(
    parameters: JsonObject, expected: str | None
) -> None:
    walk = Walk(graph_of(CHANNELS), parameters={"channel": "web", **parameters})

    assert walk.instance.ending is not None
    panels = walk.instance.ending.panels
    urls = [panel.url for panel in panels if isinstance(panel, RedirectPanel)]
    assert urls == ([expected] if expected else [])


def test_a_timed_out_journey_goes_to_its_own_address() -> None:
    addresses: JsonObject = {
        "channel": "web",
        "_redirectUrl": "https://shop.example/back",
        "timeoutRedirectUrl": "https://shop.example/late",
    }
    walk = Walk(graph_of(SIGN_IN), {}, {"userExternalId": "ines", **addresses})

    walk.take(Cancelled(at=walk.now, by="operator"))

    assert walk.instance.ending is not None
    assert walk.instance.ending.panels == (RedirectPanel(url="https://shop.example/late"),)


PASSING = {
    "version": "1",
    "components": [
        {
            "type": "text",
            "id": name,
            "label": {"values": {"en": name, "pt-PT": name}},
            "transient": transient,
        }
        for name, transient in (("town", False), ("card", True))
    ],
}


def answered(walk: Walk, **values: str) -> ProcessInstance:
    """Answer the current form."""
    wait = walk.instance.wait
    assert wait is not None
    submission = Submission(values=dict(values))
    walk.take(Submitted(at=walk.now, step=wait.step, submission=submission))
    return walk.instance


@pytest.mark.parametrize("is_cancelled", [False, True])
def test_transient_answers_serve_the_journey_and_are_dropped_at_its_end(
    *, is_cancelled: bool
) -> None:
    form = Source(path="passing.v1.json", text=json.dumps(PASSING).encode())
    definition = Source(path="walk.yaml", text=(HEAD + TWO_STEPS).encode())
    report = check_definition(
        definition, Catalogue.installed().signatures, shipped_forms() | {"passing.v1": form}
    )
    assert report.graph is not None, report.problems
    walk = Walk(report.graph)

    between = answered(walk, town="Faro", card="4711")
    if is_cancelled:
        walk.take(Cancelled(at=walk.now, by="operator"))
    else:
        answered(walk, town="Beja", card="4712")

    assert walk.instance.is_over
    assert between.variables["_customFormData"] == {"one": {"town": "Faro", "card": "4711"}}
    second = {} if is_cancelled else {"two": {"town": "Beja"}}
    assert walk.instance.variables["_customFormData"] == {"one": {"town": "Faro"}} | second


KEPT = {
    "version": "1",
    "components": [
        {"type": "text", "id": "card", "label": {"values": {"en": "Card", "pt-PT": "Card"}}}
    ],
}


def test_an_answer_is_kept_though_another_form_calls_its_name_transient() -> None:
    text = TWO_STEPS.replace("dataFormName: passing, formDataKey: two", "dataFormName: kept")
    walk = Walk(passing_graph(text))

    answered(walk, town="Faro", card="4711")
    answered(walk, card="gold")

    assert walk.instance.is_over
    assert walk.instance.variables["_customFormData"] == {
        "one": {"town": "Faro"}, "form1": {"card": "gold"},
    }  # fmt: skip


def test_answers_are_cleared_by_their_form_data_key_before_the_next_page() -> None:
    clear = (
        "next: clear\n  clear:\n    activity: Clear Variables\n"
        "    inputs: {variables: [one, other]}\n    next: second\n"
    )
    walk = Walk(passing_graph(TWO_STEPS.replace("next: second\n", clear)))

    answered(walk, town="Faro", card="4711")

    assert walk.node == "second"
    assert walk.instance.variables["_customFormData"] == {}


def passing_graph(text: str) -> ProcessGraph:
    """Compile a walk over the forms with and without transient answers."""
    forms = {
        f"{name}.v1": Source(path=f"{name}.v1.json", text=json.dumps(form).encode())
        for name, form in (("passing", PASSING), ("kept", KEPT))
    }
    report = check_definition(
        Source(path="walk.yaml", text=(HEAD + text).encode()),
        Catalogue.installed().signatures,
        forms,
    )
    assert report.graph is not None, report.problems
    return report.graph


TWO_STEPS = """\
flow:
  start:
    activity: Start
    next: first
  first:
    activity: Custom Data Form
    inputs: {dataFormName: passing, formDataKey: one}
    timeout: {after: PT5M, to: end}
    next: second
  second:
    activity: Custom Data Form
    inputs: {dataFormName: passing, formDataKey: two}
    timeout: {after: PT5M, to: end}
    next: end
  end:
    activity: End
    result: FAIL
"""


NOTE = """\
flow:
  start:
    activity: Start
    next: ask
  ask:
    activity: Custom Data Form
    inputs: {dataFormName: note}
    timeout: {after: PT5M, to: end}
    actions:
      skip: {to: end, limit: 2}
      back: again
    next: end
  again:
    activity: Custom Data Form
    inputs: {dataFormName: note, formDataKey: form2}
    timeout: {after: PT5M, to: end}
    actions:
      back: ask
    next: end
  end:
    activity: End
"""
__all__ = ["HEAD", "NOTE"]
