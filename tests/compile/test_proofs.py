"""Proofs in their finer points: what bounds a loop, what an ending leaves, what is written."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from engine.compile import Source, check_definition
from engine.model.graph import ProcessGraph
from engine.model.names import NodeId
from engine.model.problem import Problem
from engine.model.signature import Signature
from tests.compile.corpus import Case
from tests.compile.palette import KNOWN, relabelled, renamed

FORMS = Case("P101", "good").forms()
HEAD = """\
process: sample
version: 1
title: Sample
maxDuration: PT1H
parameters:
  userExternalId: {type: string, required: true}
  channel: {enum: [kiosk, web], required: true}
  age: {type: integer}
flow:
  start:
    activity: Start
    next: first
  end:
    activity: End
    result: REVIEW
"""


def problems_of(flow: str) -> tuple[Problem, ...]:
    """Check a flow whose first node is `first`; a stranger's labels must change nothing."""
    text = HEAD + flow
    found = check_definition(Source(path="t.yaml", text=text.encode()), KNOWN, FORMS).problems
    strange = Source(path="t.yaml", text=renamed(text).encode())
    theirs = check_definition(strange, relabelled(KNOWN), FORMS).problems
    assert [(p.rule, p.place) for p in theirs] == [(p.rule, p.place) for p in found]
    return found


def rules(flow: str) -> list[str]:
    return [problem.rule for problem in problems_of(flow)]


def graph_of(flow: str) -> ProcessGraph:
    report = check_definition(Source(path="t.yaml", text=(HEAD + flow).encode()), KNOWN, FORMS)
    assert report.graph is not None, report.problems
    return report.graph


PAGE = "  first:\n    activity: Page\n    next: {to}\n"
COUNT = (
    "  count:\n    activity: Counter\n    inputs:\n      counterName: rounds\n"
    '    next:\n      - when: "${{{condition}}}"\n        to: {then}\n      - to: {otherwise}\n'
)


def counted(condition: str, then: str = "first", otherwise: str = "end") -> list[str]:
    count = COUNT.format(condition=condition, then=then, otherwise=otherwise)
    return rules(PAGE.format(to="count") + count)


# loops ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "condition",
    [
        "rounds < 3",
        "rounds <= 3",
        "3 > rounds",
        "rounds < 3 && _initVars.channel == 'web'",
        "!(rounds >= 3)",
        "rounds == 2",
    ],
)
def test_a_counter_that_guards_the_way_back_bounds_a_loop(condition: str) -> None:
    assert counted(condition) == []


@pytest.mark.parametrize("condition", ["rounds >= 3", "rounds > 3 || _initVars.channel == 'kiosk'"])
def test_a_counter_that_guards_the_way_out_bounds_a_loop(condition: str) -> None:
    assert counted(condition, then="end", otherwise="first") == []


@pytest.mark.parametrize(
    ("condition", "then", "otherwise"),
    [
        ("rounds >= 3", "first", "end"),
        ("rounds < 3 || _initVars.channel == 'web'", "first", "end"),
        ("rounds >= 3 && _initVars.channel == 'web'", "end", "first"),
        ("rounds < 20000", "first", "end"),
        ("_initVars.channel == 'web'", "first", "end"),
    ],
)
def test_a_guard_that_need_not_hold_bounds_nothing(
    condition: str, then: str, otherwise: str
) -> None:
    assert counted(condition, then, otherwise) == ["P114"]


def test_a_counter_cleared_on_its_loop_bounds_nothing() -> None:
    flow = PAGE.format(to="count") + COUNT.format(
        condition="rounds < 3", then="clear", otherwise="end"
    )
    clear = "  clear:\n    activity: Clear Variables\n    inputs:\n      variables: [rounds]\n"

    assert rules(flow + clear + "    next: first\n") == ["P114"]


def test_a_counter_set_anew_on_its_loop_bounds_nothing() -> None:
    flow = PAGE.format(to="count") + COUNT.format(
        condition="rounds < 3", then="set", otherwise="end"
    )

    assert rules(
        flow
        + "  set:\n    activity: Set Variables\n    outputs:\n      rounds: 0\n    next: first\n"
    ) == ["P114"]


def test_a_way_around_the_counter_escapes_it() -> None:
    flow = (
        "  first:\n    activity: Page\n    timeout:\n      after: PT1M\n      to: first\n"
        "    next: count\n"
    )

    assert rules(flow + COUNT.format(condition="rounds < 3", then="first", otherwise="end")) == [
        "P114"
    ]


