"""`rtas`: application servers that tell browsers what becomes of registrations, and their keys."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from engine.cli.administration.mistakes import told
from engine.cli.command import Documented, Group, data_option, fail, json_option
from engine.cli.hints import hint
from engine.cli.opening import change, with_application
from engine.cli.terminal.page import Terminal, clean, say_json

if TYPE_CHECKING:
    from engine.access.rtas_clients import MintedClient
    from engine.app import Application
    from engine.model.problem import FieldProblem
    from engine.ports.actor import Actor
    from engine.records.realtime import RtasClient, SigningKey
    from engine.run.unit import Unit

OPTIONS: Final = {"clientId": "", "description": "--description"}
ORIGIN_HELP: Final = "A page that may listen: https://host, or null for web views. Repeat it."


@click.group(cls=Group, short_help="Let application servers tell browsers what happens.")
def rtas() -> None:
    """RTAS: application servers publish events, browsers receive them at once."""


@rtas.command(
    cls=Documented,
    examples=(
        "trustflow rtas add bank-app --origin https://bank.example",
        "trustflow rtas add bank-mobile --origin null --json",
    ),
)
@click.argument("client")
@click.option("--origin", "origins", multiple=True, help=ORIGIN_HELP)
@click.option("--description", default="", help="2,000 characters at most.")
@data_option
@json_option
def add(
    *, client: str, origins: tuple[str, ...], description: str, data: Path | None, as_json: bool
) -> int:
    """Add a client and show its secret: once, for it is kept nowhere."""

    async def staged(unit: Unit, actor: Actor) -> MintedClient | tuple[FieldProblem, ...]:
        from engine.access.rtas_clients import add_client

        return await add_client(unit, actor, client, origins=origins, description=description)

    made = with_application(data, lambda application: change(application, staged), makes=True)
    return _minted(made, as_json=as_json)


@rtas.command(
    "list", cls=Documented, examples=("trustflow rtas list", "trustflow rtas list --json")
)
@data_option
@json_option
def list_clients(*, data: Path | None, as_json: bool) -> int:
    """List clients: which pages may listen, never what opens."""

    async def work(application: Application) -> list[RtasClient]:
        from engine.ports.paging import every
        from engine.records.realtime import RtasClient

        return [row async for row in every(application.store, application.tenant, RtasClient)]

    rows = with_application(data, work)
    if as_json:
        say_json({"clients": [_known(row) for row in rows]})
    elif not rows:
        Terminal.here().say(f"No clients yet. Add one: {hint('rtas', 'add', 'CLIENT')}")
    else:
        head = ("client id", "status", "origins", "hash")
        Terminal.here().table(head, [_row(row) for row in rows])
    return 0


@rtas.command("change", cls=Documented, examples=("trustflow rtas change bank-app --origin null",))
@click.argument("client")
@click.option("--origin", "origins", multiple=True, help=f"{ORIGIN_HELP} They replace all.")
@click.option("--description", help="2,000 characters at most.")
@data_option
def change_client(
    *, client: str, origins: tuple[str, ...], description: str | None, data: Path | None
) -> int:
    """Change which pages may listen, or the description; what is not given stays."""

    def work(unit: Unit, actor: Actor, row: RtasClient) -> RtasClient | tuple[FieldProblem, ...]:
        from engine.access.rtas_clients import change_client

        return change_client(unit, actor, row, origins=origins or None, description=description)

    return _put(client, work, "is changed.", data)


@rtas.command(cls=Documented, examples=("trustflow rtas block bank-app",))
@click.argument("client")
@data_option
def block(*, client: str, data: Path | None) -> int:
    """Block a client: from now on neither its tokens nor those of its users open anything."""

    def work(unit: Unit, actor: Actor, row: RtasClient) -> RtasClient | tuple[FieldProblem, ...]:
        from engine.access.rtas_clients import change_client

        return change_client(unit, actor, row, status="BLOCKED")

    return _put(client, work, "is blocked: it opens nothing.", data)


@rtas.command(cls=Documented, examples=("trustflow rtas unblock bank-app",))
@click.argument("client")
@data_option
def unblock(*, client: str, data: Path | None) -> int:
    """Let a blocked client in again."""

    def work(unit: Unit, actor: Actor, row: RtasClient) -> RtasClient | tuple[FieldProblem, ...]:
        from engine.access.rtas_clients import change_client

        return change_client(unit, actor, row, status="ACTIVE")

    return _put(client, work, "may come in again.", data)


@rtas.command(cls=Documented, examples=("trustflow rtas exchange bank-app",))
@click.argument("client")
@data_option
@json_option
def exchange(*, client: str, data: Path | None, as_json: bool) -> int:
    """Exchange a client's secret: the new one is shown once, the old one opens for a day too."""

    async def staged(unit: Unit, actor: Actor) -> MintedClient | tuple[FieldProblem, ...]:
        from engine.access.rtas_clients import exchange_secret

        return exchange_secret(unit, actor, await _named(unit, client))

    made = with_application(data, lambda application: change(application, staged))
    return _minted(made, as_json=as_json)


