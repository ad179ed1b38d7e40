"""Texts that are made to keep the compiler busy: judged like any other, in little time."""

import sys
from collections.abc import Callable
from time import process_time
from types import FrameType

import pytest

from engine.compile import Source, check_definition
from tests.compile.palette import KNOWN
from tests.compile.test_proofs import FORMS

SECONDS = 2
"""Far above what it takes, far below what it took when the work grew with the square."""
CALLS = 60
"""For each character of a text: names with near ones take 30, and took 1,000."""
CHOICES = "".join(f"  e{i}: {{enum: [a, b, c, d], required: true}}\n" for i in range(12))
HEAD = f"""\
process: busy
version: 1
title: Busy
maxDuration: PT1H
parameters:
{CHOICES}flow:
  start: {{activity: Start, next: n0}}
"""
END = "  end: {activity: End, result: FAIL}\n"


def asked(first: int, step: int) -> str:
    """Ask for many values at once."""
    terms = (f"_initVars.e{(first + n) % 12} == '{'abcd'[step * n % 4]}'" for n in range(12))
    return " || ".join(terms)


def gateways(count: int) -> str:
    """Write many gateways, each with a condition over all parameters."""
    nodes = (
        f"  n{n}: {{gateway: exclusive,"
        f' next: [{{when: "${{{asked(n, n)}}}", to: end}}, {{to: n{n + 1}}}]}}\n'
        for n in range(count)
    )
    return "".join(nodes) + f"  n{count}: {{gateway: exclusive, next: end}}\n"


def mesh(count: int) -> str:
    """Write forms of which each leads to all others."""
    nodes = []
    for n in range(count):
        ways = "".join(
            f"    - {{when: \"${{_initVars.e{to % 12} == '{'abcd'[to // 12]}'}}\", to: n{to}}}\n"
            for to in range(count) if to != n
        )  # fmt: skip
        nodes.append(
            f"  n{n}:\n    activity: Custom Data Form\n"
            f"    inputs: {{dataFormName: profile, formDataKey: f{n}, maxAttempts: 3}}\n"
            f"    errors: {{ExceededCustomDataFormRetake: end}}\n    outputs: {{v{n}: 1}}\n"
            f"    next:\n{ways}    - to: end\n"
        )
    return "".join(nodes)


@pytest.mark.parametrize("flow", [gateways(200), mesh(46)], ids=["gateways", "mesh"])
def test_a_busy_file_is_judged_in_little_time(flow: str) -> None:
    source = Source(path="t.yaml", text=(HEAD + flow + END).encode())
    began = process_time()

    report = check_definition(source, KNOWN, FORMS)

    assert process_time() - began < SECONDS
    assert {problem.rule for problem in report.problems} <= {"P104"}


def work(text: str) -> int:
    """Count the calls that checking a text takes."""
    calls = 0

    def count(frame: FrameType, event: str, argument: object) -> None:
        nonlocal calls
        calls += event in ("call", "c_call")

    source = Source(path="t.yaml", text=text.encode())
    sys.setprofile(count)
    try:
        check_definition(source, KNOWN, FORMS)
    finally:
        sys.setprofile(None)
    return calls


SHORT = "process: busy\nversion: 1\ntitle: Busy\nmaxDuration: PT1H\n"
FLOW = "flow:\n  start: {activity: Start, next: n0}\n" + END


def chain(nodes: list[str]) -> str:
    """Write nodes one after the other; `@` in a node is its number, `>` the next one's."""
    lines = (f"  {node}\n".replace("@", str(n)) for n, node in enumerate(nodes))
    ways = (line.replace(">", f"n{n}") for n, line in enumerate(lines, 1))
    return "".join(ways) + f"  n{len(nodes)}: {{gateway: exclusive, next: end}}\n"


def unknown_names(size: int) -> str:
    written = "".join(f"v{n:03}: 1, " for n in range(400))
    asked = " || ".join(f"w{n:03}" for n in range(40))
    first = f"n@: {{activity: Set Variables, outputs: {{{written}}}, next: >}}"
    return SHORT + FLOW + chain([first, *[_giving(asked)] * size])