def test_two_counters_bound_two_loops_through_one_node() -> None:
    flow = (
        "  first:\n    activity: Page\n    next:\n"
        "      - when: \"${_initVars.channel == 'web'}\"\n        to: one\n      - to: two\n"
    )
    for name in ("one", "two"):
        flow += (
            f"  {name}:\n    activity: Counter\n    inputs:\n      counterName: {name}Rounds\n"
            f'    next:\n      - when: "${{{name}Rounds < 3}}"\n'
            "        to: first\n      - to: end\n"
        )

    assert rules(flow) == []
    assert rules(flow.replace("twoRounds < 3", "_initVars.channel == 'web'")) == ["P114"]


def test_a_button_is_bounded_by_its_limit() -> None:
    assert rules(PAGE.format(to="end") + "    actions:\n      resend: first\n") == []


THRICE = (
    "  first:\n    activity: Ask Thrice\n{inputs}"
    "    errors:\n      Exceeded: {out}\n    next: {on}\n"
)


def test_visits_bound_a_loop_when_their_event_leads_out() -> None:
    bounded = "    inputs:\n      maxAttempts: 3\n"
    back = "  back:\n    activity: Page\n    next: first\n"

    assert rules(THRICE.format(inputs=bounded, out="end", on="back") + back) == []
    assert rules(THRICE.format(inputs=bounded, out="back", on="end") + back) == ["P114"]


def test_visits_without_a_bound_bound_nothing() -> None:
    back = (
        "  back:\n    activity: Page\n    next:\n      - when: \"${_initVars.channel == 'web'}\"\n"
    )
    back += "        to: first\n      - to: end\n"

    assert rules(THRICE.format(inputs="", out="end", on="back") + back) == ["P114"]


def test_an_event_of_loops_is_demanded_on_a_loop_alone() -> None:
    straight = (
        "  first:\n    activity: Ask Thrice\n    inputs:\n      maxAttempts: 3\n    next: end\n"
    )
    loop = straight.replace("next: end", "next: back")
    loop += (
        "  back:\n    activity: Page\n    next:\n      - when: \"${_initVars.channel == 'web'}\"\n"
    )
    loop += "        to: first\n      - to: end\n"

    assert rules(straight) == []
    assert rules(loop) == ["L106"]


# keys and variables ---------------------------------------------------------------------------

BEGIN = """\
  first:
    activity: Start Passcode Authentication
    inputs:
      passcodeKey: default
      storeName: customers
      userExternalId: "${_initVars.userExternalId}"
    next: ask
"""
ASK = """\
  ask:
    activity: Passcode Authentication Form
    inputs:
      dataFormName: passcode-authentication
    timeout:
      after: PT5M
      to: end
    next: verify
"""
VERIFY = """\
  verify:
    activity: Complete Passcode Authentication
    errors:
      FailedPasscodeAuthentication: ask
      ExceededFailedPasscodeAuthentication: end
    next: device
"""
DEVICE = """\
  device:
    activity: Find Device
    errors:
      NoDevice: end
    next: end
"""
SIGNED_IN = BEGIN + ASK + VERIFY + DEVICE


def test_a_claimed_user_is_promoted_by_success_alone() -> None:
    assert rules(SIGNED_IN) == []
    assert rules(
        SIGNED_IN.replace(
            "ExceededFailedPasscodeAuthentication: end",
            "ExceededFailedPasscodeAuthentication: device",
        )
    ) == ["P106"]
    assert rules(BEGIN.replace("next: ask", "next: device") + DEVICE) == ["P106"]


def test_an_event_without_an_edge_goes_on_by_next_and_is_judged_there() -> None:
    unhandled = SIGNED_IN.replace("      ExceededFailedPasscodeAuthentication: end\n", "")

    found = problems_of(unhandled)

    assert keys_of(found) == [("P106", "flow.device.inputs.userKey")]


def test_a_timer_leaves_the_attempt_started() -> None:
    late = SIGNED_IN.replace(
        "      to: end\n    next: verify", "      to: verify\n    next: verify"
    )

    (problem,) = problems_of(late)

    assert problem.rule == "P106"
    assert "started" in problem.message


def test_a_button_leaves_every_key_as_it_was() -> None:
    skip = SIGNED_IN.replace(
        "    timeout:\n", "    actions:\n      skip: verify\n    timeout:\n", 1
    )

    (problem,) = problems_of(skip)

    assert (problem.rule, "started" in problem.message) == ("P106", True)


