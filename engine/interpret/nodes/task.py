"""Activities in their place: visits, inputs, and the ones that run at once."""

from __future__ import annotations

from msgspec.structs import replace

from engine.errors import InputRefused, ProcessFault
from engine.expressions import Expression
from engine.interpret.scope import scope, value
from engine.model.effect import Run
from engine.model.graph import ActivityNode, Fillable, ProcessGraph
from engine.model.instance import Pending, ProcessInstance
from engine.model.names import JsonObject, JsonValue, NodeId
from engine.model.turn import Turn


def activity(graph: ProcessGraph, id: NodeId) -> ActivityNode:
    """Give an activity node. Raises `ProcessFault` where the graph has none of this name."""
    node = graph.nodes.get(id)
    if not isinstance(node, ActivityNode):
        raise ProcessFault(reason="no such activity node", node=id)
    return node


def counted(instance: ProcessInstance, id: NodeId) -> dict[NodeId, int]:
    """Count one more visit."""
    return {**instance.visits, id: instance.visits.get(id, 0) + 1}


def inputs(node: ActivityNode, instance: ProcessInstance) -> JsonObject:
    """Evaluate a node's inputs. An optional one whose whole value is absent is not given.

    Raises:
        ExpressionFault: A value is missing, or is none that the input takes (`InputRefused`).
    """
    given: JsonObject = dict(node.literals)
    if node.formulas:
        known = scope(instance)
        for name, formula in node.formulas.items():
            if isinstance(formula, Fillable):
                given[name] = _taken(node, name, _filled(formula, known))
            elif formula.given(known):
                given[name] = _taken(node, name, formula.evaluate(known))
    return given


def _taken(node: ActivityNode, name: str, value: JsonValue) -> JsonValue:
    """Hold a value to what was declared, as the compiler does with one that is written out."""
    if not node.signature.takes[name].takes(value):
        raise InputRefused(node=node.id, input=name)
    return value


def _filled(written: Fillable, known: JsonObject) -> JsonObject:
    """Evaluate a mapping's values; what is absent is left out."""
    return {
        name: value(part, known)
        for name, part in written.values.items()
        if not isinstance(part, Expression) or part.given(known)
    }


def run(node: ActivityNode, instance: ProcessInstance) -> Turn:
    """Enter a pure or local activity: its result comes back inside the hop."""
    visits = counted(instance, node.id)
    visit = visits[node.id]
    entered = replace(
        instance,
        node=node.id,
        visits=visits,
        pending=Pending(node=node.id, visit=visit, step="run"),
    )
    effect = Run(node=node.id, visit=visit, inputs=inputs(node, instance))
    return Turn(instance=entered, effects=(effect,))
