"""What holds where each node is entered: states spread along the edges until nothing changes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from heapq import heappop, heappush

from msgspec.structs import replace

from engine.compile.dataflow.endings import Endings
from engine.compile.dataflow.state import Slot, State, join
from engine.compile.linking.site import Linked, Site
from engine.expressions import Binding
from engine.expressions.checking.members import UNSURE
from engine.model.definition import Definition
from engine.model.names import NodeId


def spread(linked: Linked, order: Mapping[NodeId, int], endings: Endings) -> Mapping[NodeId, State]:
    """Give the state at the entry of every node that is reached.

    A worklist in rounds, each in the order of `walk_order`: most nodes are looked at once, and
    what a way back changes waits for the next round, so that a mesh of ways takes few of them. It
    ends: a state only ever loses what is certain and gains what is possible, and both are finite.
    """
    states: dict[NodeId, State] = {linked.begin: _handed(linked.definition)}
    waiting = [(0, 0, linked.begin)]
    queued = {linked.begin}
    wanted = _wanted_at_ends(linked)
    while waiting:
        lap, here, node = heappop(waiting)
        queued.discard(node)
        for target, state in _beyond(linked.sites[node], states[node], endings, wanted):
            known = states.get(target)
            joined = state if known is None else join(known, state)
            if known is None or (joined is not known and joined != known):
                states[target] = joined
                if target not in queued:
                    queued.add(target)
                    place = order[target]
                    heappush(waiting, (lap + (place <= here), place, target))
    return states


def _handed(definition: Definition) -> State:
    """Give what holds at Start: nothing; or, in a part by itself, the keys that callers give it.

    What is in those may be anything: it is judged where the part is called.
    """
    keys = [name for name, given in definition.parameters.items() if given.type == "key"]
    return State(
        slots=dict.fromkeys(keys, Slot(held=frozenset(), always=True)),
        variables=dict.fromkeys(keys, Binding(UNSURE)),
    )


def _beyond(
    site: Site, before: State, endings: Endings, wanted: Mapping[NodeId, frozenset[str]]
) -> Iterator[tuple[NodeId, State]]:
    """Give the state at the end of every edge of a node."""
    made: dict[tuple[str, str], State] = {}
    for edge in site.edges:
        way = edge.kind, edge.name
        if way not in made:
            made[way] = endings.behind(site, edge, before)
        state = made[way]
        is_end = edge.target in wanted
        yield edge.target, _narrowed(state, wanted[edge.target]) if is_end else state


def carrying(linked: Linked) -> frozenset[str]:
    """Give the slots in which some activity puts a secret."""
    return frozenset(
        site.slots[use.input]
        for site in linked.sites.values()
        for use in (site.signature.keys if site.signature else ())
        if use.carries and use.input in site.slots
    )


def _wanted_at_ends(linked: Linked) -> Mapping[NodeId, frozenset[str]]:
    """Give the slots that matter at each End without expressions.

    Every node may lead to an End, and joining all that they know would be work for nothing.
    """
    secret = carrying(linked)
    return {
        site.id: secret | frozenset(site.slots.values())
        for site in linked.sites.values()
        if site.is_end and not any(site.formulas)
    }


def _narrowed(state: State, wanted: frozenset[str]) -> State:
    """Leave out what nobody asks for."""
    slots = {name: state.slots[name] for name in wanted if name in state.slots}
    return replace(state, slots=slots, variables={}, answers={}, askers={}, passing=frozenset())


def walk_order(linked: Linked) -> Mapping[NodeId, int]:
    """Number the reached nodes: loops aside, each comes behind those that lead to it."""
    done: list[NodeId] = []
    seen = {linked.begin}
    path = [(linked.begin, iter(linked.sites[linked.begin].edges))]
    while path:
        node, edges = path[-1]
        step = next((edge.target for edge in edges if edge.target not in seen), None)
        if step is None:
            done.append(node)
            path.pop()
        else:
            seen.add(step)
            path.append((step, iter(linked.sites[step].edges)))
    return {node: number for number, node in enumerate(reversed(done))}
