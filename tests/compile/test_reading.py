"""Texts that nobody should have to read: refused at once, at their place, and never a crash."""

import json
from collections.abc import Iterator

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from engine.compile import RULES, Source, check_definition, check_form
from engine.compile.reading.document import Document, Written
from engine.compile.reading.json_text import read_json
from engine.compile.reading.yaml_text import MOST_NODES, read_yaml
from tests.compile.corpus import Case
from tests.compile.palette import KNOWN

GOOD = Case("P101", "good")


def yaml_of(text: str | bytes) -> Document:
    document = read_yaml(
        Source(path="t.yaml", text=text.encode() if isinstance(text, str) else text)
    )
    assert isinstance(document, Document), document
    return document


def refused(text: str) -> tuple[str, int, int]:
    problems = read_yaml(Source(path="t.yaml", text=text.encode()))
    assert isinstance(problems, tuple)
    last = problems[-1]
    return last.rule, last.place.line, last.place.column


def refused_json(text: str) -> tuple[str, int, int]:
    problems = read_json(Source(path="t.json", text=text.encode()))
    assert isinstance(problems, tuple)
    return problems[-1].rule, problems[-1].place.line, problems[-1].place.column


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("no", "no"),
        ("on", "on"),
        ("010", 10),
        ("0o17", 15),
        ("0x1F", 31),
        ("-7", -7),
        ("1e3", 1000.0),
        (".5", 0.5),
        ("12:30:45", "12:30:45"),
        ("2026-01-31", "2026-01-31"),
        ("1_000", "1_000"),
        ("~", None),
        ("", None),
        ("TRUE", True),
        ('"true"', "true"),
        ("'10'", "10"),
        ("+x", "+x"),
    ],
)
def test_scalars_mean_what_yaml_1_2_says(written: str, value: object) -> None:
    document = yaml_of(f"a: {written}\n")

    assert document.find(["a"]).value == value
    assert type(document.find(["a"]).value) is type(value)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: .nan\n", ("Y113", 1, 4)),
        ("a: -.inf\n", ("Y113", 1, 4)),
        ("a: 1e999\n", ("Y113", 1, 4)),
        ("a: 9007199254740993\n", ("Y113", 1, 4)),
        ("a: " + "9" * 5000 + "\n", ("Y113", 1, 4)),
        ("a: *b\n", ("Y106", 1, 4)),
        ("a: &b c\n", ("Y106", 1, 4)),
        ("a: ! b\n", ("Y108", 1, 4)),
        ("a:\n\tb: c\n", ("Y110", 2, 1)),
        ("a: 'b\n", ("Y110", 2, 1)),
        ("a: [b\nc: d\n", ("Y110", 2, 2)),
        ("a: @b\n", ("Y110", 1, 4)),
        ('a: "\\q"\n', ("Y110", 1, 5)),
        ("a: b\n  c: d\n", ("Y110", 2, 4)),
        ("a\nb: c\n", ("Y110", 2, 2)),
        ("a: \x07\n", ("Y110", 1, 4)),
        ("- a\nb: c\n", ("Y110", 2, 1)),
        ("---\na: b\n---\nc: d\n", ("Y105", 3, 1)),
    ],
)
def test_what_cannot_be_kept_is_refused_at_its_place(
    text: str, expected: tuple[str, int, int]
) -> None:
    assert refused(text) == expected


def test_a_tab_is_called_a_tab() -> None:
    problems = read_yaml(Source(path="t.yaml", text=b"a:\n\tb: c\n"))

    assert isinstance(problems, tuple)
    assert "tab" in problems[0].message


def test_merge_key_bomb_is_refused_before_anything_is_built() -> None:
    lines = ["a0: &a0 {k: v}"] + [f"a{n}: &a{n} {{<<: *a{n - 1}}}" for n in range(1, 30)]

    assert refused("\n".join(lines)) == ("Y106", 1, 5)


