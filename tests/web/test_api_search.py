"""Instances are searched as TrustX does: by what their token carried, when, and what holds them."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from tests.web.program import program
from tests.web.surface import Answer, Surface, play

INSTANCES = "/api/process-manager/processInstances"


async def searched(house: Surface, *queries: str) -> Sequence[Answer]:
    """Begin two sign-ins, ten minutes apart, and search."""
    shop = await program(house)
    for user in ("ines.carvalho", "rui.costa"):
        link = await house.bench.link(parameters={"userExternalId": user, "firstName": "Ana"})
        await house.bench.begin(link.secret)
        house.bench.wait(minutes=10)
    return [await shop.get(f"{INSTANCES}/search?{query}") for query in queries]


@pytest.mark.parametrize(
    ("query", "users"),
    [
        ("searchString=ines.carvalho", ["ines.carvalho"]),
        ("searchString=Ana", ["rui.costa", "ines.carvalho"]),
        ("searchString=ana", []),
        ("searchString=rui.costa&parameterName=userExternalId", ["rui.costa"]),
        ("searchString=rui.costa&parameterName=firstName", []),
        ("startDateTime=2026-01-15T12:05:00Z", ["rui.costa"]),
        ("endDateTime=2026-01-15T14:05:00%2B02:00", ["ines.carvalho"]),
        ("startDateTime=2026-01-15T12:05:00Z&searchString=ines.carvalho", []),
        ("incident=true", []),
        ("sort=createdAt,asc", ["ines.carvalho", "rui.costa"]),
        ("sort=createdAt", ["ines.carvalho", "rui.costa"]),
        ("sort=createdAt,desc", ["rui.costa", "ines.carvalho"]),
        ("processInstanceStatus=ACTIVE", ["rui.costa", "ines.carvalho"]),
        ("processInstanceStatus=REVIEW", []),
        (
            "processDefinitionName=passcode-authentication&searchString=Ana&sort=createdAt,asc",
            ["ines.carvalho", "rui.costa"],
        ),
        ("processDefinitionName=other", []),
        ("processDefinitionId=0000", []),
        ("incident=false&searchString=Ana", ["rui.costa", "ines.carvalho"]),
    ],
)
def test_instances_are_found_by_all_that_is_said(query: str, users: list[str]) -> None:
    async def story(house: Surface) -> list[str]:
        (answer,) = await searched(house, query)
        assert answer.status == 200, answer.text
        assert answer.json["totalElements"] == len(answer.json["content"])
        kept = house.bench.store
        found = []
        for row in answer.json["content"]:
            loaded = await kept.load(row["tenantId"], row["id"])
            parameters = loaded.instance.variables["_initVars"]
            assert isinstance(parameters, dict)
            found.append(str(parameters["userExternalId"]))
        return found

    assert play(story) == users


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("parameterName=firstName", "searchString"),
        ("processDefnName=one&processDefinitionName=two", "processDefinitionName"),
        ("status=ACTIVE&processInstanceStatus=REVIEW", "processInstanceStatus"),
        ("searchString=", "searchString"),
        (f"searchString={'x' * 201}", "searchString"),
        ("startDateTime=2026-01-15", "startDateTime"),
        ("startDateTime=0.5", "startDateTime"),
        ("startDateTime=2026-01-15T12:00:00", "startDateTime"),
        ("incident=perhaps", "incident"),
    ],
)
def test_what_cannot_be_searched_by_is_told(query: str, field: str) -> None:
    async def story(house: Surface) -> Answer:
        (answer,) = await searched(house, query)
        return answer

    answer = play(story)

    assert (answer.status, answer.json["details"][0]["field"]) == (400, field)


def test_instances_are_found_by_the_version_of_their_definition() -> None:
    async def story(house: Surface) -> None:
        (everything,) = await searched(house, "size=1")
        id = everything.json["content"][0]["processDefnId"]
        shop = await program(house, name="other")
        found = (await shop.get(f"{INSTANCES}/search?processDefinitionId={id}")).json
        assert found["totalElements"] == 2
        listed = (await shop.get("/api/process-manager/auditRecords?sort=createdDtm,asc")).json
        turned = (await shop.get("/api/process-manager/auditRecords")).json
        assert [row["id"] for row in listed["content"]] == [row["id"] for row in turned["content"]][
            ::-1
        ]

    play(story)
