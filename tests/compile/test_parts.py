"""Parts: copied in under names of their own, judged where they are written, told with the calls."""

from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from time import process_time

import msgspec
import pytest

from engine.compile import (
    Report,
    Source,
    check_definition,
    load,
    may_call,
    mermaid,
    parts_among,
)
from engine.compile.bundling import digest_of
from engine.errors import UnknownBundle
from engine.expressions import Expression
from engine.model.definition import Bundle
from engine.model.graph import ActivityNode, Gateway, ProcessGraph
from engine.model.names import NodeId
from engine.model.problem import Problem
from tests.compile.palette import KNOWN, relabelled, renamed
from tests.compile.test_graphs import GOLDEN
from tests.compile.test_proofs import FORMS, HEAD

IDENTIFY = (Path(__file__).parent / "corpus" / "parts" / "identify.yaml").read_text()
CALLED = """\
  first:
    call: identify
    version: 1
    with:
      who: "${_initVars.userExternalId}"
    ends: {confirmed: end, failed: end, cancelled: end}
"""
LEAF = """\
process: leaf
version: 1
title: Leaf
type: part
%s
flow:
  start:
    activity: Start
    next: page
  page:
    activity: Page
    next: done
%s
  done:
    activity: End
"""
CALL = "  first:\n    call: leaf\n    version: 1\n%s    ends: {done: end}\n"


def report_on(flow: str, *parts: str) -> Report:
    """Check a flow beside some parts; a stranger's labels must change nothing."""
    found = _report(HEAD + flow, parts, KNOWN)
    theirs = _report(
        renamed(HEAD + flow), tuple(renamed(part) for part in parts), relabelled(KNOWN)
    )
    assert [(p.rule, p.place) for p in theirs.problems] == [
        (p.rule, p.place) for p in found.problems
    ]
    return found


def _report(text: str, parts: tuple[str, ...], signatures: tuple) -> Report:  # type: ignore[type-arg]  # either palette
    return check_definition(
        Source(path="t.yaml", text=text.encode()), signatures, FORMS, known(*parts)
    )


def known(*parts: str) -> Mapping[str, Source]:
    return parts_among(Source(path=f"{part.split()[1]}.yaml", text=part.encode()) for part in parts)


def graph_of(flow: str, *parts: str) -> ProcessGraph:
    report = report_on(flow, *parts)
    assert report.graph is not None, report.problems
    return report.graph


def activity(graph: ProcessGraph, id: str) -> ActivityNode:
    node = graph.nodes[NodeId(id)]
    assert isinstance(node, ActivityNode)
    return node


def told(problem: Problem) -> tuple[str, str, int]:
    return problem.rule, problem.place.file, problem.place.line


def test_a_part_becomes_nodes_named_by_its_call() -> None:
    graph = graph_of(CALLED, IDENTIFY)

    inside = ["start", "begin", "ask", "verify", "confirmed", "failed", "cancelled"]
    assert list(graph.nodes) == ["start", "end", *(f"first.{name}" for name in inside)]
    assert activity(graph, "start").flows[0].to == "first.start"
    assert activity(graph, "first.ask").name == "first.ask"
    assert graph.calls == {"first": "first"}
    for name in ("start", "confirmed", "failed", "cancelled"):
        assert isinstance(graph.nodes[NodeId(f"first.{name}")], Gateway)


def test_two_calls_of_a_part_share_nothing_but_the_keys_they_are_given() -> None:
    second = CALLED.replace("  first:", "  second:").replace("who:", "user: shared\n      who:")
    first = CALLED.replace("confirmed: end", "confirmed: second").replace(
        "who:", "user: shared\n      who:"
    )

    graph = graph_of(first + second, IDENTIFY)

    for call in ("first", "second"):
        begin = activity(graph, f"{call}.begin")
        assert begin.inputs["passcodeAuthenticationKey"] == f"{call}.passcodeAuth1"
        assert begin.inputs["userKey"] == "shared"
        assert activity(graph, f"{call}.ask").inputs["formDataKey"] == f"{call}.passcodeAuthForm1"


