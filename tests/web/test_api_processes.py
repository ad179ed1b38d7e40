"""Definitions, tokens and instances by API: the whole life of a journey (trustx 8 to 10)."""

from __future__ import annotations

import asyncio
import json
import re
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from typing import Final
from urllib.parse import parse_qs, urlsplit

import msgspec
import pytest

from engine.model.instance import Incident, Status
from engine.model.names import MAIN_TENANT, NodeId, TenantId
from engine.ports.store import AuditQuery
from engine.testing import NOON, _CheapSlot, an_instance
from engine.web.api.process_manager.standing import in_no_state
from tests.bench import RIGHT
from tests.web.program import Program, program
from tests.web.surface import PERSON, TWO_FORMS, Answer, Surface, play, send

BASE = "/api/process-manager"
DEFINITIONS, TOKENS = f"{BASE}/processDefinitions", f"{BASE}/processTokens"
INSTANCES, FORMS = f"{BASE}/processInstances", f"{BASE}/customDataForms"
ACME = TenantId("acme")
REVIEWED = """
process: reviewed
version: 1
title: Looked at
maxDuration: PT1H
retention: P30D
flow:
  start: {activity: Start, next: first}
  first:
    activity: Custom Data Form
    inputs: {dataFormName: person, dataFormVersion: 1, formDataKey: person1}
    next: end
  end: {activity: End, result: REVIEW}
"""


DEEDS: Final = {"accept", "decline", "cancel", "retry", "giveUp", "resumeLink"}


async def deployed(shop: Program, source: str) -> Answer:
    return await shop.post(DEFINITIONS, {"source": source, "forms": {"person.v1": PERSON}})


async def token(shop: Program, process: str, **more: object) -> Answer:
    body = {"name": f"for {process}", "processDefnName": process, **more}
    return await shop.post(TOKENS, body)


async def begun(house: Surface, redirect: str) -> Answer:
    """Start a created instance as an app does."""
    (start,) = parse_qs(urlsplit(redirect).query)["ps"]
    parts = urlsplit(start)
    return await send(house.app, "POST", f"{parts.path}?{parts.query}")


def replace_json(answer: Answer, more: dict[str, object]) -> Answer:
    return replace(answer, body=json.dumps(answer.json | more).encode())


async def answered(house: Surface, screen: Answer, data: dict[str, object]) -> Answer:
    body, id = screen.json, screen.json["processInstanceId"]
    shop = Program(house=house, key=None)  # type: ignore[arg-type]  # an app has a session alone
    shop.token = body["sessionToken"]
    way = f"/api/process-server/processInstances/{id}/steps/{body['stepKey']}"
    return await shop.post(way, {"revision": body["revision"], "data": data})


def test_the_life_of_a_definition() -> None:
    async def story(house: Surface) -> None:
        shop = await program(house)
        source = TWO_FORMS.replace("two-forms", "mine")
        made = await deployed(shop, source)
        assert made.status == 201, made.text
        assert (made.json["name"], made.json["version"], made.json["new"]) == ("mine", 1, True)
        assert made.json["status"] == "DEPLOYED_ACTIVE"
        assert (made.json["maxDuration"], made.json["retention"]) == ("PT1H", "P30D")
        again = await deployed(shop, source)
        assert (again.status, again.json["new"]) == (200, False)
        other = await deployed(shop, source.replace("Two forms", "Other"))
        assert (other.status, other.json["code"]) == (409, 9409)
        assert "D101" in {one["rule"] for one in other.json["details"]}

        way = f"{DEFINITIONS}/{made.json['id']}"
        facts = {name: made.json[name] for name in made.json if name not in ("new", "warnings")}
        assert (await shop.get(way)).json == facts
        assert (await shop.post(f"{way}/status/DEPLOYED_ACTIVE")).json == facts
        file = (await shop.get(f"{way}/file")).json
        assert (file["source"], file["forms"]) == (source, {"person.v1": PERSON})
        assert "flowchart" in (await shop.get(f"{way}/picture")).json["mermaid"]
        rows = (await house.bench.store.audit(MAIN_TENANT, AuditQuery(size=200))).rows
        told = [row for row in rows if row.subject == "definition:mine/1"]
        assert [(row.action, row.facts["digest"]) for row in told] == [
            ("definition.deploy", made.json["id"])
        ]

    play(story)


