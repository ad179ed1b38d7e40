"""Every rule of the language: a text that breaks it and nothing else, and a good twin."""

import pytest

from engine.expressions import (
    BOOLEAN,
    DATE,
    DYNAMIC,
    INTEGER,
    NULL,
    NUMBER,
    RULES,
    STRING,
    Binding,
    Checked,
    EnumOf,
    Environment,
    ExpressionProblem,
    ListOf,
    Literal_,
    MapOf,
    Member,
    Record,
    Secret,
    Tree,
    Type,
    check,
    describe,
    parse,
    parse_template,
)

FORM = Record(
    {
        "email": Member(STRING, optional=True),
        "age": Member(INTEGER),
        "passcode": Member(Secret("it is a passcode")),
        "my-field": Member(STRING),
    },
    "form1",
)
ENVIRONMENT: Environment = {
    "_decision": Binding(EnumOf(("PASS", "FAIL"))),
    "other": Binding(EnumOf(("RED", "BLUE"))),
    "form1": Binding(FORM),
    "forms": Binding(ListOf(Record({"note": Member(STRING, optional=True)}, "note"))),
    "attempt": Binding(INTEGER, "maybe"),
    "gone": Binding(STRING, "never"),
    "s": Binding(STRING),
    "n": Binding(INTEGER),
    "d": Binding(NUMBER),
    "b": Binding(BOOLEAN),
    "born": Binding(DATE),
    "ls": Binding(ListOf(STRING)),
    "li": Binding(ListOf(INTEGER)),
    "m": Binding(MapOf(INTEGER)),
    "x": Binding(DYNAMIC),
    "z": Binding(NULL),
}

