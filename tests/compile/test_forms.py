"""Answers: taken as plain values, or refused in words that say how to make it right."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.compile import FormReport, Source, check_definition, check_form
from engine.compile.forms.form import name_and_version
from engine.model.form import Accepted, CompiledForm, FieldCheck, Limits, Option, Refused
from engine.model.problem import Message, Text, Words
from tests.compile.corpus import Case
from tests.compile.palette import KNOWN


def compiled(*components: dict[str, Any]) -> CompiledForm:
    report = report_of(*components)
    assert report.form is not None, report.problems
    return report.form


def report_of(*components: dict[str, Any], **more: Any) -> FormReport:
    named = [
        {"id": f"c{n}", "label": {"values": {"en": "Label"}}, **component}
        for n, component in enumerate(components)
    ]
    text = json.dumps({"version": "1", "components": named, **more})
    return check_form(Source(path="forms/sample.v3.json", text=text.encode()))


def found(*components: dict[str, Any]) -> list[tuple[str, str]]:
    return [(problem.rule, problem.key) for problem in report_of(*components).problems]


def field(type_: str, validate: dict[str, Any] | None = None, **more: Any) -> FieldCheck:
    return compiled({"type": type_, "validate": validate or {}, **more}).checks["c0"]


def told(answer: Accepted | Refused) -> object:
    """Give the value, or the id of our words with what they count or show, or the form's words."""
    match answer:
        case Accepted(value=value):
            return value
        case Refused(text=text):
            return said(text)


def said(text: Text) -> object:
    match text:
        case Words(values=words):
            return words
        case Message(id=id, values=values, count=count):
            return (id, *values.values(), *([] if count is None else [count]))


def ask(check: FieldCheck, *sent: str, limits: Limits | None = None) -> object:
    return told(check(list(sent), limits, ()))


REQUIRED = {"required": True}


@pytest.mark.parametrize(
    ("type_", "expected"),
    [
        ("text", ("form.missing",)),
        ("email", ("form.missing",)),
        ("phone", ("form.missing",)),
        ("number", ("form.missing",)),
        ("date", ("form.missing",)),
        ("password", ("form.missing",)),
        ("select", ("form.missing.choice",)),
        ("radio", ("form.missing.choice",)),
        ("code", ("code.missing",)),
        ("checkbox", ("form.missing.check",)),
    ],
)
def test_an_empty_answer_is_missed_where_it_is_required(type_: str, expected: object) -> None:
    required = field(type_, REQUIRED)

    assert ask(required) == expected
    assert ask(required, "") == expected
    assert ask(field(type_), "") in (None, False)
    assert ask(field(type_, {**REQUIRED, "missingMessage": {"values": {"en": "Go on"}}})) == {
        "en": "Go on"
    }


@pytest.mark.parametrize(
    "type_", ["text", "email", "phone", "number", "password", "select", "radio", "code"]
)
def test_control_characters_and_doubles_are_refused(type_: str) -> None:
    check = field(type_)

    assert ask(check, "a\x00b") == ("form.characters",)
    assert ask(check, "a\x1b[2J") == ("form.characters",)
    assert ask(check, "\ud800") == ("form.characters",)
    assert ask(check, "a", "b") == ("form.unread",)


def test_lengths_count_characters_and_not_bytes() -> None:
    check = field("text", {"minLength": 2, "maxLength": 3})

    assert ask(check, "a") == ("form.short", 2)
    assert ask(check, "👩‍🚀") == "👩‍🚀"
    assert ask(check, "éééé") == ("form.long", 3)
    assert ask(check, "  ") is None
    assert ask(field("text"), "x" * 4_097) == ("form.long", 4_096)
    own = {"maxLength": 1, "invalidLengthMessage": {"values": {"en": "One letter"}}}
    assert ask(field("text", own), "ab") == {"en": "One letter"}


def test_an_unset_length_is_none() -> None:
    assert ask(field("text", {"minLength": "", "maxLength": ""}), "a") == "a"