def test_a_version_may_be_written_as_a_whole_number_with_a_point() -> None:
    graph = graph_of(CALLED.replace("version: 1", "version: 1.0"), IDENTIFY)

    assert NodeId("first.ask") in graph.nodes


def test_a_key_that_is_not_given_is_the_parts_own() -> None:
    graph = graph_of(CALLED, IDENTIFY)

    assert activity(graph, "first.begin").inputs["userKey"] == "first.user"


def test_variables_counters_checks_and_answers_are_the_copys_own() -> None:
    middle = """\
  count:
    activity: Counter
    inputs: {counterName: rounds}
    next: clear
  clear:
    activity: Clear Variables
    inputs: {variables: [kept]}
    next: look
  look:
    activity: Custom Data Form
    inputs: {dataFormName: profile, formDataKey: person}
    next: set
  set:
    activity: Set Variables
    outputs:
      kept: "${rounds > 1 ? 'old' : 'new'}"
      city: "${has(_customFormData.person.city) ? _customFormData.person.city : ''}"
      same: '${has(_customFormData["person"]["city"]) && size([rounds, 2]) == 2}'
      text: "in ${-rounds} of ${!(rounds == 2)} ${'a'.contains('b')}"
    next: done"""
    part = LEAF.replace("next: done", "next: count") % ("", middle)

    graph = graph_of(CALL % "", part)

    assert activity(graph, "first.count").inputs == {"counterName": "first.rounds"}
    assert activity(graph, "first.clear").inputs == {"variables": ["first.kept"]}
    outputs = dict(activity(graph, "first.set").outputs)
    assert list(outputs) == ["first.kept", "first.city", "first.same", "first.text"]
    answers = {"_customFormData": {"first.person": {"city": "Faro"}}, "first.rounds": 2}
    assert _value(outputs["first.city"], answers) == "Faro"
    assert _value(outputs["first.same"], answers) is True
    assert _value(outputs["first.kept"], answers) == "old"
    assert _value(outputs["first.text"], answers) == "in -2 of false false"


def _value(written: object, values: Mapping[str, object]) -> object:
    assert isinstance(written, Expression)
    return written.evaluate(values)  # type: ignore[arg-type]  # plain JSON


def test_a_checks_name_is_the_copys_own_and_outputs_keep_their_own_names() -> None:
    middle = """\
  device:
    activity: Find Device
    check: thing
    inputs: {userKey: who}
    outputs:
      seen: "${devices}"
      more: "${devices + 1}"
    errors: {NoDevice: done}
    next: done"""
    part = LEAF.replace("next: done", "next: device") % (
        "parameters:\n  who: {type: key, required: true}",
        middle,
    )
    flow = CALLED.replace("confirmed: end", "confirmed: again").replace(
        "who:", "user: person\n      who:"
    ) + (CALL % "    with: {who: person}\n").replace("  first:", "  again:")

    graph = graph_of(flow, IDENTIFY, part)

    device = activity(graph, "again.device")
    assert device.check == "again.thing"
    assert device.declared["devices"] == "again.seen"
    assert _value(dict(device.outputs)["again.more"], {"devices": 2}) == 3
    assert device.inputs["userKey"] == "person"


def test_calls_of_calls_are_named_by_all_of_them() -> None:
    outer = IDENTIFY.replace("process: identify", "process: outer")
    outer = outer[: outer.index("  begin:\n")].replace("next: begin", "next: deep") + (
        "  deep:\n    call: identify\n    version: 1\n    name: The person\n"
        '    with: {who: "${_initVars.who}", user: user}\n'
        "    ends: {confirmed: more, failed: failed, cancelled: cancelled}\n"
        "  more:\n    call: leaf\n    version: 1\n    ends: {done: confirmed}\n"
        "  confirmed:\n    activity: End\n  failed:\n    activity: End\n"
        "  cancelled:\n    activity: End\n"
    )
    flow = CALLED.replace("call: identify", "call: outer\n    name: Who")

    graph = graph_of(flow, outer, IDENTIFY, LEAF % ("", ""))

    begin = activity(graph, "first.deep.begin")
    assert begin.inputs["userKey"] == "first.user"
    assert _value(begin.inputs["userExternalId"], {"first.deep._initVars.who": "ana"}) == "ana"
    assert begin.name == "Who / The person / begin"
    assert activity(graph, "first.more.page").name == "Who / more / page"
    confirmed = graph.nodes[NodeId("first.deep.confirmed")]
    assert confirmed.flows[0].to == "first.more.start"
    assert list(graph.calls) == ["first", "first.deep", "first.more"]
    assert mermaid(graph) == (GOLDEN / "parts.mmd").read_text()


