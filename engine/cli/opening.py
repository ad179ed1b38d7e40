"""Opening the data folder for one command, and writing what it changes."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

import click

from engine.cli.command import fail
from engine.cli.hints import hint
from engine.cli.terminal.page import clean
from engine.errors import Busy
from engine.model.problem import FieldProblem
from engine.settings import Settings, read, tenant_named

if TYPE_CHECKING:
    from engine.app import Application
    from engine.ports.actor import Actor
    from engine.run.unit import Unit

T = TypeVar("T")

ACTOR: Final = "cli"


def with_application(
    data: Path | None, work: Callable[[Application], Awaitable[T]], *, makes: bool = False
) -> T:
    """Open the data folder, do the work, close it.

    Args:
        data: The folder as it was given; settings say another one.
        work: What the command does.
        makes: Whether the command may be the first one here and make folder, keys and database.

    Raises:
        Failed: There is nothing there, and the command is not one that begins.
    """
    settings = read(data)
    if not makes:
        refuse_nothing(settings)
    return asyncio.run(opened(settings, work))


def refuse_nothing(settings: Settings) -> None:
    """Say that a folder holds no data. A slip in its name must not make an empty one."""
    from engine.app import DATABASE, KEYS

    if settings.database is not None:
        if not (settings.data / KEYS).is_dir():
            fail(
                f"There are no keys in {clean(str(settings.data))}. Those of the database lie in"
                " the data folder of the machine it was begun on: bring a copy of `keys`, or name"
                f" the folder with --data. A new database is begun by `{hint('migrate')}`, then"
                f" `{hint('deploy', 'FILE')}`."
            )
    elif not (settings.data / DATABASE).is_file():
        fail(
            f"There are no data in {clean(str(settings.data))}.\n"
            "Name the folder with --data (`demo` keeps its own in .trustflow-demo), or begin one:\n"
            f"  {hint('store', 'add', 'customers')}\n"
            f"  {hint('deploy', 'definitions/passcode-authentication.yaml')}"
        )


async def opened(settings: Settings, work: Callable[[Application], Awaitable[T]]) -> T:
    """Open, do the work, and close again whatever happens."""
    from engine.app import open_application  # with it comes the whole house: help must not wait

    application = await open_application(settings)
    try:
        await _choose_tenant(application)
        return await work(application)
    finally:
        await application.close()


def tenant_asked_for() -> str | None:
    """Give the tenant that was named, on the command line or around it; None: nobody named one."""
    context = click.get_current_context(silent=True)
    return tenant_named(None if context is None else context.find_root().params.get("tenant"))


async def _choose_tenant(application: Application) -> None:
    """Work for the tenant that was named. Raises `Failed` where there is none."""
    from engine.access.tenants import is_tenant
    from engine.model.names import TenantId

    named = tenant_asked_for()
    if named is None:
        return
    if not await is_tenant(application.store, named):
        fail(f"There is no tenant {clean(named)}. `{hint('tenant', 'list')}` shows them.")
    application.tenant = TenantId(named)


async def acting(application: Application) -> Actor:
    """Say who changes something here, and when by the store's time."""
    from engine.ports.actor import Actor

    at = await application.store.now()
    return Actor(name=ACTOR, at=at, chance=application.chance)


async def change(
    application: Application,
    work: Callable[[Unit, Actor], Awaitable[T | tuple[FieldProblem, ...]]],
) -> T | tuple[FieldProblem, ...]:
    """Do one piece of work in a unit of its own and commit it; again when somebody was quicker.

    Returns:
        What the work made; or its problems, and then nothing was kept.

    Raises:
        Busy: Somebody was quicker three times.
    """
    from engine.run.unit import TRIES, Unit, is_written

    for _ in range(TRIES):
        actor = await acting(application)
        unit = Unit(application.store, application.tenant)
        made = await work(unit, actor)
        if isinstance(made, tuple):
            return made
        if await is_written(unit, application.store):
            return made
    raise Busy(retry_after=1)
