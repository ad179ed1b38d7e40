"""The thread of a page: which step this is, and of how many, where every path agrees."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TypeAlias

from engine.compile.linking.site import Edge, Flow
from engine.model.names import NodeId

Bounds: TypeAlias = tuple[int, int]
"""Fewest and most waits on any path."""


def steps(flow: Flow, order: Mapping[NodeId, int]) -> Mapping[NodeId, tuple[int, int | None]]:
    """Number the waits that have the same number of others before them on every path.

    A way back is no progress and does not count. Where the paths behind a wait differ, its total
    is None; where those before it differ, it has no number, so that none ever jumps.

    Args:
        flow: The linked definition.
        order: Reached nodes, each behind those that lead to it except by a way back.
    """
    nodes = sorted(order, key=order.__getitem__)
    onward = {node: _onward(flow, node, order) for node in nodes}
    before: dict[NodeId, Bounds] = {}
    for node in nodes:
        low, high = before.setdefault(node, (0, 0))
        here = flow.sites[node].waits
        for edge in onward[node]:
            reached = low + here, high + here
            known = before.get(edge.target, reached)
            before[edge.target] = min(known[0], reached[0]), max(known[1], reached[1])
    behind: dict[NodeId, Bounds] = {}
    for node in reversed(nodes):
        here = flow.sites[node].waits
        low, high = _span(behind[edge.target] for edge in onward[node])
        behind[node] = low + here, high + here
    return {
        node: (before[node][0] + 1, _total(before[node], behind[node]))
        for node in nodes
        if flow.sites[node].waits and before[node][0] == before[node][1]
    }


def _onward(flow: Flow, node: NodeId, order: Mapping[NodeId, int]) -> list[Edge]:
    return [edge for edge in flow.sites[node].edges if order[edge.target] > order[node]]


def _span(bounds: Iterable[Bounds]) -> Bounds:
    known = list(bounds)
    return min((b[0] for b in known), default=0), max((b[1] for b in known), default=0)


def _total(before: Bounds, behind: Bounds) -> int | None:
    return before[0] + behind[0] if behind[0] == behind[1] else None
