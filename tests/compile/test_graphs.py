"""What comes out: the graph, its bundle under one digest, its picture; and what it costs."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from time import process_time

import msgspec
import pytest

import activities
from engine.compile import Report, Source, check_definition, load, mermaid
from engine.errors import ActivityMissing, UnknownBundle
from engine.expressions import Expression
from engine.model.definition import ActivityRef, FormRef
from engine.model.graph import ActivityNode, Gateway
from engine.model.names import NodeId
from engine.model.problem import Words
from tests.compile.corpus import Case
from tests.compile.palette import KNOWN
from tests.compile.test_names import FORMS, SHIPPED
from tests.compile.texts import long_definition

GOLDEN = Path(__file__).parent / "golden"
INSTALLED = tuple(described.signature for described in activities.ALL)


def shipped() -> Report:
    source = Source(path="passcode-authentication.yaml", text=SHIPPED.encode())
    return check_definition(source, INSTALLED, FORMS)


def test_the_shipped_definition_has_no_problem_and_runs_as_it_reads() -> None:
    report = shipped()

    assert report.problems == ()
    graph = report.graph
    assert graph is not None
    assert graph.start == "start"
    assert list(graph.nodes) == ["start", "begin", "ask", "verify", "decide", "end"]
    ask = graph.nodes[NodeId("ask")]
    assert isinstance(ask, ActivityNode)
    assert ask.forms == (FormRef(name="passcode-authentication", version=1),)
    assert ask.timeout is not None
    assert (ask.timeout.after, ask.timeout.to) == (timedelta(minutes=4, seconds=30), "decide")
    assert set(ask.forms) <= graph.forms.keys()
    assert graph.steps == {"ask": (1, 1)}
    verify = graph.nodes[NodeId("verify")]
    assert isinstance(verify, ActivityNode)
    assert verify.inputs == {"passcodeAuthenticationKey": "passcodeAuth1", "maxAttempts": 3}
    assert dict(verify.errors) == {
        "FailedPasscodeAuthentication": "ask",
        "ExceededFailedPasscodeAuthentication": "decide",
    }
    begin = graph.nodes[NodeId("begin")]
    assert isinstance(begin, ActivityNode)
    claimed = begin.inputs["userExternalId"]
    assert isinstance(claimed, Expression)
    assert claimed.evaluate({"_initVars": {"userExternalId": "ana"}}) == "ana"


def test_a_bundle_names_what_it_is_made_of_and_compiles_to_the_same_graph() -> None:
    bundle = shipped().bundle
    assert bundle is not None

    graph = load(bundle, INSTALLED)

    assert graph.digest == bundle.digest
    assert len(bundle.digest) == 64
    assert list(bundle.forms) == ["passcode-authentication.v1"]
    assert ActivityRef(label="Simple Decider", version=1) in bundle.activities
    assert len(bundle.activities) == 6
    assert shipped().bundle == bundle


def test_every_part_of_a_bundle_is_under_its_digest() -> None:
    bundle = shipped().bundle
    assert bundle is not None
    forms = {key: text + " " for key, text in bundle.forms.items()}

    for other in (
        msgspec.structs.replace(bundle, definition=bundle.definition + "\n"),
        msgspec.structs.replace(bundle, forms=forms),
        msgspec.structs.replace(bundle, activities=bundle.activities[1:]),
        msgspec.structs.replace(bundle, version=2),
        msgspec.structs.replace(bundle, digest="0" * 64),
    ):
        with pytest.raises(UnknownBundle):
            load(other, INSTALLED)


def test_a_bundle_whose_activity_is_gone_names_it() -> None:
    bundle = shipped().bundle
    assert bundle is not None
    others = [s for s in INSTALLED if s.label != "Simple Decider"]

    with pytest.raises(ActivityMissing) as refusal:
        load(bundle, others)

    assert refusal.value.facts == {"label": "Simple Decider", "version": 1}


def test_a_bundle_keeps_its_versions_when_newer_ones_are_installed() -> None:
    bundle = shipped().bundle
    assert bundle is not None
    newer = [
        *INSTALLED,
        *(replace(signature, version=2) for signature in INSTALLED if signature.kind == "pure"),
    ]

    graph = load(bundle, newer)
    anew = check_definition(Source(path="p.yaml", text=SHIPPED.encode()), newer, FORMS).graph

    assert anew is not None
    decide, later = graph.nodes[NodeId("decide")], anew.nodes[NodeId("decide")]
    assert isinstance(decide, ActivityNode)
    assert isinstance(later, ActivityNode)
    assert (decide.signature.version, later.signature.version) == (1, 2)
    assert anew.digest != graph.digest


def test_buttons_gateways_and_outputs_reach_the_graph() -> None:
    text = """\
