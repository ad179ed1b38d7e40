"""Whether an external activity stands still is written in the definition, and proved as such."""

from __future__ import annotations

import pytest

from engine.compile import Source, check_definition
from engine.compile.draw import mermaid
from engine.run.catalogue import Catalogue
from tests.bench import shipped_forms

HEAD = """\
process: walk
version: 1
title: A walk
languages: [en]
maxDuration: PT1H
flow:
  start: {activity: Start, next: tell}
"""
TAIL = """\
    next: end
  end: {activity: End, result: REVIEW}
"""


def checked(node: str, tail: str = TAIL, head: str = HEAD) -> list[tuple[str, str]]:
    """Give rule and key of each problem of a definition with this node in it."""
    text = f"{head}  tell:\n    activity: Send Webhook\n{node}{tail}"
    source = Source(path="walk.yaml", text=text.encode())
    report = check_definition(source, Catalogue.installed().signatures, shipped_forms())
    return [(problem.rule, problem.key) for problem in report.problems]


WAITING = "    inputs: {webhookName: shop, waitForDelivery: true}\n"
GOING_ON = "    inputs: {webhookName: shop}\n"
TIMER = "    timeout: {after: PT5M, to: end}\n"


def test_what_waits_may_have_a_timer_and_what_does_not_may_not() -> None:
    assert checked(WAITING + TIMER) == []
    assert checked(GOING_ON) == []
    assert checked(GOING_ON + TIMER) == [("L109", "flow.tell.timeout")]
    assert checked("    inputs: {webhookName: shop, waitForDelivery: false}\n" + TIMER) == [
        ("L109", "flow.tell.timeout")
    ]


def test_a_page_of_ours_has_no_buttons() -> None:
    assert checked(WAITING + "    actions: {skip: end}\n") == [("L109", "flow.tell.actions")]


def test_whether_it_waits_is_written_out() -> None:
    found = checked('    inputs: {webhookName: shop, waitForDelivery: "${1 == 1}"}\n')

    assert [key for _, key in found] == ["flow.tell.inputs.waitForDelivery"]


@pytest.mark.parametrize(("node", "restless"), [(WAITING, []), (GOING_ON, ["P113"])])
def test_a_loop_through_what_goes_on_at_once_passes_no_wait(node: str, restless: list[str]) -> None:
    tail = """\
    next: again
  again:
    activity: Counter
    inputs: {counterName: rounds}
    next:
      - when: "${rounds < 3}"
        to: tell
      - to: end
  end: {activity: End, result: REVIEW}
"""
    found = [rule for rule, _ in checked(node, tail)]

    assert [rule for rule in found if rule == "P113"] == restless


def test_it_ends_its_wait_by_itself_and_is_no_step_of_the_page() -> None:
    head = HEAD.replace("maxDuration: PT1H\n", "")

    assert "P115" not in [rule for rule, _ in checked(WAITING, head=head)]
    text = f"{HEAD}  tell:\n    activity: Send Webhook\n{WAITING}{TAIL}"
    source = Source(path="walk.yaml", text=text.encode())
    graph = check_definition(source, Catalogue.installed().signatures, shipped_forms()).graph
    assert graph is not None
    assert graph.steps == {}
    assert "[\\" in mermaid(graph)
