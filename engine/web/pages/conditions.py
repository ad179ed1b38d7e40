"""`visibleWhen` for the page's script: the expression as a small tree of plain JSON lists.

`["name", "id"]`, `["lit", value]`, `["list", ...]`, `["has", "id"]`, `["size", x]`,
`["?:", a, b, c]`, else `[operator, operand, ...]` and `[method, receiver, argument]`.
The server decides again.
"""

from __future__ import annotations

import json

from engine.expressions import Tree, Whole, parse, parse_template
from engine.expressions.syntax.tree import (
    Binary,
    Conditional,
    Has,
    Index,
    Join,
    ListLiteral,
    Literal,
    Method,
    Name,
    Node,
    Select,
    Size,
    Unary,
)
from engine.model.names import JsonValue


def script_condition(source: str) -> str | None:
    """Give the condition as JSON text, None where the script cannot decide it."""
    tree = _tree(source)
    told = _told(tree.root) if tree is not None else None
    return json.dumps(told, separators=(",", ":"), ensure_ascii=False) if told else None


def _tree(source: str) -> Tree | None:
    if "${" in source:
        read = parse_template(source)
        return read.tree if isinstance(read, Whole) else None
    parsed = parse(source)
    return parsed if isinstance(parsed, Tree) else None


def _told(node: Node) -> list[JsonValue] | None:
    """Put one node into a list; None as soon as one part of it has no twin in the script."""
    match node:
        case Literal(value=value):
            return ["lit", value]
        case Name(name=name):
            return ["name", name]
        case Has(path=Name(name=name)):
            return ["has", name]
        case Select() | Index() | Has() | Join():
            return None
        case _:
            return _joined(*_pieces(node))


def _pieces(
    node: ListLiteral | Unary | Binary | Conditional | Size | Method,
) -> tuple[str, tuple[Node, ...]]:
    match node:
        case ListLiteral(items=items):
            return "list", items
        case Unary(operator=operator, operand=operand):
            return ("neg" if operator == "-" else operator), (operand,)
        case Binary(operator=operator, left=left, right=right):
            return operator, (left, right)
        case Conditional(condition=condition, then=then, otherwise=otherwise):
            return "?:", (condition, then, otherwise)
        case Size(operand=operand):
            return "size", (operand,)
        case Method(name=name, receiver=receiver, argument=argument):
            return name, (receiver, argument)


def _joined(kind: str, nodes: tuple[Node, ...]) -> list[JsonValue] | None:
    told: list[JsonValue] = [kind]
    for node in nodes:
        part = _told(node)
        if part is None:
            return None
        told.append(part)
    return told
