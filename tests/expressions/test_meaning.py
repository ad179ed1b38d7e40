"""What expressions give, and where they end as a fault instead of as a wrong answer."""

from collections import OrderedDict
from collections.abc import Callable

import pytest

from engine.errors import ExpressionFault
from engine.expressions import (
    BOOLEAN,
    DATE,
    DYNAMIC,
    INTEGER,
    NULL,
    NUMBER,
    STRING,
    Binding,
    Checked,
    EnumOf,
    Environment,
    Expression,
    JsonValue,
    ListOf,
    Literal_,
    MapOf,
    Member,
    Record,
    Type,
    Values,
    Whole,
    check,
    compile_checked,
    parse_template,
)

USER = Record({"email": Member(STRING, optional=True), "age": Member(INTEGER)}, "user1")
ENVIRONMENT: Environment = {
    "user1": Binding(USER, "maybe"),
    "form1": Binding(Record({"user": Member(USER), "notes": Member(ListOf(USER))}, "form1")),
    "_decision": Binding(EnumOf(("PASS", "FAIL"))),
    "attempt": Binding(INTEGER, "maybe"),
    "s": Binding(STRING),
    "n": Binding(INTEGER),
    "d": Binding(NUMBER),
    "b": Binding(BOOLEAN),
    "born": Binding(DATE),
    "ls": Binding(ListOf(STRING)),
    "m": Binding(MapOf(DYNAMIC)),
    "x": Binding(DYNAMIC, "maybe"),
    "y": Binding(DYNAMIC),
    "z": Binding(NULL),
}
USER_VALUES: JsonValue = {"age": 30, "email": "al@example.org"}
VALUES: Values = {
    "form1": {"user": USER_VALUES, "notes": [USER_VALUES, {"age": 4}]},
    "_decision": "PASS",
    "s": "abc",
    "n": 3,
    "d": 2,
    "b": True,
    "born": "2001-02-03",
    "ls": ["a", "b"],
    "m": {"k": None},
    "y": {"list": [1, "two", {"three": 3}], "a b": 1},
    "z": None,
}


def expression(text: str, expected: Type | None = None, *, optional: bool = False) -> Expression:
    template = parse_template(text)
    assert not isinstance(template, tuple | Literal_), template
    checked = check(template.tree, ENVIRONMENT, expected, may_be_absent=optional)
    assert isinstance(checked, Checked), checked
    return compile_checked(checked)


def value_of(source: str, changed: Values | None = None) -> JsonValue:
    return expression("${" + source + "}").evaluate({**VALUES, **(changed or {})})


def fault_of(source: str, changed: Values | None = None) -> ExpressionFault:
    with pytest.raises(ExpressionFault) as raised:
        value_of(source, changed)
    return raised.value


@pytest.mark.parametrize(
    ("source", "value"),
    [
        ('_decision == "PASS"', True),
        ('_decision.equals("FAIL")', False),
        ('execution.hasVariable("attempt") ? attempt : 0', 0),
        ("form1.user.age + 1", 31),
        ("form1.notes[1].age", 4),
        ("form1.notes[n - 2].age", 4),
        ("has(form1.user.email) && form1.user.email.endsWith('.org')", True),
        ("has(form1.notes[1].email)", False),
        ("has(form1.notes[0].email)", True),
        ("born < '2008-01-01' && born > '2000-12-31'", True),
        ("born", "2001-02-03"),
        ("d", 2.0),
        ("d + 0.5", 2.5),
        ("has(y.list) && has(y.list[2].three) && y.list[2].three == 3", True),
        ("has(y['a b']) ? y['a b'] : 0", 1),
        ("has(m.k)", True),
        ("has(m.k) && m.k == null", True),
        ("has(m.nothing)", False),
        ("'k' in m", True),
        ("z", None),
        ("z == null", True),
        ("ls + ['c']", ["a", "b", "c"]),
        ("[1, 2][1]", 2),
        ("b ? n : -n", 3),
        ("y == y", True),
        ("[y, 1] == [y, 1.0 == 1.0 ? 1 : 2]", True),
    ],
)
def test_expression_gives(source: str, value: JsonValue) -> None:
    result = value_of(source)

    assert result == value
    assert type(result) is type(value)


