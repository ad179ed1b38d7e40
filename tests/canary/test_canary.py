"""No passcode rests anywhere: all sinks are scanned after every walk; planted leaks are found."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import apsw
import pytest

from engine.activity import Call, Ended
from engine.model.names import MAIN_TENANT
from engine.records.record import AuditRow, Staged
from engine.redaction import redacted
from engine.testing import NOON
from tests.canary.leaks import LEAKS, Leak, breaks, breaks_in_a_group, complete_with
from tests.canary.scan import encodings, found, zipped
from tests.canary.world import RIGHT, SECRETS, WRONG, World, collect

Story = Callable[[World], Awaitable[None]]


def leaks(sinks: list[tuple[str, bytes]]) -> list[str]:
    """Say where a passcode was found, and how it was written."""
    return [
        f"{name}: {way}" for name, blob in sinks for secret in SECRETS
        for way in found(blob, secret)
    ]  # fmt: skip


async def walk(world: World) -> None:
    await world.walk()


async def walk_by_api(world: World) -> None:
    await world.walk_by_api()


STORIES = [walk, walk_by_api]


def test_the_scan_knows_sixteen_ways_and_opens_gzip() -> None:
    for name, written in encodings(RIGHT).items():
        assert name in found(b"before " + written + b" after", RIGHT)
    assert found(b"xx" + zipped(f"so {RIGHT} there"), RIGHT) == ["gzip: plain"]
    assert len(encodings(RIGHT)) == 17
    assert found(b"nothing of it", RIGHT) == []


def test_a_whole_walk_leaves_no_passcode_anywhere(tmp_path: Path) -> None:
    sinks = collect(tmp_path, walk)

    assert len(sinks) > 12
    assert leaks(sinks) == []
    assert b"Thank you, all done" in dict(sinks)["answer 5 body"]


def test_a_whole_walk_by_the_api_leaves_no_passcode_anywhere(tmp_path: Path) -> None:
    sinks = collect(tmp_path, walk_by_api)

    assert len(sinks) > 18
    assert leaks(sinks) == []
    ends = [blob for name, blob in sinks if name.endswith("body") and b"ENDED_SUCCESS" in blob]
    assert len(ends) == 2, "answered, and looked at again"


@pytest.mark.parametrize("story", STORIES)
def test_nothing_that_looks_like_a_secret_rests_in_state_or_journal(
    tmp_path: Path, story: Story
) -> None:
    kept: list[str] = []

    async def told(world: World) -> None:
        await story(world)
        kept.extend([text async for text in world.kept_texts()])

    collect(tmp_path, told)

    assert len(kept) > 8
    assert [text for text in kept if redacted(text) != text] == []


async def by_a_link(call: Call) -> Ended:
    link = "https://id.example/web/trustweb?pt=pt_" + "aB3-" * 10 + "xyz"
    return Ended(error="FailedPasscodeAuthentication", message=link, result="FAIL")


def test_a_link_planted_in_the_state_is_found(tmp_path: Path) -> None:
    kept: list[str] = []

    async def told(world: World) -> None:
        await world.walk()
        kept.extend([text async for text in world.kept_texts()])

    collect(tmp_path, told, catalogue=complete_with(by_a_link))

    found = [text for text in kept if redacted(text) != text]
    assert len(found) > 1, "in the journal, and in what it left in the state"


@pytest.mark.parametrize("point", ["before-load", "before-commit", "after-commit"])
def test_a_hop_that_breaks_anywhere_leaves_no_passcode(tmp_path: Path, point: str) -> None:
    armed = False

    def probe(name: str) -> None:
        if armed and name == point:
            raise RuntimeError(point)

    async def story(world: World) -> None:
        nonlocal armed
        browser = world.surface.browser()
        step = await world.kept(browser, browser.begin((await world.surface.bench.link()).secret))
        armed = True
        for passcode in (WRONG, RIGHT):
            await world.kept(browser, browser.answer(step, passcode=passcode))
        armed = False
        app = await world.app()
        armed = True
        for passcode in (WRONG, RIGHT):
            await app.answer(passcode=passcode)

    sinks = collect(tmp_path, story, probe=probe)

    assert b'"event": "fault"' in dict(sinks)["log"]
    assert leaks(sinks) == []


@pytest.mark.parametrize("point", ["before-begin", "after-statement", "before-commit"])
def test_a_store_that_breaks_anywhere_leaves_no_passcode(tmp_path: Path, point: str) -> None:
    armed = False

    def probe(name: str) -> None:
        if armed and name == point:
            raise apsw.FullError(point)

    async def story(world: World) -> None:
        nonlocal armed
        browser = world.surface.browser()
        step = await world.kept(browser, browser.begin((await world.surface.bench.link()).secret))
        armed = True
        for passcode in (WRONG, RIGHT):
            await world.kept(browser, browser.answer(step, passcode=passcode))
        armed = False
        app = await world.app()
        armed = True
        for passcode in (WRONG, RIGHT):
            await app.answer(passcode=passcode)
        armed = False

    sinks = collect(tmp_path, story, store_probe=probe)

    assert leaks(sinks) == []


@pytest.mark.parametrize("story", STORIES)
@pytest.mark.parametrize("run", [breaks, breaks_in_a_group])
def test_an_activity_that_throws_all_it_has_leaves_no_passcode(
    tmp_path: Path, story: Story, run: Leak
) -> None:
    sinks = collect(tmp_path, story, catalogue=complete_with(run))

    assert leaks(sinks) == []


@pytest.mark.parametrize("story", STORIES)
@pytest.mark.parametrize("leak", LEAKS.values(), ids=LEAKS.keys())
def test_a_leak_planted_in_an_activity_is_found(tmp_path: Path, story: Story, leak: Leak) -> None:
    sinks = collect(tmp_path, story, catalogue=complete_with(leak))

    assert leaks(sinks) != []


async def in_an_audit_row(world: World) -> None:
    digest = hashlib.sha256(WRONG.encode()).hexdigest()
    row = AuditRow(id="A" * 26, at=NOON, actor="x", action="y", subject="z", facts={"d": digest})
    await world.store.write(MAIN_TENANT, Staged(audit=(row,)))


async def in_a_zipped_file(world: World) -> None:
    (world.folder / "dump.bin").write_bytes(b"\0\0" + zipped(f"[{RIGHT}]"))


async def in_an_address(world: World) -> None:
    browser = world.surface.browser()
    await world.kept(browser, browser.get("/web/trustweb?pt=x"))
    last = world.answers[-1]
    planted = (*last.headers, ("location", f"/x?p={encodings(WRONG)['URL'].decode()}"))
    world.answers[-1] = replace(last, headers=planted)


async def in_an_error_of_the_api(world: World) -> None:
    app = await world.app()
    await app.answer(passcode=RIGHT * 9)
    last = world.answers[-1]
    assert last.status == 422
    told = last.json | {"message": f"{encodings(RIGHT)['base64 at 1'].decode()} is too long"}
    world.answers[-1] = replace(last, body=json.dumps(told).encode())


async def in_a_screen_of_the_api(world: World) -> None:
    app = await world.app()
    await app.look()
    last = world.answers[-1]
    shown = last.json | {"values": {"passcode": WRONG}}
    world.answers[-1] = replace(last, body=json.dumps(shown).encode())


async def in_a_page(world: World) -> None:
    browser = world.surface.browser()
    await world.kept(browser, browser.get("/web/trustweb?pt=x"))
    last = world.answers[-1]
    world.answers[-1] = replace(last, body=last.body + encodings(WRONG)["HTML"])


async def in_a_row(world: World) -> None:
    row = AuditRow(id="A" * 26, at=NOON, actor=WRONG, action="y", subject="z")
    await world.store.write(MAIN_TENANT, Staged(audit=(row,)))


@pytest.mark.parametrize(
    "story",
    [
        in_an_audit_row,
        in_a_zipped_file,
        in_an_address,
        in_a_page,
        in_a_row,
        in_an_error_of_the_api,
        in_a_screen_of_the_api,
    ],
)
def test_a_leak_planted_in_a_sink_is_found(
    tmp_path: Path, story: Callable[[World], Awaitable[None]]
) -> None:
    sinks = collect(tmp_path, story)

    assert leaks(sinks) != []
