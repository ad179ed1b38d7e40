"""End: the finalizer gives the status, and the last screen says where the person goes."""

from __future__ import annotations

from datetime import datetime

from msgspec.structs import replace

from engine.interpret import finalize
from engine.interpret.nodes import task
from engine.model.graph import ActivityNode, ProcessGraph
from engine.model.instance import ProcessInstance
from engine.model.turn import Turn


def reached(
    graph: ProcessGraph, node: ActivityNode, instance: ProcessInstance, at: datetime
) -> Turn:
    """End the journey here."""
    arrived = replace(instance, node=node.id, visits=task.counted(instance, node.id))
    return Turn(instance=finalize.ended(graph, node, arrived, at))
