"""What an application does at TrustFactor, for tests: codes, contracts, transactions."""

from __future__ import annotations

from typing import Any

from tests.web.application import ApplicationServer
from tests.web.surface import Answer, send

CODES = "/trustfactor/v2/registration-codes"
TRANSACTIONS = "/trustfactor/v1/transactions"
WHO = {"user_id": "john.doe", "user_name": "John Doe", "application_name": "Farol Mutual"}
ASKED: dict[str, Any] = {
    "user_id": "john.doe", "application_name": "Farol Mutual", "action": "Transfer",
    "message": "Send 250 euros to Ana?", "parameters": {"Amount": "250.00 EUR"},
}  # fmt: skip


async def get(server: ApplicationServer, target: str, method: str = "GET") -> Answer:
    headers = [("Authorization", f"Bearer {server.token}")]
    return await send(server.house.app, method, target, headers=headers)


async def code(server: ApplicationServer, **other: object) -> dict[str, Any]:
    answer = await server.post(CODES, {**WHO, **other})
    assert answer.status == 201, answer.text
    return dict(answer.json)


async def status_of(server: ApplicationServer, made: dict[str, Any]) -> str:
    return str((await get(server, f"{CODES}/{made['unique_id']}")).json["status"])


async def contracts(server: ApplicationServer, user: str = "john.doe") -> list[dict[str, Any]]:
    return list((await get(server, f"/trustfactor/v1/users/{user}/contracts")).json["contracts"])


async def asked(server: ApplicationServer, **other: object) -> dict[str, Any]:
    answer = await server.post(TRANSACTIONS, {**ASKED, **other})
    assert answer.status == 201, answer.text
    return dict(answer.json)
