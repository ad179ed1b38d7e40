"""Promises of the words: every language says the same, in its own way, and never leaves a blank."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from engine.compile.linking.forms import SPOKEN
from engine.errors import TextMissing
from engine.model.form import Component
from engine.model.problem import Message, Words
from engine.web.pages.frame import FOLDER as TEMPLATES
from engine.web.pages.frame import said_in
from engine.web.texts import Speech, catalogues, compare, locale_of, own_name, read
from engine.web.wording import example_date

WEB = Path(TEMPLATES).parent
AT = datetime(2026, 11, 22, 14, 35, tzinfo=UTC)
GROUPS = {
    "action": 7, "again": 3, "app": 3, "approval": 13, "busy": 4, "code": 5, "end": 16, "error": 4,
    "form": 38, "frame": 18, "landing": 13, "limit": 10, "link": 9, "live": 2, "missing": 2,
    "notice": 4, "offline": 4, "passcode": 42, "phone": 33, "refused": 3, "say": 6, "slow": 2,
    "visit": 8, "work": 2,
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


PLURAL = re.compile(r"\.(zero|one|two|few|many|other)$")


@pytest.mark.parametrize("language", ["pt-PT", "ar"])
def test_every_language_holds_the_same_ids_with_the_same_placeholders(language: str) -> None:
    english, other = catalogues()["en"], catalogues()[language]

    assert {PLURAL.sub("", id_) for id_ in english} == {PLURAL.sub("", id_) for id_ in other}
    for id_, sentence in other.items():
        wanted = english[id_ if id_ in english else PLURAL.sub(".other", id_)].names
        assert sentence.names == wanted or (PLURAL.search(id_) and sentence.names < wanted), id_


@pytest.mark.parametrize(("language", "forms"), [("en", 2), ("pt-PT", 2), ("ar", 6)])
def test_every_plural_has_all_the_forms_that_people_meet(language: str, forms: int) -> None:
    counted: dict[str, set[str]] = {}
    for id_ in catalogues()[language]:
        found = PLURAL.search(id_)
        if found and not id_.startswith("action."):
            counted.setdefault(id_[: found.start()], set()).add(found[1])

    wanted = {locale_of(language).plural_form(count) for count in range(1_000)}
    assert len(wanted) == forms
    assert all(told == wanted for told in counted.values()), counted


@pytest.mark.parametrize("language", ["pt-PT", "ar"])
def test_no_sentence_is_empty_and_none_is_left_in_english(language: str) -> None:
    english, other = catalogues()["en"], catalogues()[language]

    assert all("".join(told.parts).strip() for told in other.values())
    assert {id_ for id_, told in english.items() if told == other.get(id_)} <= {
        "frame.title", "frame.when",
    }  # fmt: skip


def test_arabic_has_no_word_joined_to_the_organisations_name() -> None:
    """A preposition of one letter would stand apart from the name that it belongs to."""
    for id_, told in catalogues()["ar"].items():
        assert not any(re.search(r"[\u0621-\u064a]$", text) for text in told.parts[:-1:2]), id_


@pytest.mark.parametrize(
    "other",
    ['{"a.b": "x {n}"}', '{"a.b": "x {n}", "c.one": "y", "c.other": "y", "d": "z"}',
     '{"a.b": "x {m}", "c.one": "y", "c.other": "y"}', '{"a.b": "x {n}", "c.one": "y"}',
     '{"a.b": "x {n}", "c.few": "y {n}", "c.other": "y"}'],
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
    # The page of the API is the document of the API, for developers: in English, as that is.
    for file in sorted({*TEMPLATES.glob("*.html")} - {TEMPLATES / "api.html"}):
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


def test_number_runs_from_the_left_and_a_date_with_the_page() -> None:
    say, date = speech("ar"), Component(id="born", type="date")

    assert '<bdi dir="ltr">+44 7700 900123</bdi>' in say(
        "form.phone.hint", example="+44 7700 900123"
    )
    assert "<bdi>AB-12</bdi>" in say("form.pattern", example="AB-12")
    assert "<bdi>\u200f27 3 1985</bdi>" in say("form.date", example=example_date(date, say))
    assert "<bdi>27 3 1985</bdi>" in speech()("form.date", example=example_date(date, speech()))


def test_plain_sentence_is_plain() -> None:
    assert speech(app="A & B").plain("frame.back") == "Back to A & B"


@pytest.mark.parametrize(
    ("language", "count", "told"),
    [
        ("en", 1, "Please check 1 answer"),
        ("en", 2, "Please check 2 answers"),
        ("pt-PT", 1, "Verifique 1 resposta"),
        ("pt-PT", 2, "Verifique 2 respostas"),
        ("ar", 0, "لا إجابات تحتاج إلى مراجعة"),
        ("ar", 1, "يرجى مراجعة إجابة واحدة"),
        ("ar", 2, "يرجى مراجعة إجابتين"),
        ("ar", 3, "يرجى مراجعة 3 إجابات"),
        ("ar", 11, "يرجى مراجعة 11 إجابة"),
        ("ar", 100, "يرجى مراجعة 100 إجابة"),
        ("ar-EG", 2, "يرجى مراجعة إجابتين"),
        ("ja", 1, '<span lang="en" dir="ltr">Please check 1 answer</span>'),
        ("pl", 2, '<span lang="en" dir="ltr">Please check 2 answers</span>'),
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
    assert speech(language)("frame.skip").striptags() == told


def test_sentence_of_another_language_says_so_and_keeps_its_own_dates_and_direction() -> None:
    german, hebrew = speech("de"), speech("he")

    assert german("frame.skip") == '<span lang="en" dir="ltr">Skip to content</span>'
    assert german.plain("frame.skip") == "Skip to content"
    assert hebrew.direction == "rtl"
    assert hebrew.plain("frame.skip") == "\u2066Skip to content\u2069"
    assert hebrew.raw("frame.sending") == {"frame.sending": "\u2066Sending\u2069"}
    assert german.day(AT).striptags() == "22 November 2026"
    assert hebrew.script_locale == "en-GB-u-ca-gregory-nu-latn"
    assert hebrew.text(Words(values={"he": "<שלום>"})) == "&lt;שלום&gt;"


def test_answer_is_written_as_the_pages_language_does_whoever_speaks_around_it() -> None:
    german = speech("de")

    assert german.written_day("2026-03-27") == "27. März 2026"
    assert german.number("0.5") == "0,5"
    assert german.written_day("soon") == "soon"


def test_arabic_says_dates_clocks_and_lengths_as_cldr_has_them() -> None:
    say = speech("ar")

    assert say.day(AT).striptags() == "22 نوفمبر 2026"
    assert say.plain_clock(AT) == "14:35"
    assert say.duration(timedelta(hours=2)) == "ساعتان"
    assert say.duration(timedelta(minutes=10)) == "10 دقائق"
    assert say.number(12.5) == "12.5"
    assert own_name("ar") == "العربية"


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
        (timedelta(days=7), "7 dias"),
        (timedelta(days=1, hours=1), "1 dia 1 hora"),
        (timedelta(days=400), "400 dias"),
    ],
)
def test_durations_are_words(length: timedelta, told: str) -> None:
    assert speech("pt-PT").duration(length) == told


@pytest.mark.parametrize("language", sorted(catalogues()))
def test_every_language_has_words_for_every_unit(language: str) -> None:
    length = timedelta(days=3, hours=3)

    told = [speech(language).duration(one) for one in (length, timedelta(minutes=3, seconds=3))]

    assert not any(unit in text for text in told for unit in ("day-", "duration", "-day"))


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
