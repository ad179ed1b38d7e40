"""Promises of a form on its page: every kind of component, answers kept, problems."""

from __future__ import annotations

import pytest
from msgspec.structs import replace as changed

from engine.model.form import CharacterSet, Component, Form, Limits
from engine.model.names import JsonValue
from engine.model.problem import FieldProblem, Words
from engine.web.pages.fields import kept_drawings
from tests.web.page_samples import (
    CHOOSE,
    EVERY_PROBLEM,
    EVERYTHING,
    PASSCODE,
    Element,
    Page,
    current,
    option,
    step,
    two,
    wrong,
)

BOUNDS = {"newPasscode": Limits(min_length=15, max_length=64)}
INPUTS = ("name", "email", "phone", "height", "country", "member", "note", "secret", "agree")


def only(component: Component, **panel: object) -> Page:
    form = Form(name="one", version=1, title=two("One", "Um"), components=(component,))
    return Page(step(current(form, **panel)))  # type: ignore[arg-type]  # as given


def everything(language: str = "en", **shown: object) -> Page:
    return Page(step(current(EVERYTHING), language, **shown))  # type: ignore[arg-type]  # as given


def describes(page: Page, element: Element) -> list[str]:
    return (element.attributes.get("aria-describedby") or "").split()


@pytest.mark.parametrize("language", ["en", "pt-PT"])
def test_every_question_is_labelled_in_the_language(language: str) -> None:
    page = everything(language)
    labels = {e.attributes.get("for"): e.text for e in page.all("label")}

    for part in EVERYTHING.components:
        wanted = part.label.get(language, "")
        if part.id in (*INPUTS, "customer") and part.type != "checkbox":
            assert labels[part.id].startswith(wanted)
        else:
            assert wanted in page.html


@pytest.mark.parametrize(
    ("id", "wanted"),
    [
        ("name", {"type": "text", "autocomplete": "name", "dir": "auto"}),
        ("email", {"type": "email", "inputmode": "email", "autocomplete": "email"}),
        ("phone", {"type": "tel", "inputmode": "tel", "autocomplete": "tel"}),
        ("height", {"type": "text", "inputmode": "decimal"}),
        ("member", {"inputmode": "numeric", "autocomplete": "one-time-code"}),
        ("secret", {"type": "password", "autocomplete": "current-password", "maxlength": "256"}),
        ("agree", {"type": "checkbox", "value": "true"}),
        ("note", {"type": "text", "maxlength": "500"}),
        ("born-day", {"inputmode": "numeric", "autocomplete": "bday-day", "maxlength": "2"}),
    ],
)
def test_input_tells_browser_and_keyboard_what_it_wants(id: str, wanted: dict[str, str]) -> None:
    element = everything().by_id(id)

    assert wanted.items() <= element.attributes.items()
    assert ("required" in element.attributes) is (id != "note")


def test_only_what_is_optional_is_marked() -> None:
    page = everything()

    (mark,) = page.all("span", class_="optional")

    assert mark.text == "(optional)"
    assert "Answers are required unless marked optional." in page.html
    assert "Answers are required" not in step(current(PASSCODE))


def test_date_has_its_boxes_in_the_forms_order() -> None:
    born = Component(id="born", type="date", label=two("Born", "Nascimento"), date_order="YMD")

    page = only(born)

    boxes = [e.attributes["name"] for e in page.all("input", type="") or page.by_id("_form").inside
             if e.tag == "input" and e.attributes.get("type") != "hidden"]  # fmt: skip
    assert boxes == ["born-year", "born-month", "born-day"]
    assert page.by_id("born-hint").text == "For example 1985 3 27"


def test_choice_has_a_tile_for_every_answer_and_its_first_one_the_forms_id() -> None:
    tiles = everything().all("input", type="radio")

    assert [(e.attributes["id"], e.attributes["value"]) for e in tiles] == [
        ("reach", "app"), ("reach-2", "post"),
    ]  # fmt: skip


def test_answers_known_at_run_time_replace_the_forms_own() -> None:
    given = (option("FR", "France", "França"),)

    page = Page(step(current(EVERYTHING, options={"country": given}), "pt-PT"))

    offered = [e for e in page.by_id("country").inside if e.tag == "option"]
    assert [(e.attributes["value"], e.text) for e in offered] == [
        ("", "Escolha uma opção"), ("FR", "França"),
    ]  # fmt: skip


