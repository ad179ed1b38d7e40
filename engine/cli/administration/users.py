"""`user`: members of a store, their status, and which passcodes they have registered."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from engine.cli import prompt
from engine.cli.administration.finding import in_store, store_named, store_option, user_named
from engine.cli.administration.mistakes import told
from engine.cli.command import (
    Documented,
    Group,
    data_option,
    fail,
    json_option,
    misused,
    page_option,
)
from engine.cli.hints import hint
from engine.cli.opening import acting, change, with_application
from engine.cli.terminal.page import Terminal, Tone, clean, counted, say_json
from engine.records.identity import Passcode, User, UserStatus

if TYPE_CHECKING:
    from engine.app import Application
    from engine.model.problem import FieldProblem
    from engine.ports.actor import Actor
    from engine.ports.store import Attempts
    from engine.run.erasure import Erased
    from engine.run.unit import Unit


STATUSES: Final = ("ACTIVE", "LOCKED", "DISABLED", "PENDING_ACTIVE")


PHONES: Final = {
    "devices": "engine.cli.administration.devices:list_devices",
    "remove-device": "engine.cli.administration.devices:remove_device",
}


@click.group(cls=Group, where=PHONES, short_help="Add, change, lock, unlock and erase users.")
def user() -> None:
    """Users of an identity store. NAME is an external id, or an id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A user, as an operator sees one."""

    user: User
    attempts: Attempts | None
    passcodes: tuple[Passcode, ...]
    at: datetime


@user.command(
    cls=Documented,
    examples=(
        "trustflow user add ines.carvalho",
        "trustflow user add ines.carvalho --store staff --attribute email=ines@example.org",
    ),
)
@click.argument("name")
@click.option("--attribute", multiple=True, metavar="NAME=VALUE", help="Kept as it is; repeat it.")
@store_option
@data_option
@json_option
def add(
    *, name: str, attribute: tuple[str, ...], store: str, data: Path | None, as_json: bool
) -> int:
    """Add a user under the external id NAME."""
    from engine.identity.users import ExtIdNotUnique, add_user

    attributes = dict(map(_pair, attribute))

    async def staged(unit: Unit, actor: Actor) -> User | tuple[FieldProblem, ...]:
        directory = await store_named(unit, store)
        made = await add_user(unit, actor, directory, ext_id=name, attributes=attributes)
        if isinstance(made, ExtIdNotUnique):
            fail(f"There is a user {clean(name)} in {clean(store)} already.")
        return made

    made = with_application(data, lambda application: change(application, staged))
    if isinstance(made, tuple):
        return told(made, as_json=as_json)
    if as_json:
        say_json({"id": made.id, "extId": made.ext_id, "store": made.store, "status": made.status})
        return 0
    terminal = Terminal.here()
    terminal.write(f"{clean(name)} is a user of {clean(store)}, {made.status}, without a passcode.")
    terminal.say(f"  {hint('passcode', 'register', named=name, options=in_store(store))}", "quiet")
    return 0


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name:
        misused(f"'{text}': write an attribute as NAME=VALUE.")
    return name, value


@user.command(
    "change",
    cls=Documented,
    examples=(
        "trustflow user change ines.carvalho --attribute email=ines@example.org",
        "trustflow user change ines.carvalho --locale pt-PT --status DISABLED",
    ),
)
@click.argument("name")
@click.option("--attribute", multiple=True, metavar="NAME=VALUE", help="Put over what is there.")
@click.option("--locale", help="A language tag.")
@click.option("--time-zone", help="Such as Europe/Lisbon.")
@click.option("--status", type=click.Choice(STATUSES), help="See also lock and unlock.")
@store_option
@data_option
@json_option
def change_user(
    *,
    name: str,
    attribute: tuple[str, ...],
    locale: str | None,
    time_zone: str | None,
    status: UserStatus | None,
    store: str,
    data: Path | None,
    as_json: bool,
) -> int:
    """Change a user: attributes are put over those that are there."""
    from engine.identity.users import set_status, update_user

    if not (attribute or locale or time_zone or status):
        misused("say what is to be otherwise; `user show` shows what is.")
    attributes = dict(map(_pair, attribute)) or None

    async def staged(unit: Unit, actor: Actor) -> User | tuple[FieldProblem, ...]:
        found = await user_named(unit, store, name)
        changed: User | tuple[FieldProblem, ...] = found
        if attributes or locale or time_zone:
            changed = update_user(
                unit, actor, found, attributes=attributes, locale=locale, time_zone=time_zone
            )
        if status is None or isinstance(changed, tuple):
            return changed
        return set_status(unit, actor, await user_named(unit, store, name), status)

    changed = with_application(data, lambda application: change(application, staged))
    if isinstance(changed, tuple):
        return told(changed, as_json=as_json)
    if as_json:
        say_json({"id": changed.id, "extId": changed.ext_id, "status": changed.status})
    else:
        Terminal.here().say(f"{clean(name)} is changed.")
    return 0


@user.command(cls=Documented, examples=("trustflow user lock ines.carvalho",))
@click.argument("name")
@store_option
@data_option
def lock(*, name: str, store: str, data: Path | None) -> int:
    """Lock a user until somebody unlocks them. Nobody signing in can tell."""
    from engine.identity import users

    changed = _changed(name, store, data, users.lock)
    Terminal.here().say(f"{clean(name)} is {changed.status}.")
    return 0


@user.command(cls=Documented, examples=("trustflow user unlock ines.carvalho",))
@click.argument("name")
@store_option
@data_option
def unlock(*, name: str, store: str, data: Path | None) -> int:
    """Unlock a user; failed tries are counted anew."""
    from engine.identity import users

    changed = _changed(name, store, data, users.unlock)
    Terminal.here().say(f"{clean(name)} is {changed.status}.")
    return 0


def _changed(
    name: str, store: str, data: Path | None, how: Callable[[Unit, Actor, User], User]
) -> User:
    async def staged(unit: Unit, actor: Actor) -> User:
        return how(unit, actor, await user_named(unit, store, name))

    changed = with_application(data, lambda application: change(application, staged))
    assert isinstance(changed, User)  # noqa: S101 - these changes have no problems to tell
    return changed


@user.command(
    cls=Documented,
    examples=("trustflow user show ines.carvalho", "trustflow user show ines.carvalho --json"),
)
@click.argument("name")
@store_option
@data_option
@json_option
def show(*, name: str, store: str, data: Path | None, as_json: bool) -> int:
    """Show a user and their registered passcodes: which, since when, until when."""

    async def work(application: Application) -> Shown:
        from engine.run.unit import Unit

        unit = Unit(application.store, application.tenant)
        return await _look(application, await user_named(unit, store, name))

    shown = with_application(data, work)
    if as_json:
        say_json(_known(shown))
    else:
        _write(Terminal.here(), shown)
    return 0


async def _look(application: Application, found: User) -> Shown:
    from engine.identity.attempts import user_account
    from engine.identity.passcodes import registered

    keeper, tenant = application.store, application.tenant
    return Shown(
        user=found,
        attempts=await keeper.attempts(tenant, user_account(found.id)),
        passcodes=await registered(keeper, tenant, found),
        at=await keeper.now(),
    )


def _status(shown: Shown) -> str:
    from engine.identity.users import status_at

    return status_at(shown.user, shown.attempts, shown.at)


def _write(terminal: Terminal, shown: Shown) -> None:
    known, status = shown.user, _status(shown)
    tone: Tone = "good" if status == "ACTIVE" else "warning"
    name = terminal.tone(f"User  {clean(known.ext_id or known.id)}", "strong")
    terminal.say(f"{name}  {terminal.tone(status, tone)}")
    facts = [
        ("id", known.id),
        ("store", known.store),
        ("since", _day(known.created_at)),
        ("last signed in", _time(known.authenticated_at)),
        ("times locked", str(known.lock_count)),
        ("failures in a row", str(shown.attempts.failures if shown.attempts else 0)),
        ("locale", f"{known.locale}, {known.time_zone}"),
        *known.attributes.items(),
    ]
    terminal.facts(facts, indent="  ")
    terminal.say()
    terminal.heading("Registered Passcodes")
    if shown.passcodes:
        terminal.table(("policy", "since", "expires", "status"), _passcode_rows(shown))
    else:
        terminal.say("none", "quiet")


def _passcode_rows(shown: Shown) -> list[tuple[str, str, str, str]]:
    from engine.identity.passcodes import status_at

    return [
        (row.policy, _day(row.created_at), _day(row.expires_at), status_at(row, shown.at).lower())
        for row in shown.passcodes
    ]


def _day(at: datetime | None) -> str:
    return "-" if at is None else f"{at:%Y-%m-%d}"


def _time(at: datetime | None) -> str:
    return "-" if at is None else f"{at:%Y-%m-%d %H:%M} UTC"


def _known(shown: Shown) -> dict[str, object]:
    known = shown.user
    passcodes = [
        {"policy": policy, "since": since, "expires": expires, "status": status}
        for policy, since, expires, status in _passcode_rows(shown)
    ]
    return {
        "id": known.id,
        "extId": known.ext_id,
        "store": known.store,
        "status": _status(shown),
        "locale": known.locale,
        "timeZone": known.time_zone,
        "attributes": known.attributes,
        "createdDtm": known.created_at.isoformat(),
        "lastAuthenticatedDtm": known.authenticated_at.isoformat()
        if known.authenticated_at
        else None,
        "lockCount": known.lock_count,
        "registeredPasscodes": passcodes,
    }


@user.command(
    "list", cls=Documented, examples=("trustflow user list", "trustflow user list --page 2")
)
@store_option
@page_option("200 users")
@data_option
@json_option
def list_users(*, store: str, page: int, data: Path | None, as_json: bool) -> int:
    """List the users of a store."""

    async def work(application: Application) -> tuple[list[Shown], int]:
        from engine.ports.store import LARGEST_PAGE, PageQuery
        from engine.run.unit import Unit

        await store_named(Unit(application.store, application.tenant), store)
        query = PageQuery(by="store", value=store, page=page - 1, size=LARGEST_PAGE)
        found = await application.store.page(application.tenant, User, query)
        return [await _look(application, row) for row in found.rows], found.total

    rows, total = with_application(data, work)
    if as_json:
        say_json({"users": [_known(row) for row in rows], "total": total})
        return 0
    terminal = Terminal.here()
    head = ("user", "status", "since", "last signed in")
    terminal.table(head, [_row(row) for row in rows])
    terminal.say(f"{len(rows)} of {total}", "quiet")
    return 0


def _row(shown: Shown) -> tuple[str, ...]:
    known = shown.user
    name, since = known.ext_id or known.id, _day(known.created_at)
    return name, _status(shown), since, _time(known.authenticated_at)


@user.command(
    cls=Documented,
    examples=("trustflow user erase ines.carvalho", "trustflow user erase ines --yes --json"),
)
@click.argument("name")
@click.option("--yes", is_flag=True, help="Do not ask.")
@store_option
@data_option
@json_option
def erase(*, name: str, yes: bool, store: str, data: Path | None, as_json: bool) -> int:
    """Erase a user, and what their journeys keep of them. It cannot be brought back.

    Journeys that go on are ended first. That they were stays, and so does that nobody changed
    their journals; what the person answered does not.
    """
    if not yes:
        prompt.confirm_name(f"Erase {name} and all answers for good?", name)

    async def work(application: Application) -> Erased:
        from engine.run.unit import Unit

        found = await user_named(Unit(application.store, application.tenant), store, name)
        by = await acting(application)
        return await application.eraser.erase_user(application.tenant, found, by)

    erased = with_application(data, work)
    if as_json:
        say_json(
            {
                "instances": erased.instances,
                "tokens": erased.tokens,
                "passcodes": erased.passcodes,
            }
        )
        return 0
    Terminal.here().say(
        f"{clean(name)} is erased, with the answers of {counted(erased.instances, 'journey')},"
        f" {counted(erased.tokens, 'token')} and {counted(erased.passcodes, 'passcode')}."
    )
    return 0
