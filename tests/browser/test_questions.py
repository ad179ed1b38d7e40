"""Every kind of question, from the page to the answer that is kept: with script and without."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from engine.model.names import MAIN_TENANT, JsonValue
from engine.ports.store import InstanceQuery
from tests.browser.conftest import People, Person, Served
from tests.browser.questions import ARABIC, ENGLISH, journey, questions

pytestmark = pytest.mark.browser

ANSWERS = {
    "name": "Inês Carvalho", "email": "ines@example.org", "phone": "+351 912 345 678",
    "born-day": "27", "born-month": "3", "born-year": "1985", "height": "1,68", "plate": "AB-12",
    "member": "314 159",
}  # fmt: skip
KEPT: dict[str, JsonValue] = {
    "customer": "C-4711", "name": "Inês Carvalho", "email": "ines@example.org",
    "phone": "+351912345678", "born": "1985-03-27", "height": 1.68, "plate": "AB-12",
    "country": "eg", "reach": "post", "street": "Rua Nova 7", "agree": True,
}  # fmt: skip


def begun(
    served: Served,
    someone: Person,
    *,
    languages: str = "en, ar",
    tongues: dict[str, dict[str, str]] | None = None,
) -> None:
    """Deploy the journey and begin it."""
    forms = questions(**(tongues or {"en": ENGLISH, "ar": ARABIC}))
    served.do(lambda: served.house.deploy(journey(languages), forms))
    someone.page.goto(served.link(process="every-question", parameters={"customer": "4711"}))
    someone.page.locator("main button.button").click()
    someone.page.wait_for_load_state()


def sends(someone: Person) -> None:
    """Press the main button."""
    someone.page.locator("main .actions button.button").first.click()
    someone.page.wait_for_load_state()


def fills(someone: Person) -> None:
    """Answer everything."""
    page = someone.page
    for name, text in ANSWERS.items():
        page.locator(f"[name='{name}']").fill(text)
    page.locator("#country").select_option("eg")
    page.locator("input[name=reach][value=post]").check()
    page.locator("#street").fill("Rua Nova 7")
    page.locator("#agree").check()


def kept(served: Served) -> JsonValue:
    """What the instance has of the first form."""

    async def look() -> JsonValue:
        found = await served.house.store.instances(MAIN_TENANT, InstanceQuery())
        (instance,) = found.rows
        forms = instance.variables["_customFormData"]
        assert isinstance(forms, dict)
        return forms["first"]

    return served.do(look)


@pytest.mark.parametrize("script", [True, False])
def test_every_kind_of_question_is_asked_and_answered(
    served: Served, person: People, *, script: bool
) -> None:
    ines = person(script=script)
    begun(served, ines)

    fills(ines)
    sends(ines)

    assert kept(served) == KEPT
    expect(ines.page.locator("#customer")).to_have_value("C-4711")
    expect(ines.page.locator("#phone")).to_have_attribute("readonly", "")
    expect(ines.page.locator("#born")).to_have_value("27 March 1985")
    expect(ines.page.locator("#country")).to_have_value("Egypt")
    expect(ines.page.locator("#reach")).to_have_value("By letter")
    expect(ines.page.locator("#street")).to_be_visible()
    expect(ines.page.locator("#agree")).to_be_checked()
    expect(ines.page.locator("main .actions button")).to_have_count(1)
    sends(ines)
    expect(ines.page.locator(".outcome.good")).to_be_visible()


@pytest.mark.parametrize("script", [True, False])
def test_every_answer_that_is_missing_or_wrong_is_told_beside_its_field(
    served: Served, person: People, *, script: bool
) -> None:
    ines = person(script=script)
    begun(served, ines)
    ines.page.locator("#phone").fill("12")
    ines.page.locator("#height").fill("9")
    ines.page.locator("#plate").fill("ab")
    ines.page.locator("[name=born-day]").fill("31")
    ines.page.locator("[name=born-month]").fill("2")
    ines.page.locator("[name=born-year]").fill("1985")

    sends(ines)

    told = ines.page.locator(".summary li").all_inner_texts()
    assert told == [
        "Fill in: Full name",
        "Fill in: E-mail",
        "Enter a phone number, with + and the country if it is from abroad",
        "Enter a date that exists, such as 27 3 1985",
        "Enter 2.5 or less",
        "Write it like this: AB-12",
        "Choose an answer: Country you live in",
        "Choose an answer: How may we reach you?",
        "Enter the code",
        "Tick the box to go on",
    ]
    expect(ines.page.locator("#phone")).to_have_value("12")


def test_notices_go_by_their_kind_and_only_with_script(served: Served, person: People) -> None:
    ines, rui = person(), person(script=False)
    begun(served, ines)
    rui.page.goto(served.link(process="every-question", parameters={}))
    rui.page.locator("main button.button").click()

    quick, lasting = ines.page.locator("main form .notice").all()
    expect(quick).to_be_hidden(timeout=8_000)
    expect(lasting).to_be_visible()
    expect(rui.page.locator("main form .notice")).to_have_count(2)
    expect(rui.page.locator("[data-close]")).to_be_hidden()
    expect(rui.page.locator("#customer")).to_have_value("C-")
    assert rui.page.locator("img").evaluate("image => image.naturalWidth") == 1


def test_hidden_part_comes_with_its_answer_and_is_not_sent_without_it(
    served: Served, person: People
) -> None:
    ines = person()
    begun(served, ines)

    expect(ines.page.locator("#street")).to_be_hidden()
    fills(ines)
    ines.page.locator("input[name=reach][value=app]").check()
    expect(ines.page.locator("#street")).to_be_hidden()
    sends(ines)

    found = kept(served)
    assert isinstance(found, dict)
    assert found == {**{k: v for k, v in KEPT.items() if k != "street"}, "reach": "app"}


RIGHT_TO_LEFT = """() => {
  const at = (selector) => document.querySelector(selector).getBoundingClientRect();
  const input = getComputedStyle(document.querySelector('#email'));
  return {
    thread: at('.thread li:first-child').left > at('.thread li:last-child').left,
    bar: at('.issuer').left > at('.language').left,
    day: at('[name=born-day]').left > at('[name=born-year]').left,
    tick: at('#agree').left > at('#agree + span').left,
    email: [input.direction, input.textAlign],
    title: getComputedStyle(document.querySelector('h1')).direction,
  };
}"""


@pytest.mark.parametrize("width", [320, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_arabic_page_runs_from_right_to_left_to_its_end(
    served: Served, person: People, width: int, scheme: str
) -> None:
    laila = person(width=width, scheme=scheme, locale="ar")
    begun(served, laila)
    page = laila.page

    laila.looks()
    assert page.locator("html").get_attribute("lang") == "ar"
    assert page.locator("html").get_attribute("dir") == "rtl"
    assert page.evaluate(RIGHT_TO_LEFT) == {
        "thread": True, "bar": True, "day": True, "tick": True,
        "email": ["ltr", "right"], "title": "rtl",
    }  # fmt: skip
    assert page.title() == "الخطوة 1 من 2 \N{EN DASH} بياناتك \N{EN DASH} Farol Mutual"
    sends(laila)
    laila.looks()
    assert page.title().startswith("خطأ: ")
    assert "يرجى مراجعة 10 إجابات" in page.locator(".summary").inner_text()
    problem = page.locator(".field.invalid").first
    assert problem.evaluate("field => getComputedStyle(field).borderRightWidth") == "4px"
    fills(laila)
    sends(laila)
    laila.looks()
    expect(page.locator("#born")).to_have_value("27 مارس 1985")
    sends(laila)
    laila.looks()
    assert laila.title == "شكرًا لك، اكتمل كل شيء"
    assert page.locator("dd time").first.inner_text() == "15 يناير 2026"


def test_arabic_and_english_change_over_and_keep_the_answers(
    served: Served, person: People
) -> None:
    laila = person(locale="ar")
    begun(served, laila)
    laila.page.locator("#name").fill("ليلى")

    laila.page.get_by_role("button", name="English", exact=True).click()
    laila.page.wait_for_load_state()
    expect(laila.page.locator("html")).to_have_attribute("dir", "ltr")
    expect(laila.page.locator("#name")).to_have_value("ليلى")
    laila.page.get_by_role("button", name="العربية", exact=True).click()
    laila.page.wait_for_load_state()

    expect(laila.page.locator("html")).to_have_attribute("dir", "rtl")
    laila.looks()


@pytest.mark.parametrize(
    ("tag", "words", "direction"), [("he", ARABIC, "rtl"), ("de", ENGLISH, "ltr")]
)
def test_language_without_words_of_ours_keeps_the_forms_own(
    served: Served, person: People, tag: str, words: dict[str, str], direction: str
) -> None:
    """The form's words stand for themselves here: that they are Hebrew or German is its claim."""
    dan = person(width=320, locale=tag)
    begun(served, dan, languages=f"en, {tag}", tongues={"en": ENGLISH, tag: words})

    html = dan.page.locator("html")
    assert (html.get_attribute("lang"), html.get_attribute("dir")) == (tag, direction)
    assert dan.title == words["title"]
    ours = dan.page.locator("p.step span")
    assert (ours.inner_text(), ours.get_attribute("lang")) == ("Step 1 of 2", "en")
    sends(dan)
    dan.looks()
    expect(dan.page.locator(".summary h2 span")).to_have_attribute("dir", "ltr")
    fills(dan)
    sends(dan)
    sends(dan)

    assert dan.title == "Thank you, all done"
    dan.looks()