def test_a_button_carries_no_secret() -> None:
    skip = SIGNED_IN.replace("    timeout:\n", "    actions:\n      skip: page\n    timeout:\n", 1)

    assert rules(skip + "  page:\n    activity: Page\n    next: end\n") == []


def after_device(read: str, *, way: str = "next") -> list[str]:
    gate = f'  gate:\n    gateway: exclusive\n    next:\n      - when: "${{{read}}}"\n'
    gate += "        to: end\n      - to: end\n"
    to_gate = {"next": ("next: end", "next: gate"), "error": ("NoDevice: end", "NoDevice: gate")}
    return rules(BEGIN + ASK + VERIFY + DEVICE.replace(*to_gate[way]) + gate)


@pytest.mark.parametrize(
    ("read", "way", "expected"),
    [
        ("_devices > 0", "next", ["X113"]),
        ("has(_devices) && _devices > 0", "next", []),
        ("has(_lastSeen) && _lastSeen == 'x'", "next", []),
        ("_lastSeen == 'x'", "next", ["X113"]),
        ("device1.name == 'x'", "next", []),
        ("device1.model == 'x'", "next", ["X112"]),
        ("has(device1.model) && device1.model == 'x'", "next", []),
        ("user1.status == 'ACTIVE'", "next", []),
        ("user1.status == 'ACTIV'", "next", ["X111"]),
        ("device1.name == 'x'", "error", ["X114"]),
        ("_devices > 0", "error", ["X114"]),
        ("errorCode == 'NoDevice'", "error", ["P104"]),
        ("errorCode == 'Unreachable'", "error", ["X111"]),
        ("errorMessage == 'x'", "error", []),
        ("has(errorCode) && errorCode == 'Unreachable'", "next", []),
        ("has(passcodeAuth1)", "next", ["P104"]),
    ],
)
def test_every_ending_leaves_its_own(read: str, way: str, expected: list[str]) -> None:
    assert after_device(read, way=way) == expected


def test_outputs_may_be_renamed_and_computed() -> None:
    outputs = """\
    outputs:
      count: "${devices}"
      many: "${devices > 3}"
    next:
      - when: "${has(count) && has(many) && count > 1 && many}"
        to: end
      - to: end
"""
    flow = BEGIN + ASK + VERIFY + DEVICE.replace("    next: end\n", outputs)

    report = check_definition(Source(path="t.yaml", text=(HEAD + flow).encode()), KNOWN, FORMS)

    assert report.problems == ()
    assert report.graph is not None
    node = report.graph.nodes[NodeId("device")]
    assert node.declared["devices"] == "count"  # type: ignore[union-attr]  # it is an activity
    assert rules(flow.replace("count > 1", "_devices > 1")) == ["X108"]


def test_a_decision_is_narrowed_to_what_the_decider_can_give() -> None:
    decide = """\
  first:
    activity: Page
    next: decide
  decide:
    activity: Simple Decider
{inputs}    next:
      - when: "${{_decision == 'REVIEW'}}"
        to: end
      - to: end
"""
    review = "    inputs:\n      decisionOnAnyFailure: REVIEW\n"
    derived = '    inputs:\n      decisionVariable: "${_initVars.channel}"\n'

    assert rules(decide.format(inputs="")) == ["P108", "X111"]
    assert rules(decide.format(inputs=review)) == ["P108"]
    assert rules(decide.format(inputs=derived)) == []


def test_answers_are_read_by_their_types() -> None:
    form = """\
  first:
    activity: Custom Data Form
    inputs:
      dataFormName: profile
    next:
      - when: "${_customFormData.form1.city == 'Faro'}"
        to: end
      - to: end
"""

    assert rules(form) == []
    assert rules(form.replace("form1.city == 'Faro'", "form1.city == 3")) == ["X110"]
    assert rules(form.replace("form1.city", "form1.town")) == ["X109"]
    assert rules(form.replace("form1.city", "form2.city")) == ["X109"]


def test_an_input_that_may_be_absent_does_not_serve_a_group() -> None:
    begin = BEGIN.replace("_initVars.userExternalId", "_initVars.email").replace(
        "next: ask", "next: end"
    )

    assert rules(begin) == ["P119"]
    assert rules(begin.replace("_initVars.email", "_initVars.userExternalId")) == []


def test_a_secret_is_told_once_where_it_first_rests() -> None:
    flow = SIGNED_IN.replace("    next: verify\n", "    next: one\n", 1)
    flow += (
        "  one:\n    activity: Page\n    next: two\n  two:\n    activity: Page\n    next: verify\n"
    )

    (problem,) = problems_of(flow)

    assert (problem.rule, problem.key) == ("P111", "flow.one")
    assert [place.line for place in problem.also] == [
        1 + (HEAD + flow).splitlines().index("  ask:")
    ]


