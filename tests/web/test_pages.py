"""Promises of the pages around the forms: frame, landing, steps, endings, stops, files."""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import replace
from functools import cache
from urllib.parse import parse_qs, urlsplit

import pytest
from msgspec.structs import replace as changed

from engine.model.form import Form
from engine.model.screen import RedirectPanel
from engine.web import pages
from tests.web.page_samples import (
    DUE,
    EVERYTHING,
    Page,
    current,
    definition,
    every_page,
    frame,
    landing,
    step,
    two,
)

BACK = RedirectPanel(url="https://farol.example/back?a=1&b=2")
HOSTILE = '<script>alert("1")</script>'
PAGES = [(language, name) for language in ("en", "pt-PT") for name in every_page("en")]
shown = cache(every_page)


@cache
def parsed(language: str, name: str) -> Page:
    return Page(shown(language)[name])


@pytest.mark.parametrize(("language", "name"), PAGES)
def test_page_is_well_formed_and_stands_alone(language: str, name: str) -> None:
    page = parsed(language, name)

    assert page.wrong == []
    assert page.html.startswith("<!doctype html>")
    (outer,) = page.all("html")
    assert outer.attributes == {"lang": language, "dir": "ltr"}
    ids = [e.attributes["id"] for e in page.elements if "id" in e.attributes]
    assert len(ids) == len(set(ids))
    assert len(page.all("h1")) == 1
    assert page.one("title").text.endswith(" \N{EN DASH} Farol Mutual")


@pytest.mark.parametrize(("language", "name"), PAGES)
def test_page_needs_nothing_inline_and_nothing_foreign(language: str, name: str) -> None:
    """F1, F3: no inline script, style or handler; every address of ours is on this server."""
    page = parsed(language, name)

    assert page.all("style") == []
    assert [e.text for e in page.all("script")] == [""]
    for element in page.elements:
        assert not {"style", "onclick", "onload", "onsubmit"} & element.attributes.keys()
        loaded = element.attributes.get("src") or ""
        assert loaded == "" or loaded.startswith("/")
    assert page.one("script").attributes["nonce"] == "n0nce"


@pytest.mark.parametrize(("language", "name"), PAGES)
def test_everything_a_page_points_to_is_there(language: str, name: str) -> None:
    page = parsed(language, name)
    ids = {e.attributes["id"] for e in page.elements if "id" in e.attributes}

    for element in page.elements:
        for attribute in ("for", "aria-describedby", "aria-controls", "aria-labelledby", "form"):
            wanted = (element.attributes.get(attribute) or "").split()
            assert set(wanted) <= ids, (element.tag, attribute, wanted)
        href = element.attributes.get("href") or ""
        assert not href.startswith("#") or href[1:] in ids


@pytest.mark.parametrize(("language", "name"), PAGES)
def test_first_submit_of_a_step_is_its_main_button(language: str, name: str) -> None:
    """Enter in a field presses the first submit in the page: not a language, not More time."""
    page = parsed(language, name)
    submits = page.all("button", type="submit")

    named = [button.attributes.get("name") for button in submits]

    assert named[:1] in ([], [None])


def test_whole_page_weighs_less_than_sixty_kilobytes() -> None:
    files = sum(len(each.body) for each in pages.static_files().values())

    heaviest = max(len(html.encode()) for html in every_page("pt-PT").values())

    assert files + heaviest < 60_000


def test_script_weighs_less_than_twenty_kilobytes_and_writes_no_html_and_no_style() -> None:
    (script,) = (f for name, f in pages.static_files().items() if name.endswith(".js"))
    code = script.body.decode()

    assert len(script.body) < 20_000
    assert not re.search(
        r"innerHTML|outerHTML|insertAdjacent|document\.write|\beval\b|Function\(", code
    )
    assert not re.search(r"\.style\b|\.className\b|\.classList\b|https?:", code)