def test_a_passcode_is_kept_as_it_was_typed_but_for_its_normal_form() -> None:
    check = field("password", {"minLength": 4})

    assert ask(check, "  a b  ") == "  a b  "
    assert ask(check, "\ufb01sh") == "fish"  # the ligature is two letters after NFKC
    assert ask(check, "\ufb01s") == ("passcode.short", "4")
    assert ask(check, "long enough", limits=Limits(max_length=8)) == ("passcode.long", "8")
    assert ask(check, "abcdefg", limits=Limits(min_length=8)) == ("passcode.short", "8")
    assert ask(field("password"), "a") == "a"


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        (" ana@example.com ", "ana@example.com"),
        ("ana@exemplo.com.pt", "ana@exemplo.com.pt"),
        ("ana.silva+x@faro.example", "ana.silva+x@faro.example"),
        ("ana@localhost", ("form.email",)),
        ("ana example.com", ("form.email",)),
        ("a@b@c.com", ("form.email",)),
        ("a..b@c.com", ("form.email",)),
        ("<a@b.com>", ("form.email",)),
        ("a" * 250 + "@b.com", ("form.email",)),
    ],
)
def test_an_address_has_one_at_and_a_domain(sent: str, expected: object) -> None:
    assert ask(field("email"), sent) == expected


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        ("+351 (289) 123-456", "+351289123456"),
        ("289 123 456", "289123456"),
        ("12.34.56", "123456"),
        ("1234", ("form.phone",)),
        ("++351289", ("form.phone",)),
        ("phone", ("form.phone",)),
        ("1" * 16, ("form.phone",)),
    ],
)
def test_a_phone_number_is_digits_with_a_plus(sent: str, expected: object) -> None:
    assert ask(field("phone"), sent) == expected


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        ("1,5", 1.5),
        ("1.5", 1.5),
        ("1.234,5", 1234.5),
        ("1,234.5", 1234.5),
        ("1\u00a0234,5", 1234.5),
        ("1,234,567", 1234567.0),
        ("1.234.567", 1234567.0),
        ("0,125", 0.125),
        ("1234,567", 1234.567),
        (",5", 0.5),
        ("+7", 7.0),
        ("\u22127", -7.0),
        ("-0,5", -0.5),
        ("\u0661\u0662\u066b\u0665", 12.5),
        ("1,234", ("form.number",)),
        ("1.234", ("form.number",)),
        ("1,23,456", ("form.number",)),
        ("12,34.5", ("form.number",)),
        ("1.2.3", ("form.number",)),
        ("1e5", ("form.number",)),
        ("0x10", ("form.number",)),
        ("--1", ("form.number",)),
        ("1-", ("form.number",)),
        ("five", ("form.number",)),
        ("5.", ("form.number",)),
        ("9" * 31, ("form.number",)),
    ],
)
def test_a_number_with_one_meaning_is_read_and_one_with_two_is_not(
    sent: str, expected: object
) -> None:
    assert ask(field("number"), sent) == expected


def test_numbers_keep_within_their_bounds() -> None:
    whole = field("number", {"min": 1, "max": "10", "whole": True})

    assert (ask(whole, "7"), type(ask(whole, "7"))) == (7, int)
    assert ask(whole, "1,5") == ("form.number.whole",)
    assert ask(whole, "0") == ("form.number.min", "1")
    assert ask(whole, "11") == ("form.number.max", "10")
    assert ask(field("number", {"whole": True}), "9007199254740993") == ("form.number.whole",)
    assert ask(field("number", {"min": 0.5}), "0,25") == ("form.number.min", "0.5")


@given(st.integers(-(10**9), 10**9))
def test_every_whole_number_is_read_back(number: int) -> None:
    assert ask(field("number", {"whole": True}), str(number)) == number


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        (("31", "1", "2026"), "2026-01-31"),
        (("01", "02", "2026"), "2026-02-01"),
        (("2026-01-31",), "2026-01-31"),
        (("30", "2", "2026"), ("form.date",)),
        (("1", "1", "26"), ("form.date",)),
        (("x", "1", "2026"), ("form.date",)),
        (("1", "13", "2026"), ("form.date",)),
        (("2026-31-01",), ("form.date",)),
        (("20260131",), ("form.date",)),
        (("31.1.2026",), ("form.date",)),
        (("31", "", "2026"), ("form.date.part", "form.date.month")),
        (("", "1", "2026"), ("form.date.part", "form.date.day")),
        (("31", "1", ""), ("form.date.part", "form.date.year")),
        (("", "", ""), None),
    ],
)
def test_a_date_is_three_boxes_or_one_text(sent: tuple[str, ...], expected: object) -> None:
    assert ask(field("date"), *sent) == expected


