"""Each operation of the API with each kind of caller: role by role, tenant by tenant (F7)."""

from __future__ import annotations

import re

import pytest

from engine.access.permissions import OPERATIONS as PERMITTED
from engine.access.permissions import Permission
from engine.model.names import MAIN_TENANT, TenantId
from engine.web.api.frame.performing import AnyOperation
from engine.web.api.frame.values import PATH_PARTS
from engine.web.api.table import OPERATIONS
from engine.web.gate.door import Needs
from engine.web.routes import DOORS
from tests.web.program import Program, program
from tests.web.surface import Answer, Surface, play, send, tell

ACME = TenantId("acme")
EACH = pytest.mark.parametrize("operation", OPERATIONS, ids=lambda one: one.name)


def needs_of(operation: AnyOperation) -> Needs:
    assert isinstance(operation.needs, Needs)
    return operation.needs


def permission(operation: AnyOperation, tenant: TenantId = MAIN_TENANT) -> str:
    needs = needs_of(operation)
    return Permission(tenant=tenant, service=needs.service, operation=needs.operation).written


def others(operation: AnyOperation) -> list[str]:
    """Give every permission of the tenant but the one that is needed."""
    every = {
        Permission(tenant=MAIN_TENANT, service=service, operation=name).written
        for service, names in PERMITTED.items()
        for name in names
    }
    return sorted(every - {permission(operation)})


def target(operation: AnyOperation) -> str:
    return re.sub(r"\{\w+\}", "Z" * 26, operation.path)


async def asked(operation: AnyOperation, by: Program) -> Answer:
    return await by.call(
        operation.method, target(operation), {} if operation.method == "POST" else None
    )


def test_names_are_unique_and_permissions_known() -> None:
    names = [one.name for one in OPERATIONS]

    assert len(names) == len(set(names))
    for one in OPERATIONS:
        assert needs_of(one).operation in PERMITTED[needs_of(one).service], one.name
        assert set(re.findall(r"\{(\w+)\}", one.path)) <= set(PATH_PARTS), one.name


def test_every_operation_has_its_door_with_its_permission() -> None:
    doors = {(door.method, door.path): door.permission for door in DOORS}

    for one in OPERATIONS:
        assert doors[one.method, one.path] == ("link" if one.own_key else one.needs)


@EACH
@pytest.mark.parametrize("who", ["nobody", "a cookie", "a basic password", "a made-up value"])
def test_without_a_key_nothing_opens(operation: AnyOperation, who: str) -> None:
    headers = {
        "nobody": [],
        "a cookie": [("Cookie", f"__Host-tf-{'Z' * 12}={'x' * 43}")],
        "a basic password": [("Authorization", "Basic YTpi")],
        "a made-up value": [("Authorization", "Bearer " + "x" * 43)],
    }[who]

    async def story(house: Surface) -> Answer:
        return await send(house.app, operation.method, target(operation), headers=headers)

    answer = tell(story)

    if operation.own_key and who in ("nobody", "a cookie"):
        assert (answer.status, answer.json["code"]) == (404, 9404), "a link that is none"
    else:
        assert answer.status in (401, 429)


@EACH
def test_all_other_permissions_together_are_not_the_one(operation: AnyOperation) -> None:
    async def story(house: Surface) -> Answer:
        return await asked(operation, await program(house, *others(operation)))

    answer = play(story)

    assert (answer.status, answer.json["code"]) == (403, 7)


@EACH
def test_the_one_permission_is_enough_to_be_answered(operation: AnyOperation) -> None:
    async def story(house: Surface) -> Answer:
        return await asked(operation, await program(house, permission(operation)))

    answer = play(story)

    assert answer.status in (200, 201, 204, 400, 404), answer.text


@EACH
def test_the_permission_of_another_tenant_opens_nothing_here(operation: AnyOperation) -> None:
    """What is asked for lies in the key's own tenant: no path leads out of it."""

    async def story(house: Surface) -> tuple[Answer, Answer]:
        here = await program(house, permission(operation))
        there = await program(house, permission(operation, ACME), tenant=ACME)
        return await asked(operation, here), await asked(operation, there)

    here, there = play(story)

    if "{" in operation.path:
        masked = [one.json | {"requestId": ""} for one in (here, there)]
        assert (here.status, masked[0]) == (there.status, masked[1])
    else:
        assert there.status in (200, 201, 400)
