"""What administration commands name: a store, a user by external id or id, a policy."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import click

from engine.cli.command import fail
from engine.cli.hints import hint
from engine.cli.terminal.page import clean
from engine.identity.policies import policy_id
from engine.identity.users import by_ext_id, by_id
from engine.ports.unit_of_work import UnitOfWork
from engine.records.identity import IdentityStore, PasscodePolicy, User

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
            f"Make it: {hint('store', 'add', name)}\n"
            f"Or look which ones there are: {hint('store', 'list')}"
        )
    return found


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