def test_image_has_its_words_and_its_caption() -> None:
    page = everything("pt-PT")

    image = page.one("img").attributes

    assert image == {"src": "/web/static/card.png", "alt": "Um cartão", "width": "120"}
    assert page.one("figcaption").text == "O verso."


@pytest.mark.parametrize(
    ("subtype", "css", "read", "timed"),
    [
        ("default", "notice", "Note: ", True),
        ("success", "notice good", "Done: ", True),
        ("warning", "notice warn", "Please note: ", False),
        ("error", "notice bad", "Please check: ", False),
    ],
)
def test_notification_is_read_out_and_only_a_harmless_one_vanishes(
    subtype: str, css: str, read: str, *, timed: bool
) -> None:
    told = Component(id="n", type="notification", text=two("Told", "Dito"), set_timer=True,
                     close_button=True, subtype=subtype)  # type: ignore[arg-type]  # fmt: skip

    page = only(told)

    (notice,) = page.all("div", class_=css)
    assert notice.text.strip().startswith(f"{read}Told")
    assert ("data-timer" in notice.attributes) is timed
    (close,) = (e for e in notice.inside if e.tag == "button")
    assert "hidden" in close.attributes


def test_code_leaves_room_for_the_spaces_of_a_pasted_one() -> None:
    page = everything()

    assert page.by_id("member").attributes["maxlength"] == "12"
    assert page.by_id("member-hint").text == "6 digits. You can paste them."


def test_hint_of_the_form_wins_over_ours() -> None:
    own = Component(id="born", type="date", label=two("A", "A"), hint=two("As on your card", "x"))

    assert only(own).by_id("born-hint").text == "As on your card"


def test_last_box_sends_and_the_others_lead_on() -> None:
    page = Page(step(current(CHOOSE)))

    assert page.by_id("newPasscode").attributes["enterkeyhint"] == "next"
    assert page.by_id("confirmPasscode").attributes["enterkeyhint"] == "go"


def test_answers_given_before_are_shown() -> None:
    values = {"name": "Inês", "born": "1985-03-27", "country": "ES", "reach": "post",
              "agree": True, "height": 1.75, "customer": "48"}  # fmt: skip

    page = Page(step(current(EVERYTHING, values=values), "pt-PT"))

    assert page.by_id("name").attributes["value"] == "Inês"
    assert [page.by_id(f"born-{p}").attributes["value"] for p in ("day", "month", "year")] == [
        "27", "3", "1985",
    ]  # fmt: skip
    assert "selected" in page.one("option", value="ES").attributes
    assert "checked" in page.by_id("reach-2").attributes
    assert "checked" in page.by_id("agree").attributes
    assert page.by_id("height").attributes["value"] == "1,75"


def test_what_was_typed_is_kept_as_it_was_typed() -> None:
    typed: dict[str, JsonValue] = {
        "name": " Inês ",
        "born": ["31", "2", "85"],
        "height": "1,7x",
        "agree": "",
        "country": "",
        "reach": "app",
    }
    earlier = {"name": "Old", "agree": True, "country": "ES"}

    page = Page(step(current(EVERYTHING, values=earlier), values=typed))

    assert page.by_id("name").attributes["value"] == " Inês "
    assert page.by_id("born-year").attributes["value"] == "85"
    assert page.by_id("height").attributes["value"] == "1,7x"
    assert "checked" not in page.by_id("agree").attributes
    assert "selected" not in page.one("option", value="ES").attributes
    assert "checked" in page.by_id("reach").attributes


def test_secret_is_never_given_back() -> None:
    """B1, D: whatever the values hold, the boxes are empty and the page says so."""
    canary = "correct horse battery"
    values = {"secret": canary, "member": "314159", "passcode": canary}

    page = everything(values=values, problems=[wrong("name", "form.missing")])

    assert canary not in page.html
    assert "314159" not in page.html
    assert "value" not in page.by_id("secret").attributes
    assert "the passcode boxes were emptied" in page.html


