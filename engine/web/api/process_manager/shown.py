"""How programs are shown a process instance (trustx-identity.md 9)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from engine.model.instance import LABELS, ProcessInstance
from engine.model.names import INIT_VARS, JsonObject, JsonValue
from engine.run.oversight.timeline import cause_of
from engine.web.api.frame.operation import B, Call, Q
from engine.web.api.frame.values import Answer, Moment, moment, moment_or_none

Status = Literal[
    "PENDING",
    "ACTIVE",
    "PAUSED",
    "REVIEW",
    "COMPLETED_ENDED_SUCCESS",
    "COMPLETED_ENDED_ERROR",
    "COMPLETED_TERMINATED",
    "COMPLETED_PROCESS_ERROR",
]


class ReviewShown(Answer, kw_only=True, frozen=True):
    """What was decided in review."""

    status: Literal["ACCEPTED", "DECLINED"]
    comment: str
    reviewed_by: str
    reviewed_dtm: Moment


class IncidentShown(Answer, kw_only=True, frozen=True):
    """What holds an instance."""

    code: str
    node: str
    reason: str
    at: Moment


class CheckShown(Answer, kw_only=True, frozen=True):
    """A check and its result."""

    name: str
    state: Literal["OPEN", "PASS", "FAIL"]


class InstanceShown(Answer, kw_only=True, frozen=True):
    """A process instance. The names and addresses are those that its token carried."""

    id: str
    tenant_id: str
    reference: str
    process_defn_id: str
    process_defn_name: str
    process_defn_version: int
    first_name: str | None
    last_name: str | None
    phone_number: str | None
    email: str | None
    created_at: Moment
    ended_at: Moment | None
    elapsed_milliseconds: int
    status: Status
    status_mapped: str
    decision: str | None
    language: str
    checks: list[CheckShown]
    review: ReviewShown | None
    incident: IncidentShown | None


class InstanceWithParameters(InstanceShown, kw_only=True, frozen=True):
    """The same, and what its token carried."""

    process_token_parameters: dict[str, JsonValue]


def facts(call: Call[B, Q], found: ProcessInstance) -> dict[str, Any]:
    """Give the fields of `InstanceShown`."""
    ended, parameters = found.ended_at or call.actor.at, parameters_of(found)
    return {
        "id": found.id,
        "tenant_id": call.tenant,
        "reference": found.reference,
        "process_defn_id": found.bundle,
        "process_defn_name": found.process,
        "process_defn_version": found.version,
        "first_name": _text(parameters, "firstName"),
        "last_name": _text(parameters, "lastName"),
        "phone_number": _text(parameters, "phoneNumber"),
        "email": _text(parameters, "email"),
        "created_at": moment(found.created_at),
        "ended_at": moment_or_none(found.ended_at),
        "elapsed_milliseconds": max(0, round((ended - found.created_at).total_seconds() * 1000)),
        "status": found.status,
        "status_mapped": LABELS[found.status],
        "decision": found.decision,
        "language": found.language,
        "checks": [CheckShown(name=check.name, state=check.state) for check in found.checks],
        "review": _review(found),
        "incident": _incident(found),
    }


def parameters_of(found: ProcessInstance) -> JsonObject:
    """Give what an instance's token carried."""
    given = found.variables.get(INIT_VARS)
    return given if isinstance(given, dict) else {}


def _text(parameters: Mapping[str, JsonValue], name: str) -> str | None:
    value = parameters.get(name)
    return value if isinstance(value, str) else None


def _review(found: ProcessInstance) -> ReviewShown | None:
    review = found.review
    if review is None:
        return None
    return ReviewShown(
        status="ACCEPTED" if review.accepted else "DECLINED",
        comment=review.comment,
        reviewed_by=review.by,
        reviewed_dtm=moment(review.at),
    )


def _incident(found: ProcessInstance) -> IncidentShown | None:
    held = found.incident
    if held is None:
        return None
    return IncidentShown(
        code=held.code, node=held.node, reason=cause_of(held.reason), at=moment(held.at)
    )
