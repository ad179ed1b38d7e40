"""`tenant`: the customers of this installation, who know nothing of each other."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from engine.cli.administration.mistakes import told
from engine.cli.command import Documented, Group, data_option, json_option
from engine.cli.hints import hint
from engine.cli.opening import change, with_application
from engine.cli.terminal.page import Terminal, say_json
from engine.model.names import MAIN_TENANT

if TYPE_CHECKING:
    from engine.app import Application
    from engine.model.problem import FieldProblem
    from engine.ports.actor import Actor
    from engine.records.tenants import Tenant
    from engine.run.unit import Unit


@click.group(cls=Group, short_help="Keep several customers apart.")
def tenant() -> None:
    """Tenants: each has stores, users, definitions, tokens and keys of its own.

    Every command works for one of them: `trustflow --tenant NAME store add customers`.
    """


@tenant.command(cls=Documented, examples=("trustflow tenant add acme",))
@click.argument("name")
@data_option
@json_option
def add(*, name: str, data: Path | None, as_json: bool) -> int:
    """Add a tenant. `main` is always there."""

    async def staged(unit: Unit, actor: Actor) -> Tenant | tuple[FieldProblem, ...]:
        from engine.access.tenants import add_tenant

        return await add_tenant(unit, actor, name)

    async def work(application: Application) -> Tenant | tuple[FieldProblem, ...]:
        application.tenant = MAIN_TENANT  # it keeps the list, whoever a command works for
        return await change(application, staged)

    made = with_application(data, work)
    if isinstance(made, tuple):
        return told(made, as_json=as_json, options={"tenant": ""})
    if as_json:
        say_json({"name": made.id})
        return 0
    begin = hint("--tenant", name, "store", "add", "customers")
    Terminal.here().write(f"The tenant {made.id} is there. Begin with: {begin}")
    return 0


@tenant.command(
    "list", cls=Documented, examples=("trustflow tenant list", "trustflow tenant list --json")
)
@data_option
@json_option
def list_tenants(data: Path | None, *, as_json: bool) -> int:
    """List tenants."""

    async def work(application: Application) -> list[str]:
        from engine.access.tenants import tenants

        return [str(one) for one in await tenants(application.store)]

    rows = with_application(data, work)
    if as_json:
        say_json({"tenants": rows})
    else:
        for row in rows:
            Terminal.here().say(row)
    return 0
