"""A journal that was changed behind the engine's back is found, on both stores (P3)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import apsw
import asyncpg
import pytest
from click.testing import CliRunner, Result
from msgspec.structs import replace

from engine.adapters.address import Address
from engine.adapters.encoding import pack, unpack
from engine.app import open_application
from engine.records.journal import JournalRow
from engine.run.current import Current, InstanceRef
from engine.run.entry.answers import Begun, Landing
from engine.settings import Settings
from tests.bench import ROOT, WRONG
from tests.cli.shell import LINK, Main
from tests.faults.deaths import place_at
from tests.faults.places import File, Place, Schema
from tests.postgres import server

POSTGRES = pytest.param("postgres", marks=pytest.mark.postgres)
DEFINITION: Final = ROOT / "definitions/passcode-authentication.yaml"
Packs = list[list[JournalRow]]
"""The rows of each hop, in order."""


@pytest.fixture(params=["sqlite", POSTGRES])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    if request.param == "sqlite":
        yield File(tmp_path)
        return
    with place_at(server()) as made:
        yield made


def run(place: Place, data: Path, *words: str | Path) -> Result:
    """Give a command on the place."""
    told = {"TRUSTFLOW_DATA": str(data), "COLUMNS": "200", "NO_COLOR": "1"}
    if isinstance(place, Schema):
        told["TRUSTFLOW_DATABASE"] = place.address.whole
    arguments = [str(word) for word in words]
    return CliRunner().invoke(Main("trustflow"), arguments, env=told, catch_exceptions=False)


def walked(place: Place, data: Path) -> str:
    """Begin, and answer twice; give the instance's id."""
    link = ""
    for words in (
        *([("migrate",)] if isinstance(place, Schema) else []),
        ("deploy", DEFINITION), ("store", "add", "customers"),
        ("token", "create", "passcode-authentication", "--param", "userExternalId=ines"),
    ):  # fmt: skip
        done = run(place, data, *words)
        assert done.exit_code == 0, done.output
        link = done.stdout
    found = LINK.search(link)
    assert found is not None
    secret = found.group().partition("pt=")[2]
    address = place.address if isinstance(place, Schema) else None
    return asyncio.run(_walked(Settings(data=data, database=address), secret))


async def _walked(settings: Settings, secret: str) -> str:
    application = await open_application(settings)
    try:
        landing = await application.visits.landing(application.tenant, secret)
        assert isinstance(landing, Landing)
        begun = await application.visits.begin(
            application.tenant, secret, begin_key=landing.begin_key, language="en"
        )
        assert isinstance(begun, Begun)
        ref = InstanceRef(tenant=application.tenant, id=begun.instance)
        for _ in range(2):
            now = (await application.loop.current(ref)).instance
            assert now.step is not None
            body = {"passcode": [WRONG]}
            answered = await application.loop.submit(
                ref, step=now.step, revision=now.revision, body=body
            )
            assert isinstance(answered, Current)
        return begun.instance
    finally:
        await application.close()


def _other(row: JournalRow) -> JournalRow:
    return replace(row, payload=(row.payload or b"").replace(b"FAIL", b"PASS") + b" ")


def edited(packs: Packs) -> Packs:
    return [packs[0], [_other(packs[1][0]), *packs[1][1:]], packs[2]]


def edited_at_last(packs: Packs) -> Packs:
    return [*packs[:2], [*packs[2][:-1], _other(packs[2][-1])]]


def dropped(packs: Packs) -> Packs:
    return [packs[0], packs[1][1:], packs[2]]


def hop_dropped(packs: Packs) -> Packs:
    return [packs[0], [], packs[2]]


def swapped(packs: Packs) -> Packs:
    return [packs[0], [packs[1][1], packs[1][0], *packs[1][2:]], packs[2]]


def hops_swapped(packs: Packs) -> Packs:
    return [packs[0], packs[2], packs[1]]


def doubled(packs: Packs) -> Packs:
    return [packs[0], [packs[1][0], *packs[1]], packs[2]]


def cut_off(packs: Packs) -> Packs:
    return [*packs[:2], packs[2][:-1]]


def hop_cut_off(packs: Packs) -> Packs:
    return [*packs[:2], []]


def gone(packs: Packs) -> Packs:
    return [[], [], []]


EDITS: Final = (
    edited, edited_at_last, dropped, hop_dropped, swapped, hops_swapped, doubled, cut_off,
    hop_cut_off, gone,
)  # fmt: skip


def edit(place: Place, change: Callable[[Packs], Packs]) -> None:
    """Read every hop's rows, and write back what the change gives; an empty hop is deleted."""
    if isinstance(place, File):
        _edit_file(place, change)
    else:
        assert isinstance(place, Schema)
        asyncio.run(_edit_schema(place.address, change))


def _edit_file(place: File, change: Callable[[Packs], Packs]) -> None:
    connection = apsw.Connection(str(place.path))
    found = connection.execute("SELECT id, rows FROM hops ORDER BY revision").fetchall()
    changed = change([[*unpack(bytes(packed))] for _, packed in found])  # type: ignore[arg-type]  # a column of bytes
    for (id, _), rows in zip(found, changed, strict=True):
        if rows:
            connection.execute("UPDATE hops SET rows = ? WHERE id = ?", (pack(rows), id))
        else:
            connection.execute("DELETE FROM hops WHERE id = ?", (id,))
    connection.close()


async def _edit_schema(address: Address, change: Callable[[Packs], Packs]) -> None:
    connection = await asyncpg.connect(address.whole, timeout=5)
    found = await connection.fetch("SELECT id, rows FROM hops ORDER BY revision")
    changed = change([[*unpack(packed)] for _, packed in found])
    for (id, _), rows in zip(found, changed, strict=True):
        if rows:
            await connection.execute("UPDATE hops SET rows = $2 WHERE id = $1", id, pack(rows))
        else:
            await connection.execute("DELETE FROM hops WHERE id = $1", id)
    await connection.close()


def test_a_journal_that_was_changed_is_found(place: Place, tmp_path: Path) -> None:
    instance = walked(place, tmp_path)
    place.keep()

    whole = run(place, tmp_path, "instance", "show", instance)

    assert whole.exit_code == 0, whole.output
    missed = []
    for change in EDITS:
        place.back()
        edit(place, change)
        told = run(place, tmp_path, "instance", "show", instance)
        if told.exit_code != 1 or "The journal was changed" not in told.output:
            missed.append((change.__name__, told.exit_code, told.output))
    assert missed == []
