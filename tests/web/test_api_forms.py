"""Forms by API: kept by themselves, version after version, and named by definitions to come."""

from __future__ import annotations

from engine.model.names import TenantId
from tests.web.program import Program, program
from tests.web.surface import PERSON, TWO_FORMS, Answer, Surface, play

BASE = "/api/process-manager"
DEFINITIONS, FORMS = f"{BASE}/processDefinitions", f"{BASE}/customDataForms"
OTHER = PERSON.replace('"en": "', '"en": "Please: ')
MINE = TWO_FORMS.replace("two-forms", "mine")


async def kept(shop: Program, text: str = PERSON, **more: object) -> Answer:
    """Create a form as a program that was written for TrustX does."""
    body = {"name": "person", "description": "Who it is", "status": "EDITABLE", "resource": text}
    return await shop.post(FORMS, {**body, "creationOption": "Save & Deploy", **more})


def test_a_form_is_kept_version_after_version() -> None:
    assert OTHER != PERSON

    async def story(house: Surface) -> None:
        shop = await program(house)
        first, again, second = await kept(shop), await kept(shop), await kept(shop, OTHER)
        assert [one.status for one in (first, again, second)] == [201, 200, 201]
        assert [one.json["id"] for one in (first, again, second)] == [
            "person.v1", "person.v1", "person.v2",
        ]  # fmt: skip
        assert (first.json["new"], again.json["new"]) == (True, False)
        assert first.json["description"] == "Who it is"
        far = await kept(shop, PERSON, version=7)
        assert far.json["id"] == "person.v7"
        newest = (await shop.get(f"{FORMS}/person/versions?size=2&sort=version,desc")).json
        assert [one["version"] for one in newest["content"]] == [7, 2]
        assert (newest["totalElements"], newest["last"]) == (3, False)
        oldest = (await shop.get(f"{FORMS}/person/versions")).json["content"]
        assert [one["version"] for one in oldest] == [1, 2, 7]
        one = (await shop.get(f"{FORMS}/person.v2")).json
        assert (one["resource"], one["status"]) == (OTHER, "DEPLOYED_ACTIVE")
        assert (await shop.post(f"{FORMS}/person.v2/status/DEPLOYED_ACTIVE")).json == one
        assert (await shop.get(f"{FORMS}/nobodys/versions")).status == 404
        assert (await shop.post(f"{FORMS}/nobodys.v1/status/DEPLOYED_ACTIVE")).status == 404

    play(story)


def test_a_version_never_changes_and_a_mistake_is_told() -> None:
    async def story(house: Surface) -> None:
        shop = await program(house)
        assert (await kept(shop, version=1)).status == 201
        refused = await kept(shop, OTHER, version=1)
        assert refused.status == 409
        (told,) = (one for one in refused.json["details"] if one["rule"] == "D101")
        assert told["file"] == "person.v1.json"
        assert "version 2" in told["remedy"]
        assert (await shop.get(f"{FORMS}/person.v1")).json["resource"] == PERSON
        broken = await kept(shop, '{"version": "1", "components": [{"type": "txt"}]}')
        assert broken.status == 400
        assert any(one["line"] for one in broken.json["details"])
        assert (await shop.get(f"{FORMS}/person/versions")).json["totalElements"] == 1
        for name in ("per son", "1st", "a" * 65, "../x"):
            assert (await kept(shop, name=name)).status == 400

    play(story)


def test_a_definition_names_forms_that_were_kept_before() -> None:
    async def story(house: Surface) -> None:
        shop = await program(house)
        lacking = await shop.post(DEFINITIONS, {"source": MINE})
        assert "L113" in {one["rule"] for one in lacking.json["details"]}
        await kept(shop, OTHER)
        checked = (await shop.post(f"{DEFINITIONS}/check", {"source": MINE})).json
        assert checked["valid"] is True
        made = await shop.post(DEFINITIONS, {"source": MINE})
        assert made.status == 201, made.text
        texts = (await shop.get(f"{DEFINITIONS}/{made.json['id']}/file")).json["forms"]
        assert texts == {"person.v1": OTHER}
        form = (await shop.get(f"{FORMS}/person.v1")).json
        assert form["processDefinitions"] == [made.json["id"]]

        body = {
            "source": MINE.replace("version: 1", "version: 2", 1),
            "forms": {"person.v1": PERSON},
        }
        own = await shop.post(DEFINITIONS, body)
        texts = (await shop.get(f"{DEFINITIONS}/{own.json['id']}/file")).json["forms"]
        assert texts == {"person.v1": PERSON}
        assert (await shop.get(f"{FORMS}/person.v1")).json == form
        assert (await kept(shop, OTHER)).json["processDefinitions"] == [made.json["id"]]

    play(story)


def test_a_form_is_its_tenants_alone() -> None:
    async def story(house: Surface) -> None:
        shop, acme = await program(house), await program(house, tenant=TenantId("acme"))
        await kept(shop)
        assert (await acme.get(FORMS)).json["totalElements"] == 0
        assert (await acme.get(f"{FORMS}/person.v1")).status == 404
        assert (await acme.get(f"{FORMS}/person/versions")).status == 404
        assert (await acme.post(DEFINITIONS, {"source": MINE})).status == 400

    play(story)


def test_what_was_kept_is_written_down() -> None:
    async def story(house: Surface) -> None:
        shop = await program(house)
        await kept(shop)
        rows = (await shop.get(f"{BASE}/auditRecords?action=form.deploy")).json["content"]
        assert [(row["subject"], row["facts"]) for row in rows] == [("form:person/1", {})]

    play(story)
