"""RTAS clients by API: made, changed, removed; the secret is shown once."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.web.program import JSON, program
from tests.web.surface import Answer, Surface, play, send

CLIENTS = "/api/rtas/clients"
BANK: dict[str, Any] = {"clientId": "bank-app", "origins": ["https://bank.example"]}


async def login(house: Surface, secret: str) -> int:
    said = json.dumps({"client_id": "bank-app", "client_secret": secret}).encode()
    return (await send(house.app, "POST", "/rtas/v1/login", headers=[JSON], body=said)).status


def test_a_client_is_made_read_changed_and_removed() -> None:
    async def story(house: Surface) -> tuple[list[Answer], list[int]]:
        shop = await program(house)
        made = await shop.post(CLIENTS, BANK)
        statuses = [await login(house, made.json["clientSecret"])]
        read = await shop.get(f"{CLIENTS}/bank-app")
        changed = await shop.post(f"{CLIENTS}/bank-app", {"status": "BLOCKED", "origins": ["null"]})
        statuses.append(await login(house, made.json["clientSecret"]))
        listed = await shop.get(CLIENTS)
        gone = await shop.call("DELETE", f"{CLIENTS}/bank-app")
        late = await shop.get(f"{CLIENTS}/bank-app")
        return [made, read, changed, listed, gone, late], statuses

    (made, read, changed, listed, gone, late), statuses = play(story)

    assert made.status == 201
    assert made.json["clientSecret"].startswith("rs_")
    assert {name: value for name, value in made.json.items() if name != "clientSecret"} == read.json
    assert (changed.json["status"], changed.json["origins"]) == ("BLOCKED", ["null"])
    assert [one["clientId"] for one in listed.json["content"]] == ["bank-app"]
    assert "clientSecret" not in listed.text
    assert (gone.status, late.status) == (204, 404)
    assert statuses == [200, 401]


def test_an_exchanged_secret_opens_beside_the_one_before() -> None:
    async def story(house: Surface) -> list[int]:
        shop = await program(house)
        first = (await shop.post(CLIENTS, BANK)).json["clientSecret"]
        second = (await shop.post(f"{CLIENTS}/bank-app/secret/exchange")).json["clientSecret"]
        third = (await shop.post(f"{CLIENTS}/bank-app/secret/exchange")).json["clientSecret"]
        return [await login(house, secret) for secret in (first, second, third)]

    assert play(story) == [401, 200, 200]


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"clientId": "bank,app"}, "clientId"),
        ({"clientId": "bank", "origins": ["https://bank.example/"]}, "origins.0"),
        ({"clientId": "bank", "origins": ["null", "https://bank.example:443"]}, "origins.1"),
        ({"clientId": "bank", "origins": ["*"]}, "origins.0"),
        ({"clientId": "bank", "origins": ["https://Bank.example"]}, "origins.0"),
        ({"clientId": "bank", "origins": ["https://*.bank.example"]}, "origins.0"),
    ],
)
def test_what_is_no_origin_or_id_is_named(said: dict[str, Any], field: str) -> None:
    async def story(house: Surface) -> Answer:
        return await (await program(house)).post(CLIENTS, said)

    answer = play(story)

    assert answer.status == 400
    assert [one["field"] for one in answer.json["details"]] == [field]


def test_a_second_client_of_an_id_is_refused() -> None:
    async def story(house: Surface) -> list[int]:
        shop = await program(house)
        return [(await shop.post(CLIENTS, BANK)).status for _ in range(2)]

    assert play(story) == [201, 409]


def test_the_hub_does_not_know_an_api_key() -> None:
    async def story(house: Surface) -> int:
        shop = await program(house)
        head = [("Authorization", f"Bearer {shop.token}")]
        return (await send(house.app, "POST", "/rtas/negotiate", headers=head)).status

    assert play(story) == 401