def test_definitions_and_their_forms_are_listed_by_version() -> None:
    async def story(house: Surface) -> None:
        shop = await program(house)
        source = TWO_FORMS.replace("two-forms", "mine")
        for version in (1, 2):
            made = await deployed(shop, source.replace("version: 1", f"version: {version}", 1))
            assert made.status == 201, made.text
        listed = (await shop.get(f"{DEFINITIONS}?name=mine&sort=name,desc")).json
        assert [one["version"] for one in listed["content"]] == [2, 1]
        newest = (await shop.get(f"{DEFINITIONS}/mine/versions?size=1&sort=version,desc")).json
        assert [one["version"] for one in newest["content"]] == [2]
        assert newest["totalElements"] == 2
        assert newest["content"][0]["processDefinitionId"] == listed["content"][0]["id"]
        assert (await shop.get(f"{DEFINITIONS}/nobodys/versions")).status == 404
        form = (await shop.get(f"{FORMS}/person.v1")).json
        assert (form["name"], form["version"], form["resource"]) == ("person", 1, PERSON)
        assert len(form["processDefinitions"]) == 3
        forms = (await shop.get(f"{FORMS}?name=person")).json["content"]
        assert [one["name"] for one in forms] == ["person"]
        assert (await shop.get(f"{FORMS}/person.v2")).status == 404

    play(story)


def test_mistakes_of_a_definition_are_told_with_place_and_remedy() -> None:
    async def story(house: Surface) -> tuple[Answer, Answer]:
        shop = await program(house)
        body = {"source": TWO_FORMS.replace("next: second", "next: secnd")}
        return await shop.post(DEFINITIONS, body), await shop.post(f"{DEFINITIONS}/check", body)

    refused, checked = play(story)

    assert (refused.status, refused.json["code"]) == (400, 9400)
    assert checked.status == 200
    assert checked.json["valid"] is False
    assert checked.json["problems"] == refused.json["details"]
    near = [one for one in checked.json["problems"] if one["nearest"] == "second"]
    assert near
    assert near[0]["line"] > 10
    assert near[0]["remedy"]


def test_a_form_that_is_not_there_is_asked_for_from_files_and_programs_alike() -> None:
    async def story(house: Surface) -> Answer:
        return await deployed(
            await program(house), REVIEWED.replace("Name: person", "Name: nobody")
        )

    (told,) = play(story).json["details"]

    assert told["remedy"] == (
        "put nobody.v1.json into forms/ beside the definition, or send it along"
    )


def test_a_check_keeps_nothing() -> None:
    async def story(house: Surface) -> None:
        shop = await program(house)
        source = TWO_FORMS.replace("two-forms", "mine")
        body = {"source": source, "forms": {"person.v1": PERSON}}
        checked = await shop.post(f"{DEFINITIONS}/check", body)
        assert checked.json["valid"] is True
        assert {one["severity"] for one in checked.json["problems"]} == {"warning"}
        assert (await shop.get(f"{DEFINITIONS}?name=mine")).json["totalElements"] == 0
        form = await shop.post(f"{FORMS}/check", {"resource": '{"version": "1"}'})
        assert (form.status, form.json["valid"]) == (200, False)

    play(story)


def test_what_a_definition_names_and_is_not_there_is_told_as_it_is_created() -> None:
    async def story(house: Surface) -> None:
        shop = await program(house)
        source = """
process: news
version: 1
title: News
maxDuration: PT1H
retention: P30D
flow:
  start: {activity: Start, next: send}
  send: {activity: Send Webhook, inputs: {webhookName: till}, next: find}
  find:
    activity: Get User
    inputs: {storeName: members, userExternalId: ana, userKey: user1}
    errors: {UserNotFound: end}
    next: end
  end: {activity: End, result: REVIEW}
"""
        made = await shop.post(DEFINITIONS, {"source": source})
        assert made.status == 201, made.text
        told = [one["message"] for one in made.json["warnings"] if one["rule"] == "D103"]
        assert told == [
            "the definition uses webhook `till`, which does not exist",
            "the definition uses store `members`, which does not exist",
        ]
        await shop.post("/api/identity-store/stores", {"name": "members"})
        again = (await shop.post(DEFINITIONS, {"source": source})).json["warnings"]
        assert [one["message"] for one in again if one["rule"] == "D103"] == told[:1]

    play(story)


