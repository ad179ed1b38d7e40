"""Promises of the words: every language says the same, in its own way, and never leaves a blank."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from engine.compile.linking.forms import SPOKEN
from engine.errors import TextMissing
from engine.model.problem import Message, Words
from engine.web.pages.frame import FOLDER as TEMPLATES
from engine.web.pages.frame import said_in
from engine.web.texts import Speech, catalogues, compare, own_name, read

WEB = Path(TEMPLATES).parent
AT = datetime(2026, 11, 22, 14, 35, tzinfo=UTC)
GROUPS = {
    "action": 7, "again": 3, "approval": 11, "busy": 4, "code": 5, "end": 16, "error": 4,
    "form": 38, "frame": 18, "landing": 13, "limit": 10, "link": 9, "live": 2, "missing": 2,
    "notice": 4, "offline": 4, "passcode": 42, "phone": 32, "refused": 3, "say": 6, "slow": 2,
    "visit": 8,
}  # fmt: skip
"""First word of an id -> how many sentences begin with it: a lost one is noticed here."""


def test_every_button_of_ours_has_words_in_every_language() -> None:
    named = {f"action.{name}" for name in SPOKEN}

    for language, sentences in catalogues().items():
        assert {id for id in sentences if id.startswith("action.")} == named, language
        assert all(speech(language).plain_text(Message(id=id)).strip() for id in named), language


def speech(language: str = "en", app: str = "Farol") -> Speech:
    return Speech(language=language, app=app)


def test_catalogues_hold_the_sentences_that_were_agreed() -> None:
    counted: dict[str, int] = {}

    for id_ in catalogues()["en"]:
        counted[id_.split(".")[0]] = counted.get(id_.split(".")[0], 0) + 1

    assert counted == GROUPS


def test_both_languages_hold_the_same_ids_with_the_same_placeholders() -> None:
    english, portuguese = catalogues()["en"], catalogues()["pt-PT"]

    assert english.keys() == portuguese.keys()
    assert all(english[id_].names == portuguese[id_].names for id_ in english)


def test_no_sentence_is_empty_and_none_is_left_in_english() -> None:
    same = {id_ for id_, told in catalogues()["en"].items() if told == catalogues()["pt-PT"][id_]}

    assert all(
        "".join(told.parts).strip() for each in catalogues().values() for told in each.values()
    )
    assert same == {"frame.title", "frame.when"}


@pytest.mark.parametrize(
    "other",
    ['{"a.b": "x {n}"}', '{"a.b": "x {n}", "c.one": "y", "c.other": "y", "d": "z"}',
     '{"a.b": "x {m}", "c.one": "y", "c.other": "y"}'],
)  # fmt: skip
def test_catalogue_that_says_less_more_or_other_is_refused_at_start(other: str) -> None:
    ours = read('{"a.b": "x {n}", "c.one": "y", "c.other": "y"}')

    with pytest.raises(TextMissing):
        compare(ours, read(other), "xx")


def test_language_may_have_more_plural_forms_than_ours() -> None:
    ours = read('{"c.one": "{count} y", "c.other": "{count} ys"}')
    theirs = read('{"c.two": "{count} a", "c.few": "{count} b", "c.other": "{count} c"}')

    compare(ours, theirs, "ar")


def test_every_sentence_a_template_says_is_in_the_catalogues() -> None:
    said = {id_ for file in TEMPLATES.glob("*.html") for id_ in said_in(file.name)}

    known = catalogues()["en"]
    assert len(said) > 20
    assert {id_ for id_ in said if id_ not in known and f"{id_}.other" not in known} == set()


def test_every_id_in_the_code_of_the_pages_is_in_the_catalogues() -> None:
    groups = "|".join(sorted(GROUPS))
    known = {re.sub(r"\.(one|other)$", "", id_) for id_ in catalogues()["en"]} | set(
        catalogues()["en"]
    )
    code = "".join(file.read_text("utf-8") for file in (WEB / "pages").glob("*.py"))

    named = set(re.findall(rf'"((?:{groups})(?:\.[a-z]+)+)"', code))

    assert len(named) > 60
    assert named - known - {file.name for file in TEMPLATES.glob("*.html")} == set()


def test_templates_hold_no_words_of_their_own() -> None:
    for file in sorted(TEMPLATES.glob("*.html")):
        spoken = [text for text in _bare(file) if re.search(r"[A-Za-zÀ-ÿ]{2,}", text)]

        assert spoken == [], file.name


def _bare(file: Path) -> list[str]:
    """What stands in a template outside tags and braces, and in the attributes that are spoken."""
    plain = re.sub(
        r"\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}", "\0", file.read_text("utf-8"), flags=re.DOTALL
    )
    attributes = re.findall(r'\b(?:aria-label|alt|title|placeholder)="([^"]*)"', plain)
    # A macro may give attributes to a tag that another one opens.
    return [*re.sub(r'<[^<>]*>|[a-z-]+="[^"]*"', "\0", plain).split("\0"), *attributes]


def test_scan_for_bare_words_sees_them(tmp_path: Path) -> None:
    planted = tmp_path / "planted.html"
    planted.write_text('<p class="x">{{ say("a") }} Welcome</p><img alt="A card">', "utf-8")

    assert [text for text in _bare(planted) if re.search("[A-Za-z]{2,}", text)] == [
        " Welcome",
        "A card",
    ]


def test_values_are_escaped_and_isolated() -> None:
    told = speech(app="<b>Farol</b>")("frame.back")

    assert told == "Back to <bdi>&lt;b&gt;Farol&lt;/b&gt;</bdi>"


def test_plain_sentence_is_plain() -> None:
    assert speech(app="A & B").plain("frame.back") == "Back to A & B"


@pytest.mark.parametrize(
    ("language", "count", "told"),
    [
        ("en", 1, "Please check 1 answer"),
        ("en", 2, "Please check 2 answers"),
        ("pt-PT", 1, "Verifique 1 resposta"),
        ("pt-PT", 2, "Verifique 2 respostas"),
    ],
)
def test_plural_follows_the_language(language: str, count: int, told: str) -> None:
    assert speech(language)("form.summary", count=count) == told


@pytest.mark.parametrize(
    ("language", "told"),
    [
        ("pt-PT", "Saltar para o conteúdo"),
        ("pt", "Saltar para o conteúdo"),
        ("pt-BR", "Saltar para o conteúdo"),
        ("en-AU", "Skip to content"),
        ("fr", "Skip to content"),
        ("no such tag", "Skip to content"),
    ],
)
def test_language_without_a_catalogue_falls_back(language: str, told: str) -> None:
    assert speech(language)("frame.skip") == told


def test_authors_words_fall_back_to_base_then_default() -> None:
    reader = Speech(language="pt-PT", app="x", default="de")

    assert reader.pick({"de": "ja", "pt": "sim", "pt-PT": "pois"}) == "pois"
    assert reader.pick({"de": "ja", "pt": "sim"}) == "sim"
    assert reader.pick({"fr": "oui", "de": "ja"}) == "ja"
    assert reader.pick({"fr": "oui"}) == "oui"
    assert reader.pick({}) == ""


def test_unknown_sentence_is_an_error_and_not_a_blank() -> None:
    with pytest.raises(TextMissing):
        speech()("frame.nothing")


def test_brace_left_open_is_an_error_and_not_a_blank() -> None:
    with pytest.raises(TextMissing):
        speech()("frame.step", m=3)


def test_dates_and_clocks_are_the_languages_own() -> None:
    english, portuguese = speech("en"), speech("pt-PT")

    assert english.day(AT).striptags() == "22 November 2026"
    assert portuguese.day(AT).striptags() == "22 de novembro de 2026"
    assert english.clock(AT) == (
        '<time datetime="2026-11-22T14:35+00:00" data-time="clock">14:35 UTC</time>'
    )


def test_checks_speak_machine_and_the_page_speaks_the_language() -> None:
    say = speech("pt-PT")

    low = say.text(Message(id="form.number.min", values={"min": "0.5"}))
    late = say.text(Message(id="form.date.max", values={"date": "2026-03-27"}))
    part = say.text(Message(id="form.date.part", values={"label": "form.date.month"}))
    until = say.text(Message(id="limit.given", values={"clock": AT.isoformat()}))

    assert low.striptags() == "Introduza 0,5 ou mais"
    assert late.striptags() == "Introduza 27 de março de 2026 ou uma data anterior"
    assert part.striptags() == "Complete a data: Mês"
    assert '<time datetime="2026-11-22T14:35+00:00"' in until


def test_authors_words_are_text_whatever_they_say() -> None:
    assert speech().text(Words(values={"en": "<i>{app}</i>"})) == "&lt;i&gt;{app}&lt;/i&gt;"


@pytest.mark.parametrize(
    ("length", "told"),
    [
        (timedelta(hours=2), "2 horas"),
        (timedelta(minutes=90), "1 hora 30 minutos"),
        (timedelta(seconds=45), "45 segundos"),
    ],
)
def test_durations_are_words(length: timedelta, told: str) -> None:
    assert speech("pt-PT").duration(length) == told


def test_numbers_have_the_languages_decimal_sign() -> None:
    assert speech("pt-PT").number(1234.5) == "1234,5"
    assert speech("en").number(1234.5) == "1234.5"
    assert speech("en").number(3.0) == "3"


def test_languages_are_named_by_their_speakers() -> None:
    assert own_name("pt-PT") == "Português"
    assert own_name("en") == "English"
    assert own_name("pt-PT", exact=True) == "Português europeu"


def test_right_to_left_is_known() -> None:
    assert speech("ar").direction == "rtl"
    assert speech("pt-PT").direction == "ltr"


def test_sentences_keep_to_the_house_style() -> None:
    for language, catalogue in catalogues().items():
        for id_, sentence in catalogue.items():
            text = "".join(sentence.parts)
            assert "!" not in text, (language, id_)
            assert not re.search(r"\b(token|session|server|invalid|timeout)\b", text, re.I), id_
            assert "'" not in text, (language, id_)
