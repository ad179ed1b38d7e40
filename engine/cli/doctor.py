"""`doctor`: looks at everything a start needs and explains every red line. Changes nothing."""

from __future__ import annotations

import errno
import os
import platform
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import click

from engine.cli.command import PROBLEMS, Documented, data_option, json_option
from engine.cli.findings import WORDS, Finding, bad, fine, warning
from engine.cli.hints import command_name, hint
from engine.cli.opening import opened, tenant_asked_for
from engine.cli.terminal.page import Terminal, clean, columns, counted, say_json
from engine.errors import (
    ActivityMissing,
    SchemaRefused,
    SettingsRefused,
    TrustflowError,
    UnknownBundle,
    VaultRefused,
)
from engine.model.names import MAIN_TENANT, TenantId
from engine.settings import Settings, read

if TYPE_CHECKING:
    from engine.app import Application
    from engine.records.deployments import Deployment

OTHERS: Final = 0o077
LEAST_SQLITE: Final = (3, 51, 3)
"""Before it the write-ahead log could be corrupted by a rare race (design 10)."""
CLOCK_SLACK: Final = timedelta(seconds=60)


@click.command(
    cls=Documented,
    short_help="Explain what keeps a start from being safe.",
    examples=("trustflow doctor --data /srv/trustflow", "trustflow doctor --json"),
)
@data_option
@json_option
def doctor(*, data: Path | None, as_json: bool) -> int:
    """Look at everything a start needs: each line that is not ok says why, and what to do.

    Exit code 0: fine, or warnings alone. 1: something is bad. Nothing is changed.
    """
    findings = list(examine(data))
    if as_json:
        names = ("state", "what", "told", "remedy")
        say_json({"findings": [{name: getattr(one, name) for name in names} for one in findings]})
    else:
        _show(Terminal.here(), findings)
    return PROBLEMS if any(one.state == "bad" for one in findings) else 0


def _show(terminal: Terminal, findings: Sequence[Finding]) -> None:
    widest = max(columns(one.what) for one in findings)
    for one in findings:
        word, tone = WORDS[one.state]
        shown = f"{word:<4}  {one.what:<{widest}}  "
        lines = terminal.wrapped(clean(one.told), first=shown, indent=" " * len(shown))
        terminal.say(lines[0].replace(word, terminal.tone(word, tone), 1))
        for line in lines[1:]:
            terminal.say(line)
        if one.remedy:
            terminal.write(f"-> {clean(one.remedy)}", first=" " * 6, indent=" " * 9, tone=tone)
    counts = {state: sum(one.state == state for one in findings) for state in WORDS}
    terminal.say()
    terminal.say(f"{counts['fine']} ok, {counts['warning']} to think about, {counts['bad']} bad")


def examine(data: Path | None) -> Iterator[Finding]:
    """Look at one thing after the other; what rests on something bad is left out."""
    yield fine("python", platform.python_version())
    yield _sqlite()
    try:
        settings = read(data)
    except SettingsRefused as refused:
        problems = refused.facts.get("problems")
        for problem in problems if isinstance(problems, tuple) else (str(refused),):
            yield bad("settings", str(problem), "Nothing starts before that is mended.")
        return
    yield from _chosen(settings)
    there = list(_folder(settings.data) if settings.database is None else _server(settings))
    yield from there
    if all(one.state != "bad" for one in there):
        yield from _inside(settings)


def _sqlite() -> Finding:
    import apsw

    version = apsw.sqlite_lib_version()
    if tuple(int(part) for part in version.split(".")) < LEAST_SQLITE:
        return bad("sqlite", f"{version} can damage its write-ahead log", "Install apsw 3.51.3.")
    return fine("sqlite", version)


def _chosen(settings: Settings) -> Iterator[Finding]:
    passes = counted(settings.argon_passes, "pass", "passes")
    yield fine(
        "hashing",
        f"argon2id, {settings.argon_memory_kib:,} KiB, {passes}, {settings.hash_workers} at once",
    )
    yield _surface(settings)
    yield _port(settings)
    yield from _redirects(settings.allowed_redirects)


