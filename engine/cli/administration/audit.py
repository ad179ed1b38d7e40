"""`audit`: who did what to what, when; and what was tried in vain."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from engine.cli.command import (
    Documented,
    Group,
    data_option,
    json_option,
    page_option,
    time_options,
)
from engine.cli.opening import with_application
from engine.cli.terminal.page import Terminal, clean, say_json

if TYPE_CHECKING:
    from datetime import datetime

    from engine.app import Application
    from engine.ports.store import Page
    from engine.records.record import AuditRow

PAGE_SIZE: Final = 50


@click.group(cls=Group, short_help="Read who did what, when.")
def audit() -> None:
    """The audit: every administrative act and security event, kept for `audit_days`."""


@audit.command(
    "list",
    cls=Documented,
    examples=(
        "trustflow audit list",
        "trustflow audit list --action attempt.lock",
        "trustflow audit list --actor cli --since 2026-11-01 --until 2026-12-01",
        "trustflow audit list --subject user:01K9... --page 2 --json",
    ),
)
@click.option("--subject", help="Of what it was done to, as KIND:ID.")
@click.option("--action", help="Of this act alone: user.add, attempt.failed, ...")
@click.option("--actor", help="By whom: cli, key:ID, instance:ID.")
@time_options
@page_option("50 rows")
@data_option
@json_option
def list_rows(
    *,
    subject: str | None,
    action: str | None,
    actor: str | None,
    since: datetime | None,
    until: datetime | None,
    page: int,
    data: Path | None,
    as_json: bool,
) -> int:
    """List what was done, the newest first: where all that is said holds."""

    async def work(application: Application) -> Page[AuditRow]:
        from engine.ports.store import AuditQuery

        query = AuditQuery(
            subject=subject, action=action, actor=actor, since=since, until=until,
            page=page - 1, size=PAGE_SIZE,
        )  # fmt: skip
        return await application.store.audit(application.tenant, query)

    found = with_application(data, work)
    if as_json:
        say_json({"audit": [_known(row) for row in found.rows], "total": found.total})
        return 0
    terminal = Terminal.here()
    if not found.rows:
        terminal.say("Nothing was done." if not found.total else "Nothing on this page.")
        return 0
    head = ("when (UTC)", "who", "what", "to what", "facts")
    terminal.table(head, [_row(row) for row in found.rows])
    terminal.say(f"{len(found.rows)} of {found.total}", "quiet")
    return 0


def _row(row: AuditRow) -> tuple[str, ...]:
    facts = ", ".join(f"{name}: {value}" for name, value in row.facts.items())
    return f"{row.at:%Y-%m-%d %H:%M:%S}", row.actor, row.action, clean(row.subject), clean(facts)


def _known(row: AuditRow) -> dict[str, object]:
    return {
        "id": row.id,
        "at": row.at.isoformat(),
        "actor": row.actor,
        "action": row.action,
        "subject": clean(row.subject),
        "facts": {name: clean(value) for name, value in row.facts.items()},
    }
