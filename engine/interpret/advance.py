"""The table of events: what each one may do to an instance, and what nothing waits for."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import assert_never

from msgspec.structs import replace

from engine.errors import ExpressionFault, ProcessFault
from engine.interpret import finalize, operators, slots
from engine.interpret.movement import enter, follow
from engine.interpret.nodes import external, interactive, task
from engine.interpret.outcome import apply
from engine.interpret.trouble import hold
from engine.model.definition import Definition
from engine.model.effect import Answered, Expired, Heard, Returned
from engine.model.event import (
    ByOperator,
    DeadlinePassed,
    Event,
    Extended,
    Finished,
    LanguageChosen,
    Moving,
    Pressed,
    Resumed,
    Signalled,
    Started,
    Submitted,
    TimerFired,
)
from engine.model.graph import ActivityNode, ProcessGraph
from engine.model.instance import ProcessInstance, Wait
from engine.model.names import FORM_DATA, INIT_VARS, InstanceId, JsonObject, StepKey, TenantId
from engine.model.turn import NotAwaited, Turn

MOST_EXTENSIONS = 10
"""How often a person may ask for more time at one wait (WCAG 2.2.1 asks for at least ten)."""


def new_instance(
    graph: ProcessGraph,
    *,
    tenant: TenantId,
    id: InstanceId,
    parameters: JsonObject,
    at: datetime,
    deadline: datetime,
) -> ProcessInstance:
    """Make an instance that nobody has started yet (PENDING).

    Args:
        graph: The version it will run, for good.
        tenant: Whose it is.
        id: 26 characters.
        parameters: Checked and complete; read as `_initVars`.
        at: UTC.
        deadline: The earlier of the definition's and the token's; after it the instance is over.
    """
    definition: Definition = graph.definition
    return ProcessInstance(
        tenant=tenant,
        id=id,
        bundle=graph.digest,
        process=definition.process,
        version=definition.version,
        language=definition.languages[0],
        node=graph.start,
        variables={INIT_VARS: parameters},
        created_at=at,
        deadline=deadline,
        last_at=at,
    )


def advance(graph: ProcessGraph, instance: ProcessInstance, event: Event) -> Turn | NotAwaited:
    """Move one process instance by one event.

    Pure: the same three arguments give the same turn, today and after a restart.

    Args:
        graph: The version of the definition this instance was started with.
        instance: Where the person is. Not changed.
        event: What happened. `event.at` (UTC) is the only time the turn knows.

    Returns:
        The instance afterwards, and the effects in the order in which they must be tried;
        or NotAwaited, a value: nothing waits for this event (it is late, or a double).

    Raises:
        ProcessFault: The graph and the instance do not belong together. Any other fault holds the
            instance where it is.
    """
    if graph.digest != instance.bundle:
        raise ProcessFault(reason="graph and instance differ in bundle", instance=instance.id)
    if isinstance(event, ByOperator):
        return operators.told(graph, instance, event)
    if instance.is_over or instance.is_held:
        return NotAwaited(reason="over")
    if isinstance(event, Started):
        if instance.status != "PENDING":
            return NotAwaited(reason="another step")
        instance = _begun(instance, event)
    try:
        return _turn(graph, instance, event)
    except (ExpressionFault, ProcessFault) as fault:
        return Turn(instance=hold(instance, fault.code, str(fault), event.at))


def _turn(graph: ProcessGraph, instance: ProcessInstance, event: Moving) -> Turn | NotAwaited:
    match event:  # the most frequent ones first
        case Finished():
            return _finished(graph, instance, event)
        case Submitted() | Pressed() | Extended() | LanguageChosen() | Resumed():
            return _by_person(graph, instance, event)
        case Started():
            return enter(graph, replace(instance, rested=instance), graph.start, event.at)
        case TimerFired() | DeadlinePassed() | Signalled():
            return _by_itself(graph, instance, event)
    assert_never(event)


def _by_itself(
    graph: ProcessGraph, instance: ProcessInstance, event: TimerFired | DeadlinePassed | Signalled
) -> Turn | NotAwaited:
    match event:
        case Signalled():
            return _signalled(graph, instance, event)
        case TimerFired():
            return _timer(graph, instance, event)
        case DeadlinePassed():
            if event.at < instance.deadline:
                return NotAwaited(reason="late")
            return Turn(instance=finalize.terminated(graph, instance, event.at))
    assert_never(event)


def _by_person(
    graph: ProcessGraph,
    instance: ProcessInstance,
    event: Submitted | Pressed | Extended | LanguageChosen | Resumed,
) -> Turn | NotAwaited:
    match event:
        case Resumed():
            return _resumed(graph, instance, event)
        case Submitted():
            return _submitted(graph, instance, event)
        case Pressed():
            return _pressed(graph, instance, event)
        case Extended():
            return _extended(graph, instance, event)
        case LanguageChosen():
            return _language(graph, instance, event)
    assert_never(event)


def _begun(instance: ProcessInstance, event: Started) -> ProcessInstance:
    return replace(
        instance,
        status="ACTIVE",
        language=event.language,
        deadline=event.deadline,
        # `has(_customFormData.form1)` may be asked before any form was answered.
        variables={
            FORM_DATA: {},
            **instance.variables,
            INIT_VARS: event.parameters,
        },
        last_at=event.at,
    )


def _submitted(
    graph: ProcessGraph, instance: ProcessInstance, event: Submitted
) -> Turn | NotAwaited:
    wait = _awaited(instance, event.step, event.at)
    if isinstance(wait, NotAwaited):
        return wait
    if wait.awaits != "answer":
        return NotAwaited(reason="another step")
    return interactive.resume(graph, instance, Answered(submission=event.submission), event.at)


def _resumed(graph: ProcessGraph, instance: ProcessInstance, event: Resumed) -> Turn | NotAwaited:
    wait = instance.wait
    if wait is None or wait.awaits != "resume" or wait.key != event.key:
        return NotAwaited(reason="another step")
    if instance.due_at is not None and event.at >= instance.due_at:
        return NotAwaited(reason="late")
    return interactive.resume(graph, instance, Returned(), event.at)


def _signalled(
    graph: ProcessGraph, instance: ProcessInstance, event: Signalled
) -> Turn | NotAwaited:
    wait = instance.wait
    if wait is None or wait.awaits != "signal" or wait.key != event.key:
        return NotAwaited(reason="another step")
    if instance.due_at is not None and event.at >= instance.due_at:
        return NotAwaited(reason="late")
    return interactive.resume(graph, instance, Heard(), event.at)


def _pressed(graph: ProcessGraph, instance: ProcessInstance, event: Pressed) -> Turn | NotAwaited:
    wait = _awaited(instance, event.step, event.at)
    if isinstance(wait, NotAwaited):
        return wait
    action = task.activity(graph, wait.node).actions.get(event.action)
    count = instance.presses.get(f"{wait.node}/{event.action}", 0)
    if action is None or count >= action.limit:
        return NotAwaited(reason="not offered")
    presses = {**instance.presses, f"{wait.node}/{event.action}": count + 1}
    pressed = replace(
        instance,
        wait=None,
        notices=(),
        presses=presses,
        left=wait.node,
        last_wait_timed_out=False,
        last_at=event.at,
        rested=instance,
    )
    return enter(graph, pressed, action.to, event.at)


def _extended(graph: ProcessGraph, instance: ProcessInstance, event: Extended) -> Turn | NotAwaited:
    wait = _awaited(instance, event.step, event.at)
    if isinstance(wait, NotAwaited):
        return wait
    longer = more_time(graph, instance)
    if longer is None:
        return NotAwaited(reason="no more time")
    extended = replace(wait, due=longer, extended=wait.extended + 1)
    return Turn(instance=replace(instance, wait=extended, last_at=event.at))


def more_time(graph: ProcessGraph, instance: ProcessInstance) -> datetime | None:
    """Tell until when the current wait could be extended, or None where it cannot."""
    wait = instance.asked
    if wait is None or wait.due is None or wait.extended >= MOST_EXTENSIONS:
        return None
    timeout = task.activity(graph, wait.node).timeout
    if timeout is None or not timeout.extendable:
        return None
    longer = min(wait.due + timedelta(seconds=wait.length_seconds), instance.deadline)
    return longer if longer > wait.due else None


def _language(
    graph: ProcessGraph, instance: ProcessInstance, event: LanguageChosen
) -> Turn | NotAwaited:
    if event.language not in graph.definition.languages or event.language == instance.language:
        return NotAwaited(reason="not offered")
    return Turn(instance=replace(instance, language=event.language, last_at=event.at))


def _timer(graph: ProcessGraph, instance: ProcessInstance, event: TimerFired) -> Turn | NotAwaited:
    wait = instance.wait
    if wait is None or (wait.node, wait.visit) != (event.node, event.visit):
        return NotAwaited(reason="another step")
    if wait.due is not None and event.at >= wait.due:
        return _timed_out(graph, instance, wait, event.at)
    if wait.expires is not None and event.at >= wait.expires:
        return interactive.resume(graph, instance, Expired(), event.at)
    return NotAwaited(reason="late")


def _timed_out(graph: ProcessGraph, instance: ProcessInstance, wait: Wait, at: datetime) -> Turn:
    """Interrupt: the activity is not called, its check stays as it is, the way is the timer's."""
    node = task.activity(graph, wait.node)
    if node.timeout is None:
        raise ProcessFault(reason="a wait has a due time and its node no timer", node=wait.node)
    left = replace(
        instance,
        status="ACTIVE",
        wait=None,
        notices=(),
        keys=slots.after_timeout(node, instance),
        last_wait_timed_out=True,
        last_at=at,
        rested=instance,
    )
    return enter(graph, left, node.timeout.to, at)


def _finished(graph: ProcessGraph, instance: ProcessInstance, event: Finished) -> Turn | NotAwaited:
    pending = instance.pending
    if pending is None:
        if not external.is_awaited(instance, event.node, event.visit):
            return NotAwaited(reason="another step")
        if instance.due_at is not None and event.at >= instance.due_at:
            return NotAwaited(reason="late")
        instance = external.woken(instance, event.at)
    elif (pending.node, pending.visit) != (event.node, event.visit):
        return NotAwaited(reason="another step")
    node: ActivityNode = task.activity(graph, event.node)
    moved = apply(graph, node, instance, event)
    if moved.to is None:
        return Turn(instance=moved.instance)
    return follow(graph, moved.instance, moved.to, event.at)


def _awaited(instance: ProcessInstance, step: StepKey, at: datetime) -> Wait | NotAwaited:
    wait = instance.asked
    if wait is None or wait.step != step:
        return NotAwaited(reason="another step")
    due = instance.due_at
    return NotAwaited(reason="late") if due is not None and at >= due else wait
