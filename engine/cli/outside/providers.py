"""`provider`: other RTAS and TrustFactors that journeys may register phones with, and ask."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from engine.cli.administration.mistakes import told
from engine.cli.command import Documented, Group, data_option, fail, json_option
from engine.cli.hints import hint
from engine.cli.opening import change, with_application
from engine.cli.origin import origin_of
from engine.cli.terminal.page import Terminal, clean, say_json

if TYPE_CHECKING:
    from engine.app import Application
    from engine.model.problem import FieldProblem
    from engine.ports.actor import Actor
    from engine.records.trustfactor import Provider
    from engine.run.unit import Unit

OPTIONS: Final = {"name": "", "address": ""}


@click.group(cls=Group, short_help="Let journeys use another RTAS and TrustFactor.")
def provider() -> None:
    """Providers: what `provider:` in a definition names, besides `embedded`."""


@provider.command(
    cls=Documented,
    examples=(
        "trustflow provider add vendor https://tf.vendor.example our-app",
        "trustflow provider add vendor https://tf.vendor.example our-app --secret-file secret",
    ),
)
@click.argument("name")
@click.argument("address")
@click.argument("client")
@click.option(
    "--secret-file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Holds the client's secret; else it is asked for, unseen.",
)
@data_option
@json_option
def add(
    *,
    name: str,
    address: str,
    client: str,
    secret_file: Path | None,
    data: Path | None,
    as_json: bool,
) -> int:
    """Log in at ADDRESS as CLIENT, and tell it where to call back: its own address for us."""
    secret = _secret(secret_file)

    async def work(application: Application) -> Provider | tuple[FieldProblem, ...]:
        from engine.realtime.trustfactor.paths import PROVIDED
        from engine.run.trustfactor.providers import Wanted, add_provider

        wanted = Wanted(
            name=name,
            address=address,
            client_id=client,
            secret=secret,
            callback_base=f"{origin_of(application.settings)}{PROVIDED}",
        )

        async def staged(unit: Unit, actor: Actor) -> Provider | tuple[FieldProblem, ...]:
            return await add_provider(unit, actor, application.vault, application.http, wanted)

        return await change(application, staged)

    made = with_application(data, work)
    if isinstance(made, tuple):
        return told(made, as_json=as_json, options=OPTIONS)
    if as_json:
        say_json(_known(made))
    else:
        Terminal.here().say(f"Journeys may use {clean(made.id)}: provider: {clean(made.id)}")
    return 0


@provider.command("list", cls=Documented, examples=("trustflow provider list",))
@data_option
@json_option
def list_providers(*, data: Path | None, as_json: bool) -> int:
    """List providers: where they are, never what opens them."""

    async def work(application: Application) -> list[Provider]:
        from engine.ports.paging import every
        from engine.records.trustfactor import Provider

        return [row async for row in every(application.store, application.tenant, Provider)]

    rows = with_application(data, work)
    if as_json:
        say_json({"providers": [_known(row) for row in rows]})
    elif not rows:
        said = hint("provider", "add", "NAME", "https://HOST", "CLIENT")
        Terminal.here().say(f"No providers yet. Add one: {said}")
    else:
        table = [(row.id, row.address, row.client_id) for row in rows]
        Terminal.here().table(("provider", "address", "client id"), table)
    return 0


@provider.command(cls=Documented, examples=("trustflow provider remove vendor",))
@click.argument("name")
@data_option
def remove(*, name: str, data: Path | None) -> int:
    """Forget a provider; what is under way there is heard of no more."""

    async def staged(unit: Unit, actor: Actor) -> Provider:
        from engine.records.trustfactor import Provider
        from engine.run.trustfactor.providers import remove_provider

        found = await unit.get(Provider, name)
        if found is None:
            fail(f"There is no provider {clean(name)}. `{hint('provider', 'list')}` shows them.")
        remove_provider(unit, actor, found)
        return found

    with_application(data, lambda application: change(application, staged))
    Terminal.here().say(f"{clean(name)} is forgotten.")
    return 0


def _secret(file: Path | None) -> str:
    if file is None:
        return str(click.prompt("The client's secret", hide_input=True, err=True))
    try:
        return file.read_text("utf-8").strip()
    except UnicodeDecodeError:
        fail(f"{clean(str(file))} is no text of UTF-8: it must hold the client's secret, alone.")


def _known(row: Provider) -> dict[str, str]:
    return {
        "name": row.id,
        "address": row.address,
        "clientId": row.client_id,
        "createdDtm": row.created_at.isoformat(),
    }