def test_a_definition_may_be_long_and_no_longer() -> None:
    async def story(house: Surface) -> list[int]:
        shop = await program(house)
        forms = {"person.v1": PERSON, **{f"f{n}.v1": " " * 100_000 for n in range(9)}}
        fits = {"source": TWO_FORMS.replace("two-forms", "mine"), "forms": forms}
        return [
            (await shop.post(DEFINITIONS, fits)).status,
            (await shop.post(DEFINITIONS, {"source": "x" * 1_100_000})).status,
            (await shop.post(TOKENS, {"name": "x" * 70_000})).status,
        ]

    assert play(story) == [201, 413, 413]


def test_the_life_of_a_token() -> None:
    async def story(house: Surface) -> None:
        shop = await program(house)
        made = await token(shop, "two-forms", maxCount=2, description="for tests")
        assert made.status == 201, made.text
        known = made.json
        assert (known["type"], known["maxCount"], known["counter"]) == (
            "MULTI_USE_COUNT_LIMITED", 2, 0,
        )  # fmt: skip
        assert known["startProcessAddress"].endswith(f"processInstances?tn=main&pt={known['id']}")
        assert known["link"].endswith(f"pt={known['secret']}")
        way = f"{TOKENS}/{known['id']}"
        read = (await shop.get(way)).json
        assert read == {name: known[name] for name in known if name not in ("secret", "link")}

        off = await shop.post(way, {"status": "INACTIVE"})
        assert off.json["status"] == "INACTIVE"
        assert off.json["lastUpdatedBy"] == f"key:{shop.key.key.id}"
        refused = await shop.post(f"{INSTANCES}/create?pt={known['id']}")
        assert refused.status == 404
        assert (await shop.post(f"{way}/status/ACTIVE")).json["status"] == "ACTIVE"
        assert (await shop.post(f"{INSTANCES}/create?pt={known['id']}")).status == 201
        assert (await shop.get(way)).json["counter"] == 1
        assert (await shop.post(f"{way}/status/INACTIVE")).json["counter"] == 1
        listed = (await shop.get(f"{TOKENS}?processDefnName=two-forms&search=for")).json
        assert [one["id"] for one in listed["content"]] == [known["id"]]
        assert (await shop.get(f"{TOKENS}?search=nothing")).json["empty"]
        rows = (await house.bench.store.audit(MAIN_TENANT, AuditQuery(size=200))).rows
        told = [row.action for row in reversed(rows) if row.subject == f"token:{known['id']}"]
        assert told == ["token.create", "token.revoke", "token.activate", "token.revoke"]

    play(story)


@pytest.mark.parametrize(
    ("more", "fields"),
    [
        ({"processDefnName": "nothing"}, ["processDefnName"]),
        ({"processDefnVersion": 9}, ["processDefnName"]),
        ({"maxCount": 0}, ["maxCount"]),
        ({"type": "UNLIMITED", "maxCount": 3}, ["maxCount"]),
        ({"type": "MULTI_USE_TIME_LIMITED"}, ["notAfterDtm"]),
        ({"notAfterDtm": "2020-01-01T00:00:00Z"}, ["notAfterDtm"]),
        ({"uiUrl": "https://elsewhere.example/"}, ["uiUrl"]),
        ({"parameters": {"_redirectUrl": "https://elsewhere.example/"}},
         ["parameters._redirectUrl"]),
        ({"name": ""}, ["name"]),
        ({"status": "GONE", "maxProcessDuration": "long"}, ["status", "maxProcessDuration"]),
    ],
)  # fmt: skip
def test_a_token_that_cannot_be_is_told_by_field(
    more: dict[str, object], fields: list[str]
) -> None:
    async def story(house: Surface) -> Answer:
        return await token(await program(house), "two-forms", **more)

    answer = play(story)

    assert answer.status == 400, answer.text
    assert [one["field"] for one in answer.json["details"]] == fields


def test_an_unlimited_token_has_no_end_and_a_usual_one_has_a_day() -> None:
    async def story(house: Surface) -> tuple[Answer, Answer]:
        shop = await program(house)
        return (
            await token(shop, "two-forms", name="a", type="UNLIMITED"),
            await token(shop, "two-forms", name="b"),
        )

    unlimited, usual = play(story)

    assert (unlimited.json["notAfterDtm"], unlimited.json["maxCount"]) == (None, None)
    assert (usual.json["maxCount"], usual.json["notAfterDtm"] is None) == (1, False)


