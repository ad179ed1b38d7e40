"""Parts that take no answer: what they record has its type, or is not there."""

from __future__ import annotations

import json
from typing import Any

import pytest
from msgspec.structs import replace

from engine.compile import Source, check_definition, check_form
from engine.compile.definition import Report
from engine.interpret.submission import Read, read
from engine.model.definition import FormRef
from engine.model.event import Ended, Shown, Submitted
from engine.model.graph import ProcessGraph
from engine.model.names import FORM_DATA, JsonObject
from engine.model.screen import FormPanel, Screen
from engine.run.catalogue import Catalogue
from tests.interpret.walk import HEAD, Walk

PANEL = FormPanel(form=FormRef(name="told", version=1), form_data_key="d")
FLOW = """\
parameters:
  said: {{type: string}}
  flag: {{type: boolean}}
flow:
  start:
    activity: Start
    next: ask
  ask:
    activity: Custom Data Form
    inputs: {{dataFormName: told, formDataKey: d{more}}}
    next: sort
  sort:
    gateway: exclusive
    next:
      - when: "${{{when}}}"
        to: other
      - to: end
  other: {{activity: End, result: REVIEW}}
  end: {{activity: End, result: FAIL}}
"""


def part(type_: str, **more: Any) -> dict[str, Any]:
    """Write one question."""
    return {"type": type_, "id": "n", "label": {"values": {"en": "N", "pt-PT": "N"}}, **more}


def report_of(component: dict[str, Any], when: str, more: str = "") -> Report:
    """Check a flow that shows one question and goes by its answer."""
    title = {"values": {"en": "Told", "pt-PT": "Dito"}}
    form = {"version": "1", "title": title, "components": [component]}
    text = HEAD + FLOW.format(when=when, more=more)
    return check_definition(
        Source(path="walk.yaml", text=text.encode()),
        Catalogue.installed().signatures,
        {"told.v1": Source(path="told.v1.json", text=json.dumps(form).encode())},
    )


def graph_of(component: dict[str, Any], when: str, more: str = "") -> ProcessGraph:
    """Compile the flow."""
    report = report_of(component, when, more)
    assert report.graph is not None, report.problems
    return report.graph


def answered(graph: ProcessGraph, panel: FormPanel, parameters: JsonObject) -> Walk:
    """Show the form, send it as it is, and go on."""
    shown = Shown(screen=Screen(step_id="x", screen_id="x", panels=(panel,)))
    walk = Walk(graph, {"ask": [shown]}, parameters)
    assert walk.instance.wait is not None
    filled = walk.instance.wait.screen.panels[0]
    assert isinstance(filled, FormPanel)
    sent = read(filled, graph.forms[panel.form], {})
    assert isinstance(sent, Read)
    assert sent.submission.values.keys() == filled.values.keys()
    done = Ended(submission=sent.submission, outputs={"cdfContinue": True})
    walk._answers["ask"] = [done]
    step = walk.instance.wait.step
    assert walk.take(Submitted(at=walk.now, step=step, submission=sent.submission)) is None
    assert walk.instance.incident is None
    return walk


@pytest.mark.parametrize(
    ("component", "asked"),
    [
        (part("text", validate={"required": True}), "_customFormData.d.n == 'x'"),
        (part("checkbox"), "_customFormData.d.n"),
    ],
)
@pytest.mark.parametrize("flag", ["true", "\"${_initVars.said == 'x'}\""])
def test_answers_of_a_read_only_form_may_be_missing(
    component: dict[str, Any], asked: str, flag: str
) -> None:
    flag = flag.replace("_initVars.said ==", "has(_initVars.said) && _initVars.said ==")
    careless = report_of(component, asked, f", readOnlyForm: {flag}")
    writable = report_of(component, asked, ", readOnlyForm: false")

    graph = graph_of(component, f"has(_customFormData.d.n) && {asked}", f", readOnlyForm: {flag}")

    assert [problem.rule for problem in careless.problems] == ["X112"]
    assert writable.graph is not None
    assert answered(graph, replace(PANEL, read_only=True), {}).node == "end"


@pytest.mark.parametrize(
    ("component", "asked", "recorded"),
    [
        (part("number", default="2,5"), "_customFormData.d.n > 2.0", 2.5),
        (part("number", default="3", validate={"whole": True}), "_customFormData.d.n > 2", 3),
        (part("checkbox", default="true"), "_customFormData.d.n", True),
        (part("date", default="2026-03-01"), "_customFormData.d.n > '2026-01-01'", "2026-03-01"),
    ],
)
def test_a_default_that_is_only_shown_is_recorded_with_its_type(
    component: dict[str, Any], asked: str, recorded: object
) -> None:
    graph = graph_of({**component, "readOnly": True}, f"has(_customFormData.d.n) && {asked}")

    walk = answered(graph, PANEL, {})

    assert walk.instance.variables[FORM_DATA] == {"d": {"n": recorded}}
    assert walk.node == "other"


@pytest.mark.parametrize(("said", "recorded"), [("7", {"n": 7.0}), ("seven", {}), ("", {})])
def test_what_a_variable_puts_in_is_recorded_if_it_is_an_answer(
    said: str, recorded: JsonObject
) -> None:
    component = part("number", default="{{processvar._initVars.said}}", readOnly=True)
    graph = graph_of(component, "has(_customFormData.d.n) && _customFormData.d.n > 2.0")

    walk = answered(graph, PANEL, {"said": said})

    assert walk.instance.variables[FORM_DATA] == {"d": recorded}
    assert walk.node == ("other" if recorded else "end")


@pytest.mark.parametrize(("flag", "shown"), [(True, "true"), (False, "false")])
def test_a_truth_that_a_variable_puts_in_is_written_as_a_box_is_sent(
    flag: bool, shown: str
) -> None:
    component = part("text", default="it is {{processvar._initVars.flag}}", readOnly=True)
    graph = graph_of(component, "has(_customFormData.d.n) && _customFormData.d.n == 'x'")

    walk = answered(graph, PANEL, {"flag": flag})

    assert walk.instance.variables[FORM_DATA] == {"d": {"n": f"it is {shown}"}}


def test_a_default_that_is_no_answer_is_refused_where_it_stands() -> None:
    report = report_of(part("number", default="seven", readOnly=True), "true")

    assert ("F107", "told.v1.json") in [(p.rule, p.place.file) for p in report.problems]


def test_a_refused_answer_is_told_though_a_later_part_asks_for_it() -> None:
    label = {"values": {"en": "N"}}
    form = {
        "version": "1",
        "title": label,
        "components": [
            part("number", validate={"required": True}),
            {"type": "text", "id": "more", "label": label, "visibleWhen": "${n > 2.0}"},
        ],
    }
    compiled = check_form(Source(path="told.v1.json", text=json.dumps(form).encode())).form
    assert compiled is not None

    problems = read(PANEL, compiled, {"n": ["many"], "more": ["yes"]})
    untaken = read(replace(PANEL, read_only=True), compiled, {})

    assert isinstance(problems, tuple)
    assert [problem.field for problem in problems] == ["n"]
    assert isinstance(untaken, Read)
    assert untaken.submission.values == {}