def test_dates_keep_within_their_bounds() -> None:
    check = field("date", {"min": "2026-01-01", "max": "2026-12-31"})

    assert ask(check, "2026-01-01") == "2026-01-01"
    assert ask(check, "2025-12-31") == ("form.date.min", "2026-01-01")
    assert ask(check, "2027-01-01") == ("form.date.max", "2026-12-31")


def test_a_box_is_ticked_or_not() -> None:
    check = field("checkbox")

    assert ask(check) is False
    assert ask(check, "on") is True
    assert ask(check, "false") is False
    assert ask(field("checkbox", REQUIRED), "on") is True


FARO = Option(value="faro", label={"en": "Faro"})
OPTIONS = [
    {"value": value, "label": {"values": {"en": value.title()}}} for value in ("faro", "beja")
]


def test_only_an_answer_that_was_shown_is_taken() -> None:
    check = field("radio", options=OPTIONS)

    assert ask(check, "faro") == "faro"
    assert ask(check, "lagos") == ("form.choice",)
    assert told(check(["beja"], None, (FARO,))) == ("form.choice",)
    assert told(field("select")(["faro"], None, (FARO,))) == "faro"
    assert ask(field("select"), "faro") == ("form.choice",)


def test_a_code_is_digits_of_any_script() -> None:
    check = field("code", {"minLength": 6, "maxLength": 6})

    assert ask(check, "123 456") == "123456"
    assert ask(check, "\u0661\u0662\u0663-456") == "123456"
    assert ask(check, "12345") == ("code.length", 6)
    assert ask(check, "12345a") == ("code.length", 6)
    assert ask(field("code"), "abc") == ("code.missing",)


def test_a_pattern_takes_the_whole_answer_and_shows_its_example() -> None:
    plain = field("text", {"pattern": "[A-Z]{2}[0-9]{2}"})
    shown = field("text", {"pattern": "[A-Z]{2}[0-9]{2}", "example": "AB12"})

    assert ask(plain, "AB12") == "AB12"
    assert ask(plain, "AB123") == ("form.pattern.plain",)
    assert ask(shown, "ab12") == ("form.pattern", "AB12")


def test_a_greedy_pattern_costs_no_more_than_a_plain_one() -> None:
    check = field("text", {"pattern": "(a+)+b|(a|aa)*c"})

    assert ask(check, "a" * 4_096) == ("form.pattern.plain",)


@given(st.lists(st.text(max_size=20), max_size=4), st.sampled_from(["text", "date", "number"]))
def test_no_answer_crashes_a_check(sent: list[str], type_: str) -> None:
    assert isinstance(field(type_, {"min": 1} if type_ == "number" else {})(sent, None, ()), (
        Accepted, Refused,
    ))  # fmt: skip


# forms as a whole -----------------------------------------------------------------------------


def test_a_component_is_shown_by_what_was_answered_before() -> None:
    form = compiled(
        {"type": "checkbox", "id": "other"},
        {"type": "text", "id": "why", "visibleWhen": "${other}"},
        {
            "type": "text",
            "id": "more",
            "visibleWhen": "${has(why) && why.contains('x')}",
        },
    )

    assert form.visible["why"]({"other": True})
    assert not form.visible["why"]({"other": False})
    assert form.visible["more"]({"other": True, "why": "axe"})
    assert not form.visible["more"]({"other": False})


@pytest.mark.parametrize(
    ("condition", "rule"),
    [
        ("${later}", "X108"),
        ("${first}", "X113"),
        ("${word == 'x'}", "X115"),
        ("${has(first)", "X122"),
        ("yes", "F108"),
        ("${first} and", "F108"),
        ("${3}", "X119"),
    ],
)
def test_a_condition_reads_answers_that_stand_before_and_no_secrets(
    condition: str, rule: str
) -> None:
    problems = found(
        {"type": "text", "id": "first"},
        {"type": "password", "id": "word"},
        {"type": "text", "id": "this", "visibleWhen": condition},
        {"type": "checkbox", "id": "later"},
    )

    assert problems == [(rule, "components.2.visibleWhen")]


