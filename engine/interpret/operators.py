"""What an operator does to an instance: decides a review, lets it go on, gives it up, ends it."""

from __future__ import annotations

from datetime import datetime
from typing import assert_never

from msgspec.structs import replace

from engine.errors import ExpressionFault, ProcessFault
from engine.interpret import finalize
from engine.interpret.movement import enter
from engine.interpret.nodes import interactive
from engine.interpret.trouble import hold
from engine.model.effect import Decided
from engine.model.event import ByOperator, Cancelled, GivenUp, Retried, Reviewed
from engine.model.graph import ProcessGraph
from engine.model.instance import Incident, ProcessInstance, Review
from engine.model.turn import NotAwaited, Turn


def told(graph: ProcessGraph, instance: ProcessInstance, event: ByOperator) -> Turn | NotAwaited:
    """Move an instance by what an operator wants."""
    match event:
        case Reviewed():
            return _reviewed(graph, instance, event)
        case Retried():
            return _retried(graph, instance, event)
        case GivenUp():
            return _given_up(graph, instance, event)
        case Cancelled():
            if instance.is_over:
                return NotAwaited(reason="over")
            return Turn(instance=finalize.terminated(graph, instance, event.at))
    assert_never(event)


def _reviewed(graph: ProcessGraph, instance: ProcessInstance, event: Reviewed) -> Turn | NotAwaited:
    """Decide: a waiting instance goes on from its wait, one that ended so gets its last status."""
    if instance.status != "REVIEW" or instance.is_held:
        return NotAwaited(reason="no review")
    review = Review(accepted=event.accepted, comment=event.comment, by=event.by, at=event.at)
    decided = replace(instance, review=review)
    if instance.wait is None:
        return Turn(instance=finalize.reviewed(graph, decided, review))
    if instance.due_at is not None and event.at >= instance.due_at:
        return NotAwaited(reason="late")
    woken = Decided(accepted=event.accepted, comment=event.comment, by=event.by)
    return interactive.resume(graph, decided, woken, event.at)


def _retried(graph: ProcessGraph, instance: ProcessInstance, event: Retried) -> Turn | NotAwaited:
    """Go on from the last wait, or from Start. Time stood still while the instance was held."""
    incident = instance.incident
    if incident is None or instance.is_over:
        return NotAwaited(reason="not held")
    freed = replace(_later(instance, incident, event.at), incident=None, last_at=event.at)
    if freed.wait is not None or freed.status == "PENDING":
        return Turn(instance=freed)
    try:
        return enter(graph, replace(freed, rested=freed), graph.start, event.at)
    except (ExpressionFault, ProcessFault) as fault:
        return Turn(instance=hold(freed, fault.code, str(fault), event.at))


def _later(instance: ProcessInstance, incident: Incident, at: datetime) -> ProcessInstance:
    """Give back the time that passed while the instance was held."""
    held = at - incident.at
    wait = instance.wait
    if wait is not None:
        wait = replace(
            wait,
            due=None if wait.due is None else wait.due + held,
            expires=None if wait.expires is None else wait.expires + held,
        )
    return replace(instance, wait=wait, deadline=instance.deadline + held)


def _given_up(graph: ProcessGraph, instance: ProcessInstance, event: GivenUp) -> Turn | NotAwaited:
    if not instance.is_held or instance.is_over:
        return NotAwaited(reason="not held")
    return Turn(instance=finalize.given_up(graph, instance, event.at))
