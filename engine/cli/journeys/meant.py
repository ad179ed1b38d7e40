"""Which instance an operator means, the reference that its pages show, and why it broke."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from engine.cli.command import fail
from engine.cli.hints import hint
from engine.cli.terminal.page import clean
from engine.errors import ActivityMissing, UnknownInstance
from engine.model.instance import Incident, ProcessInstance, Review
from engine.model.names import InstanceId
from engine.run.oversight.timeline import cause_of

if TYPE_CHECKING:
    from engine.app import Application

REFERENCE: Final = re.compile(r"(?:TF-?)?([0-9A-Z]{4})-?([0-9A-Z]{4})")
_MISSING_STORE: Final = re.compile(r"store='([A-Za-z0-9_-]+)'")


async def instance_named(application: Application, named: str) -> ProcessInstance:
    """Find an instance by its id or its reference. Raises `Failed`."""
    short = REFERENCE.fullmatch(named.upper())
    if short is not None:
        return await _ending(application, named, short[1] + short[2])
    try:
        found = await application.store.load(application.tenant, InstanceId(named.upper()))
    except UnknownInstance:
        fail(_unknown(named))
    return found.instance


async def _ending(application: Application, named: str, end: str) -> ProcessInstance:
    from engine.ports.store import LARGEST_PAGE, InstanceQuery

    query = InstanceQuery(text=end, size=LARGEST_PAGE)
    rows = (await application.store.instances(application.tenant, query)).rows
    found = [row for row in rows if row.id.endswith(end)]
    if not found:
        fail(_unknown(named))
    if len(found) > 1:
        ids = ", ".join(row.id for row in found)
        fail(f"The reference {clean(named)} is that of several instances: {ids}.")
    return found[0]


def _unknown(named: str) -> str:
    return f"There is no instance {clean(named)}. `{hint('instance', 'list')}` shows them."


def incident_remedy(incident: Incident) -> str | None:
    """Say what mends the cause of an incident, where we know it."""
    if incident.code == ActivityMissing.code:
        return "install that package, and start `serve` anew: the journey then goes on by itself"
    store = _MISSING_STORE.search(incident.reason)
    if "no such store" in incident.reason and store is not None:
        return hint("store", "add", named=store[1])
    return None


def review_json(review: Review) -> dict[str, object]:
    """Write what an operator decided for a program."""
    return {
        "status": "ACCEPTED" if review.accepted else "DECLINED",
        "comment": review.comment,
        "by": review.by,
        "at": review.at.isoformat(),
    }


def incident_json(incident: Incident) -> dict[str, object]:
    """Write an incident for a program."""
    return {
        "code": incident.code,
        "node": incident.node,
        "reason": cause_of(incident.reason),
        "remedy": incident_remedy(incident),
    }