@pytest.mark.parametrize(
    ("component", "expected"),
    [
        ({"type": "number", "validate": {"min": "x"}}, [("F106", "components.0.validate.min")]),
        ({"type": "number", "validate": {"min": "inf"}}, [("F106", "components.0.validate.min")]),
        (
            {"type": "date", "validate": {"max": "1.1.2026"}},
            [("F106", "components.0.validate.max")],
        ),
        (
            {"type": "number", "validate": {"min": 3, "max": 2}},
            [("F106", "components.0.validate.min")],
        ),
        (
            {"type": "text", "validate": {"pattern": "[0-9]", "example": "x"}},
            [("F106", "components.0.validate.example")],
        ),
        ({"type": "text", "default": "{{x}}"}, [("F107", "components.0.default")]),
        ({"type": "number", "default": "many"}, [("F107", "components.0.default")]),
        ({"type": "checkbox", "options": OPTIONS}, [("F104", "components.0.options")]),
        ({"type": "password", "readOnly": True}, [("F104", "components.0.readOnly")]),
        ({"type": "text", "subtype": "error"}, [("F104", "components.0.subtype")]),
        ({"type": "paragraph", "default": ""}, []),
        ({"type": "text", "default": "{{processvar.lane}}"}, []),
        ({"type": "text", "default": "Faro"}, []),
        ({"type": "image", "src": "/pictures/a.png", "width": "120px"}, []),
        ({"type": "image", "src": "data:image/png;base64,iVBORw0KGgo="}, []),
        (
            {"type": "image", "src": "https://faro.example/a.png"},
            [("S105", "components.0.src")],
        ),
        ({"type": "image", "src": "javascript:alert(1)"}, [("S105", "components.0.src")]),
        ({"type": "image", "src": "//evil.example/a.png"}, [("S105", "components.0.src")]),
        ({"type": "image", "src": "/\\evil.example/a.png"}, [("S105", "components.0.src")]),
        ({"type": "image", "src": "/a\\b.png"}, [("S105", "components.0.src")]),
        ({"type": "image", "src": "/a//b.png"}, [("S105", "components.0.src")]),
        ({"type": "notification", "subType": "warning", "values": {"en": "Careful"}}, []),
    ],
)
def test_what_a_component_may_say(
    component: dict[str, Any], expected: list[tuple[str, str]]
) -> None:
    assert found(component) == expected


def test_what_visual_editors_leave_behind_is_dropped() -> None:
    report = report_of(
        {"type": "image", "src": "/a.png", "width": 12.0, "fileType": "x", "isValid": True},
        title={"type": "title", "isValid": True, "index": 0, "values": {"en": "Hello"}},
        subtitle={"values": {"en": ""}},
        actions={"later": {"values": {"en": "Later"}}},
    )

    assert report.problems == ()
    assert report.form is not None
    form = report.form.form
    assert (form.name, form.version, form.subtitle) == ("sample", 3, {})
    assert form.actions == {"later": {"en": "Later"}}
    assert form.components[0].width == 12
    assert report.form.checks == {}


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("forms/a-b.v12.json", ("a-b", 12)),
        ("C:\\forms\\a.v1.json", ("a", 1)),
        ("a.v1", ("a", 1)),
        ("a.json", ("a", 1)),
        ("a.vx.json", ("a.vx", 1)),
    ],
)
def test_a_form_is_called_as_its_file(path: str, expected: tuple[str, int]) -> None:
    assert name_and_version(path) == expected


FLOW = Case("X115", "good").source().text.decode()


@pytest.mark.parametrize(
    ("default", "rules"),
    [
        ("{{processvar._initVars.channel}}", []),
        ("{{processvar._initVars.age}}", []),
        ("to {{processvar._initVars.chanel}}", ["X109"]),
        ("{{processvar.form1}}", ["X108"]),
        ("{{processvar._customFormData.form1.word}}", ["X109"]),
        ("{{processvar._initVars.}}", ["X101"]),
    ],
)
def test_a_default_puts_in_variables_that_are_there(default: str, rules: list[str]) -> None:
    text = Case("F106", "good").source().text.decode()
    text = text.replace('"id": "city",', f'"id": "city", "default": "{default}",')
    forms = {"profile.v1": Source(path="profile.v1.json", text=text.encode())}

    problems = check_definition(Source(path="t.yaml", text=FLOW.encode()), KNOWN, forms).problems

    assert [problem.rule for problem in problems] == rules
    assert {problem.place.file for problem in problems} <= {"profile.v1.json"}


def test_problems_of_a_form_are_told_with_the_definition_that_shows_it() -> None:
    broken = Source(path="profile.v1.json", text=b'{"version": "1"}')

    report = check_definition(
        Source(path="t.yaml", text=FLOW.encode()), KNOWN, {"profile.v1": broken}
    )

    assert [(p.rule, p.place.file) for p in report.problems] == [("S102", "profile.v1.json")]
    assert report.graph is None