@pytest.mark.parametrize("place", ["when", "outputs", "input"])
def test_no_expression_reads_a_secret(place: str) -> None:
    form = "  first:\n    activity: Custom Data Form\n    inputs:\n      dataFormName: profile\n"
    secret = "has(_customFormData.form1.word)" if place == "when" else "_customFormData.form1.word"
    behind = {
        "when": f'    next:\n      - when: "${{{secret}}}"\n        to: end\n      - to: end\n',
        "outputs": f'    outputs:\n      kept: "${{{secret}}}"\n    next: end\n',
        "input": "    next: begin\n"
        + BEGIN.replace("  first:", "  begin:")
        .replace("_initVars.userExternalId", secret)
        .replace("next: ask", "next: end"),
    }[place]

    assert rules(form + behind) == ["X115"]


# the thread -----------------------------------------------------------------------------------


def steps_of(flow: str) -> dict[str, tuple[int, int | None]]:
    return dict(graph_of(flow).steps.items())


def test_steps_are_numbered_where_every_path_agrees() -> None:
    flow = PAGE.format(to="two") + "  two:\n    activity: Page\n    next: end\n"

    assert steps_of(flow) == {"first": (1, 2), "two": (2, 2)}
    assert steps_of(SIGNED_IN) == {"ask": (1, 1)}


def test_where_paths_differ_no_total_is_told_and_no_number_jumps() -> None:
    flow = """\
  first:
    activity: Page
    next:
      - when: "${_initVars.channel == 'web'}"
        to: extra
      - to: last
  extra:
    activity: Page
    next: last
  last:
    activity: Page
    next: end
"""

    assert steps_of(flow) == {"first": (1, None), "extra": (2, 3)}


# cascades -------------------------------------------------------------------------------------


def keys_of(found: Sequence[Problem]) -> list[tuple[str, str]]:
    return [(problem.rule, problem.key) for problem in found]


def test_mistakes_of_every_stage_are_told_at_once_and_each_once() -> None:
    flow = """\
  first:
    activity: Page
    nxt: other
  other:
    activity: Simpel Decider
    next: end
  third:
    activity: Custom Data Form
    inputs:
      dataFormNam: profile
    next: nowhere
"""

    assert keys_of(problems_of(flow)) == [
        ("S101", "flow.first.nxt"),
        ("L101", "flow.other.activity"),
        ("L103", "flow.third.inputs.dataFormNam"),
        ("L102", "flow.third.next"),
    ]


def test_a_key_nobody_writes_is_told_where_it_is_first_read_and_not_again() -> None:
    flow = (ASK + VERIFY + DEVICE).replace("  ask:", "  first:").replace(": ask", ": first")

    assert keys_of(problems_of(flow)) == [
        ("P105", "flow.first.inputs.passcodeAuthenticationKey"),
        ("P105", "flow.device.inputs.userKey"),
    ]


@pytest.mark.parametrize(("after", "told"), [("PT59M59S", []), ("PT1H", ["P121"])])
def test_a_timer_as_long_as_the_instance_never_fires(after: str, told: list[str]) -> None:
    wait = f"  first:\n    activity: Page\n    timeout: {{after: {after}, to: end}}\n"

    assert rules(wait + "    next: end\n") == told


# where two ways join --------------------------------------------------------------------------

FORK = (
    "  first:\n    activity: Page\n    timeout:\n      after: PT1M\n      to: end\n    next: fork\n"
    "  fork:\n    gateway: exclusive\n    next:\n"
    "      - when: \"${{_initVars.channel == 'web'}}\"\n        to: {one}\n      - to: {other}\n"
)
BOTH_WAYS = pytest.mark.parametrize(
    ("one", "other"), [("some", "none"), ("none", "some")], ids=["the first way", "the second way"]
)
"""Only one of two ways that meet again leads through `some`: `none` says what the other does."""
STARTS = (
    "  {id}:\n    activity: Start Passcode Authentication\n    inputs:\n"
    "      passcodeKey: default\n      storeName: customers\n"
    '      userExternalId: "${{_initVars.userExternalId}}"\n{check}    next: {to}\n'
)
SETTLES = (
    "  ask:\n    activity: Passcode Authentication Form\n    inputs:\n"
    "      dataFormName: passcode-authentication\n    next: verify\n"
    "  verify:\n    activity: Complete Passcode Authentication\n    check: door\n"
    "    next: decide\n"
)
DECIDES = "  decide:\n    activity: Simple Decider\n    next: end\n"