GATE = """\
  gate:
    gateway: exclusive
    next:
      - when: "%s"
        to: done
      - to: page"""


def gated(parameters: str, condition: str) -> str:
    return LEAF.replace("next: page\n", "next: gate\n") % (parameters, GATE % condition)


HOW = "parameters:\n  how: {enum: [calm, quick]}\n  times: {type: number, default: 2}"


def test_what_is_given_is_written_where_the_part_begins() -> None:
    part = gated(HOW, "${has(_initVars.how) && _initVars.how == 'calm' && _initVars.times > 1.0}")

    graph = graph_of(CALL % "    with: {how: quick, times: 3}\n", part)

    begin = graph.nodes[NodeId("first.start")]
    assert isinstance(begin, Gateway)
    assert begin.outputs == (("first._initVars.how", "quick"), ("first._initVars.times", 3.0))


def test_what_is_not_given_is_not_there_and_defaults_are() -> None:
    part = gated(HOW, "${has(_initVars.how) && _initVars['how'] == 'calm'}")

    begin = graph_of(CALL % "", part).nodes[NodeId("first.start")]

    assert isinstance(begin, Gateway)
    assert begin.outputs == (("first._initVars.times", 2.0),)


@pytest.mark.parametrize(
    ("condition", "rule", "words"),
    [
        ("${_initVars.how == 'calm'}", "X113", "_initVars.how"),
        ("${has(_initVars.hwo) && _initVars.times > 1.0}", "X108", "did you mean `_initVars.how`"),
        ("${_initVars.userExternalId == 'ana'}", "X108", "no `_initVars.userExternalId` here"),
        ("${_initVars.times == 'calm'}", "X110", ""),
    ],
)
def test_a_part_reads_its_own_parameters_alone(condition: str, rule: str, words: str) -> None:
    (problem,) = report_on(CALL % "", gated(HOW, condition)).problems

    assert (problem.rule, problem.place.file) == (rule, "leaf.yaml"), problem
    assert words in f"{problem.message}: {problem.remedy}"
    assert [place.file for place in problem.also] == ["t.yaml"]


@pytest.mark.parametrize(
    ("given", "rule"),
    [
        ('{how: "${_initVars.userExternalId}"}', "X112"),
        ('{how: "${_initVars.userid}"}', "X109"),
        ("{how: calmly}", "C105"),
        ("{times: many}", "C105"),
        ('{times: "${1 +}"}', "X101"),
    ],
)
def test_what_does_not_fit_is_told_where_it_is_given(given: str, rule: str) -> None:
    part = gated(HOW, "${has(_initVars.how) && _initVars.how == 'calm'}")

    problems = report_on(CALL % f"    with: {given}\n", part).problems

    assert [(p.place.file, p.place.line) for p in problems] == [("t.yaml", 19)]
    assert problems[0].rule == rule or problems[0].rule.startswith("X"), problems


def test_an_absent_value_for_an_optional_parameter_is_not_given() -> None:
    part = gated(
        "parameters:\n  age: {type: integer}", "${has(_initVars.age) && _initVars.age > 9}"
    )

    begin = graph_of(CALL % '    with: {age: "${_initVars.age}"}\n', part).nodes[
        NodeId("first.start")
    ]

    assert isinstance(begin, Gateway)
    ((_, value),) = begin.outputs
    assert isinstance(value, Expression)
    assert not value.given({"_initVars": {}})


