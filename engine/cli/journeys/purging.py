"""`purge`: erase at once what is kept no longer; `serve` does so once a day."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from engine.cli.command import Documented, data_option, json_option
from engine.cli.opening import with_application
from engine.cli.terminal.page import Terminal, say_json

if TYPE_CHECKING:
    from engine.app import Application


@click.command(
    cls=Documented,
    short_help="Erase what is kept no longer.",
    examples=("trustflow purge", "trustflow purge --json"),
)
@data_option
@json_option
def purge(*, data: Path | None, as_json: bool) -> int:
    """Erase journeys whose `retention` has passed, ended tokens, and old audit rows.

    Each journey leaves a tombstone: that it was, how it ended, and its journal's last digest.
    """

    async def work(application: Application) -> int:
        from engine.access.tenants import tenants

        kept = timedelta(days=application.settings.audit_days)
        everybody = await tenants(application.store)
        return await application.eraser.sweep(everybody, audit_kept=kept)

    erased = with_application(data, work)
    if as_json:
        say_json({"instances": erased})
    else:
        Terminal.here().say(_told(erased))
    return 0


def _told(erased: int) -> str:
    match erased:
        case 0:
            return "No journey was to be erased."
        case 1:
            return "1 journey was erased; it left a tombstone."
        case _:
            return f"{erased:,} journeys were erased; each left a tombstone."