async def told_of(shop: Program, over: dict[str, str]) -> None:
    way = f"{INSTANCES}/{over['id']}"
    told = (await shop.get(f"{way}/timeline")).json
    assert told["whole"] is True
    assert [one["outcome"] for one in told["content"]][-1] == "Accepted"
    assert 3000 in [one["tookMilliseconds"] for one in told["content"]]
    listed = (await shop.get(f"{INSTANCES}?status=COMPLETED_ENDED_SUCCESS")).json
    assert [one["id"] for one in listed["content"]] == [over["id"]]
    found = (await shop.get(f"{INSTANCES}/search?text={over['reference']}")).json
    assert [one["id"] for one in found["content"]] == [over["id"]]
    assert (await shop.get(f"{INSTANCES}?processDefnName=other")).json["empty"]
    for deed in ("cancel", "retry", "giveUp", "accept", "decline", "resumeLink"):
        refused = await shop.post(f"{way}/{deed}")
        assert refused.status == 409, deed
        assert refused.json["details"] == [
            {
                "field": "status",
                "message": "the instance is COMPLETED_ENDED_SUCCESS: it has ended, and nothing can"
                " be done to it any more",
            }
        ]


def test_a_journey_from_nothing_to_its_end() -> None:
    async def story(house: Surface) -> None:
        shop = await program(house)
        parameters = {"firstName": "Inês", "lastName": "Carvalho", "email": "i@example.org"}
        known = (await token(shop, "two-forms", parameters=parameters)).json
        created = await shop.post(f"{INSTANCES}/create?pt={known['id']}&tn=main")
        assert created.status == 201, created.text
        way = f"{INSTANCES}/{created.json['processInstanceId']}"
        pending = (await shop.get(way)).json
        assert (pending["status"], pending["statusMapped"]) == ("PENDING", "Pending")
        for deed in ("accept", "retry", "resumeLink"):
            (told,) = (await shop.post(f"{way}/{deed}")).json["details"]
            assert told == {
                "field": "status",
                "message": "the instance is PENDING: nobody has begun it; cancel can be done",
            }
        screen = await begun(house, created.json["redirectUrl"])
        assert screen.status == 200, screen.text
        assert (await shop.get(way)).json["status"] == "ACTIVE"
        house.bench.clock.move(timedelta(seconds=3))
        second = await answered(house, screen, {"name": "Inês"})
        session = {"sessionToken": screen.json["sessionToken"]}
        await answered(house, replace_json(second, session), {"name": "Carvalho"})
        over = (await shop.get(way)).json
        assert (over["status"], over["statusMapped"]) == ("COMPLETED_ENDED_SUCCESS", "Accepted")
        assert over["elapsedMilliseconds"] == 3000
        assert (over["firstName"], over["lastName"], over["email"]) == (
            "Inês", "Carvalho", "i@example.org",
        )  # fmt: skip
        whole = (await shop.get(f"{way}/withParameters")).json
        assert whole["processTokenParameters"] == parameters
        await told_of(shop, over)

    play(story)


@pytest.mark.parametrize(
    ("status", "is_over", "is_held", "possible"),
    [
        ("PENDING", False, False, ["cancel"]),
        ("ACTIVE", False, False, ["cancel"]),
        ("PAUSED", False, False, ["resumeLink", "cancel"]),
        ("REVIEW", False, False, ["accept", "decline", "cancel"]),
        ("REVIEW", True, False, ["accept", "decline"]),
        ("REVIEW", False, True, ["retry", "giveUp", "cancel"]),
        ("COMPLETED_TERMINATED", True, False, []),
    ],
)
def test_what_is_in_no_state_for_a_deed_says_which_can_be_done(
    status: Status, is_over: bool, is_held: bool, possible: list[str]
) -> None:
    incident = Incident(code="E", node=NodeId("x"), reason="", at=NOON) if is_held else None
    found = msgspec.structs.replace(
        an_instance(), status=status, ended_at=NOON if is_over else None, incident=incident
    )

    (detail,) = in_no_state(found).details

    told = str(detail["message"])
    assert told.startswith(f"the instance is {status}: ")
    assert [deed for deed in re.findall(r"\w+", told) if deed in DEEDS] == possible


