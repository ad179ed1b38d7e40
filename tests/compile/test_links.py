"""Inputs, outputs, heads and forms in their finer points, and paths that meet."""

import msgspec
import pytest

from engine.compile import Source, check_definition, load
from engine.compile.bundling import digest_of
from engine.errors import UnknownBundle
from engine.model.problem import Problem
from tests.compile.corpus import Case
from tests.compile.palette import KNOWN
from tests.compile.test_proofs import (
    ASK,
    BEGIN,
    DEVICE,
    FORMS,
    HEAD,
    PAGE,
    SIGNED_IN,
    VERIFY,
    problems_of,
    rules,
)

GOOD = Case("P101", "good")


def told(old: str, new: str) -> list[tuple[str, str]]:
    """Change the good definition in one place; give what is wrong with it then."""
    text = GOOD.source().text.decode()
    assert old in text
    source = Source(path="t.yaml", text=text.replace(old, new, 1).encode())
    found: tuple[Problem, ...] = check_definition(source, KNOWN, GOOD.forms()).problems
    return [(problem.rule, problem.key) for problem in found]


DECIDE = "    activity: Simple Decider\n"
INPUT = DECIDE + "    inputs:\n      decisionVariable: "


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (DECIDE, INPUT + "\n", [("L112", "flow.decide.inputs.decisionVariable")]),
        (DECIDE, INPUT + "7\n", [("L112", "flow.decide.inputs.decisionVariable")]),
        (
            DECIDE,
            INPUT + '["${_initVars.channel}"]\n',
            [("L112", "flow.decide.inputs.decisionVariable")],
        ),
        (
            DECIDE,
            INPUT + '{a: "${_initVars.channel}"}\n',
            [("L112", "flow.decide.inputs.decisionVariable")],
        ),
        (DECIDE, INPUT + "PASS\n", []),
        (DECIDE, INPUT + '"${_initVars.age}"\n', [("X119", "flow.decide.inputs.decisionVariable")]),
        (DECIDE, INPUT + '"${1 +}"\n', [("X101", "flow.decide.inputs.decisionVariable")]),
        (
            "      dataFormName: passcode-authentication",
            "      dataFormName: passcode-authentication\n      dataFormVersion: 0",
            [("L112", "flow.ask.inputs.dataFormVersion")],
        ),
        (
            "      dataFormName: passcode-authentication",
            "      dataFormName: passcode-authentication\n      dataFormVersion: 2",
            [("L113", "flow.ask.inputs.dataFormVersion")],
        ),
        (
            "      dataFormName: passcode-authentication",
            '      dataFormName: "${_initVars.channel}"',
            [("L111", "flow.ask.inputs.dataFormName")],
        ),
        (
            "      dataFormName: passcode-authentication",
            "      dataFormName: passcode-authentication\n      formDataKey: my-form",
            [("L112", "flow.ask.inputs.formDataKey")],
        ),
        (
            "      dataFormName: passcode-authentication",
            "      dataFormName: passcode-authentication\n      formDataKey: errorCode",
            [("L112", "flow.ask.inputs.formDataKey")],
        ),
        (
            "      dataFormName: passcode-authentication",
            "      dataFormName: passcode-authentication\n      screens: [a, 1]",
            [("L112", "flow.ask.inputs.screens")],
        ),
        (DECIDE, DECIDE + "    outputs: {x: }\n", [("L112", "flow.decide.outputs.x")]),
        (DECIDE, DECIDE + "    outputs: {x: [1]}\n", []),
        (
            DECIDE,
            DECIDE + "    outputs: {x: '${1 + }'}\n",
            [("X101", "flow.decide.outputs.x")],
        ),
        (DECIDE, DECIDE + "    outputs: {x: '${decision}', y: '${_initVars.channel}'}\n", []),
        (DECIDE, DECIDE + "    check: main\n", [("L109", "flow.decide.check")]),
        (DECIDE, DECIDE + "    result: FAIL\n", [("L109", "flow.decide.result")]),
        (DECIDE, DECIDE + "    actions: {back: ask}\n", [("L109", "flow.decide.actions")]),
        ("    activity: End\n", "    activity: End\n    next: ask\n", [("L109", "flow.end.next")]),
        (
            DECIDE,
            "    gateway: exclusive\n    outputs: {x: 1}\n",
            [("L109", "flow.decide.outputs")],
        ),
        ("    next: decide\n", "    next: start\n", [("L102", "flow.verify.next")]),
        (
            "    next: begin\n",
            "    next:\n      - to: begin\n      - to: begin\n",
            [("P104", "flow.start.next.0.when")],
        ),
        (
            "    next: begin\n",
            '    next:\n      - when: "a ${_initVars.channel}"\n'
            "        to: begin\n      - to: begin\n",
            [("X119", "flow.start.next.0.when")],
        ),
        (
            "    next: begin\n",
            "    next:\n      - when: always\n        to: begin\n      - to: begin\n",
            [("X119", "flow.start.next.0.when")],
        ),
        (
            "    next: begin\n",
            '    next:\n      - when: "${}"\n        to: begin\n      - to: begin\n',
            [("X101", "flow.start.next.0.when")],
        ),
        (
            "channel: {enum: [kiosk, web], required: true}",
            "channel: {enum: [kiosk, web], required: true, default: web}",
            [("L118", "parameters.channel.default")],
        ),
        (
            "age: {type: integer}",
            "firstName: {type: integer}",
            [("L118", "parameters.firstName.type")],
        ),
        ("age: {type: integer}", "age: {typ: integer}", [("S101", "parameters.age.typ")]),
    ],
)
def test_a_slip_is_told_at_its_place(old: str, new: str, expected: list[tuple[str, str]]) -> None:
    assert told(old, new) == expected


