"""Start: passed at once."""

from __future__ import annotations

from msgspec.structs import replace

from engine.interpret.nodes import gateway, task
from engine.model.graph import ActivityNode
from engine.model.instance import ProcessInstance
from engine.model.names import NodeId


def passed(node: ActivityNode, instance: ProcessInstance) -> tuple[ProcessInstance, NodeId]:
    """Count the visit and choose the way on."""
    begun = replace(instance, node=node.id, visits=task.counted(instance, node.id))
    return begun, gateway.choose(node.flows, begun)
