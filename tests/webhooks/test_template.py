"""Templates: values as JSON, texts as text, and nothing that a value says changes the rest."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.model.names import JsonValue
from engine.webhooks import template

DATA: dict[str, JsonValue] = {
    "name": "In\u00eas",
    "age": 41,
    "ok": True,
    "nothing": None,
    "form": {"Given Name": "I", "list": [10, {"x": "y"}]},
    "_checks": {"overallOutcome": "PASS"},
}


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("{{processvar.name}}", "In\u00eas"),
        ("{{ processvar.age }}", 41),
        ("{{processvar.$.age}}", 41),
        ("{{processvar.ok}}", True),
        ("{{processvar.nothing}}", None),
        ("{{processvar.missing}}", None),
        ("{{processvar.name.first}}", None),
        ("{{processvar.form.list[9]}}", None),
        ("{{processvar.form[0]}}", None),
        ("{{processvar._checks.overallOutcome}}", "PASS"),
        ('{{processvar.form["Given Name"]}}', "I"),
        ("{{processvar.form['Given Name']}}", "I"),
        ("{{processvar.form.list[1].x}}", "y"),
        ("{{processvar.form.list}}", [10, {"x": "y"}]),
        ("of {{processvar.name}}, {{processvar.age}}", "of In\u00eas, 41"),
        ("-{{processvar.missing}}-", "--"),
        ("is {{processvar.ok}}: {{processvar.form.list}}", 'is true: [10,{"x":"y"}]'),
        ("plain", "plain"),
        ("{not one}", "{not one}"),
    ],
)
def test_a_placeholder_becomes_what_it_names(written: str, value: JsonValue) -> None:
    assert template.filled({"a": [written]}, DATA) == {"a": [value]}
    assert [*template.problems({"a": [written]})] == []


@pytest.mark.parametrize(
    "written",
    [
        "{{name}}", "{{processvar}}", "{{processvar.}}", "{{processvar.a b}}", "{{processvar.a",
        "a}}",
        "{{processvar.a[x]}}", "{{processvar.a[-1]}}", "{{processvar..a}}", "{{processvar.a..b}}",
        "{{{{processvar.a}}}}", "{{processvar.a()}}", '{{processvar.a["b}}', "{{secret.key}}",
        "{{processvar.\u00ea}}", "{{#if processvar.a}}",
    ],
)  # fmt: skip
def test_a_slip_in_a_placeholder_is_told_with_its_place(written: str) -> None:
    assert [where for where, _ in template.problems({"a": ["x", written]})] == ["a.1"]


def test_a_name_holds_no_placeholder_and_values_are_not_too_deep() -> None:
    deep: JsonValue = "x"
    for _ in range(20):
        deep = [deep]

    assert [*template.problems({"{{processvar.a}}": 1})]
    assert [*template.problems(deep)]


@given(st.text())
def test_a_value_adds_no_member_and_is_never_read_as_a_template(text: str) -> None:
    body: JsonValue = {"a": "{{processvar.name}}", "b": "x {{processvar.name}}"}

    made = json.loads(json.dumps(template.filled(body, {"name": text, "other": "secret"})))

    assert made == {"a": text, "b": f"x {text}"}


@given(st.text(alphabet="{}processvar.[]\"'ab01 ", max_size=80))
def test_any_text_is_filled_or_refused(text: str) -> None:
    list(template.problems(text))
    template.filled(text, DATA)