def _surface(settings: Settings) -> Finding:
    from engine.cli.serve import refuse_open

    try:
        refuse_open(settings)
    except click.UsageError as refused:
        return bad("address", refused.message, "`serve` refuses to start like this.")
    where = settings.public_url or f"this machine alone, {settings.host}"
    return fine("address", where)


def _port(settings: Settings) -> Finding:
    import socket

    name = f"{settings.host}:{settings.port}"
    with socket.socket() as probe:
        try:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((settings.host, settings.port))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                remedy = "If that is not our own `serve`, choose another port."
                return warning("port", f"{name} is taken", remedy)
            return bad("port", f"{name}: {error.strerror or error}", "Choose another host or port.")
    return fine("port", f"{name} is free")


def _redirects(allowed: Sequence[str]) -> Iterator[Finding]:
    for url in allowed:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname or "@" in parts.netloc:
            yield bad("redirects", f"{url} is no address", "Write https://host/path/ in full.")
        elif parts.scheme == "http":
            yield warning("redirects", f"{url} can be read on the way", "Use https.")
    told = f"{len(allowed)} allowed" if allowed else "journeys lead nowhere else"
    yield fine("redirects", told)


def _folder(folder: Path) -> Iterator[Finding]:
    from engine.app import DATABASE, KEYS

    if not (folder / DATABASE).is_file():
        remedy = f"Name the folder with --data; or begin one: {hint('deploy', 'FILE')}"
        yield bad("data folder", f"{folder} holds no data", remedy)
        return
    for what, path in (("data folder", folder), ("database", folder / DATABASE)):
        yield _private(what, path)
    yield _keys(folder / KEYS)
    yield _schema(folder / DATABASE)


def _server(settings: Settings) -> Iterator[Finding]:
    """Look at a PostgreSQL database, and at what lies in the folder beside it."""
    from engine.adapters.system import SystemClock
    from engine.app import KEYS
    from engine.cli.database.examined import examined

    if settings.database is not None:
        yield from examined(settings.database, SystemClock().now())
    if not (settings.data / KEYS).is_dir():
        remedy = (
            "Bring a copy of the keys that the database was begun with; for one that is still empty"
            f" they are made by {hint('deploy', 'FILE')}"
        )
        yield bad("keys", f"there are none in {settings.data}", remedy)
        return
    yield _private("data folder", settings.data)
    yield _keys(settings.data / KEYS)


def _private(what: str, path: Path) -> Finding:
    if os.name == "posix" and path.stat().st_mode & OTHERS:
        return bad(what, f"others may read {path}", f"chmod go-rwx {path}")
    return fine(what, str(path))


def _keys(folder: Path) -> Finding:
    from engine.adapters.vault import FileVault

    try:
        vault = FileVault.open(folder, make=False)
    except VaultRefused as refused:
        facts = refused.facts
        remedy = "Bring the keys back from a copy: without them no passcode can be verified."
        if "chmod" in str(facts.get("reason")):
            remedy = f"chmod -R go-rwx {folder}"
        return bad("keys", f"{facts.get('path', folder)}: {facts.get('reason')}", remedy)
    return fine("keys", f"loaded, {vault.current('pepper')} is today's")


def _schema(path: Path) -> Finding:
    import apsw

    from engine.adapters.sqlite.database import missing, shipped

    known = shipped()
    try:
        connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
        try:
            due = missing(connection, known)
        finally:
            connection.close()
    except apsw.Error as error:
        told = f"the file cannot be read as our database ({type(error).__name__})"
        return bad("schema", told, "Bring back a copy of it.")
    except SchemaRefused:
        remedy = "Use the newer version of the program that wrote it."
        return bad("schema", "another version of the program has written it", remedy)
    if due:
        remedy = f"Start `{hint('serve')}` once; it brings the schema to today's."
        return bad("schema", f"{counted(len(due), 'migration')} to run", remedy)
    return fine("schema", f"today's, number {len(known)}")


