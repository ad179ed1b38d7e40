"""`outbox`: what programs elsewhere are still to be told, and what they could not be."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from engine.cli.command import Documented, Group, data_option, fail, json_option
from engine.cli.hints import hint
from engine.cli.opening import change, with_application
from engine.cli.terminal.page import Terminal, clean, say_json

if TYPE_CHECKING:
    from datetime import datetime

    from engine.app import Application
    from engine.ports.actor import Actor
    from engine.records.work import Job
    from engine.run.unit import Unit

STATES: Final = ("dead", "waiting", "done")


@click.group(cls=Group, short_help="Look at what could not be delivered.")
def outbox() -> None:
    """The outbox: messages that wait to be sent, and those that were given up."""


@outbox.command(
    "list",
    cls=Documented,
    examples=("trustflow outbox list", "trustflow outbox list --status waiting --json"),
)
@click.option(
    "--status",
    type=click.Choice(STATES),
    default="dead",
    show_default=True,
    help="dead: given up; waiting: to be tried; done: its journey is to be told.",
)
@data_option
@json_option
def list_jobs(*, status: str, data: Path | None, as_json: bool) -> int:
    """List messages in one state: why the last try failed, and when the next one is."""

    async def work(application: Application) -> list[Job]:
        from engine.ports.paging import every
        from engine.records.work import Job

        store, tenant = application.store, application.tenant
        return [row async for row in every(store, tenant, Job, "status", status.upper())]

    rows = with_application(data, work)
    if as_json:
        say_json({"messages": [_known(row) for row in rows]})
    elif not rows:
        Terminal.here().say(f"Nothing is {status}.")
    else:
        head = ("message", "journey", "node", "tries", "last", "next", "why")
        Terminal.here().table(head, [_row(row) for row in rows])
    return 0


@outbox.command(cls=Documented, examples=("trustflow outbox retry msg_6R18EX7KXC4Y57GHYEP82B4SDA",))
@click.argument("message")
@data_option
def retry(*, message: str, data: Path | None) -> int:
    """Try a dead message again, from the start and under its own name; `serve` does it."""

    async def staged(unit: Unit, actor: Actor) -> Job:
        from engine.run.oversight.jobs import retry_job

        return retry_job(unit, actor, await _named(unit, message)) or _living(message)

    with_application(data, lambda application: change(application, staged))
    Terminal.here().say(f"{clean(message)} is tried again.")
    return 0


@outbox.command(cls=Documented, examples=("trustflow outbox drop msg_6R18EX7KXC4Y57GHYEP82B4SDA",))
@click.argument("message")
@data_option
def drop(*, message: str, data: Path | None) -> int:
    """Drop a dead message: it is never delivered."""

    async def staged(unit: Unit, actor: Actor) -> Job:
        from engine.run.oversight.jobs import drop_job

        job = await _named(unit, message)
        return job if drop_job(unit, actor, job) else _living(message)

    with_application(data, lambda application: change(application, staged))
    Terminal.here().say(f"{clean(message)} is gone.")
    return 0


async def _named(unit: Unit, message: str) -> Job:
    from engine.records.work import Job

    found = await unit.get(Job, message)
    if found is None:
        fail(f"There is no message {clean(message)}. `{hint('outbox', 'list')}` shows them.")
    return found


def _living(message: str) -> Job:
    fail(f"{clean(message)} is not dead: it is tried again by itself.")


def _row(row: Job) -> tuple[str, ...]:
    journey = f"TF-{row.instance[-8:-4]}-{row.instance[-4:]}"
    times = (_when(row.tried_at), _when(row.due_at))
    return row.id, journey, row.node, str(row.tries), *times, clean(row.reason) or "-"


def _when(at: datetime | None) -> str:
    return "-" if at is None else f"{at:%Y-%m-%d %H:%M}"


def _known(row: Job) -> dict[str, object]:
    return {
        "id": row.id,
        "status": row.status,
        "processInstanceId": row.instance,
        "node": row.node,
        "activity": row.label,
        "tries": row.tries,
        "reason": clean(row.reason),
        "createdDtm": row.created_at.isoformat(),
        "lastTriedDtm": None if row.tried_at is None else row.tried_at.isoformat(),
        "nextTryDtm": None if row.due_at is None else row.due_at.isoformat(),
    }
