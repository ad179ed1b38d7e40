"""Lists are whole: what a store gives by pages of 200 is shown to the last row."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

from engine.app import open_application
from engine.identity.passcodes import registered
from engine.model.names import MAIN_TENANT
from engine.ports.store import LARGEST_PAGE, Committed
from engine.records.identity import IdentityStore, Passcode, PasscodePolicy, User
from engine.records.record import Absent, Put, Record, Staged
from engine.records.tokens import ProcessToken
from engine.settings import Settings
from engine.testing import NOON
from tests.cli.shell import Run

ROWS = LARGEST_PAGE + 1


def a_token(number: int) -> ProcessToken:
    return ProcessToken(
        id=f"t{number:03}", name=f"letter{number}", description="", secret_hash=f"h{number}",
        prefix="h", process="passcode-authentication", process_version=None, status="ACTIVE",
        type="UNLIMITED", max_count=None, not_before=None, not_after=None,
        max_process_duration=None, parameters={}, created_at=NOON, created_by="me",
    )  # fmt: skip


def a_policy(number: int) -> PasscodePolicy:
    return PasscodePolicy(
        id=f"customers/p{number:03}", store="customers", name=f"p{number:03}", created_at=NOON
    )


def a_passcode(number: int, status: str) -> Passcode:
    return Passcode(
        id=f"p{number:03}", user="u1", policy="default", hash="", serial=number, created_at=NOON,
        status=status,  # type: ignore[arg-type]  # one of its words
    )  # fmt: skip


async def kept(data: Path, *rows: Record) -> tuple[Passcode, ...]:
    """Put rows into the store; give the passcodes in use of the user `u1`."""
    application = await open_application(Settings(data=data))
    try:
        unit = Staged(writes=tuple(Put(row=row, expect=Absent()) for row in rows))
        assert await application.store.write(MAIN_TENANT, unit) == Committed()
        user = User(id="u1", store="customers", created_at=NOON, updated_at=NOON)
        return await registered(application.store, MAIN_TENANT, user)
    finally:
        await application.close()


def test_lists_go_on_behind_the_first_page(house: Run, data: Path) -> None:
    numbers = range(ROWS)
    stores = [IdentityStore(id=f"s{number}", created_at=NOON) for number in numbers]
    archived = [a_passcode(number, "ARCHIVED") for number in numbers]
    living = a_passcode(ROWS, "ACTIVE")

    in_use = asyncio.run(
        kept(data, *stores, *map(a_policy, numbers), *map(a_token, numbers), *archived, living)
    )

    assert in_use == (living,)
    for words, key in (("store", "stores"), ("token", "tokens"), ("policy", "policies")):
        found = house(words, "list", "--json")
        assert found.exit_code == 0, found.output
        assert len(json.loads(found.stdout)[key]) >= ROWS, words
