"""One rule says which language serves a reader; nothing else in the house takes a tag apart."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

import engine
from engine.languages import choose, ranked, serving


@pytest.mark.parametrize(
    ("wanted", "offered", "found"),
    [
        ("pt-PT", ["en", "pt", "pt-BR", "pt-PT"], ["pt-PT", "pt", "pt-BR"]),
        ("pt-pt", ["pt-BR", "pt-PT"], ["pt-PT", "pt-BR"]),
        ("PT", ["en", "pt-PT"], ["pt-PT"]),
        ("pt-AO", ["pt-PT", "pt-BR"], ["pt-PT", "pt-BR"]),
        ("zh-Hant-TW", ["zh-hant-tw", "zh"], ["zh-hant-tw", "zh"]),
        ("ptx", ["pt", "pt-PT"], []),
        ("", ["en"], []),
    ],
)
def test_a_reader_is_served_by_the_tag_itself_its_base_or_a_sister(
    wanted: str, offered: Sequence[str], found: list[str]
) -> None:
    assert ranked(wanted, offered) == found


@pytest.mark.parametrize(
    ("wanted", "found"),
    [(("fr", "pt-BR"), "pt-PT"), (("fr",), "en"), ((), "en"), (("", "PT-pt"), "pt-PT")],
)
def test_the_dearest_that_is_offered_is_chosen_else_the_first(
    wanted: tuple[str, ...], found: str
) -> None:
    assert choose(("en", "pt-PT"), *wanted) == found


def test_what_is_written_for_a_base_serves_its_regions_and_no_sister() -> None:
    assert serving("pt-PT") == ("pt-PT", "pt")


def test_no_other_file_takes_a_language_tag_apart_or_looks_for_near_names() -> None:
    (root,) = engine.__path__
    ours = {"languages.py", "nearest.py", "compile/forms/numbers.py"}  # the last one reads dates
    apart = ('split("-")', 'partition("-")', "get_close_matches", "difflib")

    found = {
        path.relative_to(root).as_posix()
        for path in Path(root).rglob("*.py")
        if any(way in path.read_text(encoding="utf-8") for way in apart)
    }

    assert found <= ours
