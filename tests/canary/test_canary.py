"""No passcode rests anywhere: all sinks are scanned after every walk; planted leaks are found."""

from __future__ import annotations

import base64
import hashlib
import logging
import tempfile
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import apsw
import pytest

import activities
from engine.activity import Activity, Call, Ended, Passcodes
from engine.model.names import MAIN_TENANT
from engine.records.record import AuditRow, Staged
from engine.run.catalogue import Catalogue
from engine.testing import NOON
from tests.canary.scan import encodings, found, zipped
from tests.canary.world import RIGHT, WRONG, World, collect

COMPLETE = "Complete Passcode Authentication"


def leaks(sinks: list[tuple[str, bytes]]) -> list[str]:
    """Say where a passcode was found, and how it was written."""
    return [
        f"{name}: {way}" for name, blob in sinks for secret in (RIGHT, WRONG)
        for way in found(blob, secret)
    ]  # fmt: skip


async def walk(world: World) -> None:
    await world.walk()


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

    sinks = collect(tmp_path, story, store_probe=probe)

    assert leaks(sinks) == []


def complete_with(run: Callable[[Call], Awaitable[Ended]]) -> Catalogue:
    """Our catalogue with another *Complete Passcode Authentication*."""
    ours = [a for a in activities.ALL if a.signature.label != COMPLETE]
    old: Activity = next(a for a in activities.ALL if a.signature.label == COMPLETE)
    return Catalogue.of([*ours, replace(old, run=run)])


async def breaks(call: Call) -> Ended:
    secret = call.secret("passcodeAuthenticationKey", "passcode")
    raise ValueError(f"{call!r} {secret} {secret!r} {call.bag}")


async def breaks_in_a_group(call: Call) -> Ended:
    raise ExceptionGroup("two", [KeyError(str(dict(call.bag))), OSError(repr(call))])


@pytest.mark.parametrize("run", [breaks, breaks_in_a_group])
def test_an_activity_that_throws_all_it_has_leaves_no_passcode(
    tmp_path: Path, run: Callable[[Call], Awaitable[Ended]]
) -> None:
    sinks = collect(tmp_path, walk, catalogue=complete_with(run))

    assert leaks(sinks) == []


async def by_key(call: Call) -> Ended:
    value = call.secret("passcodeAuthenticationKey", "passcode").reveal()
    return Ended(keys={"passcodeAuthenticationKey": {"was": value}}, result="FAIL",
                 error="FailedPasscodeAuthentication")  # fmt: skip


async def by_message(call: Call) -> Ended:
    value = call.secret("passcodeAuthenticationKey", "passcode").reveal()
    return Ended(error="FailedPasscodeAuthentication", message=value, result="FAIL")


async def by_log(call: Call) -> Ended:
    value = call.secret("passcodeAuthenticationKey", "passcode").reveal()
    logging.getLogger("stranger").info("checking %s", base64.b64encode(b"x" + value.encode()))
    return Ended(error="FailedPasscodeAuthentication", result="FAIL")


async def by_trace(call: Call) -> Ended:
    value = call.secret("passcodeAuthenticationKey", "passcode").reveal()
    try:
        raise ValueError(value)
    except ValueError:
        logging.getLogger("stranger").exception("it broke")
    return Ended(error="FailedPasscodeAuthentication", result="FAIL")


async def by_print(call: Call) -> Ended:
    value = call.secret("passcodeAuthenticationKey", "passcode").reveal()
    print(value.upper())  # noqa: T201 - the planted leak
    return Ended(error="FailedPasscodeAuthentication", result="FAIL")


async def by_file(call: Call) -> Ended:
    value = call.secret("passcodeAuthenticationKey", "passcode").reveal()
    with tempfile.NamedTemporaryFile("w", delete=False, encoding="utf-16-le") as file:
        file.write(value)
    return Ended(error="FailedPasscodeAuthentication", result="FAIL")


async def by_digest(call: Call) -> Ended:
    value = call.secret("passcodeAuthenticationKey", "passcode").reveal()
    attempt = call.slot("passcodeAuthenticationKey").value
    seen = hashlib.sha1(value.encode(), usedforsecurity=False).hexdigest()
    await call.use(Passcodes).bounds(attempt)
    return Ended(error="FailedPasscodeAuthentication", message=seen, result="FAIL")


@pytest.mark.parametrize(
    "run", [by_key, by_message, by_log, by_trace, by_print, by_file, by_digest]
)
def test_a_leak_planted_in_an_activity_is_found(
    tmp_path: Path, run: Callable[[Call], Awaitable[Ended]]
) -> None:
    sinks = collect(tmp_path, walk, catalogue=complete_with(run))

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
    [in_an_audit_row, in_a_zipped_file, in_an_address, in_a_page, in_a_row],
)
def test_a_leak_planted_in_a_sink_is_found(
    tmp_path: Path, story: Callable[[World], Awaitable[None]]
) -> None:
    sinks = collect(tmp_path, story)

    assert leaks(sinks) != []