def test_numbers_keep_within_the_bounds_of_their_input() -> None:
    flow = (
        "  first:\n    activity: Ask Thrice\n    inputs:\n      maxAttempts: {n}\n    next: end\n"
    )

    assert rules(flow.format(n=9)) == []
    assert rules(flow.format(n=10)) == ["L112"]
    assert rules(flow.format(n=0)) == ["L112"]
    assert rules(flow.format(n="3.5")) == ["L112"]
    assert rules(flow.format(n='"${1 + 2}"')) == []


TWO = """\
  first:
    gateway: exclusive
    next:
      - when: "${_initVars.channel == 'web'}"
        to: one
      - to: two
  one:
    activity: Custom Data Form
    inputs: {dataFormName: profile}
    next: both
  two:
    activity: Custom Data Form
    inputs: {dataFormName: other}
    next: both
  both:
    gateway: exclusive
    next:
      - when: "${READ}"
        to: end
      - to: end
"""
OTHER = """{"version": "1", "components": [
  {"type": "TYPE", "id": "city", "label": {"values": {"en": "City"}},
   "validate": {"required": true}},
  {"type": "text", "id": "word", "label": {"values": {"en": "Word"}},
   "validate": {"required": true}},
  {"type": "text", "id": "street", "label": {"values": {"en": "Street"}},
   "validate": {"required": true}}]}"""


@pytest.mark.parametrize(
    ("read", "kind", "expected"),
    [
        ("_customFormData.form1.city == 'Faro'", "text", []),
        ("_customFormData.form1.street == 'Rua'", "text", ["X112"]),
        ("has(_customFormData.form1.street)", "text", []),
        ("has(_customFormData.form1.word)", "text", ["X115"]),
        ("_customFormData.form1.city == 'Faro'", "email", []),
        ("_customFormData.form1.city == 3.0", "number", []),
    ],
)
def test_where_two_forms_meet_only_what_both_gave_is_certain(
    read: str, kind: str, expected: list[str]
) -> None:
    forms = {**FORMS, "other.v1": Source(path="o.json", text=OTHER.replace("TYPE", kind).encode())}
    text = HEAD + TWO.replace("READ", read)

    found = check_definition(Source(path="t.yaml", text=text.encode()), KNOWN, forms).problems

    assert [problem.rule for problem in found] == expected


def test_where_only_some_paths_answered_the_form_is_asked_for_first() -> None:
    skipped = (
        TWO.replace("        to: one\n", "        to: both\n")
        .replace(
            "  one:\n    activity: Custom Data Form\n"
            "    inputs: {dataFormName: profile}\n    next: both\n",
            "",
        )
        .replace("dataFormName: other", "dataFormName: profile")
    )
    read = "_customFormData.form1.city == 'Faro'"

    assert rules(skipped.replace("READ", read)) == ["X112"]
    assert rules(skipped.replace("READ", f"has(_customFormData.form1) && {read}")) == []


def test_values_of_different_types_meet_as_any() -> None:
    flow = """\
  first:
    gateway: exclusive
    next:
      - when: "${_initVars.channel == 'web'}"
        to: one
      - to: two
  one:
    activity: Set Variables
    outputs: {lane: fast, size: 3, on: true, part: 1.5}
    next: both
  two:
    activity: Set Variables
    outputs: {lane: slow, size: small, on: false, part: [a, b]}
    next: both
  both:
    gateway: exclusive
    next:
      - when: "${lane == 'fast' && on}"
        to: end
      - to: end
"""

    assert rules(flow) == []
    assert rules(flow.replace("lane == 'fast'", "size == 3")) == []
    assert rules(flow.replace("lane == 'fast'", "lane == 3")) == ["X110"]


def test_a_key_written_twice_is_what_either_path_wrote() -> None:
    gate = "  first:\n    gateway: exclusive\n    next:\n"
    gate += "      - when: \"${_initVars.channel == 'web'}\"\n        to: begin\n      - to: ask\n"
    flow = gate + SIGNED_IN.replace("  first:", "  begin:", 1)

    found = problems_of(flow)

    assert [p.key for p in found if p.rule == "P105"] == [
        "flow.ask.inputs.passcodeAuthenticationKey",
        "flow.device.inputs.userKey",
    ]


def test_a_timer_may_leave_a_key_in_a_state_of_its_own() -> None:
    again = SIGNED_IN.replace(
        "      to: end\n    next: verify", "      to: again\n    next: verify"
    )
    again += (
        (ASK + VERIFY)
        .replace("  ask:", "  again:")
        .replace("  verify:", "  verify2:")
        .replace(": ask", ": again")
        .replace("next: verify", "next: verify2")
        .replace(
            "dataFormName: passcode-authentication",
            "dataFormName: passcode-authentication\n      formDataKey: againForm",
        )
    )

    assert rules(again) == []


def test_a_page_after_the_secret_was_taken_is_safe() -> None:
    flow = BEGIN + ASK + VERIFY.replace("next: device", "next: page")

    assert rules(flow + "  page:\n    activity: Page\n    next: device\n" + DEVICE) == []


def test_a_bundle_that_no_longer_compiles_is_not_a_graph() -> None:
    report = check_definition(GOOD.source(), KNOWN, GOOD.forms())
    assert report.bundle is not None
    broken = msgspec.structs.replace(report.bundle, definition="process: x\n")
    broken = msgspec.structs.replace(broken, digest=digest_of(broken))

    with pytest.raises(UnknownBundle):
        load(broken, KNOWN)


def test_nothing_is_proved_of_ways_that_lead_nowhere() -> None:
    assert rules(PAGE.format(to="nowhere") + "  lonely:\n    activity: Page\n    next: end\n") == [
        "L102"
    ]