@pytest.mark.parametrize(
    ("source", "changed", "path"),
    [
        ("_decision == 'PASS'", {"_decision": None}, "_decision"),
        ("form1.user.age == 1", {"form1": {"user": {}}}, "form1.user.age"),
        ("form1.user.age == 1", {"form1": {}}, "form1.user.age"),
        ("form1.user.age == 1", {"form1": {"user": {"age": None}}}, "form1.user.age"),
        ("has(form1.user.email)", {"form1": {}}, "form1.user"),
        ("ls[7]", {}, "ls[7]"),
        ("ls[0]", {"ls": []}, "ls[0]"),
        ("has(user1) && user1.age == 1", {"user1": {}}, "user1.age"),
        ("has(user1) && user1.age == 1", {"user1": "text"}, "user1.age"),
    ],
)
def test_missing_value_is_a_fault_that_names_the_path(
    source: str, changed: Values, path: str
) -> None:
    fault = fault_of(source, changed)

    assert fault.facts == {"reason": "a value is missing", "path": path}


def test_missing_top_level_value_is_a_fault() -> None:
    with pytest.raises(ExpressionFault, match="'s'"):
        expression("${s}").evaluate({})


@pytest.mark.parametrize(
    ("source", "changed"),
    [
        ("s == 'a'", {"s": 1}),
        ("n == 1", {"n": True}),
        ("n == 1", {"n": 1.0}),
        ("d == 1.0", {"d": "1"}),
        ("d == 1.0", {"d": True}),
        ("b", {"b": 1}),
        ("ls", {"ls": "ab"}),
        ("m == m", {"m": []}),
        ("ls[n - 3] == 'a'", {"ls": [1]}),
        ("z", {"z": 1}),
        ("has(y.a)", {"y": "text with a"}),
        ("has(form1.notes[0].email)", {"form1": {"notes": "ab"}}),
    ],
)
def test_value_of_another_type_than_declared_is_a_fault(source: str, changed: Values) -> None:
    fault = fault_of(source, changed)

    assert str(fault.facts["reason"]).startswith(("a value is not", "a value is missing"))


def test_fault_never_shows_a_value() -> None:
    assert "hunter2" not in str(fault_of("n == 1", {"n": "hunter2"}))
    assert "hunter2" not in str(fault_of("y - 1", {"y": "hunter2"}))


@pytest.mark.parametrize(
    ("source", "changed"),
    [
        ("y && true", {"y": "true"}),
        ("!y", {"y": 0}),
        ("y ? 1 : 2", {"y": None}),
        ("-y", {"y": "1"}),
        ("y + 1", {"y": 1.5}),
        ("y + y", {"y": True}),
        ("y - 1", {"y": "1"}),
        ("y < 1", {"y": True}),
        ("y < y", {"y": None}),
        ("size(y)", {"y": 1}),
        ("y.contains('a')", {"y": ["a"]}),
        ("'a' in y", {"y": "abc"}),
        ("y in m", {"y": []}),
        ("y[0]", {"y": "abc"}),
        ("y[n]", {"y": "abc"}),
        ("ls[y]", {"y": "a"}),
        ("ls[y]", {"y": 0.5}),
        ("ls[n]", {}),
        ("ls[-1]", {}),
        ("n + 1", {"n": 2**63 - 1}),
        ("n - 1", {"n": -(2**63)}),
        ("-n", {"n": -(2**63)}),
        ("d + 1e308", {"d": 1.7e308}),
        ("[d + 1e308]", {"d": 1.7e308}),
        ("y - 1e308", {"y": -1.7e308}),
    ],
)
def test_operator_that_does_not_fit_its_values_is_a_fault(source: str, changed: Values) -> None:
    assert fault_of(source, changed).code == "expression"


