"""What a process token may be: names, uses and times at their bounds, and what is kept of one."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from engine.adapters.memory import MemoryStore
from engine.model.names import MAIN_TENANT
from engine.ports.store import AuditQuery
from engine.records.record import AuditRow
from engine.records.tokens import ProcessToken
from engine.run.entry.tokens import Minted, TokenRequest
from engine.run.sessions import digest
from engine.testing import NOON, FrozenClock
from tests.bench import Bench, bench

SECOND = timedelta(seconds=1)


async def ready() -> Bench:
    clock = FrozenClock()
    house = bench(MemoryStore(clock), clock, redirects=("https://www.example.org/",))
    await house.deploy()
    return house


async def asked(house: Bench, **facts: object) -> Minted | list[str]:
    """Make a token; give it, or the fields that are wrong."""
    usual: dict[str, object] = {
        "name": "visit", "process": "passcode-authentication",
        "parameters": {"userExternalId": "ines.carvalho"},
    }  # fmt: skip
    request = TokenRequest(**{**usual, **facts})  # type: ignore[arg-type]  # a test's own facts
    found = await house.office.create(MAIN_TENANT, request, by=house.actor())
    return found if isinstance(found, Minted) else [problem.field for problem in found]


@pytest.mark.parametrize(
    ("facts", "wrong"),
    [
        ({"name": ""}, ["name"]),
        ({"name": "n"}, []),
        ({"name": "n" * 50}, []),
        ({"name": "n" * 51}, ["name"]),
        ({"type": "MULTI_USE_COUNT_LIMITED", "max_count": 0}, ["maxCount"]),
        ({"type": "MULTI_USE_COUNT_LIMITED", "max_count": 1}, []),
        ({"type": "MULTI_USE_COUNT_LIMITED", "max_count": 1_000_000}, []),
        ({"type": "MULTI_USE_COUNT_LIMITED", "max_count": 1_000_001}, ["maxCount"]),
        ({"type": "MULTI_USE_TIME_LIMITED", "life": None}, ["notAfterDtm"]),
        ({"type": "MULTI_USE_TIME_LIMITED", "life": SECOND}, []),
        ({"life": timedelta()}, ["notAfterDtm"]),
        ({"life": -SECOND}, ["notAfterDtm"]),
        ({"name": "", "life": timedelta()}, ["name", "notAfterDtm"]),
        ({"process": "nothing"}, ["process"]),
        ({"parameters": {}}, ["userExternalId"]),
    ],
)
def test_a_token_is_made_within_its_bounds_or_told_field_by_field(
    facts: dict[str, object], wrong: list[str]
) -> None:
    async def story() -> Minted | list[str]:
        return await asked(await ready(), **facts)

    found = asyncio.run(story())

    assert (found if isinstance(found, list) else []) == wrong


def test_a_token_is_kept_by_its_hash_and_told_once() -> None:
    async def story() -> tuple[Minted, ProcessToken | None, list[AuditRow]]:
        house = await ready()
        made = await asked(house, life=timedelta(hours=2), not_before=NOON + timedelta(hours=1))
        assert isinstance(made, Minted)
        kept = await house.store.get(MAIN_TENANT, ProcessToken, made.token.id)
        page = await house.store.audit(MAIN_TENANT, AuditQuery())
        return made, kept, list(page.rows)

    made, kept, rows = asyncio.run(story())

    assert kept == made.token
    assert made.token.secret_hash == digest(made.secret)
    assert made.token.prefix == digest(made.secret)[:6]
    assert made.secret.startswith("pt_")
    assert made.secret not in repr(made)
    assert made.token.not_after == NOON + timedelta(hours=3)
    (row,) = (row for row in rows if row.action == "token.create")
    assert row.subject == f"token:{made.token.id}"
    ends = (NOON + timedelta(hours=3)).isoformat()
    assert row.facts == {"type": "MULTI_USE_COUNT_LIMITED", "uses": "1", "ends": ends}


def test_a_life_counts_from_the_making_where_no_beginning_is_said() -> None:
    async def story() -> Minted | list[str]:
        return await asked(await ready(), life=timedelta(hours=2))

    made = asyncio.run(story())

    assert isinstance(made, Minted)
    assert made.token.not_after == NOON + timedelta(hours=2)


@pytest.mark.parametrize(
    ("type_", "most"),
    [("MULTI_USE_COUNT_LIMITED", 7), ("MULTI_USE_TIME_LIMITED", None)],
)
def test_a_count_is_kept_where_it_limits(type_: str, most: int | None) -> None:
    async def story() -> Minted | list[str]:
        return await asked(await ready(), type=type_, max_count=7, life=SECOND)

    made = asyncio.run(story())

    assert isinstance(made, Minted)
    assert made.token.max_count == most


def test_a_name_is_taken_once() -> None:
    async def story() -> list[object]:
        house = await ready()
        return [await asked(house) for _ in range(2)]

    first, second = asyncio.run(story())

    assert isinstance(first, Minted)
    assert second == ["name"]
