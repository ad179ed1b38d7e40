"""`instance`: what people's journeys have come to, and the timeline of one of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from engine.cli.administration.finding import refuse_no_process
from engine.cli.command import (
    PROBLEMS,
    Documented,
    Group,
    Pair,
    data_option,
    json_option,
    page_option,
    time_options,
)
from engine.cli.journeys.meant import (
    incident_json,
    incident_remedy,
    instance_named,
    review_json,
)
from engine.cli.journeys.rows import length_of, write_lines
from engine.cli.opening import with_application
from engine.cli.terminal.page import GAP, Terminal, Tone, clean, counted, say_json
from engine.model.instance import LABELS, Incident, ProcessInstance, Review, Status
from engine.run.oversight.timeline import cause_of, event_json, line_json, timeline

if TYPE_CHECKING:
    from datetime import datetime

    from engine.app import Application
    from engine.ports.store import Page
    from engine.run.oversight.looking import Seen

PAGE_SIZE: Final = 50
TONES: Final[Mapping[str, Tone]] = {
    "Accepted": "good",
    "Declined": "bad",
    "Error": "bad",
    "Abandoned": "warning",
}


class StatusName(click.ParamType[Status]):
    """A status, by its code or by the word that is shown for it, in any case."""

    name = "status"

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str:
        """Show the form it takes."""
        return "STATUS"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> Status:
        """Find the status that the word means."""
        meant = str(value).casefold()
        found = [s for s, label in LABELS.items() if meant in (s.casefold(), label.casefold())]
        if not found:
            known = ", ".join(LABELS.values())
            self.fail(f"write one of {known}; or a code such as PENDING.", param, ctx)
        return found[0]


@click.group(cls=Group, short_help="Look at people's journeys, and why.")
def instance() -> None:
    """Process instances: one person's run of one definition each."""


@instance.command(
    "list",
    cls=Documented,
    examples=(
        "trustflow instance list",
        "trustflow instance list --process book-a-visit --status Declined",
        "trustflow instance list --incident --since 2026-11-01",
        "trustflow instance list --parameter userExternalId=ines --json",
    ),
)
@click.option("--process", help="Of this process alone.")
@click.option("--status", type=StatusName(), help="As it is shown, or its code.")
@click.option("--incident", is_flag=True, help="Those alone that you have to look at.")
@click.option("--parameter", type=Pair(), help="What its token carried.")
@time_options
@page_option("50 instances")
@data_option
@json_option
def list_instances(
    *,
    process: str | None,
    status: Status | None,
    incident: bool,
    parameter: tuple[str, str] | None,
    since: datetime | None,
    until: datetime | None,
    page: int,
    data: Path | None,
    as_json: bool,
) -> int:
    """List instances, the newest first: where all that is said holds."""
    chosen = any((process, status, incident, parameter, since, until))

    async def work(application: Application) -> Page[ProcessInstance]:
        from engine.ports.store import InstanceQuery
        from engine.run.oversight.looking import with_incident

        if process is not None:
            await refuse_no_process(application, process)

        query = InstanceQuery(
            process=process, status=status, held=incident, parameter=parameter,
            since=since, until=until, page=page - 1, size=PAGE_SIZE,
        )  # fmt: skip
        kept = await application.store.instances(application.tenant, query)
        rows = [await with_incident(application.library, row) for row in kept.rows]
        return replace(kept, rows=tuple(rows))

    found = with_application(data, work)
    if as_json:
        say_json({"instances": [_known(row) for row in found.rows], "total": found.total})
        return 0
    terminal = Terminal.here()
    if not found.rows:
        terminal.write(_none(found.total, chosen=chosen))
        return 0
    head = ("reference", "process", "status", "since (UTC)")
    terminal.table(head, [_row(row) for row in found.rows])
    terminal.say(f"{len(found.rows)} of {found.total}", "quiet")
    return 0


