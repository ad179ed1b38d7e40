"""`apikey`: how application servers come in: made, listed, blocked, ended."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

import click

from engine.cli.administration.mistakes import told
from engine.cli.command import Documented, Group, Length, data_option, fail, json_option, misused
from engine.cli.hints import hint
from engine.cli.opening import change, with_application
from engine.cli.terminal.page import Terminal, clean, say_json

if TYPE_CHECKING:
    from engine.access.keys import Minted
    from engine.app import Application
    from engine.model.names import TenantId
    from engine.model.problem import FieldProblem
    from engine.ports.actor import Actor
    from engine.records.access import ApiKey
    from engine.run.unit import Unit

OPTIONS: Final[Mapping[str, str]] = {
    "name": "",
    "description": "--description",
    "expiresDtm": "--session",
}
GRAMMAR: Final = "TNT#"
EVERYTHING: Final = "*"


@click.group(cls=Group, short_help="Let application servers in.")
def apikey() -> None:
    """API keys: how application servers come in."""


@apikey.command(
    cls=Documented,
    examples=(
        "trustflow apikey add shop --permission IdentityStore:listUsers",
        "trustflow apikey add back-office --permission 'ProcessManager:*' --session PT8H",
        "trustflow apikey add setup --all --session PT1H --json",
    ),
)
@click.argument("name")
@click.option(
    "--permission",
    "permissions",
    multiple=True,
    metavar="SERVICE:OPERATION",
    help="What it may do; repeat it. `apikey permissions` lists them.",
)
@click.option("--all", "everything", is_flag=True, help="It may do whatever there is.")
@click.option("--session", type=Length(), help="It ends by itself, within a day (else never).")
@click.option("--description", default="", help="2,000 characters at most.")
@data_option
@json_option
def add(
    *,
    name: str,
    permissions: tuple[str, ...],
    everything: bool,
    session: timedelta | None,
    description: str,
    data: Path | None,
    as_json: bool,
) -> int:
    """Make a key and show it: once, for it is kept nowhere."""
    if bool(permissions) == everything:
        misused("say what it may do: --permission SERVICE:OPERATION, or --all.")
    if EVERYTHING in permissions:
        misused("write SERVICE:* for all of a service, or --all instead of a --permission.")

    async def staged(unit: Unit, actor: Actor) -> Minted | tuple[FieldProblem, ...]:
        from engine.access.keys import add_key

        wanted = ("*:*",) if everything else permissions
        return await add_key(
            unit, actor, name, permissions=[_whole(unit.tenant, one) for one in wanted],
            description=description, life=session,
            type="PERMANENT" if session is None else "SESSION",
        )  # fmt: skip

    made = with_application(data, lambda application: change(application, staged))
    if isinstance(made, tuple):
        return told(made, as_json=as_json, options=OPTIONS, others="--permission ")
    _show(made, as_json)
    return 0


def _whole(tenant: TenantId, permission: str) -> str:
    return permission if permission.startswith(GRAMMAR) else f"{GRAMMAR}{tenant}#{permission}"


def _show(made: Minted, as_json: bool) -> None:
    if as_json:
        say_json({**_known(made.key), "apiKey": made.secret}, shown_once=(made.secret,))
        return
    terminal = Terminal.here()
    terminal.say()
    terminal.show_once(made.secret, "link")
    terminal.say()
    terminal.facts(
        [("key", made.key.name), ("id", made.key.id), ("until", _when(made.key.expires_at))]
        + [("may", permission) for permission in made.key.permissions]
    )
    terminal.say()
    terminal.write(
        "Copy the key now: it is shown this once, and kept nowhere. A program sends it as X-API-Key"
        " to POST /api/arthr/apiKeys/issue."
    )


@apikey.command(
    "list", cls=Documented, examples=("trustflow apikey list", "trustflow apikey list --json")
)
@data_option
@json_option
def list_keys(data: Path | None, *, as_json: bool) -> int:
    """List keys: what they may do and until when, never what opens."""

    async def work(application: Application) -> list[ApiKey]:
        from engine.ports.paging import every
        from engine.records.access import ApiKey

        return [key async for key in every(application.store, application.tenant, ApiKey)]

    rows = with_application(data, work)
    if as_json:
        say_json({"apiKeys": [_known(row) for row in rows]})
    elif not rows:
        Terminal.here().say(f"No API keys yet. Make one: {hint('apikey', 'add', 'NAME', '--all')}")
    else:
        head = ("name", "id", "status", "until", "permissions", "hash")
        Terminal.here().table(head, [_row(row) for row in rows])
    return 0


@apikey.command(cls=Documented, examples=("trustflow apikey block shop",))
@click.argument("name")
@data_option
def block(*, name: str, data: Path | None) -> int:
    """Block a key, by its name or id: from now on it opens nothing."""
    return _put(name, "BLOCKED", "is blocked: it opens nothing.", data)


@apikey.command(cls=Documented, examples=("trustflow apikey unblock shop",))
@click.argument("name")
@data_option
def unblock(*, name: str, data: Path | None) -> int:
    """Let a blocked key in again."""
    return _put(name, "ACTIVE", "may come in again.", data)


@apikey.command(cls=Documented, examples=("trustflow apikey end shop",))
@click.argument("name")
@data_option
def end(*, name: str, data: Path | None) -> int:
    """End a key for good; its name is free again."""

    async def staged(unit: Unit, actor: Actor) -> ApiKey:
        from engine.access.keys import end_key

        key = await _named(unit, name)
        return key if key.status == "ARCHIVED" else end_key(unit, actor, key)

    with_application(data, lambda application: change(application, staged))
    Terminal.here().say(f"The key {clean(name)} has ended: it opens nothing any more.")
    return 0


@apikey.command(cls=Documented, examples=("trustflow apikey permissions",))
@json_option
def permissions(*, as_json: bool) -> int:
    """List what a key can be permitted."""
    from engine.access.permissions import ALL, OPERATIONS

    named = {service: sorted(names) for service, names in OPERATIONS.items()}
    if as_json:
        say_json({"permissions": named})
        return 0
    terminal = Terminal.here()
    for service, names in named.items():
        terminal.say(f"{service}:{ALL}")
        for name in names:
            terminal.say(f"  {service}:{name}")
    return 0


def _put(name: str, status: Literal["ACTIVE", "BLOCKED"], sentence: str, data: Path | None) -> int:
    async def staged(unit: Unit, actor: Actor) -> ApiKey | tuple[FieldProblem, ...]:
        from engine.access.keys import change_key

        key = await _named(unit, name)
        return key if key.status == status else change_key(unit, actor, key, status=status)

    found = with_application(data, lambda application: change(application, staged))
    if isinstance(found, tuple):
        return told(found, as_json=False, options={"status": ""})
    Terminal.here().say(f"The key {clean(found.name)} {sentence}")
    return 0


async def _named(unit: Unit, name: str) -> ApiKey:
    from engine.records.access import ApiKey

    found = await unit.find(ApiKey, "name", name) or await unit.get(ApiKey, name)
    if found is None:
        fail(f"There is no API key {clean(name)}. `{hint('apikey', 'list')}` shows them.")
    return found


def _row(key: ApiKey) -> tuple[str, ...]:
    may = ", ".join(one.split("#")[2] for one in key.permissions)
    return clean(key.name), key.id, key.status, _when(key.expires_at), may or "none", key.prefix


def _when(at: datetime | None) -> str:
    return "no end" if at is None else f"{at:%Y-%m-%d %H:%M} UTC"


def _known(key: ApiKey) -> dict[str, object]:
    """Write a key for a program: everything but what opens it."""
    return {
        "id": key.id,
        "name": clean(key.name),
        "description": clean(key.description),
        "type": key.type,
        "status": key.status,
        "permissions": list(key.permissions),
        "prefix": key.prefix,
        "expiresDtm": key.expires_at.isoformat() if key.expires_at else None,
    }
