"""What administration commands name: a store, a user by external id or id, a policy."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

import click

from engine.cli.command import fail
from engine.cli.hints import hint
from engine.cli.terminal.page import clean
from engine.identity.policies import policy_id
from engine.identity.users import by_ext_id, by_id
from engine.nearest import nearest
from engine.ports.unit_of_work import UnitOfWork
from engine.records.identity import IdentityStore, PasscodePolicy, User

if TYPE_CHECKING:
    from engine.app import Application
    from engine.model.definition import Bundle

USUAL_STORE = "customers"
F = TypeVar("F", bound=Callable[..., object])


def store_option(command: F) -> F:
    """Add `--store NAME`."""
    return click.option(
        "--store", default=USUAL_STORE, show_default=True, help="The identity store."
    )(command)


def in_store(store: str) -> tuple[str, ...]:
    """Give the option that names a store, where a command needs it."""
    return () if store == USUAL_STORE else ("--store", store)


async def store_named(unit: UnitOfWork, name: str) -> IdentityStore:
    """Find a store. Raises `Failed`."""
    found = await unit.get(IdentityStore, name)
    if found is None:
        fail(
            f"There is no store {clean(name)}.\n"
            f"Make it: {hint('store', 'add', named=name)}\n"
            f"Or look which ones there are: {hint('store', 'list')}"
        )
    return found


async def no_process(application: Application, name: str, version: int | None = None) -> str:
    """Say that a process is not deployed, or not in this version; and which one was meant."""
    from engine.ports.paging import every
    from engine.records.deployments import Deployment

    rows = [row async for row in every(application.store, application.tenant, Deployment)]
    versions = sorted(row.bundle.version for row in rows if row.process == name)
    if versions:
        there = ", ".join(map(str, versions))
        return f"there is no version {version} of `{clean(name)}`; deployed: {there}"
    callers = sorted({row.process for row in rows if _calls(row.bundle, name)})
    if callers:
        those = ", ".join(f"`{clean(one)}`" for one in callers)
        return f"`{clean(name)}` is a part, where nobody begins; these call it: {those}"
    near = nearest(name, sorted({row.process for row in rows}))
    if near is not None:
        return f"there is no process `{clean(name)}`; did you mean `{near}`?"
    known = ", ".join(f"`{one}`" for one in sorted({row.process for row in rows})) or "none"
    return f"there is no process `{clean(name)}`; deployed: {known}"


def _calls(bundle: Bundle, name: str) -> bool:
    return any(key.rpartition(".v")[0] == name for key in bundle.parts)


async def refuse_no_process(application: Application, name: str) -> None:
    """Say that no version of a process is deployed. Raises `Failed`."""
    if await application.store.digest_of(application.tenant, name, None) is None:
        fail(await no_process(application, name))


async def user_named(unit: UnitOfWork, store: str, name: str) -> User:
    """Find a user of a store by external id, else by id. Raises `Failed`."""
    await store_named(unit, store)
    found = await by_ext_id(unit, store, name) or await by_id(unit, store, name)
    if found is None:
        fail(f"There is no user {clean(name)} in {clean(store)}.")
    return found


async def policy_named(unit: UnitOfWork, store: str, name: str) -> PasscodePolicy:
    """Find a passcode policy of a store. Raises `Failed`."""
    found = await unit.get(PasscodePolicy, policy_id(store, name))
    if found is None:
        fail(f"The store {clean(store)} has no passcode policy {clean(name)}.")
    return found
