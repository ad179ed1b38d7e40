"""`store`: identity stores, the directories of users."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from engine.cli.administration.mistakes import told
from engine.cli.command import Documented, Group, Length, data_option, json_option
from engine.cli.hints import hint
from engine.cli.opening import change, with_application
from engine.cli.terminal.page import Terminal, counted, say_json
from engine.records.identity import IdentityStore

if TYPE_CHECKING:
    from engine.app import Application
    from engine.identity.deeds import Actor
    from engine.model.problem import FieldProblem
    from engine.run.unit import Unit


@click.group(cls=Group, short_help="Keep directories of users.")
def store() -> None:
    """Identity stores: directories of users."""


@store.command(
    cls=Documented,
    examples=(
        "trustflow store add customers",
        "trustflow store add staff --locale pt-PT --time-zone Europe/Lisbon",
        "trustflow store add members --max-failed-attempts 5 --temp-lock PT15M",
    ),
)
@click.argument("name")
@click.option("--locale", default="en", show_default=True, help="Of its users.")
@click.option("--time-zone", default="UTC", show_default=True, help="Of its users.")
@click.option(
    "--max-failed-attempts", type=click.IntRange(1), help="Failures in a row that lock a user."
)
@click.option("--temp-lock", type=Length(), help="How long they do (else until unlocked).")
@data_option
@json_option
def add(
    *,
    name: str,
    locale: str,
    time_zone: str,
    max_failed_attempts: int | None,
    temp_lock: timedelta | None,
    data: Path | None,
    as_json: bool,
) -> int:
    """Add a store, with the passcode policy `default`."""
    from engine.identity.stores import add_store

    async def staged(unit: Unit, actor: Actor) -> IdentityStore | tuple[FieldProblem, ...]:
        return await add_store(
            unit, actor, name, locale=locale, time_zone=time_zone,
            max_failed_attempts=max_failed_attempts, temp_lock=temp_lock,
        )  # fmt: skip

    async def work(application: Application) -> IdentityStore | tuple[FieldProblem, ...]:
        return await change(application, staged)

    made = with_application(data, work, makes=True)
    return told(made, as_json=as_json) if isinstance(made, tuple) else _told(made, as_json)


def _told(made: IdentityStore, as_json: bool) -> int:
    if as_json:
        say_json(_known(made))
    else:
        Terminal.here().say(f"The store {made.id} is there, with the passcode policy default.")
    return 0


@store.command("list", cls=Documented, examples=("trustflow store list --json",))
@data_option
@json_option
def list_stores(data: Path | None, *, as_json: bool) -> int:
    """List the stores."""

    async def work(application: Application) -> tuple[IdentityStore, ...]:
        from engine.ports.store import LARGEST_PAGE, PageQuery

        query = PageQuery(size=LARGEST_PAGE)
        return (await application.store.page(application.tenant, IdentityStore, query)).rows

    rows = with_application(data, work)
    if as_json:
        say_json({"stores": [_known(row) for row in rows]})
    elif not rows:
        Terminal.here().say(f"No stores yet. Add one: {hint('store', 'add', 'customers')}")
    else:
        head = ("store", "locale", "time zone", "locks after", "since")
        Terminal.here().table(head, [_row(row) for row in rows])
    return 0


def _row(row: IdentityStore) -> tuple[str, ...]:
    locks = "-" if row.max_failed_attempts is None else counted(row.max_failed_attempts, "failure")
    return row.id, row.locale, row.time_zone, locks, f"{row.created_at:%Y-%m-%d}"


def _known(row: IdentityStore) -> dict[str, object]:
    return {
        "name": row.id,
        "locale": row.locale,
        "timeZone": row.time_zone,
        "userStatus": row.user_status,
        "maxFailedAttempts": row.max_failed_attempts,
        "createdDtm": row.created_at.isoformat(),
    }
