"""Exclusive gateway: the first true condition wins, as written; the last flow has none."""

from __future__ import annotations

from collections.abc import Sequence

from engine.errors import ExpressionFault, ProcessFault
from engine.interpret.scope import scope
from engine.model.graph import Flow
from engine.model.instance import ProcessInstance
from engine.model.names import NodeId


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
