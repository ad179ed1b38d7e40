"""Exclusive gateway: the first true condition wins, as written; the last flow has none."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from engine.errors import ExpressionFault, ProcessFault
from engine.expressions import Expression
from engine.interpret.scope import scope, value
from engine.model.graph import Flow, Gateway
from engine.model.instance import ProcessInstance
from engine.model.names import NodeId


def passed(node: Gateway, instance: ProcessInstance) -> tuple[ProcessInstance, NodeId]:
    """Write what the gateway writes, and choose the way on."""
    written = _written(node, instance) if node.outputs else instance
    return written, choose(node.flows, written)


def _written(node: Gateway, instance: ProcessInstance) -> ProcessInstance:
    """Write every output from what was there before the first; what is not given is not there."""
    known, variables = scope(instance), dict(instance.variables)
    for variable, written in node.outputs:
        if isinstance(written, Expression) and not written.given(known):
            variables.pop(variable, None)
        else:
            variables[variable] = value(written, known)
    return replace(instance, variables=variables)


def choose(flows: Sequence[Flow], instance: ProcessInstance) -> NodeId:
    """Give the node the instance goes to.

    Raises:
        ExpressionFault: A condition cannot be told; it is never taken as false.
    """
    if len(flows) == 1 and flows[0].condition is None:
        return flows[0].to
    known = scope(instance)
    for flow in flows:
        if flow.condition is None:
            return flow.to
        told = flow.condition.evaluate(known)
        if not isinstance(told, bool):
            raise ExpressionFault(source=flow.condition.source, reason="neither true nor false")
        if told:
            return flow.to
    raise ProcessFault(reason="a list of flows without a default", node=instance.node)
