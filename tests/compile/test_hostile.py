"""Texts that are made to keep the compiler busy: judged like any other, in little time."""

from time import process_time

import pytest

from engine.compile import Source, check_definition
from tests.compile.palette import KNOWN
from tests.compile.test_proofs import FORMS

SECONDS = 2
"""Far above what it takes, far below what it took when the work grew with the square."""
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
