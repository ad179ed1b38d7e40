"""A graph as Mermaid text: the same bytes for the same graph, whatever its texts hold."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import assert_never

from engine.compile.durations import duration_text
from engine.model.graph import ActivityNode, Flow, Gateway, Node, ProcessGraph
from engine.model.names import NodeId
from engine.model.signature import Kind

_SHAPES: Mapping[Kind, tuple[str, str]] = {
    "start": ("((", "))"),
    "end": ("(((", ")))"),
    "pure": ("[", "]"),
    "local": ("[", "]"),
    "interactive": ("[/", "/]"),
    "external": ("[\\", "\\]"),
}
_PLAIN = re.compile(r"[\w .,:()'?!+=-]")


def mermaid(graph: ProcessGraph) -> str:
    """Draw a graph as a Mermaid flowchart.

    A circle is Start, a double one an End, a rhombus a gateway, a slanted box a page that waits,
    one that slants the other way what is done outside.
    Whole lines are `next` and buttons, dashed ones error events and timers. Each part that was
    called is a box of its own; a rounded box is where it begins or ends, or a gateway of one way.

    Returns:
        Lines ending in a newline each; nodes in the order of the definition.
    """
    ids = {node: f"n{number}" for number, node in enumerate(graph.nodes)}
    lines = ["flowchart TD"]
    lines += _boxes(graph, ids)
    for node in graph.nodes.values():
        lines += [f"  {ids[node.id]} {arrow} {ids[to]}" for arrow, to in _arrows(node)]
    return "\n".join(lines) + "\n"


def _boxes(graph: ProcessGraph, ids: Mapping[NodeId, str]) -> Iterator[str]:
    """Write the nodes, each inside the boxes of the calls that it was copied in by."""
    numbers = {call: f"c{number}" for number, call in enumerate(graph.calls)}
    inside: tuple[NodeId, ...] = ()
    for node in graph.nodes.values():
        around = _calls(node.id)
        shared = sum(1 for call in around if call in inside)
        for depth in range(len(inside), shared, -1):
            yield f"{'  ' * depth}end"
        for depth in range(shared, len(around)):
            call = around[depth]
            title = _escaped(_own(graph.calls[call], graph, around[:depth]))
            yield f'{"  " * (depth + 1)}subgraph {numbers[call]}["{title}"]'
        inside = around
        shape = _shape(node, _own(node.name, graph, around))
        yield f"{'  ' * (len(around) + 1)}{ids[node.id]}{shape}"
    for depth in range(len(inside), 0, -1):
        yield f"{'  ' * depth}end"


def _calls(node: NodeId) -> tuple[NodeId, ...]:
    """Give the calls that a node was copied in by, the outermost first."""
    steps = node.split(".")
    return tuple(NodeId(".".join(steps[:end])) for end in range(1, len(steps)))


def _own(name: str, graph: ProcessGraph, around: tuple[NodeId, ...]) -> str:
    """Give a name without that of the box it stands in."""
    box = graph.calls[around[-1]] if around else ""
    return name.removeprefix(f"{box} / ").removeprefix(f"{box}.") if box else name


def _shape(node: Node, text: str) -> str:
    match node:
        case Gateway():
            opening, closing = ("(", ")") if len(node.flows) == 1 else ("{", "}")
        case ActivityNode():
            opening, closing = _SHAPES[node.signature.kind]
        case _:
            assert_never(node)
    return f'{opening}"{_escaped(text)}"{closing}'


def _arrows(node: Node) -> Iterator[tuple[str, NodeId]]:
    yield from _flows(node.flows)
    if isinstance(node, Gateway):
        return
    for code, to in node.errors.items():
        yield _labelled("-.->", code), to
    if node.timeout is not None:
        after = duration_text(node.timeout.after)
        yield _labelled("-.->", f"after {after}"), node.timeout.to
    for name, action in node.actions.items():
        yield _labelled("-->", f"button {name}"), action.to


def _flows(flows: tuple[Flow, ...]) -> Iterator[tuple[str, NodeId]]:
    for flow in flows:
        if flow.condition is not None:
            yield _labelled("-->", flow.condition.source), flow.to
        else:
            yield _labelled("-->", "otherwise") if len(flows) > 1 else "-->", flow.to


def _labelled(arrow: str, text: str) -> str:
    return f'{arrow}|"{_escaped(text)}"|'


def _escaped(text: str) -> str:
    """Write every sign that could mean something to Mermaid or HTML by its number."""
    return "".join(sign if _PLAIN.match(sign) else f"#{ord(sign)};" for sign in text)
