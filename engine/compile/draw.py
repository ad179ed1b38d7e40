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
}
_PLAIN = re.compile(r"[\w .,:()'?!+=-]")


def mermaid(graph: ProcessGraph) -> str:
    """Draw a graph as a Mermaid flowchart.

    A circle is Start, a double one an End, a rhombus a gateway, a slanted box a node that waits.
    Whole lines are `next` and buttons, dashed ones error events and timers.

    Returns:
        Lines ending in a newline each; nodes in the order of the definition.
    """
    ids = {node: f"n{number}" for number, node in enumerate(graph.nodes)}
    lines = ["flowchart TD"]
    lines += [f"  {ids[node.id]}{_shape(node)}" for node in graph.nodes.values()]
    for node in graph.nodes.values():
        lines += [f"  {ids[node.id]} {arrow} {ids[to]}" for arrow, to in _arrows(node)]
    return "\n".join(lines) + "\n"


def _shape(node: Node) -> str:
    match node:
        case Gateway():
            opening, closing, text = "{", "}", node.name
        case ActivityNode():
            opening, closing = _SHAPES[node.signature.kind]
            text = node.name
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