@BOTH_WAYS
def test_what_one_of_two_ways_opened_is_not_open_where_they_meet(one: str, other: str) -> None:
    flow = FORK.format(one=one, other=other) + SETTLES + DECIDES
    some = STARTS.format(id="some", check="    check: door\n", to="ask")
    elsewhere = STARTS.format(id="none", check="    check: window\n", to="ask")
    alike = STARTS.format(id="none", check="    check: door\n", to="ask")

    assert rules(flow + some + elsewhere) == ["P107"]
    assert rules(flow + some + alike) == []


@BOTH_WAYS
@pytest.mark.parametrize(
    "some",
    [
        "  some:\n    activity: Simple Decider\n    inputs:\n"
        "      decisionVariable: \"${_initVars.channel == 'web' ? 'PASS' : 'FAIL'}\"\n"
        "    next: over\n",
        STARTS.format(id="some", check="", to="over"),
        "  some:\n    activity: Try It\n    errors:\n      Broken: over\n      Shrugged: end\n"
        "    next: end\n",
    ],
    ids=["decides", "opens a check", "fails one"],
)
def test_an_end_that_one_of_two_ways_reaches_unjudged_is_told(
    one: str, other: str, some: str
) -> None:
    flow = FORK.format(one=one, other=other) + some + "  over:\n    activity: End\n"
    judged = "  none:\n    activity: Try It\n    errors:\n      Broken: over\n    next: end\n"

    assert rules(flow + PAGE.format(to="over").replace("first", "none")) == ["P110"]
    assert rules(flow + judged) == []


@BOTH_WAYS
@pytest.mark.parametrize(
    "some",
    [
        STARTS.format(id="some", check="", to="decide"),
        "  some:\n    activity: Try It\n    errors:\n      Broken: decide\n      Shrugged: end\n"
        "    next: end\n",
    ],
    ids=["opens a check", "fails one"],
)
def test_a_decider_that_one_of_two_ways_reaches_unchecked_is_told(
    one: str, other: str, some: str
) -> None:
    flow = FORK.format(one=one, other=other) + some + DECIDES
    checked = "  none:\n    activity: Try It\n    errors:\n      Broken: decide\n    next: end\n"

    assert rules(flow + PAGE.format(to="decide").replace("first", "none")) == ["P108"]
    assert rules(flow + checked) == []


# bounds that bound ------------------------------------------------------------------------------

TRIED = (
    "  first:\n    activity: {activity}\n    inputs: {{{inputs}maxAttempts: {most}}}\n"
    "    errors: {{{code}: end}}\n    next: first\n"
)
ASKED_FOR = '"${_initVars.age}"'


def bounded(flow: str, known: Sequence[Signature] = KNOWN) -> list[str]:
    text = HEAD.replace("age: {type: integer}", "age: {type: integer, required: true}") + flow
    report = check_definition(Source(path="t.yaml", text=text.encode()), known, FORMS)
    return [problem.rule for problem in report.problems]


@pytest.mark.parametrize(
    ("most", "told"),
    [
        ("1", []),
        ("10000", []),
        ("0", ["L112"]),
        ("10001", ["L112"]),
        ("1000000000", ["L112"]),
        (ASKED_FOR, []),
    ],
)
def test_attempts_are_few_as_written_or_whatever_they_will_be(most: str, told: list[str]) -> None:
    flow = TRIED.format(
        activity="Custom Data Form",
        inputs="dataFormName: profile, ",
        most=most,
        code="ExceededCustomDataFormRetake",
    )

    assert bounded(flow) == told


@pytest.mark.parametrize(
    ("at_most", "most", "told"),
    [
        (None, "10000", []),
        (None, "10001", ["P114"]),
        (None, ASKED_FOR, ["P114"]),
        (10_001, ASKED_FOR, ["P114"]),
        (10_000, ASKED_FOR, []),
    ],
)
def test_a_strangers_bound_that_may_be_high_bounds_no_loop(
    at_most: int | None, most: str, told: list[str]
) -> None:
    known = [
        replace(one, inputs=tuple(replace(i, at_most=at_most) for i in one.inputs))
        if one.label == "Ask Thrice"
        else one
        for one in KNOWN
    ]

    flow = TRIED.format(activity="Ask Thrice", inputs="", most=most, code="Exceeded")

    assert bounded(flow, known) == told