@rtas.command(cls=Documented, examples=("trustflow rtas remove bank-app",))
@click.argument("client")
@data_option
def remove(*, client: str, data: Path | None) -> int:
    """Remove a client, and with it whatever its tokens open."""

    def work(unit: Unit, actor: Actor, row: RtasClient) -> RtasClient:
        from engine.access.rtas_clients import remove_client

        remove_client(unit, actor, row)
        return row

    return _put(client, work, "is removed.", data)


@rtas.command(
    "rotate",
    cls=Documented,
    examples=("trustflow rtas rotate", "trustflow rtas rotate --at-once"),
)
@click.option(
    "--at-once", is_flag=True, help="A key has leaked: what was signed so far is good no more."
)
@data_option
def rotate_keys(*, at_once: bool, data: Path | None) -> int:
    """Sign tokens of end users with a new key; those that are out stay good until their end."""

    async def work(application: Application) -> SigningKey | tuple[FieldProblem, ...]:
        from engine.realtime.tokens import Issuer, rotate

        issuer = Issuer(
            vault=application.vault,
            signer=application.signer,
            chance=application.chance,
            url="",  # nothing is signed here
        )
        return await change(
            application, lambda unit, actor: rotate(unit, issuer, actor, at_once=at_once)
        )

    made = with_application(data, work)
    if isinstance(made, tuple):
        return told(made, as_json=False, options=OPTIONS)
    terminal = Terminal.here()
    terminal.say(f"New tokens are signed with the key {made.kid}.")
    if at_once:
        terminal.say("Those that are out are good no more: who listens with one ends in a second.")
    return 0


def _put(
    name: str,
    work: Callable[[Unit, Actor, RtasClient], RtasClient | tuple[FieldProblem, ...]],
    sentence: str,
    data: Path | None,
) -> int:
    async def staged(unit: Unit, actor: Actor) -> RtasClient | tuple[FieldProblem, ...]:
        return work(unit, actor, await _named(unit, name))

    found = with_application(data, lambda application: change(application, staged))
    if isinstance(found, tuple):
        return told(found, as_json=False, options=OPTIONS, others="--origin ")
    Terminal.here().say(f"The client {clean(found.name)} {sentence}")
    return 0


def _minted(made: MintedClient | tuple[FieldProblem, ...], *, as_json: bool) -> int:
    if isinstance(made, tuple):
        return told(made, as_json=as_json, options=OPTIONS, others="--origin ")
    if as_json:
        say_json({**_known(made.client), "clientSecret": made.secret}, shown_once=(made.secret,))
        return 0
    terminal = Terminal.here()
    terminal.say()
    terminal.show_once(made.secret, "link")
    terminal.say()
    origins = [("page", origin) for origin in made.client.origins or ("none may listen yet",)]
    terminal.facts([("client id", made.client.name), *origins])
    terminal.say()
    terminal.write(
        "Copy the secret now: it is shown this once, and kept nowhere. The application server sends"
        " id and secret to POST /rtas/v1/login."
    )
    if not made.client.origins:
        change = hint("rtas", "change", made.client.name, "--origin", "https://HOST")
        terminal.write(f"Browsers are let in from pages that are listed: {change}")
    return 0


async def _named(unit: Unit, name: str) -> RtasClient:
    from engine.access.rtas_clients import client_named

    found = await client_named(unit, name)
    if found is None:
        fail(f"There is no client {clean(name)}. `{hint('rtas', 'list')}` shows them.")
    return found


def _row(client: RtasClient) -> tuple[str, ...]:
    shown = ", ".join(map(clean, client.origins)) or "this server's own"
    return clean(client.name), client.status, shown, client.secrets[0].hash[:6]


def _known(client: RtasClient) -> dict[str, object]:
    """Write a client for a program: everything but what opens it."""
    return {
        "id": client.id,
        "clientId": clean(client.name),
        "description": clean(client.description),
        "status": client.status,
        "origins": [clean(origin) for origin in client.origins],
        "prefix": client.secrets[0].hash[:6],
    }
