"""`store`: identity stores, the directories of users."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click
from msgspec.structs import replace

from engine.cli.administration.finding import store_named
from engine.cli.administration.mistakes import told
from engine.cli.command import (
    Documented,
    Group,
    Length,
    data_option,
    fail,
    json_option,
    misused,
)
from engine.cli.hints import hint
from engine.cli.opening import change, with_application
from engine.cli.terminal.page import Terminal, clean, counted, say_json
from engine.records.identity import IdentityStore

if TYPE_CHECKING:
    from engine.app import Application
    from engine.model.problem import FieldProblem
    from engine.ports.actor import Actor
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


@store.command(
    "change",
    cls=Documented,
    examples=(
        "trustflow store change customers --time-zone Europe/Lisbon",
        "trustflow store change customers --max-failed-attempts 5 --temp-lock PT15M",
        "trustflow store change customers --no-lock --hide-unknown-users",
    ),
)
@click.argument("name")
@click.option("--locale", help="Of users that are added from now on.")
@click.option("--time-zone", help="Of users that are added from now on.")
@click.option(
    "--max-failed-attempts", type=click.IntRange(1), help="Failures in a row that lock a user."
)
@click.option("--temp-lock", type=Length(), help="How long they do.")
@click.option("--no-lock", is_flag=True, help="Only the usual waiting times hold.")
@click.option(
    "--hide-unknown-users/--tell-unknown-users",
    default=None,
    help="Whether programs are told that there is no such user.",
)
@data_option
@json_option
def change_store_rules(
    *,
    name: str,
    locale: str | None,
    time_zone: str | None,
    max_failed_attempts: int | None,
    temp_lock: timedelta | None,
    no_lock: bool,
    hide_unknown_users: bool | None,
    data: Path | None,
    as_json: bool,
) -> int:
    """Change a store's defaults and lock rules; users that are there keep what they were given."""
    from engine.identity.stores import change_store

    if no_lock and (max_failed_attempts is not None or temp_lock is not None):
        misused("say --no-lock, or which lock.")
    asked = {
        "locale": locale, "time_zone": time_zone, "max_failed_attempts": max_failed_attempts,
        "temp_lock": temp_lock, "hide_unknown_users": hide_unknown_users,
    }  # fmt: skip
    given: dict[str, object] = {name: value for name, value in asked.items() if value is not None}
    if no_lock:
        given |= {"max_failed_attempts": None, "temp_lock": None}
    if not given:
        misused("say what is to be otherwise; `store list` shows what is.")

    async def staged(unit: Unit, actor: Actor) -> IdentityStore | tuple[FieldProblem, ...]:
        before = await store_named(unit, name)
        return change_store(unit, actor, before, replace(before, **given))

    changed = with_application(data, lambda application: change(application, staged))
    if isinstance(changed, tuple):
        return told(changed, as_json=as_json)
    if as_json:
        say_json(_known(changed))
    else:
        Terminal.here().say(f"The store {changed.id} is changed.")
    return 0


@store.command(cls=Documented, examples=("trustflow store remove staff",))
@click.argument("name")
@data_option
def remove(*, name: str, data: Path | None) -> int:
    """Remove a store that nobody is in, with its policies."""

    async def work(application: Application) -> IdentityStore | tuple[FieldProblem, ...]:
        from engine.identity.stores import remove_store
        from engine.ports.paging import every
        from engine.ports.store import PageQuery
        from engine.records.identity import PasscodePolicy, User

        async def staged(unit: Unit, actor: Actor) -> IdentityStore:
            found = await store_named(unit, name)
            rows, tenant = application.store, application.tenant
            users = await rows.page(tenant, User, PageQuery(by="store", value=name, size=1))
            if users.total:
                there = counted(users.total, "user")
                fail(f"There {'is' if users.total == 1 else 'are'} {there} in {clean(name)}.")
            policies = [one async for one in every(rows, tenant, PasscodePolicy, "store", name)]
            remove_store(unit, actor, found, policies)
            return found

        return await change(application, staged)

    with_application(data, work)
    Terminal.here().say(f"The store {clean(name)} is gone.")
    return 0


@store.command("list", cls=Documented, examples=("trustflow store list --json",))
@data_option
@json_option
def list_stores(data: Path | None, *, as_json: bool) -> int:
    """List the stores."""

    async def work(application: Application) -> list[IdentityStore]:
        from engine.ports.paging import every

        return [row async for row in every(application.store, application.tenant, IdentityStore)]

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
        "hideUnknownUsers": row.hide_unknown_users,
        "createdDtm": row.created_at.isoformat(),
    }
