"""`webhook`: where programs elsewhere are told what became of a journey, in which words."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from engine.cli.administration.mistakes import told
from engine.cli.command import Documented, Group, Length, Pair, data_option, fail, json_option
from engine.cli.hints import hint
from engine.cli.opening import change, with_application
from engine.cli.terminal.page import Terminal, clean, counted, say_json

if TYPE_CHECKING:
    from engine.app import Application
    from engine.model.problem import FieldProblem
    from engine.ports.actor import Actor
    from engine.records.webhooks import Webhook
    from engine.run.unit import Unit
    from engine.webhooks.definitions import Made

OPTIONS: Final = {
    "name": "",
    "uri": "",
    "description": "--description",
    "retryIntervals": "--retry",
    "body": "--body",
}
MANY: Final = 1_000_000
"""Bytes of a file that is still read, to say what is wrong with it."""


@click.group(cls=Group, short_help="Tell programs elsewhere what became of journeys.")
def webhook() -> None:
    """Webhooks: what the activity Send Webhook says, and to whom."""


@webhook.command(
    cls=Documented,
    examples=(
        "trustflow webhook add shop https://shop.example/hooks",
        "trustflow webhook add shop https://shop.example/hooks --body shop.json --header X-From=us",
        "trustflow webhook add shop https://shop.example/hooks --sensitive headers.json --json",
    ),
)
@click.argument("name")
@click.argument("uri")
@click.option("--get", "is_get", is_flag=True, help="By GET, without a body (else POST).")
@click.option("--body", type=click.Path(path_type=Path), help="File with the JSON to say.")
@click.option("--header", "headers", type=Pair(), multiple=True, help="Repeat it.")
@click.option("--parameter", "parameters", type=Pair(), multiple=True, help="Into the query.")
@click.option(
    "--sensitive",
    type=click.Path(path_type=Path),
    help="File with a JSON object of headers that are kept sealed.",
)
@click.option("--retry", "delays", type=Length(), multiple=True, help="After each failed try.")
@click.option("--description", default="", help="2,000 characters at most.")
@data_option
@json_option
def add(
    *,
    name: str,
    uri: str,
    is_get: bool,
    body: Path | None,
    headers: tuple[tuple[str, str], ...],
    parameters: tuple[tuple[str, str], ...],
    sensitive: Path | None,
    delays: tuple[timedelta, ...],
    description: str,
    data: Path | None,
    as_json: bool,
) -> int:
    """Add a webhook, or the next version of one; the first one's secret is shown once.

    Texts may hold {{processvar.NAME}}.
    """
    said = None if body is None else _json_of(body)
    hidden = {} if sensitive is None else _headers_of(sensitive)

    async def work(application: Application) -> Made | tuple[FieldProblem, ...]:
        from engine.webhooks.definitions import Wanted, add_webhook

        wanted = Wanted(
            name=name,
            uri=uri,
            description=description,
            method="GET" if is_get else "POST",
            headers=dict(headers),
            sensitive_headers=hidden,
            parameters=dict(parameters),
            body=said,
            delays=delays or None,
        )

        async def staged(unit: Unit, actor: Actor) -> Made | tuple[FieldProblem, ...]:
            return await add_webhook(unit, actor, application.vault, application.http, wanted)

        return await change(application, staged)

    made = with_application(data, work)
    if isinstance(made, tuple):
        return told(made, as_json=as_json, options=OPTIONS)
    _show(made, as_json)
    return 0


def _json_of(path: Path) -> Any:
    try:
        text = path.read_bytes()
        if len(text) > MANY:
            fail(f"{clean(str(path))} is too long for what a webhook says.")
        return json.loads(text)
    except OSError as error:
        fail(f"{clean(str(path))} cannot be read: {error.strerror}.")
    except (ValueError, RecursionError):
        fail(f"{clean(str(path))} is no JSON.")


def _headers_of(path: Path) -> dict[str, str]:
    found = _json_of(path)
    if not isinstance(found, dict) or not all(isinstance(one, str) for one in found.values()):
        fail(f'{clean(str(path))} must hold an object of texts: {{"Authorization": "..."}}.')
    return dict(found)


def _show(made: Made, as_json: bool) -> None:
    if as_json:
        shown_once = (made.secret,) if made.secret else ()
        say_json({**_known(made.webhook), "secret": made.secret}, shown_once=shown_once)
        return
    terminal = Terminal.here()
    if made.secret is None:
        terminal.say(f"{made.webhook.name} has version {made.webhook.number} now.")
        return
    _show_secret(terminal, made.secret)
    terminal.facts([("webhook", made.webhook.name), ("version", str(made.webhook.number))])


def _show_secret(terminal: Terminal, secret: str) -> None:
    terminal.say()
    terminal.show_once(secret, "link")
    terminal.say()
    terminal.write(
        "Copy the secret now: it is shown this once. Whoever receives the messages verifies them"
        " with it (Standard Webhooks)."
    )
    terminal.say()


@webhook.command("list", cls=Documented, examples=("trustflow webhook list --json",))
@data_option
@json_option
def list_webhooks(data: Path | None, *, as_json: bool) -> int:
    """List webhooks, every version of each; of sensitive headers the names alone."""

    async def work(application: Application) -> list[Webhook]:
        from engine.ports.paging import every
        from engine.records.webhooks import Webhook

        return [row async for row in every(application.store, application.tenant, Webhook)]

    rows = with_application(data, work)
    if as_json:
        say_json({"webhooks": [_known(row) for row in rows]})
    elif not rows:
        Terminal.here().say(f"No webhooks yet. Add one: {hint('webhook', 'add', 'NAME', 'URI')}")
    else:
        head = ("webhook", "version", "method", "to", "tries", "since")
        Terminal.here().table(head, [_row(row) for row in rows])
    return 0


@webhook.command(cls=Documented, examples=("trustflow webhook rotate shop",))
@click.argument("name")
@data_option
@json_option
def rotate(*, name: str, data: Path | None, as_json: bool) -> int:
    """Exchange the secret that a webhook's messages are signed with; for a day both sign."""

    async def work(application: Application) -> str:
        from engine.webhooks.definitions import rotate_secret

        async def staged(unit: Unit, actor: Actor) -> str:
            secret = await rotate_secret(unit, actor, application.vault, name)
            return secret if secret is not None else _missing(name)

        made = await change(application, staged)
        return str(made)

    secret = with_application(data, work)
    if as_json:
        say_json({"name": name, "secret": secret}, shown_once=(secret,))
    else:
        _show_secret(Terminal.here(), secret)
    return 0


