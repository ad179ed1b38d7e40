"""External activities: what they hand over is done outside, after the commit that says so."""

from __future__ import annotations

from datetime import datetime

from msgspec.structs import replace

from engine.interpret.nodes import task
from engine.model.effect import Prepare
from engine.model.graph import ActivityNode
from engine.model.instance import Pending, ProcessInstance
from engine.model.turn import Turn


def enter(node: ActivityNode, instance: ProcessInstance) -> Turn:
    """Ask what is to be done; the answer comes back inside the hop and commits with it."""
    visits = task.counted(instance, node.id)
    visit = visits[node.id]
    entered = replace(
        instance,
        node=node.id,
        visits=visits,
        pending=Pending(node=node.id, visit=visit, step="prepare"),
    )
    effect = Prepare(node=node.id, visit=visit, inputs=task.inputs(node, instance))
    return Turn(instance=entered, effects=(effect,))


def is_awaited(instance: ProcessInstance, node: str, visit: int) -> bool:
    """Whether the instance stands still until what this visit handed over is done."""
    wait = instance.wait
    return wait is not None and wait.awaits == "result" and (wait.node, wait.visit) == (node, visit)


def woken(instance: ProcessInstance, at: datetime) -> ProcessInstance:
    """Give the instance on its way again, with the result about to be applied.

    Should the hop break, it stands here again, and the result is given to it once more.
    """
    return replace(
        instance, wait=None, notices=(), last_wait_timed_out=False, last_at=at, rested=instance
    )