def test_drawing_keeps_nothing_that_a_person_typed() -> None:
    """D: a field is drawn and kept once empty and once with a gap; what fills it never is."""
    form = changed(PASSCODE, name="kept", components=(EVERYTHING.components[2],))
    before = kept_drawings.cache_info().currsize

    first, second = (step(current(form), values={"name": name}) for name in ("Inês", "Rui"))
    with_answers = kept_drawings.cache_info().currsize
    step(current(form))

    assert 'value="Inês"' in first
    assert 'value="Rui"' in second
    assert with_answers == before + 1
    assert kept_drawings.cache_info().currsize == before + 2


@pytest.mark.parametrize("typed", ['"><b>', "a\0b", "\0", "{{ 7 }}", "ß\u202e"])
def test_answer_is_shown_as_it_was_typed_wherever_the_form_holds_its_sign(typed: str) -> None:
    plain = EVERYTHING.components[2]

    for component in (plain, changed(plain, label=two("A\0B", "A\0B"))):
        page = only(component, values={"name": typed})

        assert page.by_id("name").attributes["value"] == typed
        assert page.html.count("<b>") == 0


def test_fresh_page_speaks_of_no_emptied_box() -> None:
    assert "emptied" not in step(current())


def test_page_does_not_say_emptied_where_nothing_was_typed() -> None:
    own = changed(PASSCODE.components[0], missing=two("Type it", "Escreva"))
    form = changed(PASSCODE, name="own", components=(own,))
    told = FieldProblem(field="passcode", text=Words(values=own.missing))

    ours = step(current(), problems=[wrong("passcode", "passcode.missing")], values={})
    theirs = step(current(form), problems=[told], values={})

    assert "emptied" not in ours
    assert "emptied" not in theirs


def test_what_cannot_be_changed_is_shown_and_not_sent() -> None:
    page = Page(step(current(EVERYTHING, values={"customer": "48 22"}), values={"customer": "0"}))

    shown = page.by_id("customer").attributes

    assert shown["value"] == "48 22"
    assert "readonly" in shown
    assert "name" not in shown
    assert page.by_id("customer-hint").text == "You cannot change this here."


def test_page_that_is_only_read_sends_no_answer() -> None:
    values = {"born": "1985-03-27", "country": "ES", "reach": "post", "agree": True, "height": 1.5}

    page = Page(step(current(EVERYTHING, read_only=True, values=values), "pt-PT"))

    named = {e.attributes["name"] for e in page.elements if e.tag in ("input", "select")
             and "name" in e.attributes}  # fmt: skip
    assert named == {"_step", "_revision", "_token"}
    assert page.by_id("born").attributes["value"] == "27 de março de 1985"
    assert page.by_id("country").attributes["value"] == "Espanha"
    assert page.by_id("reach").attributes["value"] == "Por carta"
    assert page.by_id("height").attributes["value"] == "1,5"
    assert {"checked", "disabled"} <= page.by_id("agree").attributes.keys()


@pytest.mark.parametrize("language", ["en", "pt-PT"])
def test_problem_stands_beside_its_field_and_in_the_summary_in_the_same_words(
    language: str,
) -> None:
    page = everything(language, problems=EVERY_PROBLEM, values={})
    (summary,) = page.all("div", class_="summary")

    for problem in EVERY_PROBLEM:
        told = page.by_id(f"{problem.field}-problem").text
        target = {"born": "born-day"}.get(problem.field, problem.field)
        (link,) = (e for e in summary.inside if e.attributes.get("href") == f"#{target}")
        assert link.text == told
    assert summary.attributes["role"] == "alert"
    assert {"autofocus", "tabindex"} <= summary.attributes.keys()
    assert str(len(EVERY_PROBLEM)) in summary.text


def test_title_of_a_page_with_problems_says_error() -> None:
    page = everything("pt-PT", problems=EVERY_PROBLEM[:1], values={})

    assert page.one("title").text.startswith("Erro: ")


def test_problem_is_read_before_the_hint() -> None:
    page = everything(problems=EVERY_PROBLEM, values={})

    assert describes(page, page.by_id("phone")) == ["phone-problem", "phone-hint"]
    assert page.by_id("phone").attributes["aria-invalid"] == "true"
    assert page.html.index('id="phone-hint"') < page.html.index('id="phone-problem"')
    (group,) = (e for e in page.all("fieldset") if "born-problem" in describes(page, e))
    assert describes(page, group) == ["born-problem", "born-hint"]