PAIRS = [
    ("X101", "s ==", 's == "a"'),
    ("X101", "", "s"),
    ("X101", "(s", "(s)"),
    ("X101", "[1, 2", "[1, 2]"),
    ("X101", "ls[0", "ls[0]"),
    ("X101", "b ? 1", "b ? 1 : 2"),
    ("X101", "s s", "s + s"),
    ("X101", "form1.", "form1.age"),
    ("X101", "form1.in", "form1.age"),
    ("X101", r's == "\q"', r's == "\n"'),
    ("X101", r's == "\ud800"', r's == "\u00e9"'),
    ("X101", "s == 'a\0'", "s == 'a'"),
    ("X101", "s # s", "s"),
    ("X101", "if", "s"),
    ("X101", 's == "\ud800"', 's == "😀"'),
    ("X102", "s == '" + "a" * 506 + "'", "s == '" + "a" * 505 + "'"),
    ("X103", "(" * 32 + "b" + ")" * 32, "(" * 31 + "b" + ")" * 31),
    ("X103", "n" + "+1" * 64, "n" + "+1" * 63),
    ("X103", "!" * 32 + "b", "!" * 31 + "b"),
    ("X104", "9223372036854775808", "9223372036854775807"),
    ("X104", "-9223372036854775809", "-9223372036854775808"),
    ("X104", "1e999", "1e99"),
    ("X105", "n = 1", "n == 1"),
    ("X105", "b and b", "b && b"),
    ("X105", "not b", "!b"),
    ("X105", "n * 2", "n + n"),
    ("X105", "empty ls", "size(ls) == 0"),
    ("X106", "length(s)", "size(s)"),
    ("X106", "s.startswith('a')", "s.startsWith('a')"),
    ("X106", "execution.getVariable('s')", "execution.hasVariable('s')"),
    ("X107", "size(s, s)", "size(s)"),
    ("X107", "s.size(1)", "s.size()"),
    ("X107", "has(1)", "has(s)"),
    ("X107", "has(ls[0])", "has(forms[0].note)"),
    ("X107", "execution.hasVariable('form1.age')", "execution.hasVariable('form1')"),
    ("X107", "execution.hasVariable(s)", 'execution.hasVariable("s")'),
    ("X108", "_decison", "_decision"),
    ("X108", "has(nobody)", "has(s)"),
    ("X109", "form1.emial", "form1.age"),
    ("X109", "has(form1.emial)", "has(form1.email)"),
    ("X109", 'form1["my_field"]', 'form1["my-field"]'),
    ("X109", "s.__class__", "s"),
    ("X109", "ls.first", "ls[0]"),
    ("X109", "ls['a']", "ls[0]"),
    ("X110", "n == 'a'", "n == 1"),
    ("X110", "n && b", "n == 1 && b"),
    ("X110", "!n", "!b"),
    ("X110", "-s", "-n"),
    ("X110", "n ? 1 : 2", "b ? 1 : 2"),
    ("X110", "b ? 1 : 'a'", "b ? 1 : 2"),
    ("X110", "size(n)", "size(m)"),
    ("X110", "ls.contains('a')", "'a' in ls"),
    ("X110", "n.contains('a')", "s.contains('a')"),
    ("X110", "s in s", "s.contains(s)"),
    ("X110", "n in ls", "n in li"),
    ("X110", "s in b", "s in m"),
    ("X110", "[1, 'a']", "[1, 2]"),
    ("X110", "[1, 'a', 2, n]", "['a']"),
    ("X110", "ls[s]", "ls[n]"),
    ("X110", "s[0]", "ls[0]"),
    ("X110", "m[1]", "has(m.a) && m.a == 1"),
    ("X110", "ls < ls", "s < s"),
    ("X110", "born + 'a'", "s + 'a'"),
    ("X110", "s - s", "n - n"),
    ("X110", "n + s", "s + s"),
    ("X110", "form1.age == 'x'", "form1.age == 1"),
    ("X110", "_decision == other", "_decision == _decision"),
    ("X110", "born == s", "born == '2026-01-31'"),
    ("X110", "ls == li", "li == [1]"),
    ("X110", "forms == forms", "ls == ls"),
    ("X110", "b ? ls : li", "b ? ls : ['a']"),
    ("X111", "_decision == 'PAS'", "_decision == 'PASS'"),
    ("X111", "'PAS' != _decision", "'FAIL' != _decision"),
    ("X111", "_decision in ['PASS', 'no']", "_decision in ['PASS', 'FAIL']"),
    ("X110", "(b ? _decision : other) == 1", "(b ? _decision : other) == 'RED'"),
    ("X111", "_decision.equals('REVIEW')", "_decision.equals('FAIL')"),
    ("X112", "form1.email == 'a'", "has(form1.email) && form1.email == 'a'"),
    ("X112", "has(form1.email) || form1.email == 'a'", "!has(form1.email) || form1.email == 'a'"),
    ("X112", "m.a", "has(m.a) ? m.a : 0"),
    ("X112", "has(x.a.b)", "has(x.a) && has(x.a.b)"),
    ("X112", "x['a'] == 1", "has(x['a']) && x.a == 1"),
    ("X112", "forms[n].note == 'a'", "has(forms[0].note) && forms[0].note == 'a'"),
    ("X113", "attempt > 2", "has(attempt) && attempt > 2"),
    ("X113", "has(attempt) ? 0 : attempt", "!has(attempt) ? 0 : attempt"),
    ("X113", "!(has(attempt) && b) && attempt > 2", "!(!has(attempt) || b) && attempt > 2"),
    ("X113", "(has(attempt) || b) && attempt > 2", "(b && has(attempt)) && attempt > 2"),
    ("X114", "gone == 'a'", "s == 'a'"),
    ("X114", "has(gone)", "has(attempt)"),
    ("X115", "form1.passcode == 'a'", "form1.age == 1"),
    ("X115", "has(form1.passcode)", "has(form1.email)"),
    ("X115", "form1", "form1.age"),
    ("X115", "form1.passcode.length", "form1.age"),
    ("X116", 's > ""', 's != ""'),
    ("X116", '"" < form1.email', 'has(form1.email) && form1.email != ""'),
    ("X116", '(s + s) > ""', '(s + s) != ""'),
    ("X117", "1 == 1.0", "1.0 == 1.0"),
    ("X117", "d > 3", "d > 3.0"),
    ("X117", "n + 1.5", "n + 1"),
    ("X117", "n in [1.0]", "n in [1]"),
    ("X118", "s == null", "z == null"),
    ("X118", "null != n", "x != null"),
    ("X120", "born < '2026-02-30'", "born < '2026-02-28'"),
    ("X120", "born in ['yesterday']", "born in ['2026-01-31']"),
    ("X120", "(b ? 'soon' : '2026-01-31') == born", "(b ? '2026-01-30' : '2026-01-31') == born"),
    ("X123", "m[s]", "has(m['s']) ? m['s'] : 1"),
    ("X123", "x[s]", "x[n]"),
    ("X123", "form1[x]", "form1['age']"),
]

EXPECTING: list[tuple[str, Type, str, str]] = [
    ("X119", BOOLEAN, "${n}", "${n == 1}"),
    ("X119", EnumOf(("PASS", "FAIL", "REVIEW")), "${s}", "${_decision}"),
    ("X119", ListOf(STRING), "${b ? li : li}", "${b ? ls : []}"),
    ("X119", MapOf(STRING), "${m}", "${x}"),
    ("X119", STRING, "${n}", "${born}"),
    ("X111", EnumOf(("PASS", "FAIL")), "${b ? 'PASS' : 'NO'}", "${b ? 'PASS' : 'FAIL'}"),
    ("X120", DATE, "${'31.1.2026'}", "${'2026-01-31'}"),
    ("X121", STRING, "a ${ls}", "a ${ls[0]}"),
    ("X121", STRING, "a ${z}", "a ${x} ${n} ${d} ${b} ${born} ${_decision}"),
    ("X122", STRING, "${s", "${s}"),
    ("X122", STRING, "a ${'}", "a ${'}'}"),
    ("X102", STRING, "${s}" * 65, "${s}" * 64),
    ("X102", STRING, "${s}" + "a" * 8190, "${s}" + "a" * 8188),
]