@pytest.mark.parametrize("key", ['"${_initVars.userExternalId}"', "1", "_initVars", "'a b'"])
def test_a_key_is_given_by_its_name(key: str) -> None:
    flow = CALLED.replace("      who:", f"      user: {key}\n      who:")

    (problem,) = report_on(flow, IDENTIFY).problems

    assert told(problem) == ("C105", "t.yaml", 20)


def test_names_that_must_be_known_are_written_out_by_the_call() -> None:
    flow = CALLED.replace("      who:", '      store: "${_initVars.channel}"\n      who:')

    (problem,) = report_on(flow, IDENTIFY).problems
    graph = graph_of(flow.replace('"${_initVars.channel}"', "partners"), IDENTIFY)

    assert told(problem) == ("C105", "t.yaml", 20)
    assert [(place.file, place.line) for place in problem.also] == [("identify.yaml", 19)]
    assert activity(graph, "first.begin").inputs["storeName"] == "partners"
    assert activity(graph, "first.verify").inputs["maxAttempts"] == 3


def test_a_required_name_that_nobody_gives_is_missing_where_it_is_read() -> None:
    part = IDENTIFY.replace(", default: customers", "")

    (problem,) = report_on(CALLED, part).problems

    assert (problem.rule, problem.place.file) == ("L104", "identify.yaml")
    assert [place.file for place in problem.also] == ["t.yaml"]


def test_an_input_that_no_activity_has_is_told_in_the_part() -> None:
    part = IDENTIFY.replace("userKey: user", "userKey: user\n      usrKey: user")

    (problem,) = report_on(CALLED, part).problems

    assert told(problem) == ("L103", "identify.yaml", 22)


def test_a_value_out_of_bounds_is_told_where_the_part_reads_it() -> None:
    (problem,) = report_on(CALLED.replace("who:", "tries: 0\n      who:"), IDENTIFY).problems

    assert (problem.rule, problem.place.file) == ("L112", "identify.yaml")


SETS = """\
  set:
    activity: Set Variables
    outputs:
      city: Faro
    next: done"""


def test_a_call_hands_on_what_the_part_wrote() -> None:
    part = LEAF.replace("next: done", "next: set") % ("", SETS)
    flow = (CALL % '    outputs: {town: "${city}", kind: leaf}\n').replace(
        "{done: end}", "{done: gate}"
    )
    gate = GATE.replace("to: done", "to: end").replace("to: page", "to: late") % "${town == 'Faro'}"

    done = graph_of(flow + gate + "\n  late:\n    activity: Page\n    next: end\n", part).nodes[
        NodeId("first.done")
    ]

    assert isinstance(done, Gateway)
    (name, town), kind = done.outputs
    assert name == "town"
    assert _value(town, {"first.city": "Faro"}) == "Faro"
    assert kind == ("kind", "leaf")


def test_what_only_one_end_wrote_is_handed_on_behind_has_alone() -> None:
    middle = SETS + "\n  left:\n    activity: End"
    part = LEAF.replace("next: done", "actions: {cancel: left}\n    next: set") % ("", middle)
    flow = CALL.replace("{done: end}", "{done: end, left: end}")

    (problem,) = report_on(flow % '    outputs: {town: "${city}"}\n', part).problems
    handed = report_on(flow % "    outputs: {town: \"${has(city) ? city : ''}\"}\n", part)

    assert (problem.place.file, problem.place.line, problem.key) == (
        "t.yaml", 19, "flow.first.outputs.town",
    )  # fmt: skip
    assert {p.rule for p in handed.problems} <= {"X114"}


def test_what_a_call_writes_is_no_name_of_the_engine() -> None:
    (problem,) = report_on(CALL % "    outputs: {errorCode: x}\n", LEAF % ("", "")).problems

    assert told(problem) == ("L116", "t.yaml", 19)


