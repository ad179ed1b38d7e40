"""`keys`: the keys that stand between the database and what it keeps (security A4)."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from engine.cli.command import Documented, Group, data_option, json_option
from engine.cli.opening import refuse_nothing, with_application
from engine.cli.terminal.page import Terminal, say_json
from engine.settings import read

if TYPE_CHECKING:
    from engine.app import Application
    from engine.ports.outside import Purpose

PEPPER: Final[Purpose] = "pepper"


@click.group(cls=Group, short_help="Look at the keys, and make a new one.")
def keys() -> None:
    """Keys in the data folder: the newest seals, the older ones are still verified with."""


@keys.command("list", cls=Documented, examples=("trustflow keys list",))
@data_option
@json_option
def list_keys(*, data: Path | None, as_json: bool) -> int:
    """List the keys by id, and how many passcodes each one seals.

    A key that is not the newest and seals none may go, once no journey begun with it is left.
    """
    from engine.adapters.vault import FileVault
    from engine.app import KEYS

    counts = with_application(data, _counted)
    vault = FileVault.open(read(data).data / KEYS, make=False)
    newest = vault.current(PEPPER)
    rows = [(id, counts[id], id == newest) for id in vault.ids]
    if as_json:
        names = ("id", "passcodes", "current")
        say_json({"keys": [dict(zip(names, row, strict=True)) for row in rows]})
        return 0
    head = ("key", "passcodes", "")
    shown = [(id, str(count), "current" if newest else "") for id, count, newest in rows]
    Terminal.here().table(head, shown)
    return 0


async def _counted(application: Application) -> Counter[str]:
    """Count passcodes, earlier ones too, by the key that seals them."""
    from engine.access.tenants import tenants
    from engine.ports.paging import every
    from engine.records.identity import Passcode, sealed_by

    found: Counter[str] = Counter()
    for tenant in await tenants(application.store):
        rows = every(application.store, tenant, Passcode)
        found.update([sealed_by(row) async for row in rows])
    return found


@keys.command(cls=Documented, examples=("trustflow keys rotate --data /srv/trustflow",))
@data_option
@json_option
def rotate(*, data: Path | None, as_json: bool) -> int:
    """Make a new key, current from the next start on; keep a copy of it elsewhere.

    What older keys sealed stays good, and is sealed anew at the next good sign-in. Links, and pages
    that are open at that start, have to be opened once more.
    """
    from engine.adapters.vault import FileVault
    from engine.app import KEYS

    settings = read(data)
    refuse_nothing(settings)
    made = FileVault.rotate(settings.data / KEYS).current(PEPPER)
    if as_json:
        say_json({"id": made})
        return 0
    terminal = Terminal.here()
    terminal.say(f"The key {made} is there.", "good")
    terminal.write("It is used once `serve` was started anew. Keep a copy of it elsewhere.")
    return 0
