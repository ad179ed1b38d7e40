"""Hostile texts: refused at once, with a problem, never with a Python error."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import ExpressionFault
from engine.expressions import (
    DYNAMIC,
    Binding,
    Literal_,
    Mixed,
    Tree,
    Whole,
    check,
    compile_checked,
    decide,
    parse,
    parse_template,
)

ENVIRONMENT = {"a": Binding(DYNAMIC), "b": Binding(DYNAMIC, "maybe")}

HOSTILE = [
    "(" * 300 + "1" + ")" * 300,
    "(" * 600,
    "[" * 255 + "]" * 255,
    "!" * 500 + "a",
    "-" * 500 + "a",
    "1" + "+1" * 250,
    "a" + "&&a" * 170,
    "a" + "[a" * 200,
    "a" + ".b" * 250,
    "a" + "[0]" * 160,
    "size(" * 100 + "a" + ")" * 100,
    "a ? " * 120 + "1",
    "a ? 1 : " * 60 + "1",
    "a" * 100_000,
    "1" * 512,
    "'" + "\\" * 500,
    '"' * 511,
    "\0",
    "'a\0b'",
    "\ud800",
    "'\ud800\udc00'",
    "\u2028a",
    "a\u00a0+ a",
    "а",  # noqa: RUF001 - a Cyrillic letter that looks like ours
    "a.__class__",
    "a['__class__']",
    "__import__('os')",
    "().__class__.__bases__[0]",
    "a.__init__.__globals__",
    "lambda: 1",
    "a if a else a",
    "{}",
    "a;a",
    "`a`",
    "a.b()",
    "{'a': 1}",
    "1u",
    "b'a'",
    "r'a'",
    "'''a'''",
    "// a",
    "9" * 400,
    "1e" + "9" * 300,
    "0x" + "f" * 400,
    "[1].map(i, i)",
    "a.matches('(a+)+$')",
    "a.all(i, true)",
    "timestamp('2026-01-01T00:00:00Z')",
]


@pytest.mark.parametrize("source", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_text_is_refused_with_a_problem(source: str) -> None:
    parsed = parse(source)
    refused = check(parsed, ENVIRONMENT, None) if isinstance(parsed, Tree) else parsed

    assert isinstance(refused, tuple)
    assert refused
    for problem in refused:
        assert 0 <= problem.offset <= len(source)
        assert problem.message


@pytest.mark.parametrize(
    "text",
    ["${" * 5000, "${'" * 5000, "${" + '"\\' * 5000, "${a" + "'" * 4001 + "}", "${\ud800}", "${}"],
)
def test_hostile_template_is_refused_with_a_problem(text: str) -> None:
    assert isinstance(parse_template(text), tuple)


WORDS = [
    *("a", "b", "a.k", "has(", "size(", "(", ")", "[", "]", ".", ",", "?", ":", "==", "!=", "<"),
    *("<=", ">", ">=", "&&", "||", "!", "+", "-", "in", "true", "false", "null", "'x'", '"y"'),
    *("1", "2.5", "0", "-1", "execution.hasVariable('b')", ".equals(", ".contains(", "${", "}"),
    *("\\", "'", "@", "and"),
]

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.sampled_from(["", "x", "k"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.just("k"), inner),
    max_leaves=5,
)


@settings(max_examples=1500, derandomize=True, database=None)
@given(st.lists(st.sampled_from(WORDS), max_size=12).map(" ".join) | st.text(), VALUES)
def test_any_text_ends_as_a_value_a_problem_or_a_fault(text: str, value: object) -> None:
    template = parse_template("${" + text + "}")
    if isinstance(template, tuple | Literal_):
        return
    assert isinstance(template, Whole | Mixed)
    checked = check(template.tree, ENVIRONMENT, None)
    if isinstance(checked, tuple):
        return
    assert len(decide([checked])) == 1
    try:
        compile_checked(checked).evaluate({"a": value})  # type: ignore[dict-item] # any JSON
    except ExpressionFault:
        return