@pytest.mark.parametrize(
    ("id", "told"),
    [
        ("name", "Preencha: Nome completo"),
        ("born", "Complete a data: Mês"),
        ("height", "Introduza 2,5 ou menos"),
        ("street", "Use pelo menos 3 caracteres"),
        ("member", "Introduza os 6 algarismos"),
    ],
)
def test_problem_speaks_the_language_with_the_fields_own_words(id: str, told: str) -> None:
    page = everything("pt-PT", problems=EVERY_PROBLEM, values={})

    assert page.by_id(f"{id}-problem").text == told


def test_fields_without_a_problem_are_left_alone() -> None:
    page = everything(problems=[wrong("email", "form.email")], values={})

    assert [e.attributes["id"] for e in page.elements if "aria-invalid" in e.attributes] == [
        "email"
    ]


def test_problem_of_the_whole_page_is_a_notice_without_a_summary() -> None:
    page = everything(problems=[wrong("", "form.unread")], values={})

    (notice,) = page.all("div", class_="notice bad")
    assert "We could not read this page" in notice.text
    assert page.all("div", class_="summary") == []
    assert page.one("title").text.startswith("Error: ")


def test_problem_of_a_field_nobody_can_fill_in_is_a_notice() -> None:
    page = everything(problems=[wrong("elsewhere", "form.choice")], values={})

    assert len(page.all("div", class_="notice bad")) == 1


def test_second_problem_of_a_field_waits_for_the_first() -> None:
    page = everything(problems=[wrong("email", "form.missing"), wrong("email", "form.email")])

    assert page.by_id("email-problem").text == "Fill in: E-mail"


def test_show_button_waits_for_the_script_and_names_its_field_where_there_are_two() -> None:
    one, (first, second) = Page(step(current())), (
        e for e in Page(step(current(CHOOSE))).all("button") if "data-show" in e.attributes
    )  # fmt: skip
    (alone,) = (e for e in one.all("button") if "data-show" in e.attributes)

    assert {"hidden", "aria-pressed", "aria-controls"} <= alone.attributes.keys()
    assert alone.text == "Show"
    assert "aria-label" not in alone.attributes
    assert first.attributes["aria-label"] == "Show New passcode"
    assert second.attributes["data-hide-name"] == "Hide New passcode again"


def test_rules_of_a_new_passcode_stand_before_it_is_typed() -> None:
    page = Page(step(current(CHOOSE, limits=BOUNDS)))

    rules = page.by_id("newPasscode-hint")

    assert rules.tag == "ul"
    assert "15 to 64 characters, spaces count" in rules.text
    assert describes(page, page.by_id("newPasscode")) == ["newPasscode-hint"]
    assert page.by_id("newPasscode").attributes["maxlength"] == "64"
    assert describes(page, page.by_id("confirmPasscode")) == []


@pytest.mark.parametrize(
    ("characters", "rule"),
    [
        ("ANY", "a few unrelated words are easy to remember"),
        ("ALPHANUMERIC", "letters and digits only"),
        ("NUMERIC", "digits only"),
    ],
)
def test_rules_say_which_characters_are_taken(characters: CharacterSet, rule: str) -> None:
    bounds = {"newPasscode": Limits(min_length=6, max_length=64, characters=characters)}

    rules = Page(step(current(CHOOSE, limits=bounds))).by_id("newPasscode-hint")

    assert rule in rules.text


def test_passcode_that_exists_has_no_rules_to_be_told() -> None:
    """B1: the bounds of a policy say something about a passcode that is registered."""
    page = Page(step(current(limits={"passcode": Limits(min_length=15, max_length=64)})))

    assert "15" not in page.one("form").text
    assert describes(page, page.by_id("passcode")) == []


def test_tighter_of_two_bounds_counts() -> None:
    part = Component(id="a", type="password", max_length=20, label=two("A", "A"))

    assert (
        only(part, limits={"a": Limits(max_length=64)}).by_id("a").attributes["maxlength"] == "20"
    )