def _inside(settings: Settings) -> Iterator[Finding]:
    import asyncio

    try:
        yield from asyncio.run(opened(settings, _read))
    except TrustflowError as error:
        yield bad("store", str(error), "Nothing starts before that is mended.")


async def _read(application: Application) -> list[Finding]:
    found = [await _clock(application)]
    for tenant in await _tenants(application):
        application.tenant = tenant
        told = [
            *await _policies(application),
            *await _definitions(application),
            await _outbox(application),
        ]
        found += told if tenant == MAIN_TENANT else [_of(tenant, one) for one in told]
    return found


async def _tenants(application: Application) -> Sequence[TenantId]:
    """Give the tenant that was named, else all."""
    from engine.access.tenants import tenants

    if tenant_asked_for() is not None:
        return [application.tenant]
    return await tenants(application.store)


def _of(tenant: TenantId, found: Finding) -> Finding:
    ours = command_name()
    remedy = found.remedy.replace(f"{ours} ", f"{ours} --tenant {tenant} ", 1)
    return replace(found, told=f"{tenant}: {found.told}", remedy=remedy)


async def _outbox(application: Application) -> Finding:
    from engine.ports.store import PageQuery
    from engine.records.work import Job

    query = PageQuery(by="status", value="DEAD", size=1)
    dead = (await application.store.page(application.tenant, Job, query)).total
    if dead:
        told = f"{counted(dead, 'message')} could not be delivered"
        return warning("outbox", told, hint("outbox", "list"))
    return fine("outbox", "nothing was given up")


async def _clock(application: Application) -> Finding:
    from engine.ports.store import AuditQuery

    now = application.clock.now()
    newest = (await application.store.audit(application.tenant, AuditQuery(size=1))).rows
    if newest and newest[0].at > now + CLOCK_SLACK:
        told = (
            f"it is {now:%Y-%m-%d %H:%M} UTC, and the journal knows {newest[0].at:%Y-%m-%d %H:%M}"
        )
        return bad("clock", told, "Set the clock: locks and time limits depend on it.")
    return fine("clock", f"{now:%Y-%m-%d %H:%M:%S} UTC")


async def _policies(application: Application) -> list[Finding]:
    from engine.identity.policies import risks
    from engine.ports.paging import every
    from engine.records.identity import PasscodePolicy

    rows = [row async for row in every(application.store, application.tenant, PasscodePolicy)]
    remedy = "The policy accepts that risk; a safer one is better."
    found = [
        warning("passcode policy", f"{row.id}: {risk}", remedy)
        for row in rows
        for risk in risks(row)
    ]
    return found or [fine("passcode policies", f"{len(rows)}, none accepts a risk")]


async def _definitions(application: Application) -> list[Finding]:
    from engine.ports.paging import every
    from engine.records.deployments import Deployment

    rows = [row async for row in every(application.store, application.tenant, Deployment)]
    if not rows:
        return [warning("definitions", "none is deployed", hint("deploy", "FILE"))]
    found = [await _definition(application, row) for row in rows]
    good = sum(not lines for lines in found)
    listed = [line for lines in found for line in lines]
    return [*listed, fine("definitions", f"{good} can run")] if good else listed


async def _definition(application: Application, row: Deployment) -> list[Finding]:
    from engine.cli.administration.needs import lacks
    from engine.model.names import Digest

    name = f"{row.bundle.process} {row.bundle.version}"
    try:
        graph = await application.library.graph(application.tenant, Digest(row.id))
    except ActivityMissing as missing:
        label = f"{missing.facts.get('label')} version {missing.facts.get('version')}"
        told = f"{name} needs the activity {label}, which is not installed"
        package = missing.facts.get("package")
        return [bad("definitions", told, f"Install the package that brings it ({package}).")]
    except UnknownBundle:
        told = f"the stored texts of {name} were changed"
        return [bad("definitions", told, "Bring back a copy of the database.")]
    found = await lacks(application, graph)
    return [warning("definitions", lack.told, lack.remedy) for lack in found]
