"""Every rule has a text that breaks it and nothing else, and a twin that breaks none."""

import re

import pytest

from engine.compile import RULES
from tests.bench import ROOT
from tests.compile.corpus import CODES, DEFINITIONS, FOLDER, Case
from tests.compile.palette import KNOWN, relabelled


def test_every_rule_has_its_texts_and_every_text_its_rule() -> None:
    folders = {path.name for path in FOLDER.iterdir()} - {"forms", "parts"}

    assert folders == set(CODES)


def test_every_rule_that_the_code_names_is_in_the_list() -> None:
    texts = [path.read_text(encoding="utf-8") for path in (ROOT / "engine").rglob("*.py")]

    named = {code for text in texts for code in re.findall(r"\"([YSLXPFDC][0-9]{3})\"", text)}

    assert named == set(RULES)


@pytest.mark.parametrize("code", CODES)
def test_a_bad_text_breaks_its_rule_alone_and_at_its_place(code: str) -> None:
    expected = (FOLDER / code / "where").read_text().strip()

    problems = Case(code, "bad").problems(KNOWN)

    found = [(p.rule, f"{p.place.file}:{p.place.line}:{p.place.column}") for p in problems]
    assert found == [(code, expected)]
    assert problems[0].severity == RULES[code].severity
    assert problems[0].message
    assert problems[0].remedy


@pytest.mark.parametrize("code", CODES)
def test_its_twin_breaks_no_rule(code: str) -> None:
    assert Case(code, "good").problems(KNOWN) == ()


@pytest.mark.parametrize("code", DEFINITIONS)
def test_a_strangers_activities_are_judged_alike(code: str) -> None:
    strangers = relabelled(KNOWN)
    ours = Case(code, "bad").problems(KNOWN)

    theirs = Case(code, "bad").problems(strangers, strange=True)

    assert [(p.rule, p.place) for p in theirs] == [(p.rule, p.place) for p in ours]
    assert Case(code, "good").problems(strangers, strange=True) == ()


@pytest.mark.parametrize("code", CODES)
def test_no_message_holds_a_long_value(code: str) -> None:
    for problem in Case(code, "bad").problems(KNOWN):
        assert len(problem.message) + len(problem.remedy) < 400
