"""What the compiler says, or keeps, in cases that no shipped definition has."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from engine.activity import (
    DYNAMIC,
    STRING,
    Call,
    Ended,
    FormUse,
    Input,
    KeyUse,
    ListOf,
    MapOf,
    Outcome,
    Promotion,
    Woken,
    activity,
    done,
)
from engine.compile import Source, check_definition, check_form
from engine.compile.dataflow.scope import Scope
from engine.compile.dataflow.state import State, join, merged
from engine.compile.definition import Forms
from engine.compile.findings import Findings
from engine.compile.linking.inputs import formula
from engine.compile.linking.literals import fits, wanted
from engine.compile.linking.site import Edge
from engine.compile.proving.network import turns
from engine.compile.reading.document import Document, Written
from engine.compile.reading.quoting import quote
from engine.compile.shape import _WORDS, resolved_schema
from engine.expressions import INTEGER, Binding, Secret
from engine.expressions.checking.members import some_names
from engine.model.definition import FormRef
from engine.model.form import Refused
from engine.model.names import FORM_DATA, NodeId
from engine.model.problem import Message, Problem
from tests.compile.palette import KNOWN
from tests.compile.test_parts import graph_of as graph_with
from tests.compile.test_proofs import FORMS, HEAD, rules


@activity(
    "Odd",
    version=1,
    kind="pure",
    inputs=[
        Input(name="slot", type=STRING),
        Input(name="anything", type=DYNAMIC),
        Input(name="wiped", type=ListOf(STRING), literal=True, refers="cleared"),
    ],
    keys=[KeyUse(input="slot", type="Odd", default="odd1", after="made")],
)
def odd(call: Call) -> Ended:
    """Take what other activities do not."""
    return done()


@activity(
    "Show Any",
    version=1,
    kind="interactive",
    inputs=[Input(name="form", type=STRING, required=True), Input(name="of", type=INTEGER)],
    form=FormUse(name_input="form", version_input="of", key_input="key"),
)
class ShowAny:
    """Show a form that only the journey knows."""

    @staticmethod
    def enter(call: Call) -> Outcome:
        return done()

    @staticmethod
    def resume(call: Call, woken: Woken) -> Outcome:
        return done()


@activity(
    "Odd Once More",
    version=1,
    kind="local",
    inputs=[Input(name="named", type=STRING)],
    keys=[
        KeyUse(
            input="slot",
            type="Odd",
            default="odd1",
            reads=frozenset({"Odd"}),
            before=frozenset({"made"}),
        )
    ],
    one_of=[("slot", "named")],
    promotes=Promotion(through="slot", link="other", type="Odd", state="proven"),
)
def odd_once_more(call: Call) -> Ended:
    """Take what Odd has made, and promote what it is linked to."""
    return done()


SHIPPED = Path(__file__).parent.parent.parent
ODD = (odd.signature, ShowAny.signature, odd_once_more.signature)  # type: ignore[attr-defined]  # decorated, it is one


def problems_of(flow: str, forms: dict[str, Source] | None = None) -> tuple[Problem, ...]:
    source = Source(path="t.yaml", text=(HEAD + flow).encode())
    return check_definition(source, (*KNOWN, *ODD), forms or FORMS).problems


def told(problems: Sequence[Problem]) -> list[tuple[str, str]]:
    return [(problem.rule, problem.key) for problem in problems]


def first(activity: str, **inputs: object) -> str:
    """Write a flow of one node."""
    written = json.dumps(inputs)
    return f"  first:\n    activity: {activity}\n    inputs: {written}\n    next: end\n"


ADD_USER = (
    "  first:\n    activity: Add User\n    inputs: {{storeName: customers, attributes: {given}}}\n"
    "    errors: {{ExtIdNotUnique: end, FailedAddUser: end}}\n    next: end\n"
)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ('{channel: "${_initVars.channel}", kept: plain}', []),
        ('{channel: "${1 +}"}', [("X101", "flow.first.inputs.attributes.channel")]),
        ("{channel: 7}", [("L112", "flow.first.inputs.attributes.channel")]),
        ("7", [("L112", "flow.first.inputs.attributes")]),
    ],
)
def test_a_mapping_is_judged_value_by_value(given: str, expected: list[tuple[str, str]]) -> None:
    assert told(problems_of(ADD_USER.format(given=given))) == expected


@pytest.mark.parametrize("length", ["soon", "PT0S", "P1M"])
def test_what_is_no_length_of_time_is_told(length: str) -> None:
    flow = first("Lock User", storeName="customers", userId="${_initVars.channel}", lockFor=length)

    assert ("L112", "flow.first.inputs.lockFor") in told(problems_of(flow))


def test_a_key_that_is_declared_as_an_input_too_is_written_out() -> None:
    flow = first("Odd", slot="${_initVars.channel}")

    assert told(problems_of(flow)) == [("L111", "flow.first.inputs.slot")]


def test_an_input_of_any_type_takes_any_value_and_names_of_nothing_clear_nothing() -> None:
    assert told(problems_of(first("Odd", anything=[1, {"a": "b"}]))) == []


def test_a_form_that_only_the_journey_knows_is_refused() -> None:
    flow = first("Show Any", form="${_initVars.channel}", of=1)

    assert told(problems_of(flow)) == [("L111", "flow.first.inputs.form")]


def test_a_text_without_an_expression_is_no_formula() -> None:
    written = Written(value="plain", spot=(1, 1))
    findings = Findings(Document(path="t.yaml", text="plain", root=written))

    assert formula(written, "x", findings) is None
    assert not findings.has_errors


def test_a_mapping_fits_where_all_its_values_do() -> None:
    assert fits({"a": "b"}, MapOf(STRING))
    assert not fits({"a": 1}, MapOf(STRING))
    assert wanted(MapOf(STRING)) == "a mapping: {name: value}"


def test_a_mapping_inside_a_part_reads_the_parts_own_names() -> None:
    part = (
        "process: adds\nversion: 1\ntype: part\ntitle: Adds\nparameters: {town: {type: string, "
        "required: true}}\nflow:\n  start:\n    activity: Start\n    next: first\n"
        + ADD_USER.format(given='{town: "${_initVars.town}", kept: plain}')
        + "  end:\n    activity: End\n"
    )
    call = (
        "  first:\n    call: adds\n    version: 1\n    with: {town: Porto}\n    ends: {end: end}\n"
    )

    graph = graph_with(call, part)

    assert NodeId("first.first") in graph.nodes


def form_of(*components: dict[str, Any]) -> Source:
    named = [
        {"id": f"c{n}", "label": {"values": {"en": "Label"}}, **component}
        for n, component in enumerate(components)
    ]
    text = json.dumps({"version": "1", "components": named})
    return Source(path="sample.v1.json", text=text.encode())


def test_what_a_paragraph_cannot_validate_is_told_once() -> None:
    found = check_form(form_of({"type": "paragraph", "validate": {"required": True}})).problems

    assert told(found) == [("F104", "components.0.validate")]


def test_a_bound_with_a_point_and_nothing_behind_it_is_a_whole_number() -> None:
    form = check_form(form_of({"type": "number", "validate": {"min": 5.0}})).form
    assert form is not None

    answer = form.checks["c0"](["4"], None, ())

    assert isinstance(answer, Refused)
    assert isinstance(answer.text, Message)
    assert "5" in answer.text.values.values()


def test_a_paragraph_before_it_is_nothing_that_a_question_can_depend_on() -> None:
    form = form_of({"type": "paragraph"}, {"type": "text", "visibleWhen": "${has(c0)}"})

    assert [problem.rule[0] for problem in check_form(form).problems] == ["X"]


def test_a_form_that_cannot_be_read_is_told_and_nothing_else_of_it() -> None:
    flow = first("Custom Data Form", dataFormName="broken", formDataKey="form1")
    broken = Source(path="broken.v1.json", text=b"{")

    found = problems_of(flow, {**FORMS, "broken.v1": broken})

    assert {problem.rule[0] for problem in found} == {"Y"}


def test_forms_are_known_before_they_are_read() -> None:
    forms = Forms({"a.v1": Source(path="a", text=b"{"), "b.v2": Source(path="b", text=b"{")})

    assert (len(forms), list(forms)) == (
        2,
        [FormRef(name="a", version=1), FormRef(name="b", version=2)],
    )


def test_a_success_without_its_key_promotes_nobody_and_is_told() -> None:
    flow = (
        "  first:\n    activity: Complete Passcode Authentication\n    errors:\n"
        "      FailedPasscodeAuthentication: end\n"
        "      ExceededFailedPasscodeAuthentication: end\n    next: end\n"
    )

    assert rules(flow) == ["P105"]


def test_nodes_that_nothing_leads_to_are_told_by_the_first_of_them() -> None:
    lost = "  lost:\n    activity: Page\n    next: too\n  too:\n    activity: Page\n    next: end\n"

    assert told(problems_of(first("Odd") + lost)) == [("P101", "flow.lost")]


def test_a_timeout_is_a_way_that_no_counter_ends() -> None:
    flow = (
        "  first:\n    activity: Page\n    timeout: {after: PT1M, to: count}\n    next: end\n"
        "  count:\n    activity: Counter\n    inputs: {counterName: rounds}\n    next:\n"
        '      - when: "${rounds < 3}"\n        to: first\n      - to: end\n'
    )

    assert rules(flow) == []


@pytest.mark.parametrize(
    ("ways", "is_loop"),
    [
        ("ab", False),
        ("ab bc", False),
        ("ab bc ca", True),
        ("ab bc cb", True),
        ("ab ac bd cd", False),
    ],
)
def test_a_loop_is_what_is_left_when_nothing_leads_in(ways: str, *, is_loop: bool) -> None:
    edges = [
        Edge(source=NodeId(way[0]), target=NodeId(way[1]), kind="next", spot=(1, 1))
        for way in ways.split()
    ]

    assert turns(edges) == is_loop


def test_a_scope_counts_the_names_it_lists() -> None:
    scope = Scope(State(), {"town": Binding(STRING)})

    assert (len(scope), list(scope)) == (2, ["town", FORM_DATA])


def test_who_asked_on_one_of_two_ways_may_have_asked() -> None:
    asked = State(askers={"form1": frozenset({NodeId("ask")})})

    assert join(State(), asked).askers == join(asked, State()).askers == asked.askers


def test_values_of_two_types_have_any() -> None:
    assert merged(STRING, STRING) == STRING
    assert merged(STRING, INTEGER) == DYNAMIC


def test_no_secret_is_offered_as_a_name_to_read() -> None:
    assert "such as" not in some_names({"word": Binding(Secret("it opens the door"))})
    assert "`town`" in some_names({"town": Binding(STRING)})


def test_a_line_without_an_expression_is_not_quoted() -> None:
    assert quote("first: plain") is None


@pytest.mark.parametrize("schema", ["process-definition", "custom-data-form"])
def test_every_keyword_that_judges_has_our_words(schema: str) -> None:
    silent = {
        "$defs", "$id", "$schema", "title", "description", "properties", "items", "default",
        "examples", "propertyNames", "$comment",
    }  # fmt: skip

    assert set(keywords(resolved_schema(schema))) - silent <= set(_WORDS)


def keywords(schema: dict[str, Any]) -> set[str]:
    """Give every keyword of a schema, and of those inside it."""
    inner = [*schema.get("properties", {}).values(), *schema.get("oneOf", [])]
    inner += [
        schema[key] for key in ("items", "propertyNames", "additionalProperties") if key in schema
    ]
    found = set(schema)
    for one in inner:
        found |= keywords(one) if isinstance(one, dict) else set()
    return found


def test_a_key_that_nobody_has_written_is_one_mistake_and_promotes_nothing() -> None:
    assert told(problems_of(first("Odd Once More"))) == [("P105", "flow.first.inputs.slot")]
    named = first("Odd Once More", named="so")
    assert told(problems_of(named)) == [("P105", "flow.first.inputs.slot")]


def test_a_list_is_told_where_a_word_should_be_also_twice() -> None:
    head = HEAD.replace("flow:", "languages: [[en], [en]]\nflow:", 1)
    source = Source(path="t.yaml", text=(head + first("Odd")).encode())

    found = told(check_definition(source, (*KNOWN, *ODD), FORMS).problems)

    assert found == [("S103", "languages.0"), ("S107", "languages"), ("S103", "languages.1")]


def test_a_part_that_has_no_flow_is_told_at_its_own_line() -> None:
    part = Source(
        path="part.yaml", text=b"process: leaf\nversion: 1\ntype: part\ntitle: Leaf\nflow: 5\n"
    )
    call = "  first:\n    call: leaf\n    version: 1\n    ends: {done: end}\n"
    source = Source(path="t.yaml", text=(HEAD + call).encode())

    problems = check_definition(source, (*KNOWN, *ODD), FORMS, {"leaf.v1": part}).problems

    assert [(one.rule, one.place.file, one.place.line) for one in problems] == [
        ("S103", "part.yaml", 5)
    ]


def test_a_component_of_another_type_than_its_activity_reads_is_told() -> None:
    form = (SHIPPED / "forms" / "passcode-authentication.v1.json").read_text(encoding="utf-8")
    text = (SHIPPED / "definitions" / "passcode-authentication.yaml").read_bytes()
    asked = Source(path="f.json", text=form.replace('"password"', '"text"').encode())

    problems = check_definition(
        Source(path="t.yaml", text=text), KNOWN, {"passcode-authentication.v1": asked}
    ).problems

    assert [(one.rule, one.key) for one in problems] == [("L114", "flow.ask.inputs.dataFormName")]
    assert "has `passcode` with the type text" in problems[0].message