def test_the_307_form_leads_to_where_a_person_begins() -> None:
    async def story(house: Surface) -> tuple[Answer, Answer, Answer]:
        shop = await program(house)
        known = (await token(shop, "two-forms", maxCount=2)).json
        by_id = await shop.post(f"{INSTANCES}?pt={known['id']}")
        by_secret = await send(house.app, "POST", f"{INSTANCES}?pt={known['secret']}")
        nothing = await send(house.app, "POST", f"{INSTANCES}?pt={known['id']}")
        return by_id, by_secret, nothing

    by_id, by_secret, nothing = play(story)

    assert [one.status for one in (by_id, by_secret, nothing)] == [307, 307, 404]
    assert by_id.body == b""
    assert "/web/trustweb?ps=" in by_id.location
    assert "/web/trustweb?ps=" in by_secret.location


def test_the_id_of_a_token_opens_nothing_without_a_permission() -> None:
    async def story(house: Surface) -> list[int]:
        shop = await program(house)
        other = await program(house, "TNT#main#ProcessManager:listProcessTokens", name="other")
        known = (await token(shop, "two-forms")).json
        bare = await send(house.app, "POST", f"{INSTANCES}/create?pt={known['id']}")
        denied = await other.post(f"{INSTANCES}/create?pt={known['id']}")
        foreign = await shop.post(f"{INSTANCES}/create?pt={known['id']}&tn=acme")
        used = await shop.post(f"{INSTANCES}/create?pt={known['secret']}")
        over = await shop.post(f"{INSTANCES}/create?pt={known['secret']}")
        return [one.status for one in (bare, denied, foreign, used, over)]

    assert play(story) == [404, 403, 404, 201, 410]


def test_an_instance_in_review_is_decided_once() -> None:
    async def story(house: Surface) -> tuple[list[int], Answer]:
        shop = await program(house)
        await deployed(shop, REVIEWED)
        known = (await token(shop, "reviewed")).json
        created = (await shop.post(f"{INSTANCES}/create?pt={known['id']}")).json
        screen = await begun(house, created["redirectUrl"])
        await answered(house, screen, {"name": "Inês"})
        way = f"{INSTANCES}/{created['processInstanceId']}"
        assert (await shop.get(way)).json["status"] == "REVIEW"
        calls = [
            shop.post(f"{way}/{deed}", {"comment": "seen the passport"})
            for deed in ("accept", "decline") * 5
        ]
        return [one.status for one in await asyncio.gather(*calls)], await shop.get(way)

    statuses, found = play(story)

    assert Counter(statuses) == {200: 1, 409: 9}
    assert found.json["review"]["comment"] == "seen the passport"
    assert found.json["review"]["reviewedBy"].startswith("key:")
    assert found.json["status"] in ("COMPLETED_ENDED_SUCCESS", "COMPLETED_ENDED_ERROR")


def test_an_instance_is_ended_by_a_program() -> None:
    async def story(house: Surface) -> tuple[Answer, Answer]:
        shop = await program(house)
        known = (await token(shop, "two-forms")).json
        created = (await shop.post(f"{INSTANCES}/create?pt={known['id']}")).json
        await begun(house, created["redirectUrl"])
        way = f"{INSTANCES}/{created['processInstanceId']}"
        return await shop.post(f"{way}/cancel"), await shop.get(way)

    ended, found = play(story)

    assert ended.json == found.json
    assert found.json["statusMapped"] == "Abandoned"