def test_files_are_named_by_their_content_and_held_to_it() -> None:
    assets, files = pages.prepare(), pages.static_files()

    for address, integrity in (
        (assets.style, assets.style_integrity),
        (assets.script, assets.script_integrity),
    ):
        file = files[address.removeprefix(pages.STATIC_PATH)]
        digest = hashlib.sha384(file.body).digest()
        assert integrity == f"sha384-{base64.b64encode(digest).decode()}"
        assert hashlib.sha256(file.body).hexdigest()[:12] in address
    assert {file.content_type for file in files.values()} == {
        "text/css; charset=utf-8", "text/javascript; charset=utf-8", "image/svg+xml",
    }  # fmt: skip


def test_stylesheet_serves_both_directions_and_names_no_other_host() -> None:
    css = next(
        file.body.decode()
        for name, file in pages.static_files().items()
        if name.startswith("page.") and name.endswith(".css")
    )

    assert not re.search(
        r"^\s*(margin|padding|border)-(left|right)|url\(|@import", css, re.MULTILINE
    )


def test_titles_and_words_of_a_form_stay_text() -> None:
    form = Form(
        name="hostile",
        version=1,
        title=two(HOSTILE, HOSTILE),
        subtitle=two(HOSTILE, HOSTILE),
        submit=two(HOSTILE, HOSTILE),
        components=tuple(
            changed(part, label=two(HOSTILE, HOSTILE), hint=two(HOSTILE, HOSTILE))
            for part in EVERYTHING.components
        ),
    )

    page = Page(step(current(form), values={"name": HOSTILE, "born": [HOSTILE] * 3}))

    assert page.wrong == []
    assert [e.text for e in page.all("script")] == [""]
    assert page.one("h1").text == HOSTILE
    assert page.by_id("name").attributes["value"] == HOSTILE


def test_name_of_the_organisation_and_of_a_journey_stay_text() -> None:
    hostile = replace(landing(), definition=changed(definition(), title={"en": HOSTILE}))

    html = pages.landing(frame(app=HOSTILE), hostile, action='/"><script>')

    page = Page(html)
    assert page.wrong == []
    assert [e.text for e in page.all("script")] == [""]
    assert page.by_id("_form").attributes["action"] == '/"><script>'


def test_redirect_address_stays_an_attribute() -> None:
    html = pages.ending(
        frame(), current(None, status="COMPLETED_ENDED_SUCCESS"),
        redirect=RedirectPanel(url='https://a.example/"onfocus="x'),
    )  # fmt: skip

    (button,) = Page(html).all("a", class_="button")

    assert button.attributes == {"class": "button", "href": 'https://a.example/"onfocus="x'}


def test_language_link_keeps_the_token_of_the_link() -> None:
    html = pages.landing(
        frame(path="/web/trustweb?pt=pt_x%2By&lang=en"), landing(), action="/web/trustweb"
    )

    link = Page(html).one("a", hreflang="pt-PT")

    address = urlsplit(link.attributes["href"] or "")
    assert address.path == "/web/trustweb"
    assert parse_qs(address.query) == {"pt": ["pt_x+y"], "lang": ["pt-PT"]}
    assert link.text == "Português"


def test_language_of_a_step_is_sent_with_the_answers() -> None:
    page = Page(step(current()))

    switch = page.one("button", name="_language")

    assert switch.attributes["value"] == "pt-PT"
    assert switch.attributes["form"] == "_form"
    assert "formnovalidate" in switch.attributes


def test_more_than_two_languages_fold_into_a_list() -> None:
    page = Page(step(current(), languages=("en", "pt-PT", "pt-BR")))

    folded = page.one("nav").inside[0]

    named = [e.text for e in folded.inside if e.tag == "button"]
    assert folded.tag == "details"
    assert named == ["Português europeu", "Português (Brasil)"]


def test_one_language_needs_no_switch_and_keeps_the_unseen_button() -> None:
    page = Page(step(current(), languages=("en",), limit=DUE))

    first = page.all("button", type="submit")[0]

    assert page.all("nav") == []
    assert first.attributes["class"] == "unseen"


def test_foot_names_only_what_there_is() -> None:
    page = Page(step(current(), help_url=None, privacy_url=""))

    assert page.all("footer") == []


def test_page_in_another_direction_says_so() -> None:
    html = step(current(), "ar", languages=("en", "ar"))

    assert Page(html).one("html").attributes == {"lang": "ar", "dir": "rtl"}
