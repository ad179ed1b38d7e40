"""Process instances by API: read, listed, decided, held and let go (trustx-identity.md 9)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from typing import Annotated, Any, Final, Literal

from msgspec import Meta

from engine.errors import UnknownInstance
from engine.model.instance import ProcessInstance
from engine.model.names import Digest, InstanceId
from engine.model.problem import wrong
from engine.ports.store import InstanceQuery
from engine.run.current import InstanceRef
from engine.run.oversight.looking import look, with_incident
from engine.run.oversight.supervision import LONGEST_COMMENT, Deed
from engine.run.oversight.timeline import timeline
from engine.web.api.frame.operation import (
    MISSING,
    Answered,
    B,
    Call,
    Nothing,
    Operation,
    Q,
    Stopped,
    invalid,
)
from engine.web.api.frame.pages import Number, Size, SpringPage, spring_rows
from engine.web.api.frame.values import Answer, At, Moment, Sent, moment
from engine.web.api.process_manager.creating import CREATE, CREATE_AND_LEAD, INSTANCES
from engine.web.api.process_manager.service import needs
from engine.web.api.process_manager.shown import (
    InstanceShown,
    InstanceWithParameters,
    Status,
    facts,
    parameters_of,
)
from engine.web.api.process_manager.standing import in_no_state
from engine.web.api.process_manager.versions import ProcessName
from engine.web.links import ResumeLink

INSTANCE: Final = f"{INSTANCES}/{{processInstanceId}}"

Comment = Annotated[str, Meta(max_length=LONGEST_COMMENT)]


class InstanceWords(Sent, kw_only=True, frozen=True):
    """Which instances.

    Attributes:
        sort: By when they were made, the newest first without it.
        status, process_instance_status: Those alone that stand so, in either spelling.
        process_defn_name, process_definition_name: Those of one process, in either spelling.
        process_definition_id: Those of that version; what was over before versions were kept beside
            instances is not found by it.
        text: A part of the id, or of the reference that its pages show.
        incident: Those alone that an operator has to look at.
        start_date_time, end_date_time: Made from the one, before the other.
        search_string: What the token carried: the whole value of a parameter, 200 characters at
            most. Of an instance that was erased nothing is found.
        parameter_name: Of that parameter alone.
    """

    page: Number = 0
    size: Size = 20
    sort: Literal["createdAt", "createdAt,asc", "createdAt,desc"] = "createdAt,desc"
    status: Status | None = None
    process_instance_status: Status | None = None
    process_defn_name: ProcessName | None = None
    process_definition_name: ProcessName | None = None
    process_definition_id: Annotated[str, Meta(max_length=64)] | None = None
    text: Annotated[str, Meta(max_length=26)] = ""
    incident: bool = False
    start_date_time: At | None = None
    end_date_time: At | None = None
    search_string: Annotated[str, Meta(min_length=1, max_length=200)] | None = None
    parameter_name: Annotated[str, Meta(min_length=1, max_length=100)] | None = None


class Decision(Sent, kw_only=True, frozen=True):
    """Why a review is decided so; it stays with the instance."""

    comment: Comment = ""


class LineShown(Answer, kw_only=True, frozen=True):
    """One thing that happened: when, where, what came of it, how long it was waited for, by whom.

    Attributes:
        actor: `person`, `timer`, `operator`, or empty for the engine itself.
    """

    at: Moment
    node: str
    activity: str
    outcome: str
    took_milliseconds: int | None
    actor: str


class TimelineShown(Answer, kw_only=True, frozen=True):
    """What happened, in order; `whole`: no row of the journal was changed or lost."""

    whole: bool
    content: list[LineShown]


class ResumeShown(Answer, kw_only=True, frozen=True):
    """The link by which a person comes back."""

    link: str


def _milliseconds(length: timedelta | None) -> int | None:
    return None if length is None else round(length.total_seconds() * 1000)


def _ref(call: Call[B, Q]) -> InstanceRef:
    return InstanceRef(tenant=call.tenant, id=InstanceId(call.path["processInstanceId"]))


async def _instance_of(call: Call[B, Q]) -> ProcessInstance | None:
    """Read an instance as it stands: what is due by now has come."""
    try:
        current = await call.ask.web.journeys.loop.current(_ref(call))
    except UnknownInstance:
        return None
    return await with_incident(call.offices.library, current.instance)


async def list_instances(call: Call[Nothing, InstanceWords]) -> Answered | Stopped:
    """List or search instances."""
    words = call.query
    value, name = words.search_string, words.parameter_name
    if name is not None and value is None:
        return invalid((wrong("searchString", "say the value that the parameter has"),))
    process = words.process_defn_name or words.process_definition_name
    if words.process_definition_name not in (None, process):
        return invalid((wrong("processDefinitionName", "say one name, in one of both spellings"),))
    status = words.status or words.process_instance_status
    if words.process_instance_status not in (None, status):
        return invalid((wrong("processInstanceStatus", "say one, in one of both spellings"),))
    bundle = words.process_definition_id
    query = InstanceQuery(
        process=process, status=status, bundle=None if bundle is None else Digest(bundle),
        oldest_first=not words.sort.endswith(",desc"), page=words.page, size=words.size,
        text=words.text.upper().removeprefix("TF-").replace("-", ""),
        held=words.incident, since=words.start_date_time, until=words.end_date_time,
        parameter=None if value is None else (name, value),
    )  # fmt: skip
    page = await call.offices.store.instances(call.tenant, query)
    rows = [await with_incident(call.offices.library, row) for row in page.rows]
    shown = [InstanceShown(**facts(call, row)) for row in rows]
    return Answered(body=spring_rows(words.page, words.size, shown, page.total))


async def read_instance(call: Call[Nothing, Nothing]) -> Answered | Stopped:
    """Read an instance."""
    found = await _instance_of(call)
    return MISSING if found is None else Answered(body=InstanceShown(**facts(call, found)))


async def read_with_parameters(call: Call[Nothing, Nothing]) -> Answered | Stopped:
    """Read an instance, and what its token carried."""
    found = await _instance_of(call)
    if found is None:
        return MISSING
    parameters = parameters_of(found)
    shown = InstanceWithParameters(**facts(call, found), process_token_parameters=parameters)
    return Answered(body=shown)


async def read_timeline(call: Call[Nothing, Nothing]) -> Answered | Stopped:
    """Tell what happened."""
    ref = _ref(call)
    try:
        seen = await look(call.offices.store, call.offices.library, ref.tenant, ref.id)
    except UnknownInstance:
        return MISSING
    lines = [
        LineShown(
            at=moment(line.at),
            node=line.node,
            activity=line.activity,
            outcome=line.outcome,
            took_milliseconds=None
            if line.took is None
            else round(line.took.total_seconds() * 1000),
            actor=line.actor,
        )
        for line in timeline(seen.instance, seen.journal, seen.places)
    ]
    return Answered(body=TimelineShown(whole=seen.broken is None, content=lines))


async def make_resume_link(call: Call[Nothing, Nothing]) -> Answered | Stopped:
    """Show the link by which a person comes back to a paused instance."""
    ref = _ref(call)
    try:
        value = await call.offices.supervisor.resume_value(ref, call.actor)
    except UnknownInstance:
        return MISSING
    if value is None:
        found = await _instance_of(call)
        return MISSING if found is None else in_no_state(found)
    link = ResumeLink(instance=ref.id, value=value).address_at(call.ask.web.config.origin)
    return Answered(body=ResumeShown(link=link))


async def accept(call: Call[Decision, Nothing]) -> Answered | Stopped:
    """Accept what waits for review."""
    return await _done(call, "accept", call.body.comment)


async def decline(call: Call[Decision, Nothing]) -> Answered | Stopped:
    """Decline what waits for review."""
    return await _done(call, "decline", call.body.comment)


def _deed(deed: Deed) -> Callable[[Call[Nothing, Nothing]], Awaitable[Answered | Stopped]]:
    async def done(call: Call[Nothing, Nothing]) -> Answered | Stopped:
        return await _done(call, deed)

    return done


async def _done(call: Call[B, Q], deed: Deed, comment: str = "") -> Answered | Stopped:
    """Do it, in a hop of its own; an instance that is in no state for it is left alone."""
    try:
        current = await call.offices.supervisor.act(_ref(call), deed, call.actor, comment)
    except UnknownInstance:
        return MISSING
    if current.already_answered:
        return in_no_state(current.instance)
    found = await with_incident(call.offices.library, current.instance)
    return Answered(body=InstanceShown(**facts(call, found)))


def _by_operator(name: str, word: str, deed: Deed, summary: str) -> Operation[Any, Any]:
    return Operation(
        name=name, method="POST", path=f"{INSTANCE}/{word}",
        needs=needs("updateProcessInstance"), summary=summary, answer=_deed(deed),
        body=Nothing, query=Nothing, result=InstanceShown,
        others={409: "It is in no state for this."},
    )  # fmt: skip


OPERATIONS: Final[Sequence[Operation[Any, Any]]] = (
    CREATE,
    CREATE_AND_LEAD,
    Operation(
        name="listProcessInstances", method="GET", path=INSTANCES,
        needs=needs("listProcessInstances"), summary="List process instances, the newest first",
        answer=list_instances, body=Nothing, query=InstanceWords,
        result=SpringPage[InstanceShown],
    ),
    Operation(
        name="searchProcessInstances", method="GET", path=f"{INSTANCES}/search",
        needs=needs("listProcessInstances"), summary="Search process instances",
        answer=list_instances, body=Nothing, query=InstanceWords,
        result=SpringPage[InstanceShown],
    ),
    Operation(
        name="getProcessInstance", method="GET", path=INSTANCE,
        needs=needs("getProcessInstance"), summary="Read a process instance",
        answer=read_instance, body=Nothing, query=Nothing, result=InstanceShown,
    ),
    Operation(
        name="getProcessInstanceWithParameters", method="GET", path=f"{INSTANCE}/withParameters",
        needs=needs("getProcessInstanceWithParameters"),
        summary="Read a process instance, and what its token carried",
        answer=read_with_parameters, body=Nothing, query=Nothing, result=InstanceWithParameters,
    ),
    Operation(
        name="getProcessInstanceTimeline", method="GET", path=f"{INSTANCE}/timeline",
        needs=needs("getProcessInstanceTimeline"), summary="Tell what happened in an instance",
        answer=read_timeline, body=Nothing, query=Nothing, result=TimelineShown,
    ),
    Operation(
        name="createResumeLink", method="POST", path=f"{INSTANCE}/resumeLink",
        needs=needs("updateProcessInstance"), answer=make_resume_link,
        summary="Show the link by which a person comes back to a paused instance",
        body=Nothing, query=Nothing, result=ResumeShown, others={409: "It is not paused."},
    ),
    Operation(
        name="acceptProcessInstance", method="POST", path=f"{INSTANCE}/accept",
        needs=needs("updateProcessInstance"), summary="Accept an instance in review",
        answer=accept,
        example={"comment": "Seen the passport."},
        body=Decision, query=Nothing, result=InstanceShown,
        others={409: "It is not in review."},
    ),
    Operation(
        name="declineProcessInstance", method="POST", path=f"{INSTANCE}/decline",
        needs=needs("updateProcessInstance"), summary="Decline an instance in review",
        answer=decline,
        example={"comment": "The passport has expired."},
        body=Decision, query=Nothing, result=InstanceShown,
        others={409: "It is not in review."},
    ),
    _by_operator("cancelProcessInstance", "cancel", "cancel", "End a process instance"),
    _by_operator("retryProcessInstance", "retry", "retry", "Let an incident go on from its wait"),
    _by_operator("giveUpProcessInstance", "giveUp", "give-up", "Give an incident up"),
)  # fmt: skip