def test_an_incident_is_told_and_let_go_on_or_given_up() -> None:
    async def story(house: Surface) -> tuple[Answer, Answer, Answer, Answer]:
        shop = await program(house)
        parameters = {"userExternalId": "ines.carvalho"}
        known = (await token(shop, "passcode-authentication", parameters=parameters)).json
        created = (await shop.post(f"{INSTANCES}/create?pt={known['id']}")).json
        screen = await begun(house, created["redirectUrl"])
        way = f"{INSTANCES}/{created['processInstanceId']}"

        async def held() -> Answer:
            shown = await send(
                house.app, "GET",
                f"/api/process-server/processInstances/{created['processInstanceId']}/screen",
                headers=[("Authorization", f"Bearer {screen.json['sessionToken']}")],
            )  # fmt: skip
            session = {"sessionToken": screen.json["sessionToken"]}
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(_CheapSlot, "verify", broken)
                await answered(house, replace_json(shown, session), {"passcode": RIGHT})
            return await shop.get(way)

        first, retried = await held(), await shop.post(f"{way}/retry")
        return first, retried, await held(), await shop.post(f"{way}/giveUp")

    async def broken(slot: object, stored: str, passcode: object) -> bool:
        raise RuntimeError(RIGHT)

    first, retried, second, given_up = play(story)

    assert first.json["incident"]["code"] == second.json["incident"]["code"] == "activity"
    assert RIGHT not in first.text
    assert (retried.status, retried.json["incident"]) == (200, None)
    assert (given_up.status, given_up.json["statusMapped"]) == (200, "Error")


def test_fifty_uses_of_a_token_for_one_make_one_instance() -> None:
    async def story(house: Surface) -> tuple[Counter[int], int]:
        shop = await program(house)
        known = (await token(shop, "two-forms")).json
        way = f"{INSTANCES}/create?pt={known['id']}"
        calls = [shop.post(way) for _ in range(50)]
        statuses = Counter(one.status for one in await asyncio.gather(*calls))
        return statuses, (await shop.get(INSTANCES)).json["totalElements"]

    statuses, made = play(story)

    assert statuses == {201: 1, 410: 49}
    assert made == 1


def test_the_same_key_creates_one_instance_one_token_and_one_definition() -> None:
    async def story(house: Surface) -> None:
        shop = await program(house)
        source = TWO_FORMS.replace("two-forms", "mine")
        body = {"source": source, "forms": {"person.v1": PERSON}}
        first = await shop.post(DEFINITIONS, body, key="1")
        assert (first.status, first.body) == (
            201,
            (await shop.post(DEFINITIONS, body, key="1")).body,
        )
        asked = {"name": "t", "processDefnName": "mine", "maxCount": 5}
        made = await shop.post(TOKENS, asked, key="1")
        assert (made.status, made.body) == (201, (await shop.post(TOKENS, asked, key="1")).body)
        way = f"{INSTANCES}/create?pt={made.json['id']}"
        ids = {(await shop.post(way, key="1")).json["processInstanceId"] for _ in range(3)}
        assert len(ids) == 1
        assert (await shop.get(f"{TOKENS}/{made.json['id']}")).json["counter"] == 1

    play(story)


def test_what_is_another_tenants_is_as_what_is_not_there() -> None:
    async def story(house: Surface) -> tuple[list[tuple[int, object]], list[tuple[int, object]]]:
        mine, theirs = await program(house), await program(house, tenant=ACME)
        secret = TWO_FORMS.replace("Two forms", "Secret forms")
        definition = (await deployed(theirs, secret)).json["id"]
        known = (await token(theirs, "two-forms", maxCount=9)).json
        instance = (await theirs.post(f"{INSTANCES}/create?pt={known['id']}")).json

        async def seen(d: str, t: str, i: str) -> list[tuple[int, object]]:
            answers = [
                *[await mine.get(f"{DEFINITIONS}/{d}{end}") for end in ("", "/file", "/picture")],
                await mine.post(f"{DEFINITIONS}/{d}/status/DEPLOYED_ACTIVE"),
                await mine.get(f"{TOKENS}/{t}"),
                await mine.post(f"{TOKENS}/{t}", {"status": "INACTIVE"}),
                await mine.post(f"{INSTANCES}/create?pt={t}"),
                *[await mine.get(f"{INSTANCES}/{i}{end}")
                  for end in ("", "/timeline", "/withParameters")],
                *[await mine.post(f"{INSTANCES}/{i}/{deed}")
                  for deed in ("cancel", "accept", "decline", "retry", "giveUp", "resumeLink")],
            ]  # fmt: skip
            return [(one.status, one.json | {"requestId": ""}) for one in answers]

        there = await seen(definition, known["id"], instance["processInstanceId"])
        nowhere = await seen("0" * 64, "Z" * 26, "Z" * 26)
        assert (await theirs.get(f"{TOKENS}/{known['id']}")).json["status"] == "ACTIVE"
        return there, nowhere

    there, nowhere = play(story)

    assert there == nowhere
    assert {status for status, _ in there} == {404}
