"""What holds where each node is entered: states spread along the edges until nothing changes."""

from __future__ import annotations

from collections.abc import Mapping
from heapq import heappop, heappush

from engine.compile.linking.site import Flow
from engine.compile.spreading.endings import Endings
from engine.compile.spreading.state import State, join
from engine.model.names import NodeId


def spread(flow: Flow, order: Mapping[NodeId, int], endings: Endings) -> Mapping[NodeId, State]:
    """Give the state at the entry of every node that is reached.

    A worklist in the order of `walk_order`, so that most nodes are looked at once. It ends: a
    state only ever loses what is certain and gains what is possible, and both are finite.
    """
    if flow.start is None:
        return {}
    states: dict[NodeId, State] = {flow.start: State()}
    waiting = [(0, flow.start)]
    queued = {flow.start}
    while waiting:
        _, node = heappop(waiting)
        queued.discard(node)
        site = flow.sites[node]
        onward: dict[tuple[str, str], State] = {}
        for edge in site.edges:
            kind = edge.kind, edge.name
            if kind not in onward:
                onward[kind] = endings.behind(site, edge, states[node])
            known = states.get(edge.target)
            state = onward[kind] if known is None else join(known, onward[kind])
            if known is None or (state is not known and state != known):
                states[edge.target] = state
                if edge.target not in queued:
                    queued.add(edge.target)
                    heappush(waiting, (order[edge.target], edge.target))
    return states


def walk_order(flow: Flow) -> Mapping[NodeId, int]:
    """Number the reached nodes: loops aside, each comes behind those that lead to it."""
    done: list[NodeId] = []
    if flow.start is None:
        return {}
    seen = {flow.start}
    path = [(flow.start, iter(flow.sites[flow.start].edges))]
    while path:
        node, edges = path[-1]
        step = next((edge.target for edge in edges if edge.target not in seen), None)
        if step is None:
            done.append(node)
            path.pop()
        else:
            seen.add(step)
            path.append((step, iter(flow.sites[step].edges)))
    return {node: number for number, node in enumerate(reversed(done))}