def test_the_defaults_of_a_parts_form_read_the_copys_names() -> None:
    form = Source(
        path="greet.v1.json",
        text=b'{"version": "1", "components": [{"type": "text", "id": "a", "label": {"values": '
        b'{"en": "A"}}, "default": "{{processvar._initVars.who}} {{processvar.city}}"}]}',
    )
    look = (
        "  look:\n    activity: Custom Data Form\n    inputs: {dataFormName: greet}\n    next: done"
    )
    part = LEAF.replace("next: done", "next: set") % (
        "parameters:\n  who: {type: string, required: true}",
        SETS.replace("next: done", "next: look") + "\n" + look,
    )
    flow = CALL % "    with: {who: Ana}\n"

    report = check_definition(
        Source(path="t.yaml", text=(HEAD + flow).encode()), KNOWN, {"greet.v1": form}, known(part)
    )

    assert report.graph is not None, report.problems
    assert activity(report.graph, "first.look").puts_in == {
        "_initVars.who": ("first._initVars.who",),
        "city": ("first.city",),
    }


def test_a_mistake_in_a_part_is_told_once_at_its_place_with_every_call() -> None:
    part = LEAF % ("", "  lost:\n    activity: Page\n    next: dne")
    flow = (CALL % "").replace("done: end", "done: second") + (CALL % "").replace(
        "  first:", "  second:"
    )

    (problem,) = report_on(flow, part).problems

    assert told(problem) == ("L102", "leaf.yaml", 15)
    assert problem.nearest == "done"
    assert problem.key == "flow.lost.next"
    assert [(p.file, p.line) for p in problem.also] == [("t.yaml", 17), ("t.yaml", 21)]


def test_a_proof_about_a_copy_speaks_the_names_of_the_part() -> None:
    part = LEAF % ("", "  lost:\n    activity: Page\n    next: done")

    (problem,) = report_on(CALL % "", part).problems

    assert told(problem) == ("P101", "leaf.yaml", 13)
    assert problem.message == "no path leads from Start to `lost`"
    assert [place.line for place in problem.also] == [17]


def test_an_expression_of_a_part_is_told_at_its_very_characters() -> None:
    part = gated(HOW, "${wrong > 1}")

    (problem,) = report_on(CALL % "", part).problems

    assert told(problem) == ("X108", "leaf.yaml", 18)
    assert problem.place.column == part.split("\n")[17].index("wrong") + 1
    assert problem.message == "there is no `wrong` here"


@pytest.mark.parametrize(
    ("spoil", "rule"),
    [
        (("title: Leaf", "title: [Leaf"), "Y110"),
        (("title: Leaf\n", ""), "S102"),
        (("next: page", "nxt: page"), "S101"),
        (("activity: Start", "activity: Strat"), "L101"),
        (("  start:\n    activity: Start\n    next: page\n", ""), "L107"),
    ],
)
def test_a_part_that_cannot_be_used_is_told_by_its_own_mistake_alone(
    spoil: tuple[str, str], rule: str
) -> None:
    part = (LEAF % ("", "")).replace(*spoil)

    problems = report_on(CALL % "", part).problems

    assert [(p.rule, p.place.file) for p in problems] == [(rule, "leaf.yaml")]
    assert [(place.file, place.line) for place in problems[0].also] == [("t.yaml", 17)]


@pytest.mark.parametrize(
    ("flow", "line"),
    [
        ("  first:\n    activity: Page\n    with: {a: 1}\n    next: end\n", 18),
        (CALL % "    inputs: {a: 1}\n", 19),
    ],
)
def test_words_of_calls_and_nodes_are_not_mixed(flow: str, line: int) -> None:
    (problem,) = report_on(flow, LEAF % ("", "")).problems

    assert told(problem) == ("C110", "t.yaml", line)


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ("type: part\n", "type: part\nmaxDuration: PT1H\n", 5),
        ("activity: End", "activity: End\n    result: FAIL", 16),
    ],
)
def test_a_part_says_nothing_about_the_journey(old: str, new: str, line: int) -> None:
    part = (LEAF % ("", "")).replace(old, new)

    called = report_on(CALL % "", part).problems
    alone = alone_with(part).problems

    assert [told(p) for p in called] == [("C110", "leaf.yaml", line)]
    assert [told(p) for p in alone] == [("C110", "leaf.yaml", line)]


