"""The flow as a networkx graph, and what follows from its shape: who is reached, who gets out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from typing import TYPE_CHECKING, TypeAlias

from engine.compile.findings import Findings
from engine.compile.linking.site import Edge, Linked, Site
from engine.model.names import NodeId

if TYPE_CHECKING:
    import networkx

    Network: TypeAlias = networkx.DiGraph[NodeId]
Group: TypeAlias = frozenset[NodeId]


def all_edges(linked: Linked) -> Iterator[Edge]:
    """Give every edge of every node."""
    for site in linked.sites.values():
        yield from site.edges


def network(nodes: Iterable[NodeId], edges: Iterable[Edge]) -> Network:
    """Make the graph of some nodes and the edges among them."""
    import networkx as nx

    graph: Network = nx.DiGraph()
    graph.add_nodes_from(nodes)
    graph.add_edges_from((edge.source, edge.target) for edge in edges)
    return graph


def circles(graph: Network) -> Iterator[Group]:
    """Give every group of nodes that lie on loops with one another."""
    import networkx as nx

    for group in nx.strongly_connected_components(graph):
        if len(group) > 1 or any(graph.has_edge(node, node) for node in group):
            yield frozenset(group)


def turns(edges: Collection[Edge]) -> bool:
    """Say whether some of these edges make a loop: take away what nothing leads to, until none is.

    For questions that are asked very often; networkx would take ten times as long.
    """
    leading = Counter(edge.target for edge in edges)
    onward: dict[NodeId, list[NodeId]] = {}
    for edge in edges:
        onward.setdefault(edge.source, []).append(edge.target)
    free = [node for node in onward if not leading[node]]
    left = len(edges)
    while free:
        targets = onward[free.pop()]
        left -= len(targets)
        for target in targets:
            leading[target] -= 1
            if not leading[target] and target in onward:
                free.append(target)
    return left > 0


def as_written(linked: Linked, nodes: Collection[NodeId]) -> list[Site]:
    """Give some nodes in the order in which they are written."""
    return [linked.sites[node] for node in sorted(nodes, key=lambda n: linked.sites[n].spot)]


def prove_paths(linked: Linked, graph: Network, findings: Findings) -> Group:
    """Note nodes that Start does not lead to, and nodes that lead to no End; give the latter."""
    import networkx as nx

    reached = {linked.begin, *nx.descendants(graph, linked.begin)}
    for site in _heads(linked, graph, linked.sites.keys() - reached):
        findings.add(
            "P101", site.spot, f"no path leads from Start to `{site.id}`",
            "lead a way there, or remove the node", key=site.path(),
        )  # fmt: skip
    back = graph.reverse(copy=False)
    ends = [site.id for site in linked.sites.values() if site.is_end]
    leaving = {node for layer in nx.bfs_layers(back, ends) for node in layer}
    if not leaving:  # told already: there is no End at all
        return frozenset(reached)
    trapped = reached - leaving
    for site in _heads(linked, back, trapped):
        findings.add(
            "P102", site.spot, f"no path leads from `{site.id}` to an End",
            "lead a way out of here", key=site.path("next"),
        )  # fmt: skip
    return frozenset(trapped)


def _heads(linked: Linked, graph: Network, nodes: Collection[NodeId]) -> Iterator[Site]:
    """Give one node of each group that no other of these leads to: one mistake, one problem."""
    import networkx as nx

    if not nodes:
        return
    inner = graph.subgraph(nodes).copy()  # a view asks for every neighbour whether it is inside
    for group in nx.strongly_connected_components(inner):
        before = {node for member in group for node in inner.predecessors(member)}
        if before <= group:
            yield as_written(linked, group)[0]
