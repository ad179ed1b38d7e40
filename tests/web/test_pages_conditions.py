"""Promises of `visibleWhen` on a page: a condition the script can decide, or none at all."""

from __future__ import annotations

import json

import pytest

from engine.model.form import Component, Form, Option
from engine.web.pages.conditions import script_condition
from tests.web.page_samples import (
    EVERYTHING,
    Page,
    current,
    step,
    two,
)


def only(component: Component) -> Page:
    form = Form(name="one", version=1, title=two("One", "Um"), components=(component,))
    return Page(step(current(form)))


def test_part_that_depends_on_an_answer_carries_its_condition() -> None:
    page = Page(step(current(EVERYTHING)))

    (part,) = (e for e in page.all("div") if "data-when" in e.attributes)

    assert json.loads(part.attributes["data-when"] or "") == [
        "==", ["name", "reach"], ["lit", "post"],
    ]  # fmt: skip
    assert "hidden" not in part.attributes
    assert page.by_id("street") in part.inside


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("a && !b", ["&&", ["name", "a"], ["!", ["name", "b"]]]),
        ("${has(a) ? n < -1 : false}",
         ["?:", ["has", "a"], ["<", ["name", "n"], ["lit", -1]], ["lit", False]]),
        ("a in ['x', 'y']", ["in", ["name", "a"], ["list", ["lit", "x"], ["lit", "y"]]]),
        ("size(a) > 2 || a.startsWith('x')",
         ["||", [">", ["size", ["name", "a"]], ["lit", 2]],
          ["startsWith", ["name", "a"], ["lit", "x"]]]),
    ],
)  # fmt: skip
def test_condition_is_told_to_the_script_as_a_tree(source: str, told: object) -> None:
    found = script_condition(source)

    assert found is not None
    assert json.loads(found) == told


@pytest.mark.parametrize("source", ["a.b == 1", "a[0] == 1", "has(a.b)", "a ==", "x${a}"])
def test_condition_that_the_script_cannot_decide_leaves_the_part_shown(source: str) -> None:
    assert script_condition(source) is None


def test_part_with_such_a_condition_carries_none() -> None:
    part = Component(id="a", type="text", label=two("A", "A"), visible_when="${b.c == 1}")

    assert "data-when" not in only(part).html


def test_option_without_words_shows_its_value() -> None:
    part = Component(
        id="a", type="select", label=two("A", "A"), options=(Option(value="X", label={}),)
    )

    assert only(part).one("option", value="X").text == "X"
