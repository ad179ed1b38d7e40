"""Interactive activities: show a screen and wait; an answer or their own expiry wakes them."""

from __future__ import annotations

from datetime import datetime

from msgspec.structs import replace

from engine.errors import ProcessFault
from engine.interpret.nodes import task
from engine.model.effect import Enter, Resume, Woken
from engine.model.graph import ActivityNode, ProcessGraph
from engine.model.instance import Pending, ProcessInstance
from engine.model.turn import Turn


def enter(node: ActivityNode, instance: ProcessInstance) -> Turn:
    """Enter a page. A page left by a button and come back to goes on with the same visit."""
    goes_on = instance.left == node.id and node.id in instance.visits
    visits = instance.visits if goes_on else task.counted(instance, node.id)
    visit = visits[node.id]
    entered = replace(
        instance,
        node=node.id,
        visits=visits,
        pending=Pending(node=node.id, visit=visit, step="enter"),
    )
    effect = Enter(node=node.id, visit=visit, inputs=task.inputs(node, instance))
    return Turn(instance=entered, effects=(effect,))


def resume(graph: ProcessGraph, instance: ProcessInstance, woken: Woken, at: datetime) -> Turn:
    """Hand what ended the wait to the activity. The wait is gone; a new screen makes a new one."""
    wait = instance.wait
    if wait is None:
        raise ProcessFault(reason="nothing waits", node=instance.node)
    node = task.activity(graph, wait.node)
    pending = Pending(node=node.id, visit=wait.visit, step="resume")
    effect = Resume(node=node.id, visit=wait.visit, inputs=task.inputs(node, instance), woken=woken)
    woken_up = replace(
        instance,
        status="ACTIVE",
        wait=None,
        pending=pending,
        notices=(),
        last_wait_timed_out=False,
        last_at=at,
        rested=instance,
    )
    return Turn(instance=woken_up, effects=(effect,))
