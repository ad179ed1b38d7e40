"""Two judges of one schema agree, and neither shows what was written."""

import json
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from engine.compile import Source, check_definition, check_form
from engine.compile.acceptor import acceptor
from engine.compile.reading.document import Document
from engine.compile.reading.yaml_text import read_yaml
from engine.compile.shape import judge, resolved_schema, schema_text, shape_problems
from tests.compile.corpus import Case
from tests.compile.palette import KNOWN

SCHEMAS = ("process-definition", "custom-data-form")
GOOD: Mapping[str, Any] = {
    "process-definition": {
        "process": "sample",
        "version": 1,
        "title": "Sample",
        "languages": ["en", "pt-PT"],
        "maxDuration": "PT1H",
        "parameters": {"channel": {"enum": ["kiosk"], "required": True}},
        "flow": {
            "start": {"activity": "Start", "next": [{"when": "${true}", "to": "a"}, {"to": "b"}]},
            "gate": {"gateway": "exclusive", "next": "end"},
            "page": {
                "activity": "Page",
                "inputs": {"a": [1]},
                "errors": {"Lost": "end"},
                "timeout": {"after": "PT1M", "to": "end", "extendable": False},
                "actions": {"back": "start", "skip": {"to": "end", "limit": 3}},
                "check": "main",
                "outputs": {"x": 1},
                "next": "end",
            },
            "end": {"activity": "End", "result": "FAIL", "name": "Done"},
        },
    },
    "custom-data-form": json.loads(Case("F105", "good").source().text),
}
ODD = st.sampled_from(
    [
        None,
        True,
        0,
        -1,
        1.0,
        1.5,
        "",
        "x",
        "en",
        "PT0S",
        "P1M",
        [],
        ["en", "en"],
        {},
        {"x": 1},
        10**7,
    ]
)


