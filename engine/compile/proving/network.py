"""The flow as a networkx graph, and what follows from its shape: who is reached, who gets out."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import TYPE_CHECKING, TypeAlias

from engine.compile.findings import Findings
from engine.compile.linking.site import Edge, Linked, Site
from engine.model.names import NodeId

if TYPE_CHECKING:
    import networkx

    Network: TypeAlias = networkx.DiGraph[NodeId]
Group: TypeAlias = frozenset[NodeId]


def network(linked: Linked, edges: Iterable[Edge]) -> Network:
    """Make the graph of all nodes and some edges."""
    import networkx as nx

    graph: Network = nx.DiGraph()
    graph.add_nodes_from(linked.sites)
    graph.add_edges_from((edge.source, edge.target) for edge in edges)
    return graph


def all_edges(linked: Linked) -> Iterator[Edge]:
    """Give every edge of every node."""
    for site in linked.sites.values():
        yield from site.edges


def circles(graph: Network) -> Iterator[Group]:
    """Give every group of nodes that lie on loops with one another."""
    import networkx as nx

    for group in nx.strongly_connected_components(graph):
        if len(group) > 1 or any(graph.has_edge(node, node) for node in group):
            yield frozenset(group)


def first(linked: Linked, nodes: Collection[NodeId]) -> Site:
    """Give the one of some nodes that is written first."""
    return next(site for site in linked.sites.values() if site.id in nodes)


def prove_paths(linked: Linked, graph: Network, findings: Findings) -> Group:
    """Note nodes that Start does not lead to, and nodes that lead to no End; give the latter."""
    import networkx as nx

    if linked.start is None:
        return frozenset()
    reached = {linked.start, *nx.descendants(graph, linked.start)}
    for site in _heads(linked, graph, linked.sites.keys() - reached):
        findings.add(
            "P101", site.spot, f"no path leads from Start to `{site.id}`",
            "lead a way there, or remove the node", key=site.path(),
        )  # fmt: skip
    leaving = {site.id for site in linked.sites.values() if site.is_end}
    for end in tuple(leaving):
        leaving |= nx.ancestors(graph, end)
    if not leaving:  # told already: there is no End at all
        return frozenset(reached)
    trapped = reached - leaving
    for site in _heads(linked, graph.reverse(copy=False), trapped):
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
    inner = graph.subgraph(nodes)
    for group in nx.strongly_connected_components(inner):
        before = {node for member in group for node in inner.predecessors(member)}
        if before <= group:
            yield first(linked, group)