process: sample
version: 1
title: Sample
maxDuration: PT1H
parameters: {channel: {enum: [kiosk, web], required: true}}
flow:
  start: {activity: Start, next: gate}
  gate:
    gateway: exclusive
    name: Which way?
    next:
      - when: "${_initVars.channel == 'kiosk'}"
        to: form
      - to: set
  set:
    activity: Set Variables
    outputs: {lane: fast, path: "to ${_initVars.channel}"}
    next: form
  form:
    activity: Custom Data Form v3
    inputs: {dataFormName: profile}
    actions:
      later: {to: end, limit: 3}
      back: end
    timeout: {after: P1D, to: end, extendable: false}
    next: end
  end: {activity: End, result: FAIL}
"""

    graph = check_definition(
        Source(path="t.yaml", text=text.encode()), KNOWN, Case("P101", "good").forms()
    ).graph

    assert graph is not None
    gate, form = graph.nodes[NodeId("gate")], graph.nodes[NodeId("form")]
    assert isinstance(gate, Gateway)
    assert (gate.name, [flow.to for flow in gate.flows]) == ("Which way?", ["form", "set"])
    assert isinstance(form, ActivityNode)
    assert form.actions["later"].limit == 3
    assert form.actions["later"].label == Words(values={"en": "Later"})
    assert (form.actions["back"].limit, form.actions["back"].label) == (10, None)
    assert form.timeout is not None
    assert not form.timeout.extendable
    assert form.signature.label == "Custom Data Form"
    outputs = graph.nodes[NodeId("set")]
    assert isinstance(outputs, ActivityNode)
    (lane, fast), (path, to) = outputs.outputs
    assert (lane, fast, path) == ("lane", "fast", "path")
    assert isinstance(to, Expression)
    assert to.evaluate({"_initVars": {"channel": "web"}}) == "to web"
    end = graph.nodes[NodeId("end")]
    assert isinstance(end, ActivityNode)
    assert end.result == "FAIL"
    assert mermaid(graph) == (GOLDEN / "sample.mmd").read_text()


def test_the_picture_of_the_shipped_definition() -> None:
    graph = shipped().graph
    assert graph is not None

    assert mermaid(graph) == (GOLDEN / "passcode-authentication.mmd").read_text()


def test_no_text_escapes_from_a_picture() -> None:
    text = SHIPPED.replace("name: Done", "name: '\"] --> x; <script>`#&{}|'")

    graph = check_definition(Source(path="t.yaml", text=text.encode()), INSTALLED, FORMS).graph

    assert graph is not None
    line = next(line for line in mermaid(graph).splitlines() if "script" in line)
    assert line == '  n5((("#34;#93; --#62; x#59; #60;script#62;#96;#35;#38;#123;#125;#124;")))'


# what it costs --------------------------------------------------------------------------------


@contextmanager
def calls() -> Iterator[list[int]]:
    """Count the Python functions that are entered."""
    counted = [0]

    def count(frame: object, event: str, argument: object) -> None:
        if event == "call":
            counted[0] += 1

    sys.setprofile(count)
    try:
        yield counted
    finally:
        sys.setprofile(None)


def work(nodes: int) -> int:
    source = Source(path="t.yaml", text=long_definition(nodes).encode())
    forms = Case("P101", "good").forms()
    check_definition(source, KNOWN, forms)
    with calls() as counted:
        report = check_definition(source, KNOWN, forms)
    assert report.graph is not None, report.problems
    return counted[0]


def test_the_work_grows_with_the_definition_and_not_with_its_square() -> None:
    few, many = work(100), work(800)

    assert many < few * 8 * 1.2


def test_a_thousand_nodes_are_checked_in_no_more_than_two_seconds() -> None:
    source = Source(path="t.yaml", text=long_definition(1_000).encode())
    begun = process_time()

    report = check_definition(source, KNOWN, Case("P101", "good").forms())

    assert report.graph is not None
    assert len(report.graph.nodes) == 1_000
    assert process_time() - begun < 2