def test_hundred_thousand_brackets_are_refused_at_the_thirty_third() -> None:
    assert refused("[" * 100_000) == ("Y103", 1, 33)
    assert refused_json("[" * 100_000) == ("Y103", 1, 17)


def test_reading_stops_at_the_first_value_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    taken = 0
    parse = yaml.parse

    def counting(*args: object, **options: object) -> Iterator[yaml.Event]:
        nonlocal taken
        for event in parse(*args, **options):  # type: ignore[arg-type]  # handed on as it came
            taken += 1
            yield event

    monkeypatch.setattr("engine.compile.reading.yaml_text.yaml.parse", counting)

    assert refused("[" + "a," * 60_000 + "a]")[0] == "Y104"
    assert taken < MOST_NODES + 10


def test_byte_order_mark_counts_nothing() -> None:
    document = yaml_of(b"\xef\xbb\xbfa: b\n")

    assert document.find(["a"]).spot == (1, 4)
    assert document.root.keys["a"] == (1, 1)
    assert refused("\ufeffa: *b")[1:] == (1, 4)


def test_every_key_that_stands_twice_is_told_with_the_first() -> None:
    problems = read_yaml(Source(path="t.yaml", text=b"a: 1\nb: 2\na: 3\nb: 4\n"))

    assert isinstance(problems, tuple)
    assert [(p.rule, p.place.line) for p in problems] == [("Y109", 3), ("Y109", 4)]
    assert "1:1" in problems[0].remedy


@pytest.mark.parametrize(
    ("line", "remedy"),
    [
        ("when: ${a ? b : c}", 'write: when: "${a ? b : c}"'),
        ('when: "${a["b"]}"', "write: when: '${a[\"b\"]}'"),
        ("- when: ${a ? 'x' : \"y\"}", "write: - when: '${a ? ''x'' : \"y\"}'"),
        ("a: {b: ${c.d}}", 'write: a: {b: "${c.d}"}'),
        ("a: {b: ${c.d} , e: 1}", 'write: a: {b: "${c.d}", e: 1}'),
        ('a: {b: "${c}", d: to ${e}}', 'write: a: {b: "${c}", d: "to ${e}"}'),
        (
            "a: [${b ? 1 : 2}, 'it''s', ${c['d']}]",
            "write: a: [\"${b ? 1 : 2}\", 'it''s', \"${c['d']}\"]",
        ),
        ('a: {b: ${c["d"]}}', "write: a: {b: '${c[\"d\"]}'}"),
        ("a: {b: 1,\n  c: ${d}}", 'write: c: "${d}"}'),
    ],
)
def test_an_expression_yaml_cannot_read_is_shown_quoted(line: str, remedy: str) -> None:
    problems = read_yaml(Source(path="t.yaml", text=f"x: y\n{line}\n".encode()))

    assert isinstance(problems, tuple)
    assert problems[0].rule == "Y111"
    assert problems[0].remedy == remedy


