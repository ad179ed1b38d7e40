"""Choosing a passcode on pages and by calls: what is said, and what is told beside a field."""

from __future__ import annotations

from engine.model.names import JsonObject
from tests.bench import ROOT
from tests.web.surface import Answer, Surface, play

FRESH = "harbour pencil walnut eleven"
NEWCOMER: JsonObject = {"userExternalId": "rui.costa"}
MORE = """\
  more:
    activity: Custom Data Form
    inputs: {dataFormName: town}
    next: decide

  decide:
"""
TOWN = """{"version": "1", "components": [
    {"type": "text", "id": "town", "label": {"values": {"en": "Town", "pt-PT": "Cidade"}}}],
    "submitButton": {"values": {"en": "Go", "pt-PT": "Ir"}}}"""


async def furnish(house: Surface) -> None:
    """Add the definitions, and somebody without a passcode."""
    text = (ROOT / "definitions/passcode-registration.yaml").read_text("utf-8")
    text = text.replace("process: passcode-registration", "process: and-on")
    text = text.replace("    next: decide\n\n  renew:", "    next: more\n\n  renew:")
    await house.bench.deploy(text.replace("  decide:\n", MORE), {"town.v1": TOWN})
    await house.bench.deploy(shipped="passcode-registration")
    await house.bench.user("rui.costa", passcode=None)


def test_the_next_form_says_that_it_is_saved() -> None:
    async def story(house: Surface) -> Answer:
        await furnish(house)
        browser = house.browser()
        link = await house.bench.link("and-on", NEWCOMER)
        step = await browser.begin(link.secret)
        sent = await browser.answer(step, newPasscode=FRESH, confirmPasscode=FRESH)
        return await browser.follow(sent)

    page = play(story)

    assert "Your passcode is saved." in page.words
    assert 'class="notice good"' in page.text


def test_a_page_never_gives_back_what_was_typed() -> None:
    async def story(house: Surface) -> list[Answer]:
        await furnish(house)
        browser = house.browser()
        step = await browser.begin(
            (await house.bench.link("passcode-registration", NEWCOMER)).secret
        )
        differ = await browser.answer(step, newPasscode=FRESH, confirmPasscode="x" * 20)
        common = await browser.answer(step, newPasscode="passwordpassword",
                                      confirmPasscode="passwordpassword")  # fmt: skip
        return [differ, await browser.follow(common)]

    differ, common = play(story)

    assert differ.status == 422
    assert "Type the same passcode in both boxes" in differ.words
    assert "Choose one that is harder to guess" in common.words
    assert all(FRESH not in page.text and "xxxx" not in page.text for page in (differ, common))


def test_an_app_is_told_the_rules_and_what_breaks_them() -> None:
    async def story(house: Surface) -> list[Answer]:
        await furnish(house)
        secret = (await house.bench.link("passcode-registration", NEWCOMER)).secret
        made = await house.call("POST", f"/api/process-manager/processInstances/create?pt={secret}")
        ticket = made.json["redirectUrl"].partition("pi%3D")[2]
        seen = [await house.call("POST", f"/api/process-server/startProcess?pi={ticket}")]
        first = seen[0].json
        target = f"/api/process-server/processInstances/{first['processInstanceId']}/steps/"
        for new, again in ((FRESH, "other"), ("passwordpassword",) * 2, (FRESH, FRESH)):
            at = next(a.json for a in reversed(seen) if "stepKey" in a.json)
            data = {"newPasscode": new, "confirmPasscode": again}
            body = {"revision": at["revision"], "data": data}
            seen.append(
                await house.call("POST", target + at["stepKey"], body, token=first["sessionToken"])
            )
        return seen

    start, differ, common, done = play(story)

    new, again = start.json["panels"][0]["components"]
    assert (new["minLength"], new["maxLength"], again["sameAs"]) == (15, 256, "newPasscode")
    assert differ.status == 422
    assert [one["field"] for one in differ.json["details"]] == ["confirmPasscode"]
    assert common.json["panels"][0]["text"].startswith("Choose one that is harder to guess")
    assert done.json["status"] == "COMPLETED_ENDED_SUCCESS"
    assert "deviceToken" not in done.json  # nobody has proven a passcode yet
