"""Forms in JSON: values exchanged, parts of others put in, bytes gone wrong; then answered.

Whatever it is, it is judged: problems with a place, or a form that reads what people send for it.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from typing import Any, Final
from urllib.parse import urlencode

import msgspec

from engine.compile import Source, check_form
from engine.compile.forms.form import FormReport
from engine.interpret.submission import Body, Read, read, typed
from engine.model.definition import FormRef
from engine.model.form import DATE_PARTS, SECRET_TYPES, CompiledForm, Form
from engine.model.screen import FormPanel
from engine.web.texts import speech
from engine.web.wire import Unread, parse_form, parse_json
from engine.web.wording import named_in
from tests.bench import ROOT
from tests.compile.corpus import CODES, FOLDER
from tests.compile.corpus import Case as Rule
from tests.fuzzing.definitions import look_at
from tests.fuzzing.dice import Dice
from tests.fuzzing.noise import NUMBERS, SIGNS, Noise, in_octets, octets, read_as
from tests.fuzzing.running import Case
from tests.web.surface import PERSON

VALUES: Final[tuple[Any, ...]] = (
    None, True, False, 0, 1, -1, 1.0, 5.0, 0.5, 1e300, 2**53, 2**53 + 1, "", " ", "1", "1.0", "x",
    "2026-01-31", "2026-02-30", "0001-01-01", "9999-12-31", "1e400", "1E-400", "NaN", "-0", "text",
    "password", "email", "phone", "number", "date", "paragraph", "image", "notification",
    "checkbox", "select", "radio", "code", "a*", "(a+)+$", "[", "(?=a)", "\\", "a{1000}", "\\pL",
    "{{processvar.a}}", "{{processvar.user1.email}}", "{{x}}", "}}", "name == 'x'", "has(name)",
    "name", "DMY", "PT", "https://evil.example/x.png", "data:image/png;base64,AAAA",
    "javascript:alert(1)", "<script>alert(1)</script>", "\u202e", "\x00", "é" * 300, "y" * 5_000,
    [], {}, [[]], {"values": {}}, {"values": {"en": "x"}}, {"values": {"en": ""}}, ["x", "x"],
    [{"value": "a", "label": {"values": {"en": "A"}}}] * 2, {"required": True, "minLength": 5.0},
    {"min": "5", "max": "1"}, {"min": 1, "max": 2}, {"pattern": "a*", "whole": True},
)  # fmt: skip
ANSWERS: Final = (
    "", " ", "x", "on", "off", "0", "-1", "7,5", "1e400", "٣", "9" * 400, "1_0", "NaN", "ines@x.pt",
    "a@b", "+351 912 345 678", "2026-01-31", "2026-02-30", "31", "2", "2026", "0", "13", "a", "b",
    "x" * 5_000, "\u202e", "\x00", "é😀", "ﬁ", "<b>", "123456", "\uff11\uff12", "May",
)  # fmt: skip
SPEECH: Final = speech("pt-PT", "App", "en")
FIELDS: Final = (
    "passcode",
    "identifier",
    "email",
    "phone",
    "name",
    "born",
    "word",
    "confirmPasscode",
)


@cache
def texts() -> tuple[str, ...]:
    """Give what is worsened: what is shipped, and the corpora."""
    shipped = [path.read_bytes() for path in sorted((ROOT / "forms").glob("*.json"))]
    codes = [code for code in CODES if (FOLDER / code / "good.json").exists()]
    good = [Rule(code, "good").source().text for code in codes]
    bad = [Rule(code, "bad").source().text for code in codes]
    whole = (*shipped, *good, PERSON.encode(), *bad)
    return tuple(read_as(text) for text in whole if len(text) < 20_000)


@cache
def values() -> tuple[Any, ...]:
    """Give those that can be read, to change them as values."""
    found = []
    for text in texts():
        try:
            found.append(json.loads(octets(text)))
        except ValueError:
            continue
    return tuple(found)


class Forms:
    """Judges forms. `check`: what compiles; a test puts a wrong one in its place."""

    name = "forms"
    planned = 250_000

    def __init__(self, check: Callable[[Source], FormReport] = check_form) -> None:
        self._check = check
        pieces = (*SIGNS, *NUMBERS, *(json.dumps(value) for value in VALUES))
        self._noise = Noise(others=texts(), pieces=in_octets(pieces))

    def make(self, dice: Dice) -> Case:
        """Change one as a value, or its bytes, or both."""
        text = dice.pick(texts())
        if dice.below(4):
            value = dice.pick(values())
            for _ in range(1 + dice.below(3)):
                value = changed(dice, value)
            text = read_as(json.dumps(value, indent=dice.pick((None, 1))).encode())
        if dice.one_in(4):
            text = self._noise.worsen(dice, text)
        return Case("json", text)

    def judge(self, case: Case) -> str:
        """Check it; answer it where it is one."""
        source = Source(path="made.v1.json", text=octets(case.text))
        report = self._check(source)
        look_at(report.problems, source)
        if report.form is None:
            return next(p.rule for p in report.problems if p.severity == "error")[:1] + " problems"
        form = report.form.form
        assert msgspec.json.decode(msgspec.json.encode(form), type=Form) == form
        for number in range(4):
            answered(report.form, body_for(report.form, number))
        return "a form"


def changed(dice: Dice, value: Any) -> Any:
    """Give a value with one of its parts changed."""
    if not isinstance(value, dict | list) or not value or dice.one_in(5):
        return dice.pick(VALUES)
    if isinstance(value, list):
        at = dice.below(len(value))
        inner = changed(dice, value[at])
        return [
            *value[:at],
            *dice.pick(([], [inner], [inner], [inner, value[at]])),
            *value[at + 1 :],
        ]
    key = dice.pick(tuple(value))
    if dice.one_in(6):
        return {name: part for name, part in value.items() if name != key}
    other = dice.pick(values())
    if dice.one_in(8) and isinstance(other, dict):
        key = dice.pick(tuple(other) or ("x",))
        return {**value, key: other.get(key)}
    return {**value, key: changed(dice, value[key])}


def body_for(form: CompiledForm, number: int) -> Body:
    """Answer a form, each time with other texts."""
    body: dict[str, list[str]] = {}
    for place, part in enumerate(form.inputs):
        names = [f"{part.id}-{piece}" for piece in DATE_PARTS] if part.type == "date" else [part.id]
        for offset, name in enumerate(names):
            at = (7 * number + 3 * place + offset) % len(ANSWERS)
            body[name] = [ANSWERS[at]]
        if part.options and number:
            body[part.id] = [part.options[number % len(part.options)].value]
    return body


def answered(form: CompiledForm, body: Body) -> str:
    """Send a body for a form; hold what comes of it against what may."""
    panel = FormPanel(form=FormRef(name=form.form.name, version=1), form_data_key="k")
    found = read(panel, form, body)
    typed(form, body)
    parts = {part.id: part for part in form.inputs}
    ids = set(parts)
    if not isinstance(found, Read):
        assert found
        assert {problem.field for problem in found} <= ids | {""}
        for problem in found:
            part = parts.get(problem.field)
            assert SPEECH.plain_text(problem.text, **(named_in(part, SPEECH) if part else {}))
        return "problems"
    secret = {part.id for part in form.inputs if part.type in SECRET_TYPES}
    given = found.submission.values
    assert given.keys() <= ids - secret
    assert found.submission.secrets.keys() <= secret
    assert msgspec.json.decode(msgspec.json.encode(given)) == given
    return "taken"


class Submissions:
    """Judges bodies: urlencoded ones for every shipped form, and JSON of the API."""

    name = "submissions"
    planned = 250_000

    def __init__(self) -> None:
        self._forms = _compiled()
        others = [_sample(form, n) for form in self._forms.values() for n in range(9)]
        pieces = in_octets((*SIGNS, *NUMBERS, *FIELDS, "%ff", "%ed%a0%80", "&"))
        self._noise = Noise(others=others, pieces=pieces)

    def make(self, dice: Dice) -> Case:
        """Fill a form in, worsen what is sent."""
        if dice.one_in(3):
            value = dice.pick(values()) if dice.below(2) else {"data": {"name": dice.pick(VALUES)}}
            text = read_as(json.dumps(changed(dice, value)).encode())
            return Case("JSON", self._noise.worsen(dice, text) if dice.below(3) else text)
        name = dice.pick(tuple(self._forms))
        text = _sample(self._forms[name], dice.below(60))
        return Case(name, self._noise.worsen(dice, text) if dice.below(4) else text)

    def judge(self, case: Case) -> str:
        """Read it as a request's body is read."""
        if case.kind == "JSON":
            found = parse_json(octets(case.text))
            if isinstance(found, Unread):
                return "unread"
            json.dumps(found, ensure_ascii=False, allow_nan=False).encode()
            return "JSON"
        fields = parse_form(octets(case.text))
        if isinstance(fields, Unread):
            return "unread"
        body = {name: [value] for name, value in fields.items()}
        return answered(self._forms[case.kind], body)


@cache
def _compiled() -> dict[str, CompiledForm]:
    found = {}
    for number, text in enumerate(texts()):
        form = check_form(Source(path=f"f{number}.v1.json", text=octets(text))).form
        if form is not None and form.inputs:
            found[f"{form.form.name}"] = form
    return found


def _sample(form: CompiledForm, number: int) -> str:
    return urlencode({name: texts[0] for name, texts in body_for(form, number).items()})
