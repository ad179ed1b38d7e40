"""A form chosen at run time, by page and as JSON; and what its node says of it besides."""

from __future__ import annotations

import json

import pytest

from engine.model.names import JsonObject, JsonValue
from tests.web.surface import Answer, Surface, play
from tests.web.test_api import CREATE, answer, start

JOURNEY = """\
process: chosen
version: 1
title: Chosen
languages: [en, pt-PT]
maxDuration: PT1H
parameters:
  kind: {enum: [about-person, about-company]}
  name: {type: string}
  quiet: {type: boolean, default: false}
flow:
  start:
    activity: Start
    next: ask
  ask:
    activity: Custom Data Form v3
    inputs:
      dataFormName: about-nobody
      dynamicDataFormName: "${_initVars.kind}"
      formDataKey: about
      hideButtons: "${_initVars.quiet}"
      maxAttempts: 2
    actions: {later: sorry}
    errors: {ExceededCustomDataFormRetake: sorry}
    next:
      - when: "${_customFormData.about.again}"
        to: ask
      - to: clear
  clear:
    activity: Clear Variables
    inputs: {variables: [about]}
    next: end
  end:
    activity: End
  sorry:
    activity: End
    result: FAIL
"""


def form(title: str, word: str, later: str) -> str:
    """One form of the three: a question of its own, and one that all of them have."""

    def said(text: str) -> JsonObject:
        return {"values": {"en": text, "pt-PT": f"{text} (pt)"}}

    return json.dumps(
        {
            "version": "1",
            "title": said(title),
            "components": [
                {"type": "text", "id": word, "label": said(word.capitalize()), "transient": True,
                 "default": "{{processvar._initVars.name}}", "validate": {"required": True}},
                {"type": "checkbox", "id": "again", "label": said("Ask again")},
            ],
            "actions": {"later": said(later)},
        }
    )  # fmt: skip


FORMS = {
    "about-person.v1": form("About you", "name", "Not now"),
    "about-company.v1": form("About your company", "firm", "Ask my boss"),
    "about-nobody.v1": form("About anybody", "word", "Another day"),
}
KINDS = [
    ("about-person", "About you", "name", "Not now"),
    ("about-company", "About your company", "firm", "Ask my boss"),
    (None, "About anybody", "word", "Another day"),
]


async def link(house: Surface, kind: str | None, **more: JsonValue) -> str:
    await house.bench.deploy(JOURNEY, FORMS)
    chosen: JsonObject = {} if kind is None else {"kind": kind}
    return (await house.bench.link("chosen", chosen | more)).secret


@pytest.mark.parametrize(("kind", "title", "word", "later"), KINDS)
def test_page_shows_the_form_that_the_name_gives_or_else_the_one_written_out(
    kind: str | None, title: str, word: str, later: str
) -> None:
    async def story(house: Surface) -> list[Answer]:
        someone = house.browser()
        first = await someone.begin(await link(house, kind, name="Inês"))
        wrong = await someone.answer(first, **{word: ""})
        last = await someone.follow(await someone.answer(first, **{word: "Farol"}))
        return [first, wrong, last]

    first, wrong, last = play(story)

    assert f"<h1>{title}</h1>" in first.text
    assert f'name="{word}"' in first.text
    assert 'value="Inês"' in first.text
    assert f">{later}</button>" in first.text
    assert wrong.status == 422
    assert f"Fill in: {word.capitalize()}" in wrong.words
    assert "Thank you, all done" in last.words


@pytest.mark.parametrize(("kind", "title", "word", "later"), KINDS)
def test_app_gets_the_form_that_the_name_gives(
    kind: str | None, title: str, word: str, later: str
) -> None:
    async def story(house: Surface) -> list[Answer]:
        secret = await link(house, kind)
        created = await house.call("POST", f"{CREATE}?pt={secret}", {})
        first = await start(house, created)
        token = first.json["sessionToken"]
        wrong = await answer(house, first, token, data={word: "x", "other": "y"})
        return [first, wrong, await answer(house, first, token, data={word: "Farol"})]

    first, wrong, last = play(story)

    (panel,) = (each for each in first.json["panels"] if each["type"] == "form")
    assert first.json["title"] == title
    assert [part["id"] for part in panel["components"]] == [word, "again"]
    assert first.json["actions"] == [{"name": "later", "label": later}]
    assert wrong.status == 422
    assert last.json["status"] == "COMPLETED_ENDED_SUCCESS"


def test_token_that_names_another_form_is_refused() -> None:
    async def story(house: Surface) -> str:
        try:
            return await link(house, "about-cats")
        except AssertionError as refused:
            return str(refused)

    assert "kind" in play(story)


def test_form_is_shown_as_often_as_it_may_be_and_then_its_event_is_raised() -> None:
    async def story(house: Surface) -> list[Answer]:
        someone = house.browser()
        page = await someone.begin(await link(house, "about-person"))
        seen = [page]
        for _ in range(2):
            page = await someone.follow(await someone.answer(page, name="Inês", again="true"))
            seen.append(page)
        return seen

    first, second, last = play(story)

    assert "About you" in first.words
    assert "About you" in second.words
    assert 'value="Inês"' in second.text
    assert "We could not confirm it is you" in last.words


def test_form_that_hides_its_buttons_has_none_to_press() -> None:
    async def story(house: Surface) -> Answer:
        someone = house.browser()
        return await someone.begin(await link(house, "about-person", quiet=True))

    page = play(story)

    assert 'class="actions"' not in page.text
    assert "Not now" not in page.words
    assert 'class="unseen" tabindex="-1" aria-hidden="true" disabled' in page.text
