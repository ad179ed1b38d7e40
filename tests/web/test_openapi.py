"""The OpenAPI document: valid, whole, as committed; its examples are taken; its page is read."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

import jsonschema
import pytest
from openapi_spec_validator import validate

from engine.web.api.frame.operation import Described, Nothing, Operation
from engine.web.api.frame.reading import taken
from engine.web.api.table import OPERATIONS
from engine.web.gate.door import Needs
from engine.web.openapi.document import ALL, document, written
from engine.web.routes import DOORS
from tests.web.application import application
from tests.web.program import program
from tests.web.surface import Answer, Surface, play, send, tell

# The hub has a protocol of its own, its keys a standard; the others are for browsers.
NOT_OPERATIONS = {
    "/rtas", "/rtas/negotiate", "/rtas/.well-known/jwks.json", "/rtas/rtas-ui.js", "/rtas/mobile",
}  # fmt: skip
WITH_BODY = [row for row in ALL if row.body is not Nothing]


def names(row: Described) -> str:
    return row.name


def test_the_document_is_valid() -> None:
    validate(document())


def test_the_document_is_as_committed(golden: Callable[[str, str], None]) -> None:
    """A difference here is a difference for every program: is it meant, and does it break one?"""
    golden("openapi.json", json.dumps(document(), indent=1, ensure_ascii=False) + "\n")


def test_every_way_in_for_programs_is_described() -> None:
    told = {(method.upper(), path) for path, row in document()["paths"].items() for method in row}
    open_ways = {"/healthz", "/readyz", "/openapi.json"}

    ways = {
        (door.method, door.path)
        for door in DOORS
        if not door.path.startswith(("/web/", "/docs")) and door.path not in open_ways
        if door.path not in NOT_OPERATIONS
    }

    assert told == ways


def test_every_operation_names_its_permission_and_what_it_may_be_answered() -> None:
    for row in OPERATIONS:
        told = document()["paths"][row.path][row.method.lower()]
        assert isinstance(row.needs, Needs)
        assert told["x-permission"] == f"{row.needs.service}:{row.needs.operation}"
        assert {"400", "401", "403", "429", "500", "503"} <= told["responses"].keys()
        assert ("404" in told["responses"]) == ("{" in row.path or row.own_key)


def test_every_word_behind_the_question_mark_is_described() -> None:
    for row in OPERATIONS:
        told = document()["paths"][row.path][row.method.lower()]
        for one in told.get("parameters", []):
            assert one.get("description"), (row.name, one["name"])


def test_a_good_answer_says_what_it_holds() -> None:
    for row in ALL:
        told = document()["paths"][row.path][row.method.lower()]["responses"][str(row.status)]
        assert ("content" in told) == (
            told["description"] not in ("It is done.", "Where to go on.")
        )


def test_names_are_unique() -> None:
    assert len({row.name for row in ALL}) == len(ALL)


@pytest.mark.parametrize("row", WITH_BODY, ids=names)
def test_every_body_has_an_example_that_its_schema_takes(row: Described) -> None:
    assert row.example is not None
    told = document()["paths"][row.path]["post"]["requestBody"]["content"]["application/json"]
    whole = {**told["schema"], "components": document()["components"]}
    jsonschema.Draft202012Validator(whole).validate(row.example)
    assert isinstance(taken(row.example, row.body), row.body)


@pytest.mark.parametrize("row", [row for row in WITH_BODY if isinstance(row, Operation)], ids=names)
def test_every_example_is_taken_by_what_answers(row: Described) -> None:
    async def story(house: Surface) -> Answer:
        target = row.path.replace("{storeName}", "customers").replace("{tenantId}", "main")
        target = target.replace("{policyName}", "default").replace("{userExtId}", "ines.carvalho")
        who = application if row.security == ("application",) else program
        return await (await who(house)).post(re.sub(r"\{\w+\}", "Z" * 26, target), row.example)

    answer = play(story)

    if row.name == "createProcessToken":
        assert [one["field"] for one in answer.json["details"]] == ["processDefnName"]
    else:
        assert answer.status in (200, 201, 204, 404) or answer.json["code"] == 2615, answer.text


def test_the_document_is_served_to_anybody() -> None:
    async def story(house: Surface) -> Answer:
        return await send(house.app, "GET", "/openapi.json")

    answer = tell(story)

    assert (answer.status, answer.body) == (200, written())
    assert answer.header("content-type") == "application/json; charset=utf-8"


def test_the_page_names_every_way_in_and_loads_nothing_from_elsewhere() -> None:
    async def story(house: Surface) -> Answer:
        return await send(house.app, "GET", "/docs")

    answer = tell(story)

    assert answer.status == 200
    for row in ALL:
        assert f'id="{row.name}"' in answer.text
        assert row.path in answer.words
    assert "`" not in answer.words
    assert not re.search(r"(?:src|href)=\"(?!/|#)", answer.text)
    index = answer.text.partition("<nav")[2].partition("</nav>")[0]
    assert index.count("<details>") == len(document()["tags"]), "a phone shows families alone"
    assert index.count("<li>") == len(ALL) + len(document()["tags"])
    assert "<script" not in answer.text
    assert " style=" not in answer.text
    assert "script-src 'nonce-" in answer.header("content-security-policy")
