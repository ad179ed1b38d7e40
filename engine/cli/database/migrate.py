"""`migrate`: brings a PostgreSQL database to this program's schema, and says what it did."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from engine.cli.command import Documented, data_option, database_option, json_option
from engine.cli.terminal.page import Terminal, clean, say_json
from engine.settings import read

if TYPE_CHECKING:
    from engine.adapters.address import Address


@click.command(
    cls=Documented,
    short_help="Bring a PostgreSQL database to this program's schema.",
    examples=(
        "trustflow migrate --database postgresql://trustflow@127.0.0.1/trustflow",
        "trustflow migrate --data /srv/trustflow",
    ),
)
@database_option
@data_option
@json_option
def migrate(*, database: Address | None, data: Path | None, as_json: bool) -> int:
    """Run the migrations that a PostgreSQL database still needs: all of them, or none.

    Forward only, by one node at a time; nothing happens where none is needed. A newer program's
    database is refused. A file in the data folder needs no migrate: it is brought to today's
    schema when it is opened.
    """
    import asyncio

    from engine.adapters.postgres import schema

    settings = read(data, database=database)
    if settings.database is None:
        _say(as_json, [], "The database is a file: it migrates by itself when it is opened.")
        return 0
    done = asyncio.run(schema.migrate(settings.database))
    number = len(schema.shipped())
    _say(
        as_json,
        [f"{one.number} {one.name}" for one in done],
        f"{clean(str(settings.database))} is at schema {number}, today's"
        + ("." if done else " already: nothing to do."),
    )
    return 0


def _say(as_json: bool, done: list[str], told: str) -> None:
    if as_json:
        say_json({"ran": done, "told": told})
        return
    terminal = Terminal.here()
    for one in done:
        terminal.say(f"ran {one}")
    terminal.say(told)
