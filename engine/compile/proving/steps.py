"""The thread of a page: which step this is, and of how many, where every path agrees."""

from __future__ import annotations

from collections.abc import Mapping
from functools import reduce
from typing import TypeAlias

from engine.compile.linking.site import Linked
from engine.model.names import NodeId

Bounds: TypeAlias = tuple[int, int]
"""Fewest and most waits on any path."""


def steps(linked: Linked, order: Mapping[NodeId, int]) -> Mapping[NodeId, tuple[int, int | None]]:
    """Number the waits that have the same number of others before them on every path.

    A way back is no progress and does not count. Where the paths behind a wait differ, its total
    is None; where those before it differ, it has no number, so that none ever jumps.

    Args:
        linked: The linked definition.
        order: Reached nodes, each behind those that lead to it except by a way back.
    """
    nodes = sorted(order, key=order.__getitem__)
    waits = {node: int(linked.sites[node].is_page) for node in nodes}
    onward = {node: _onward(linked, node, order) for node in nodes}
    before: dict[NodeId, Bounds] = {}
    for node in nodes:
        low, high = before.setdefault(node, (0, 0))
        reached = low + waits[node], high + waits[node]
        for target in onward[node]:
            before[target] = _around(before.get(target, reached), reached)
    behind: dict[NodeId, Bounds] = {}
    for node in reversed(nodes):
        low, high = reduce(_around, [behind[target] for target in onward[node]] or [(0, 0)])
        behind[node] = low + waits[node], high + waits[node]
    return {
        node: (before[node][0] + 1, _total(before[node], behind[node]))
        for node in nodes
        if waits[node] and before[node][0] == before[node][1]
    }


def _onward(linked: Linked, node: NodeId, order: Mapping[NodeId, int]) -> list[NodeId]:
    here = order[node]
    return [edge.target for edge in linked.sites[node].edges if order[edge.target] > here]


def _around(one: Bounds, other: Bounds) -> Bounds:
    """Give the bounds that hold on both paths."""
    return one if one == other else (min(one[0], other[0]), max(one[1], other[1]))


def _total(before: Bounds, behind: Bounds) -> int | None:
    return before[0] + behind[0] if behind[0] == behind[1] else None