def judge(text: str, expected: Type | None = None) -> Checked | tuple[ExpressionProblem, ...]:
    template = parse_template(text)
    assert not isinstance(template, Literal_)
    return template if isinstance(template, tuple) else check(template.tree, ENVIRONMENT, expected)


def problems(source: str, expected: Type | None = None) -> tuple[ExpressionProblem, ...]:
    judged = judge("${" + source + "}", expected)
    assert isinstance(judged, tuple), f"{source} was accepted"
    return judged


@pytest.mark.parametrize(("rule", "bad", "good"), PAIRS)
def test_bad_text_breaks_exactly_its_rule_and_its_twin_none(rule: str, bad: str, good: str) -> None:
    refused, accepted = judge("${" + bad + "}"), judge("${" + good + "}")

    assert isinstance(refused, tuple)
    assert {problem.rule for problem in refused} == {rule}
    assert isinstance(accepted, Checked), accepted


@pytest.mark.parametrize(("rule", "expected", "bad", "good"), EXPECTING)
def test_place_of_a_value_is_respected(rule: str, expected: Type, bad: str, good: str) -> None:
    refused, accepted = judge(bad, expected), judge(good, expected)

    assert isinstance(refused, tuple)
    assert {problem.rule for problem in refused} == {rule}
    assert isinstance(accepted, Checked), accepted
    assert accepted.type == expected


def test_every_rule_has_a_bad_text() -> None:
    tried = {rule for rule, *_ in PAIRS} | {rule for rule, *_ in EXPECTING}

    assert tried == set(RULES)


def test_all_problems_of_one_expression_are_told_at_once() -> None:
    found = problems("_decison == 'a' && gone == 'x' || form1.emial == nobody && _decision == 'P'")

    assert [problem.rule for problem in found] == ["X108", "X114", "X109", "X108", "X111"]


def test_text_that_is_not_closed_is_told_by_its_quotation_mark() -> None:
    refused = parse("s == 'a")

    assert isinstance(refused, tuple)
    assert [(problem.rule, problem.offset) for problem in refused] == [("X101", 5)]
    assert isinstance(parse("s == 'a'"), Tree)


def test_all_unreadable_characters_are_told_at_once() -> None:
    assert [problem.offset for problem in problems("s # s ~ 'a\0'")] == [4, 8, 12]


def test_problems_in_several_expressions_of_a_text_are_told_at_once() -> None:
    judged = parse_template("a ${1 +} b ${(} c ${")

    assert isinstance(judged, tuple)
    assert [(problem.rule, problem.offset) for problem in judged] == [
        ("X101", 7),
        ("X101", 14),
        ("X122", 18),
    ]


@pytest.mark.parametrize(
    ("source", "pointed", "nearest"),
    [
        ("_decison == 'PASS'", "_decison", "_decision"),
        ("n == 1 && form1.emial == 's'", "emial", "email"),
        ("form1['my_field']", "'my_field'", "my-field"),
        ("_decision == 'pass'", "'pass'", "PASS"),
        ("s.startwith('a')", "startwith", "startsWith"),
        ("hass(s)", "hass", "has"),
        ("ls.isEmpty()", "isEmpty", "size"),
        ("n = 1", "=", "=="),
        ("b or b", "or", "||"),
        ("DECISION", "DECISION", "_decision"),
        ("q" * 100, "q" * 100, None),
    ],
)
def test_slip_of_the_pen_is_pointed_at(source: str, pointed: str, nearest: str | None) -> None:
    (problem,) = problems(source)

    assert ("${" + source)[problem.offset :][: problem.length] == pointed
    assert problem.nearest == nearest


def test_idiom_for_presence_names_what_to_write() -> None:
    (problem,) = problems('form1["email"] > ""')

    assert problem.remedy == 'write has(form1.email) && form1.email != ""'


def test_remedy_for_a_member_with_a_hyphen_can_be_written() -> None:
    (problem,) = problems('m["my-field"] == 1')

    assert 'has(m["my-field"])' in problem.remedy


@pytest.mark.parametrize(
    "source",
    [
        "nobody.a.b == 1 && size(nobody.c) > 2",
        "nobody[0] + nobody['a'].b",
        "-nobody",
        "li[nobody]",
        "nobody ? nobody : 1",
        "nobody in [1, nobody]",
    ],
)
def test_an_unknown_name_causes_no_second_problem(source: str) -> None:
    assert {problem.rule for problem in problems(source)} == {"X108"}


@pytest.mark.parametrize("type_", [FORM, Secret("x"), ListOf(MapOf(DYNAMIC)), EnumOf(("a", "b"))])
def test_every_type_has_a_name(type_: Type) -> None:
    names = {"form1", "a secret", "list<map<a value of any type>>", "one of a, b"}

    assert describe(type_) in names


def test_members_of_a_record_cannot_be_changed_from_outside() -> None:
    members = {"a": Member(STRING)}
    record = Record(members, "r")

    members["b"] = Member(STRING)

    assert list(record.members) == ["a"]
    assert hash(record) == hash(Record({}, "r"))
