"""Trying a condition out on what is partly known: a fault stays one, what is open stays open."""

from __future__ import annotations

import pytest

from engine.expressions import Tree, parse
from engine.expressions.proof.trial import Assignment, Stand, State, try_out

KNOWN: Assignment = {
    ("gone",): State.MISSING,
    ("there",): State.PRESENT,
    ("high",): Stand(10_000),
    ("yes",): True,
}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("gone", State.FAULT),
        ("there", State.OPEN),
        ("gone == 1", State.FAULT),
        ("1 == gone", State.FAULT),
        ("high < 3", False),
        ("3 < high", True),
        ("gone ? 1 : 2", State.FAULT),
        ("yes ? 1 : 2", 1),
        ("there ? 1 : 2", State.OPEN),
        ("there ? 1 : 1", 1),
        ("has(gone)", False),
        ("has(there)", True),
        ("!yes", False),
        ("gone || yes", True),
        ("gone || there", State.OPEN),
        ("gone && gone", State.FAULT),
    ],
)
def test_a_condition_is_tried_out_as_far_as_it_is_known(text: str, expected: object) -> None:
    tree = parse(text)
    assert isinstance(tree, Tree)

    assert try_out(tree.root, KNOWN) == expected