def test_a_token_carries_no_keys() -> None:
    text = HEAD.replace("age: {type: integer}", "age: {type: key}") + CALLED

    (problem,) = _report(text, (IDENTIFY,), KNOWN).problems

    assert told(problem) == ("C110", "t.yaml", 8)


def test_only_copies_have_variables_with_a_dot_in_their_names() -> None:
    count = "  count:\n    activity: Counter\n    inputs: {counterName: %s}\n    next: end\n"

    (problem,) = report_on(
        (CALL % "").replace("done: end", "done: count") + count % "first.rounds", LEAF % ("", "")
    ).problems

    assert told(problem) == ("C110", "t.yaml", 22)


def test_a_key_has_no_default() -> None:
    part = IDENTIFY.replace("{type: key}", "{type: key, default: user1}")

    (problem,) = report_on(CALLED, part).problems

    assert told(problem) == ("L118", "identify.yaml", 6)


def test_a_call_says_which_version_it_means() -> None:
    (problem,) = report_on((CALL % "").replace("    version: 1\n", ""), LEAF % ("", "")).problems

    assert told(problem) == ("C102", "t.yaml", 17)
    assert problem.remedy == "write `version:`"


def test_an_end_can_lead_to_a_node_that_is_there() -> None:
    (problem,) = report_on((CALL % "").replace("done: end", "done: ned"), LEAF % ("", "")).problems

    assert (*told(problem), problem.nearest) == ("L102", "t.yaml", 19, "end")


def test_no_way_leads_back_to_a_start_but_by_calling_again() -> None:
    again = (CALL % "").replace("done: end", "done: page") + (
        "  page:\n    activity: Ask Thrice\n    inputs: {maxAttempts: 3}\n"
        "    errors: {Exceeded: end}\n    next: first\n"
    )
    (problem,) = report_on(
        (CALL % "").replace("done: end", "done: start"), LEAF % ("", "")
    ).problems

    assert report_on(again, LEAF % ("", "")).problems == ()
    assert told(problem) == ("L102", "t.yaml", 19)


def test_a_key_of_the_caller_is_judged_where_the_part_reads_it() -> None:
    middle = (
        "  device:\n    activity: Find Device\n    inputs: {userKey: who}\n"
        "    errors: {NoDevice: done}\n    next: done"
    )
    part = LEAF.replace("next: done", "next: device") % ("parameters:\n  who: {type: key}", middle)

    (problem,) = report_on(CALL % "    with: {who: nobody}\n", part).problems

    assert (problem.rule, problem.place.file) == ("P105", "leaf.yaml")
    assert "`nobody`" in problem.message


def test_copies_of_copies_are_refused_before_they_take_time() -> None:
    parts = []
    for name, inner in pairwise("abcd"):
        calls = "".join(
            f"  c{n}:\n    call: {inner}\n    version: 1\n    ends: {{done: c{n + 1}}}\n"
            for n in range(40)
        ).replace("done: c40", "done: done")
        text = (LEAF % ("", calls[:-1])).replace("leaf", name).replace("next: done", "next: c0")
        parts.append(text)
    parts.append((LEAF % ("", "")).replace("leaf", "d"))
    began = process_time()

    problems = report_on((CALL % "").replace("leaf", "a"), *parts).problems

    assert process_time() - began < 10
    assert {p.rule for p in problems} == {"C111"}


def test_a_bundle_carries_its_parts_under_its_digest() -> None:
    bundle = report_on(CALLED, IDENTIFY, LEAF % ("", "")).bundle
    assert bundle is not None
    changed = msgspec.structs.replace(bundle, parts={"identify.v1": IDENTIFY + "# other\n"})

    graph = load(bundle, KNOWN)

    assert bundle.parts == {"identify.v1": IDENTIFY}
    assert list(graph.nodes) == list(graph_of(CALLED, IDENTIFY).nodes)
    assert digest_of(changed) != bundle.digest
    with pytest.raises(UnknownBundle):
        load(changed, KNOWN)


