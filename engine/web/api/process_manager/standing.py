"""Why nothing is done to an instance as it stands, and what could be: the words of its 409."""

from __future__ import annotations

from typing import Final

from engine.model.instance import ProcessInstance, Status
from engine.web.api.frame.operation import Stopped, exists

_POSSIBLE: Final[dict[Status, str]] = {
    "PENDING": "nobody has begun it; cancel can be done",
    "ACTIVE": "it is on its way; cancel can be done",
    "PAUSED": "it waits for its person; resumeLink and cancel can be done",
    "REVIEW": "it waits for a decision; accept, decline and cancel can be done",
}


def in_no_state(found: ProcessInstance) -> Stopped:
    """Say how an instance stands to what was wanted of it."""
    return exists("status", f"the instance is {found.status}: {_possible(found)}")


def _possible(found: ProcessInstance) -> str:
    if found.is_over and found.status == "REVIEW":
        return "it waits for a decision; accept and decline can be done"
    if found.is_over:
        return "it has ended, and nothing can be done to it any more"
    if found.is_held:
        return "an incident holds it; retry, giveUp and cancel can be done"
    return _POSSIBLE[found.status]
