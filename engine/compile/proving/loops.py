"""Loops: each passes a wait, and is bounded by visits, a counter, or a button's limit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from engine.compile.dataflow.scope import cleared, counted
from engine.compile.findings import Findings
from engine.compile.linking.site import Edge, Linked, Site
from engine.compile.linking.ways import missing_edge
from engine.compile.proving.network import (
    Group,
    all_edges,
    as_written,
    circles,
    network,
    turns,
)
from engine.expressions.proof.trial import Assignment, Stand, try_out
from engine.model.names import NodeId
from engine.model.signature import Bound

MOST_ROUNDS = 10_000
"""A counter or `maxAttempts` that lets more rounds pass bounds nothing."""
_MOST_COUNTERS = 6
"""Counters of one loop that are tried together; further ones do not count."""


def prove_loops(linked: Linked, looping: Group, findings: Findings) -> None:
    """Note loops without a wait or without a bound, and error events that loops must handle.

    Args:
        linked: The linked definition.
        looping: The nodes to look at: all that lie on loops, but those that are told already.
        findings: Takes the problems.
    """
    if not looping:
        return
    edges = [
        edge for edge in all_edges(linked) if edge.source in looping and edge.target in looping
    ]
    told = {*_unhandled(linked, looping, findings), *_restless(linked, edges, findings)}
    unbounded = _unbounded_edges(linked, edges)
    groups = [group for group in _groups(unbounded) if told.isdisjoint(group)]
    for group, inner in _parted(groups, unbounded):
        if not _counts(linked, group, inner):
            head, *others = as_written(linked, group)
            findings.add(
                "P114", head.spot, f"the loop through `{head.id}` has no bound",
                "handle the error event of a `maxAttempts` on it outside of the loop, or count the "
                "rounds and leave by a condition on the counter",
                key=head.path(), also=[site.spot for site in others],
            )  # fmt: skip


def _groups(edges: Sequence[Edge]) -> Iterator[Group]:
    """Give every group of nodes that lie on loops with one another."""
    return circles(network({edge.source: None for edge in edges}, edges))


def _parted(groups: Sequence[Group], edges: Sequence[Edge]) -> Iterator[tuple[Group, list[Edge]]]:
    """Give every group with the edges among its nodes."""
    of_node = {node: number for number, group in enumerate(groups) for node in group}
    inner: list[list[Edge]] = [[] for _ in groups]
    for edge in edges:
        number = of_node.get(edge.source)
        if number is not None and number == of_node.get(edge.target):
            inner[number].append(edge)
    return zip(groups, inner, strict=True)


def _unhandled(linked: Linked, looping: Group, findings: Findings) -> Iterator[NodeId]:
    """Note error events that are demanded on loops and have no edge; give their nodes."""
    for node in looping:
        site = linked.sites[node]
        handled = {edge.name for edge in site.edges_of("error")}
        for event in site.signature.errors if site.signature else ():
            if event.on_loop_only and event.code not in handled:
                missing_edge(site, event.code, findings)
                yield node


def _restless(linked: Linked, edges: Sequence[Edge], findings: Findings) -> Iterator[NodeId]:
    """Note loops that pass no wait; give their nodes."""
    moving = [edge for edge in edges if not linked.sites[edge.source].waits]
    for group in _groups(moving):
        head, *others = as_written(linked, group)
        findings.add(
            "P113", head.spot, f"the loop through `{head.id}` passes no node that waits",
            "put a form or page on the loop, or lead it elsewhere",
            key=head.path(), also=[site.spot for site in others],
        )  # fmt: skip
        yield from group


def _unbounded_edges(linked: Linked, edges: Sequence[Edge]) -> list[Edge]:
    """Leave out the ways that can be taken a bounded number of times only.

    Buttons have their limits. A node that counts its visits raises its error event on the last
    one and on every later one: only the way of that event stays, or `next` if it has none.
    """
    return [edge for edge in edges if edge.kind != "action" and not _is_bounded(linked, edge)]


def _is_bounded(linked: Linked, edge: Edge) -> bool:
    site = linked.sites[edge.source]
    bound = site.signature.bounded_by if site.signature else None
    if bound is None or not _is_low(site, bound):
        return False
    has_way = any(way.name == bound.code for way in site.edges_of("error"))
    is_last_way = edge.kind == "error" and edge.name == bound.code
    return not (is_last_way or (edge.kind == "next" and not has_way))


def _is_low(site: Site, bound: Bound) -> bool:
    """Say whether a bound lets few rounds pass: as it is written, or whatever it will be."""
    given = site.inputs.get(bound.input)
    if isinstance(given, int):
        return given <= MOST_ROUNDS
    declared = site.signature.takes[bound.input] if site.signature else None
    most = declared.at_most if declared else None
    return given is not None and most is not None and most <= MOST_ROUNDS


def _counts(linked: Linked, group: Group, edges: Sequence[Edge]) -> bool:
    """Say whether counters bound every loop of a group, which these edges make."""
    counters = sorted(_counters(linked, group).items())[:_MOST_COUNTERS]
    return not _goes_round(linked, edges, counters)


def _goes_round(
    linked: Linked, edges: Sequence[Edge], counters: list[tuple[str, set[NodeId]]]
) -> bool:
    """Say whether a loop is left that no counter bounds.

    A loop escapes a counter if it does not count it, or does not pass a way that ends with it;
    both are tried, for each counter.
    """
    if not turns(edges):
        return False
    if not counters:
        return True
    (variable, nodes), *rest = counters
    uncounted = [edge for edge in edges if edge.source not in nodes]
    if _goes_round(linked, uncounted, rest):
        return True
    unguarded = [edge for edge in edges if not _ends(linked.sites[edge.source], edge, variable)]
    return _goes_round(linked, unguarded, rest)


def _counters(linked: Linked, group: Group) -> Mapping[str, set[NodeId]]:
    """Give every counter of a group that nothing on the group's loops clears or sets anew."""
    found: dict[str, set[NodeId]] = {}
    spoilt: set[str] = set()
    for node in group:
        site = linked.sites[node]
        for variable in counted(site):
            found.setdefault(variable, set()).add(node)
        spoilt.update(cleared(site), site.declared.values(), (name for name, _ in site.outputs))
    return {name: nodes for name, nodes in found.items() if name not in spoilt}


def _ends(site: Site, edge: Edge, variable: str) -> bool:
    """Say whether a way is no longer taken once the counter is high."""
    if edge.kind != "next":
        return False
    high: Assignment = {(variable,): Stand(MOST_ROUNDS)}
    *before, own = (
        None if condition is None else try_out(condition.tree.root, high)
        for condition in site.conditions[: edge.position + 1]
    )  # fmt: skip
    return own is False or any(holds is True for holds in before)