def test_an_offset_in_a_text_is_found_wherever_it_is_written() -> None:
    text = "plain: a${x}\nsingle: 'it''s ${x}'\ndouble: \"\\u00e9\\n${x}\"\n"
    text += "block: |\n  one\n  two ${x}\nfolded: >\n  one\n  ${x}\n"
    document = yaml_of(text)

    found = {
        key: document.inside(written, [str(written.value).index("${")])[0]
        for key, written in document.root.entries.items()
    }

    assert found == {
        "plain": (1, 9),
        "single": (2, 16),
        "double": (3, 18),
        "block": (6, 7),
        "folded": (7, 9),
    }


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"a": NaN}', ("Y114", 1, 7)),
        ('{"a": 01}', ("Y114", 1, 8)),
        ('{"a": 1,}', ("Y114", 1, 9)),
        ("{'a': 1}", ("Y114", 1, 2)),
        ('{"a" 1}', ("Y114", 1, 6)),
        ('{"a": "\\x"}', ("Y114", 1, 7)),
        ('{"a": "\t"}', ("Y114", 1, 7)),
        ('{"a": "\\ud800"}', ("Y114", 1, 15)),
        ("[1, 2] 3", ("Y114", 1, 8)),
        ("", ("Y114", 1, 1)),
        ("[1 2]", ("Y114", 1, 4)),
        ("[9007199254740993]", ("Y113", 1, 2)),
        ("[1e999]", ("Y113", 1, 2)),
        ('{"a": 1,\n "a": 2}', ("Y109", 2, 2)),
        ("[" + "1," * 20_001 + "1]", ("Y104", 1, 40_000)),
    ],
)
def test_json_is_strict(text: str, expected: tuple[str, int, int]) -> None:
    assert refused_json(text) == expected


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('{"a": 1,}', ("JSON allows no comma before `}`", "remove it")),
        ("[1, ]", ("JSON allows no comma before `]`", "remove it")),
        ('{"a": 1 // one\n}', ("JSON knows no comments", "remove it")),
        ('/* one */ {"a": 1}', ("JSON knows no comments", "remove it")),
        ('{\n# one\n"a": 1}', ("JSON knows no comments", "remove it")),
        (" \n", ("the file is empty", "begin with `{`")),
    ],
)
def test_habits_from_elsewhere_are_answered_in_words_of_json(
    text: str, told: tuple[str, str]
) -> None:
    problems = read_json(Source(path="t.json", text=text.encode()))

    assert isinstance(problems, tuple)
    assert [(p.rule, p.message, p.remedy) for p in problems] == [("Y114", *told)]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text() | st.floats(-1e300, 1e300),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(JSON)
def test_json_reads_as_the_standard_library_does(value: object) -> None:
    text = json.dumps(value)

    document = read_json(Source(path="t.json", text=text.encode()))

    assert isinstance(document, Document)
    assert document.root.value == value
    assert {written.spot[0] for written in every(document.root)} <= {1}


def every(written: Written) -> Iterator[Written]:
    yield written
    for inner in (*written.entries.values(), *written.items):
        yield from every(inner)


@given(st.binary(max_size=400))
def test_no_bytes_crash_a_reader(text: bytes) -> None:
    for report in (
        check_definition(Source(path="t.yaml", text=text), KNOWN, {}),
        check_form(Source(path="t.json", text=text)),
    ):
        assert report.problems
        assert all(told_well(problem.rule, problem.place.line) for problem in report.problems)


def told_well(rule: str, line: int) -> bool:
    return rule in RULES and line >= 1


@given(st.data())
def test_no_slip_of_the_pen_crashes_the_compiler(data: st.DataObject) -> None:
    text = GOOD.source().text.decode()
    start = data.draw(st.integers(0, len(text)))
    length = data.draw(st.integers(0, 30))
    put = data.draw(st.text(alphabet="ab:{}[]-\"'$&*!|> \n\tä0", max_size=12))
    mutated = text[:start] + put + text[start + length :]

    report = check_definition(Source(path="t.yaml", text=mutated.encode()), KNOWN, GOOD.forms())

    lines = mutated.count("\n") + 1
    assert (report.graph is None) == any(p.severity == "error" for p in report.problems)
    for problem in report.problems:
        assert problem.rule in RULES
        assert 1 <= problem.place.line <= lines + 1
        assert problem.message
        assert problem.remedy


@given(st.data())
def test_no_slip_of_the_pen_crashes_a_form(data: st.DataObject) -> None:
    text = Case("F106", "good").source().text.decode()
    start = data.draw(st.integers(0, len(text)))
    put = data.draw(st.text(alphabet='ab:{}[],"$ \n01', max_size=8))
    mutated = text[:start] + put + text[start + data.draw(st.integers(0, 20)) :]

    report = check_form(Source(path="t.json", text=mutated.encode()))

    assert (report.form is None) == bool(report.problems)
    assert all(told_well(problem.rule, problem.place.line) for problem in report.problems)