def paths(value: Any, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    inner = dict(enumerate(value)) if isinstance(value, list) else value
    found = [path]
    for key, part in inner.items() if isinstance(inner, dict) else ():
        found += paths(part, (*path, key))
    return found


def changed(value: Any, path: tuple[str | int, ...], odd: Any, how: str) -> Any:
    """Put something odd in place of, or beside, the value at a path; or drop it."""
    copy = json.loads(json.dumps(value))
    if not path:
        return odd
    *before, last = path
    place = copy
    for step in before:
        place = place[step]
    if how == "drop":
        del place[last]
    elif how == "add" and isinstance(place, dict):
        place[f"{last}x"] = odd
    elif how == "add":
        place.append(odd)
    else:
        place[last] = odd
    return copy


@pytest.mark.parametrize("schema", SCHEMAS)
def test_the_published_schema_is_one_and_takes_a_good_text(schema: str) -> None:
    published = json.loads(schema_text(schema))

    Draft202012Validator.check_schema(published)

    assert acceptor(resolved_schema(schema))(GOOD[schema])
    assert judge(schema).is_valid(GOOD[schema])


@pytest.mark.parametrize("schema", SCHEMAS)
def test_everything_in_a_schema_has_a_title_and_a_description(schema: str) -> None:
    def visit(part: Any, path: str) -> None:
        for name, inner in part.get("properties", {}).items():
            assert "title" in inner, f"{path}.{name}"
            assert "description" in inner, f"{path}.{name}"
            visit(inner, f"{path}.{name}")
        for key in ("items", "additionalProperties"):
            if isinstance(part.get(key), dict):
                visit(part[key], f"{path}.{key}")

    visit(resolved_schema(schema), schema)


@pytest.mark.parametrize("schema", SCHEMAS)
@given(st.data())
def test_the_quick_judge_and_the_thorough_one_agree(schema: str, data: st.DataObject) -> None:
    path = data.draw(st.sampled_from(paths(GOOD[schema])))
    how = data.draw(st.sampled_from(["put", "drop", "add"]))
    value = changed(GOOD[schema], path, data.draw(ODD), how)

    assert acceptor(resolved_schema(schema))(value) == judge(schema).is_valid(value)


@given(st.data())
def test_every_finding_has_words_of_ours_and_a_place(data: st.DataObject) -> None:
    good = GOOD["process-definition"]
    path = data.draw(st.sampled_from(paths(good)))
    value = changed(good, path, "c4n4ry", data.draw(st.sampled_from(["put", "drop", "add"])))
    document = read_yaml(Source(path="t.yaml", text=json.dumps(value).encode()))
    assert isinstance(document, Document)

    problems = shape_problems(document, "process-definition")

    assert bool(problems) == (not judge("process-definition").is_valid(value))
    for problem in problems:
        assert "c4n4ry" not in problem.message
        assert problem.rule.startswith("S")


def test_an_unknown_keyword_is_not_passed_over() -> None:
    with pytest.raises(KeyError):
        acceptor({"const": 1})


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("title: Sample", "titel: Sample", [("S101", "titel")]),
        (
            "    activity: Simple Decider",
            "    activty: Simple Decider",
            [("S101", "flow.decide.activty")],
        ),
        ("    activity: Simple Decider", "    name: x", [("S102", "flow.decide.activity")]),
        (
            "    activity: Simple Decider",
            "    activity: Simple Decider\n    gateway: exclusive",
            [("S102", "flow.decide")],
        ),
        ("languages: [en]", "languages: [en, en]", [("S107", "languages")]),
        ("languages: [en]", "type: parts", [("S104", "type")]),
        ("decide", "1decide", [("S105", "flow.1decide")]),
        ("  decide:\n", "  empty:\n  decide:\n", [("S103", "flow.empty")]),
        ("      to: decide\n", "", [("S102", "flow.ask.timeout.to")]),
    ],
)
def test_one_mistake_is_one_problem(old: str, new: str, expected: list[tuple[str, str]]) -> None:
    text = Case("P101", "good").source().text.decode().replace(old, new)

    problems = check_definition(
        Source(path="t.yaml", text=text.encode()), KNOWN, Case("P101", "good").forms()
    ).problems

    assert [(p.rule, p.key) for p in problems] == expected


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("PT1H", "30 minutes", "write `PT30M`"),
        ("PT1H", "2h", "write `PT2H`"),
        ("PT1H", "soon", "such as PT30M (30 minutes)"),
        ("PT1H", "0 hours", "such as PT30M (30 minutes)"),
        ("required: true", "required: yes", "`yes` is a text here: write true"),
        ("required: true", "required: Off", "`off` is a text here: write false"),
        ("required: true", "required: maybe", "this must be true or false"),
        ("languages: [en]", "languages: {en: pt}", "this must be a list"),
        ("process: sample\n", "", "`process` is missing here: write `process:`"),
    ],
)
def test_what_people_write_first_is_answered_with_what_to_write(
    old: str, new: str, told: str
) -> None:
    text = Case("P101", "good").source().text.decode().replace(old, new, 1)

    (problem,) = check_definition(Source(path="t.yaml", text=text.encode()), KNOWN, {}).problems

    assert told in f"{problem.message}: {problem.remedy}"


@pytest.mark.parametrize("text", ["", "\n", "# nothing yet\n"])
def test_an_empty_definition_is_called_empty(text: str) -> None:
    (problem,) = check_definition(Source(path="t.yaml", text=text.encode()), KNOWN, {}).problems

    assert (problem.rule, problem.place.line, problem.place.column) == ("S103", 1, 1)
    assert (problem.message, problem.remedy) == ("the file is empty", "begin with `process:`")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('{"version": 1, "components": [%s]}', ["format's version", 'write `"1"`, with quotation']),
        ('{"version": "2", "components": [%s]}', ["format's version", 'it stays "1"']),
        ('{"version": "1", "components": [{"type": "checkbox"}]}', ['write `"id": ...`']),
        ('{"version": "1", "components": ["checkbox"]}', ["this must be an object"]),
    ],
)
def test_a_form_is_told_about_in_words_of_json(text: str, told: list[str]) -> None:
    component = '{"id": "a", "type": "checkbox", "label": {"values": {"en": "A"}}}'
    source = Source(path="visit.v2.json", text=text.replace("%s", component).encode())

    (problem,) = check_form(source).problems

    assert all(part in f"{problem.message}: {problem.remedy}" for part in told), problem


def test_a_node_whose_name_has_dots_is_looked_into_no_further() -> None:
    nodes = "  start: {activity: Start, next: a.b}\n  end: {activity: End}\n"
    spoilt = "  a.b: {activity: Page, timeout: , next: end}\n"
    text = f"process: e\nversion: 1\ntitle: E\nflow:\n{nodes}{spoilt}"

    report = check_definition(Source(path="t.yaml", text=text.encode()), KNOWN, {})

    assert {problem.rule for problem in report.problems} == {"S103", "S105"}