@pytest.mark.parametrize(
    ("source", "changed", "value"),
    [
        ("y == 1", {"y": True}, False),
        ("y == 1", {"y": 1.0}, True),
        ("y == 'a'", {"y": 1}, False),
        ("y == [1]", {"y": [True]}, False),
        ("y == [1]", {"y": [1, 1]}, False),
        ("y == m", {"y": {"k": None}}, True),
        ("y == m", {"y": {"k": 1}}, False),
        ("y == m", {"y": {"l": None}}, False),
        ("y != null", {"y": None}, False),
        ("1 in y", {"y": [True, 1]}, True),
        ("1 in y", {"y": {"1": 1}}, False),
        ("ls[y]", {"y": 1.0}, "b"),
        ("y < 1.5", {"y": 1}, True),
        ("y + 'b'", {"y": "a"}, "ab"),
        ("y + y", {"y": [1]}, [1, 1]),
        ("y - 1.5", {"y": 2.0}, 0.5),
        ("-y", {"y": 2.5}, -2.5),
        ("y[n]", {"y": [1, 2, 3, 4]}, 4),
        ("m == m", {"m": OrderedDict(k=1)}, True),
    ],
)
def test_value_of_any_type_is_looked_at_when_it_is_there(
    source: str, changed: Values, value: JsonValue
) -> None:
    assert value_of(source, changed) == value


@pytest.mark.parametrize(
    ("source", "value"),
    [
        ("false && ls[9] == 'a'", False),
        ("ls[9] == 'a' && false", False),
        ("true || ls[9] == 'a'", True),
        ("ls[9] == 'a' || true", True),
        ("y && false", False),
    ],
)
def test_decided_side_wins_over_a_fault_on_the_other(source: str, value: JsonValue) -> None:
    assert value_of(source) is value


@pytest.mark.parametrize("source", ["ls[9] == 'a' && true", "true && ls[9] == 'a'", "b && y"])
def test_undecided_side_leaves_the_fault(source: str) -> None:
    fault_of(source)


LONG = "a" * 40_000
MANY: JsonValue = list(range(10_001))


@pytest.mark.parametrize(
    ("source", "changed"),
    [
        ("s + s", {"s": LONG}),
        ("s.contains('b')", {"s": LONG * 2}),
        ("1 in y", {"y": MANY}),
        ("y == y", {"y": MANY}),
        ("ls + ls", {"ls": ["a"] * 6000}),
    ],
)
def test_too_much_work_is_a_fault_that_no_operator_passes_over(
    source: str, changed: Values
) -> None:
    fault = fault_of(source, changed)
    hidden = fault_of(f"(({source}) == y || true) || true", {"y": MANY, **changed})

    assert fault.facts["reason"] == hidden.facts["reason"] == "too much to work through"


def test_text_that_grows_too_long_is_a_fault() -> None:
    with pytest.raises(ExpressionFault, match="too much"):
        expression("${s}${s}").evaluate({"s": LONG})


def test_declared_value_that_is_null_counts_as_missing() -> None:
    assert value_of("has(attempt)", {"attempt": None}) is False
    assert value_of("has(form1.user.email)", {"form1": {"user": {"email": None}}}) is False
    assert value_of("has(x)", {"x": None}) is True


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("  ${n}\n", 3),
        ("${ls}", ["a", "b"]),
        ("id ${s}-${n}", "id abc-3"),
        ("${b} ${d} ${born} ${_decision}", "true 2 2001-02-03 PASS"),
        ("${!b}.", "false."),
        ("${'}'}${\"{'\"} ", "}{' "),
        ("${1.5e10}/${1e-7}/${0.0}/${-0.0}", "1.5e+10/1e-07/0/-0"),
    ],
)
def test_template_gives(text: str, value: JsonValue) -> None:
    assert expression(text).evaluate(VALUES) == value


@pytest.mark.parametrize("value", [None, [1], {}, 2**64, float("inf")])
def test_value_that_is_no_text_is_a_fault_inside_a_text(value: JsonValue) -> None:
    with pytest.raises(ExpressionFault):
        expression("a ${y}").evaluate({"y": value})