def unknown_members(size: int) -> str:
    parameters = "".join(f"  p{n:03}: {{type: string}}\n" for n in range(400))
    asked = " || ".join(f"_initVars.q{n:03}" for n in range(24))
    return SHORT + "parameters:\n" + parameters + FLOW + chain([_giving(asked)] * size)


def impossible_values(size: int) -> str:
    values = ", ".join(f"value{n:03}" for n in range(200))
    asked = " || ".join(f"_initVars.e == 'valux{n:03}'" for n in range(16))
    head = f"parameters:\n  e: {{enum: [{values}], required: true}}\n"
    return SHORT + head + FLOW + chain([_giving(asked)] * size)


def links_of_a_chain(size: int) -> str:
    return SHORT + FLOW + chain([_giving(" || ".join(["x"] * (size // 2)))])


def unreadable_signs(size: int) -> str:
    return SHORT + FLOW + chain([_giving("`" * 6 * size)])


def unreadable_pieces(size: int) -> str:
    text = "x" + "${+} " * size
    return (
        SHORT
        + FLOW
        + chain([f'n@: {{activity: Set Variables, outputs: {{y: "\\x41{text}"}}, next: >}}'])
    )


def whole_records(size: int) -> str:
    parameters = "".join(f"  p{n}: {{type: string}}\n" for n in range(size))
    return SHORT + "parameters:\n" + parameters + FLOW + chain([_giving("_initVars == 1")] * size)


def loops_with_counters(size: int) -> str:
    node = (
        "n@: {activity: Page, next: c@}\n"
        "  c@: {activity: Counter, inputs: {counterName: k@},"
        " next: [{when: '${k@ < 9}', to: n@}, {to: >}]}"
    )
    return SHORT + FLOW + chain([node] * size)


def loops_without_bound(size: int) -> str:
    node = "n@: {activity: Page, next: [{when: '${has(_initVars.email)}', to: n@}, {to: >}]}"
    return SHORT + FLOW + chain([node] * size)


def nodes_nobody_reaches(size: int) -> str:
    nodes = "".join(f"  m{n}: {{gateway: exclusive, next: end}}\n" for n in range(size))
    return SHORT + FLOW + chain([]) + nodes


def many_ends(size: int) -> str:
    node = "n@: {activity: Page, actions: {cancel: e@}, next: >}\n  e@: {activity: End}"
    return SHORT + FLOW + chain([node] * size)


def keys_in_a_wrong_state(size: int) -> str:
    asked = (
        "n@: {activity: Custom Data Form, inputs: {dataFormName: profile, formDataKey: f}, next: >}"
    )
    read = "n@: {activity: Find Device, inputs: {userKey: f}, errors: {NoDevice: end}, next: >}"
    return SHORT + FLOW + chain([asked, *[read] * size])


def doubled_values(size: int) -> str:
    values = ", ".join(f"{{a: {n}}}" for n in range(size))
    return SHORT + f"parameters:\n  e: {{enum: [{values}, {{a: 0}}]}}\n" + FLOW + chain([])


def unknown_inputs(size: int) -> str:
    inputs = ", ".join(f"dataFormNam{n}: 1" for n in range(size))
    return (
        SHORT + FLOW + chain([f"n@: {{activity: Custom Data Form, inputs: {{{inputs}}}, next: >}}"])
    )


def _giving(expression: str) -> str:
    return f'n@: {{activity: Set Variables, outputs: {{y: "${{{expression}}}"}}, next: >}}'


HOSTILE = (
    unknown_names, unknown_members, impossible_values, links_of_a_chain, unreadable_signs,
    unreadable_pieces, whole_records, loops_with_counters, loops_without_bound,
    nodes_nobody_reaches, many_ends, keys_in_a_wrong_state, doubled_values, unknown_inputs,
)  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE)
def test_twice_the_text_is_no_more_than_about_twice_the_work(text: Callable[[int], str]) -> None:
    work(text(8))  # what is made once for all texts

    once, twice = work(text(40)), work(text(80))

    assert twice < 2.4 * once
    assert twice < CALLS * len(text(80))
