"""`user devices` and `remove-device`: the phones that approve for a user."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from engine.cli.administration.finding import in_store, store_option, user_named
from engine.cli.command import Documented, data_option, fail, json_option
from engine.cli.hints import hint
from engine.cli.opening import change, with_application
from engine.cli.terminal.page import Terminal, clean, say_json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.app import Application
    from engine.ports.actor import Actor
    from engine.records.trustfactor import Contract
    from engine.run.unit import Unit


@click.command(
    "devices",
    cls=Documented,
    examples=("trustflow user devices ines.carvalho", "trustflow user devices ines --json"),
)
@click.argument("name")
@store_option
@data_option
@json_option
def list_devices(*, name: str, store: str, data: Path | None, as_json: bool) -> int:
    """List the phones that may approve for a user."""

    async def work(application: Application) -> Sequence[Contract]:
        from engine.run.trustfactor.user_devices import devices_of
        from engine.run.unit import Unit

        unit = Unit(application.store, application.tenant)
        return await devices_of(unit, application.store, await user_named(unit, store, name))

    rows = with_application(data, work)
    if as_json:
        say_json({"devices": [_known(row) for row in rows]})
    elif not rows:
        Terminal.here().say(f"{clean(name)} has no phone.")
    else:
        table = [
            (row.device.known_as, row.device.operating_system, row.created_at.date().isoformat(),
             row.id)
            for row in rows
        ]  # fmt: skip
        Terminal.here().table(("phone", "system", "since", "id"), table)
    return 0


@click.command(
    "remove-device",
    cls=Documented,
    examples=("trustflow user remove-device ines.carvalho 01JDK2M0V7Q4T8XW9Z3B5C6D7E",),
)
@click.argument("name")
@click.argument("device")
@store_option
@data_option
def remove_device(*, name: str, device: str, store: str, data: Path | None) -> int:
    """Let a phone approve nothing any more; DEVICE is an id as `devices` shows it."""

    async def work(application: Application) -> Contract:
        from engine.run.trustfactor import user_devices
        from engine.run.trustfactor.notifier import Notifier

        async def staged(unit: Unit, actor: Actor) -> Contract:
            notifier = Notifier(
                unit=unit, records=application.store, vault=application.vault, actor=actor
            )
            known = await user_named(unit, store, name)
            gone = await user_devices.remove_device(notifier, known, device)
            if gone is None:
                shown = hint("user", "devices", named=name, options=in_store(store))
                fail(f"{clean(name)} has no phone {clean(device)}.\n{shown} lists them.")
            return gone

        gone = await change(application, staged)
        assert not isinstance(gone, tuple)  # noqa: S101 - nothing was sent that could be wrong
        return gone

    gone = with_application(data, work)
    Terminal.here().say(f"{clean(gone.device.known_as)} approves nothing any more.")
    return 0


def _known(row: Contract) -> dict[str, str]:
    return {
        "id": row.id,
        "name": clean(row.device.known_as),
        "manufacturer": clean(row.device.manufacturer),
        "operatingSystem": clean(row.device.operating_system),
        "contractKey": row.contract_key,
        "createdDtm": row.created_at.isoformat(),
    }
