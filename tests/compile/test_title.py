"""The title of a definition: one text for all, or one for each language."""

from __future__ import annotations

import pytest

from engine.compile import Source, check_definition
from engine.run.catalogue import Catalogue

FLOW = "flow:\n  start:\n    activity: Start\n    next: end\n  end:\n    activity: End\n"
HEAD = "process: titled\nversion: 1\nlanguages: [en, pt-PT]\n"


def checked(title: str) -> tuple[list[str], dict[str, str] | None]:
    source = Source(path="titled.yaml", text=f"{HEAD}title: {title}\n{FLOW}".encode())
    report = check_definition(source, Catalogue.installed().signatures, {})
    found = [f"{p.rule}:{p.place.line}:{p.place.column}" for p in report.problems]
    wrong = [rule for rule in found if not rule.startswith("P110")]
    return wrong, report.graph.definition.title if report.graph else None


@pytest.mark.parametrize(
    ("written", "title"),
    [
        ("Hello", {"en": "Hello"}),
        ("{en: Hello, pt-PT: Bem-vindo}", {"en": "Hello", "pt-PT": "Bem-vindo"}),
        ("{en: Hello, pt: Bem-vindo}", {"en": "Hello", "pt": "Bem-vindo"}),
    ],
)
def test_a_title_is_one_text_or_one_for_each_language(written: str, title: dict[str, str]) -> None:
    assert checked(written) == ([], title)


@pytest.mark.parametrize(
    ("written", "rule"),
    [("{en: Hello}", "P116:4:8"), ("{en: ''}", "S107:4:13"), ("{Englisch: x}", "S105:4:9")],
)
def test_a_title_that_lacks_a_language_is_told_where_it_stands(written: str, rule: str) -> None:
    problems, title = checked(written)

    assert rule in problems
    assert title is None


@pytest.mark.parametrize(("head", "rule"), [("", "S102:1:1"), ("titel: Hello\n", "S101:4:1")])
def test_a_title_that_is_not_there_hides_no_other_mistake(head: str, rule: str) -> None:
    flow = FLOW.replace("next: end", "next: ned")
    source = Source(path="titled.yaml", text=f"{HEAD}{head}{flow}".encode())

    report = check_definition(source, Catalogue.installed().signatures, {})

    found = [f"{p.rule}:{p.place.line}:{p.place.column}" for p in report.problems]
    assert found[0] == rule
    assert any(one.startswith("L102") for one in found)