@webhook.command(cls=Documented, examples=("trustflow webhook remove shop 1",))
@click.argument("name")
@click.argument("version", type=click.IntRange(1, 999_999))
@data_option
def remove(*, name: str, version: int, data: Path | None) -> int:
    """Remove one version; what waits to be sent by it is never delivered."""

    async def staged(unit: Unit, actor: Actor) -> Webhook:
        from engine.records.webhooks import Webhook
        from engine.webhooks.definitions import remove_webhook, webhook_id

        row = await unit.get(Webhook, webhook_id(name, version)) or _missing(name, version)
        remove_webhook(unit, actor, row)
        return row

    with_application(data, lambda application: change(application, staged))
    Terminal.here().say(f"Version {version} of {clean(name)} is gone.")
    return 0


def _missing(name: str, version: int | None = None) -> Any:
    one = f"webhook {clean(name)}" if version is None else f"version {version} of {clean(name)}"
    fail(f"There is no {one}. `{hint('webhook', 'list')}` shows them.")


def _row(row: Webhook) -> tuple[str, ...]:
    tries = counted(8 if row.delays is None else len(row.delays) + 1, "try", "tries")
    where = clean(row.uri)
    return row.name, str(row.number), row.method, where, tries, f"{row.created_at:%Y-%m-%d}"


def _known(row: Webhook) -> dict[str, object]:
    return {
        "name": row.name,
        "version": row.number,
        "method": row.method,
        "uri": row.uri,
        "description": clean(row.description),
        "headers": row.headers,
        "sensitiveHeaders": list(row.sensitive),
        "parameters": row.parameters,
        "body": row.body,
        "retrySeconds": None if row.delays is None else list(row.delays),
        "createdDtm": row.created_at.isoformat(),
    }