def test_text_without_an_expression_means_itself() -> None:
    assert parse_template("{jpeg} $5") == Literal_(text="{jpeg} $5")


def test_result_takes_the_type_its_place_expects() -> None:
    assert repr(expression("${n}", NUMBER).evaluate(VALUES)) == "3.0"
    assert expression("${y}", INTEGER).evaluate({"y": 4}) == 4
    with pytest.raises(ExpressionFault):
        expression("${y}", BOOLEAN).evaluate({"y": 1})
    assert expression("${y}", DYNAMIC).evaluate({"y": None}) is None


OPTIONAL: list[tuple[str, Values, bool]] = [
    ("${user1.email}", {}, False),
    ("${user1.email}", {"user1": None}, False),
    ("${user1.email}", {"user1": {"age": 1}}, False),
    ("${user1.email}", {"user1": {"age": 1, "email": None}}, False),
    ("${user1.email}", {"user1": {"age": 1, "email": "a"}}, True),
    ("${attempt}", {}, False),
    ("${attempt}", {"attempt": 1}, True),
    ("${x}", {"x": None}, True),
    ("${s}", {}, True),
    ("${s}", {"s": None}, True),
    ("${n + 1}", {}, True),
]


@pytest.mark.parametrize(("text", "values", "given"), OPTIONAL)
def test_optional_input_says_whether_it_is_given(text: str, values: Values, given: bool) -> None:
    assert expression(text, optional=True).given(values) is given


@pytest.mark.parametrize(
    ("expected", "fits", "does_not"),
    [
        (ListOf(STRING), ["a"], ["a", 1]),
        (ListOf(ListOf(INTEGER)), [[1], []], [[1], [[1]]]),
        (MapOf(INTEGER), {"a": 1}, {"a": None}),
        (EnumOf(("PASS", "FAIL")), "PASS", "pass"),
        (DATE, "2026-01-31", "2026-02-30"),
    ],
    ids=lambda value: str(value),
)
def test_a_value_of_any_type_is_looked_at_inside_where_a_type_is_asked_for(
    expected: Type, fits: JsonValue, does_not: JsonValue
) -> None:
    template = parse_template("${y}")
    assert isinstance(template, Whole)
    checked = check(template.tree, ENVIRONMENT, expected)
    assert isinstance(checked, Checked)
    evaluate = compile_checked(checked).evaluate

    assert evaluate({"y": fits}) == fits
    with pytest.raises(ExpressionFault):
        evaluate({"y": does_not})


def test_a_list_that_took_in_a_value_of_any_type_is_looked_at_inside() -> None:
    template = parse_template("${y + ls}")
    assert isinstance(template, Whole)
    checked = check(template.tree, ENVIRONMENT, ListOf(STRING))
    assert isinstance(checked, Checked)
    evaluate = compile_checked(checked).evaluate

    assert evaluate({"y": ["a"], "ls": ["b"]}) == ["a", "b"]
    with pytest.raises(ExpressionFault):
        evaluate({"y": [1], "ls": ["b"]})


def test_optional_input_forgives_its_own_path_only() -> None:
    template = parse_template("${has(x) ? attempt : 1}")
    assert not isinstance(template, tuple | Literal_)

    refused = check(template.tree, ENVIRONMENT, None, may_be_absent=True)

    assert isinstance(refused, tuple)
    assert [problem.rule for problem in refused] == ["X113"]


def test_compiled_expression_keeps_its_source_and_type() -> None:
    compiled = expression("${n} of ${s}", STRING)

    assert (compiled.source, compiled.type) == ("${n} of ${s}", STRING)
    assert compiled.given({})


def test_closures_do_not_look_up_python_attributes() -> None:
    class Trap(dict[str, JsonValue]):
        def __getattribute__(self, name: str) -> Callable[..., JsonValue]:
            assert name in ("__class__", "get"), name
            return super().__getattribute__(name)  # type: ignore[no-any-return] # typed by object

    trap = Trap({"age": 1, "email": "a"})

    assert expression("${form1.user.age == 1}").evaluate({"form1": {"user": trap}}) is True
