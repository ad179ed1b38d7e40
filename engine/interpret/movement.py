"""How an instance gets from node to node: gateways decide at once, everything else is entered."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import assert_never

from engine.errors import ProcessFault
from engine.interpret.nodes import end, external, gateway, interactive, start, task
from engine.model.graph import ActivityNode, Flow, Gateway, ProcessGraph
from engine.model.instance import ProcessInstance
from engine.model.names import NodeId
from engine.model.turn import Turn

MOST_STEPS = 1_000
"""More nodes than this in one turn is a fault: a proof failed to find a loop without a wait."""


def follow(
    graph: ProcessGraph,
    instance: ProcessInstance,
    way: NodeId | Sequence[Flow],
    at: datetime,
) -> Turn:
    """Leave a node: by a flow list (the first true condition wins) or straight to a node."""
    if isinstance(way, str):
        return enter(graph, instance, way, at)
    return enter(graph, instance, gateway.choose(way, instance), at)


def enter(graph: ProcessGraph, instance: ProcessInstance, to: NodeId, at: datetime) -> Turn:
    """Enter a node and go on through gateways and Start until an effect, a wait or an End."""
    for _ in range(MOST_STEPS):
        match graph.nodes.get(to):
            case Gateway() as node:
                instance, to = gateway.passed(node, instance)
            case ActivityNode() as node:
                if node.signature.kind != "start":
                    return _perform(graph, instance, node, at)
                instance, to = start.passed(node, instance)
            case _:
                raise ProcessFault(reason="no such node", node=to)
    raise ProcessFault(reason="more than 1,000 nodes in one turn", node=to)


def _perform(
    graph: ProcessGraph, instance: ProcessInstance, node: ActivityNode, at: datetime
) -> Turn:
    match node.signature.kind:
        case "end":
            return end.reached(graph, node, instance, at)
        case "interactive":
            return interactive.enter(node, instance)
        case "external":
            return external.enter(node, instance)
        case "pure" | "local":
            return task.run(node, instance)
        case "start":  # pragma: no cover - `enter` passes it
            raise AssertionError(node.id)
    assert_never(node.signature.kind)