def _none(total: int, *, chosen: bool) -> str:
    if total:
        pages = -(-total // PAGE_SIZE)
        there = "is" if pages == 1 else "are"
        return f"Nothing on this page: there {there} {counted(pages, 'page')}."
    if chosen:
        return "No instance is as you asked for."
    return "No instances. They begin when somebody opens a token's link."


def _row(row: ProcessInstance) -> tuple[str, ...]:
    status = LABELS[row.status] + (", incident" if row.incident else "")
    since = f"{row.created_at:%m-%d %H:%M}"
    return row.reference, f"{row.process} {row.version}", status, since


def _known(row: ProcessInstance) -> dict[str, object]:
    incident = row.incident
    return {
        "id": row.id,
        "reference": row.reference,
        "process": row.process,
        "processVersion": row.version,
        "status": row.status,
        "label": LABELS[row.status],
        "decision": row.decision,
        "node": row.node,
        "language": row.language,
        "checks": {check.name: check.state for check in row.checks},
        "createdDtm": row.created_at.isoformat(),
        "endedDtm": row.ended_at.isoformat() if row.ended_at else None,
        "review": review_json(row.review) if row.review else None,
        "incident": incident_json(incident) if incident else None,
    }


@instance.command(
    cls=Documented,
    examples=(
        "trustflow instance show TF-7K2M-94QX",
        "trustflow instance show 01K9... --json",
    ),
)
@click.argument("id")
@data_option
@json_option
def show(*, id: str, data: Path | None, as_json: bool) -> int:
    """Show an instance: its timeline, its checks, and whether its journal is whole.

    ID is its id, or the reference that its pages show (TF-7K2M-94QX).

    Exit code 1: the journal was changed. What a person kept secret is not there at all.
    """
    seen = with_application(data, lambda application: _look(application, id))
    if as_json:
        _say(seen)
    else:
        _write(Terminal.here(), seen)
    return 0 if seen.broken is None else PROBLEMS


async def _look(application: Application, id: str) -> Seen:
    from engine.run.oversight.looking import look

    found = await instance_named(application, id)
    return await look(application.store, application.library, application.tenant, found.id)


def _say(seen: Seen) -> None:
    chain = {"whole": seen.broken is None, "rows": len(seen.journal), "brokenAt": seen.broken}
    events = [event_json(row) for row in seen.journal]
    lines = timeline(seen.instance, seen.journal, seen.places)
    told = {"timeline": list(map(line_json, lines)), "events": events}
    say_json({**_known(seen.instance), "chain": chain, **told})


def _write(terminal: Terminal, seen: Seen) -> None:
    found = seen.instance
    label = LABELS[found.status]
    status = terminal.tone(label, TONES.get(label, "strong"))
    terminal.say(f"{terminal.tone(f'Instance {found.id}', 'strong')}")
    took = (
        "" if found.ended_at is None else f"  took {length_of(found.ended_at - found.created_at)}"
    )
    terminal.say(f"{status}{took}")
    facts = [
        ("reference", found.reference),
        ("process", f"{found.process} {found.version}"),
        ("begun", f"{found.created_at:%Y-%m-%d %H:%M:%S} UTC"),
        ("language", found.language),
    ]
    terminal.facts(facts, indent=GAP)
    if found.review is not None:
        _write_review(terminal, found.review)
    if found.incident is not None:
        _write_incident(terminal, found.incident)
    terminal.say()
    write_lines(terminal, timeline(found, seen.journal, seen.places))
    terminal.say()
    terminal.heading("Checks")
    checks: list[tuple[str, str]] = [(check.name, check.state) for check in found.checks]
    if found.decision is not None:
        checks.append(("decision", found.decision))
    terminal.facts(checks or [("none", "")], indent=GAP)
    terminal.say()
    _write_chain(terminal, seen)


def _write_review(terminal: Terminal, review: Review) -> None:
    verdict = "accepted" if review.accepted else "declined"
    why = f": {review.comment}" if review.comment else ""
    words = f"review  {verdict} by {review.by}, {review.at:%Y-%m-%d %H:%M} UTC{why}"
    terminal.write(clean(words), first=GAP, indent=GAP * 2)


def _write_incident(terminal: Terminal, incident: Incident) -> None:
    why = f"{incident.code} at {incident.node}: {cause_of(incident.reason)}"
    terminal.write(clean(f"incident  {why}"), first=GAP, indent=GAP * 2, tone="bad")
    remedy = incident_remedy(incident)
    if remedy is not None:
        terminal.write(f"-> {remedy}", first=GAP * 2, indent=GAP * 3, tone="good")


def _write_chain(terminal: Terminal, seen: Seen) -> None:
    if seen.broken is None:
        rows = counted(len(seen.journal), "row")
        words = f"The journal is whole: {rows}, each linked to the one before."
        terminal.write(words, tone="quiet")
    else:
        terminal.write(
            f"The journal was changed: row {seen.broken} does not fit the ones before it.",
            tone="bad",
        )