def test_a_bundle_of_before_keeps_its_digest() -> None:
    bundle = Bundle(
        digest="", process="a", version=1, definition="b", forms={"c.v1": "{}"}, activities=()
    )

    assert "parts" not in msgspec.to_builtins(bundle)
    assert digest_of(bundle) == "e95f212e20e0adbb4cc49fa3053a936276815558ca43134aefc0cbca775c5203"


def alone_with(part: str, *others: str) -> Report:
    return check_definition(
        Source(path="leaf.yaml", text=part.encode()), KNOWN, FORMS, known(part, *others)
    )


def test_a_part_by_itself_has_a_picture_and_is_no_bundle() -> None:
    report = alone_with(IDENTIFY)

    assert report.problems == ()
    assert report.is_part
    assert report.bundle is None
    assert report.graph is not None
    assert "first" not in report.graph.calls


def test_what_callers_must_answer_is_left_to_them() -> None:
    middle = (
        "  device:\n    activity: Find Device\n    inputs: {userKey: who}\n"
        "    errors: {NoDevice: done}\n    next: set\n"
        "  set:\n    activity: Set Variables\n"
        '    outputs: {id: "${who.id}", day: "${_initVars.day}"}\n    next: done'
    )
    part = LEAF.replace("next: done", "next: device") % (
        "parameters:\n  who: {type: key}\n  day: {type: date, required: true}",
        middle,
    )

    assert alone_with(part).problems == ()


def test_a_part_by_itself_is_judged_in_everything_else() -> None:
    part = (LEAF % ("", "  lost:\n    activity: Page\n    next: done")).replace(
        "next: page", "next: pgae"
    )

    assert [p.rule for p in alone_with(part).problems] == ["L102"]
    assert alone_with(LEAF % ("", "  lost:\n    gateway: exclusive\n    next: done")).graph is None


def test_a_form_that_only_a_call_tells_is_not_looked_for() -> None:
    look = (
        "  look:\n    activity: Custom Data Form\n"
        '    inputs: {dataFormName: "${_initVars.form}"}\n    next: done'
    )
    part = LEAF.replace("next: done", "next: look") % (
        "parameters:\n  form: {type: string, required: true}",
        look,
    )

    report = alone_with(part)
    (problem,) = report_on(CALL % "    with: {form: porfile}\n", part).problems

    assert (report.problems, report.graph) == ((), None)
    assert (problem.rule, problem.place.file, problem.nearest) == ("L113", "leaf.yaml", "profile")
    assert activity(graph_of(CALL % "    with: {form: profile}\n", part), "first.look").forms


def test_a_part_by_itself_is_judged_with_the_parts_it_calls() -> None:
    outer = (LEAF % ("", "")).replace("leaf", "outer").replace("activity: Page", "call: leaf")
    outer = outer.replace("    next: done", "    version: 1\n    ends: {done: done}")
    circle = (LEAF % ("", "")).replace("activity: Page", "call: leaf")
    circle = circle.replace("    next: done", "    version: 1\n    ends: {done: done}")

    assert alone_with(outer, LEAF % ("", "")).problems == ()
    assert [p.rule for p in alone_with(circle).problems] == ["C108"]


def test_only_a_text_with_the_word_is_worth_looking_for_parts() -> None:
    assert may_call(Source(path="t.yaml", text=CALLED.encode()))
    assert not may_call(Source(path="t.yaml", text=b"process: recalled\n"))


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        (b"process: a-b\nversion: 2\ntype: part\n", ["a-b.v2"]),
        (b"\xef\xbb\xbf# c\r\nprocess: 'a'   # c\r\nversion: 1\r\ntype: \"part\"\r\n", ["a.v1"]),
        (b"process: a\nversion: 1\ntype: authentication\n", []),
        (b"process: a\nversion: 1\nflow:\n  x:\n    type: part\n", []),
        (b"process: a\ntype: part\n", []),
        (b"version: 1\ntype: part\n: broken [", []),
    ],
)
def test_parts_are_told_by_their_heads(text: bytes, keys: list[str]) -> None:
    assert list(parts_among([Source(path="p.yaml", text=text)])) == keys
