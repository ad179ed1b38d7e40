"""The syntax tree of an expression: its nodes, and what can be asked of it without types.

Every node knows the characters it came from (`offset`, `length`), so that whoever judges it can
point at them.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal as Choice
from typing import TypeAlias

Segments: TypeAlias = tuple[str | int, ...]
Span: TypeAlias = tuple[int, int]
"""Offset and length of a node: no two nodes of one tree share them."""

Constant: TypeAlias = str | int | float | bool | None
ComparisonOperator = Choice["==", "!=", "<", "<=", ">", ">="]
BinaryOperator = Choice["==", "!=", "<", "<=", ">", ">=", "in", "&&", "||", "+", "-"]
SignOperator = Choice["!", "-"]
MethodName = Choice["contains", "startsWith", "endsWith"]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Placed:
    offset: int
    length: int

    @property
    def span(self) -> Span:
        """Where the node stands in the source."""
        return self.offset, self.length


@dataclass(frozen=True, slots=True, kw_only=True)
class Literal(_Placed):
    """A value written out; the Python type tells string, integer, number, boolean and null."""

    value: Constant


@dataclass(frozen=True, slots=True, kw_only=True)
class ListLiteral(_Placed):
    """`[a, b]`."""

    items: "tuple[Node, ...]"


@dataclass(frozen=True, slots=True, kw_only=True)
class Name(_Placed):
    """A top-level name."""

    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Select(_Placed):
    """`operand.member`."""

    operand: "Node"
    member: str
    member_offset: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Index(_Placed):
    """`operand[index]`."""

    operand: "Node"
    index: "Node"


@dataclass(frozen=True, slots=True, kw_only=True)
class Unary(_Placed):
    """`!operand` or `-operand`."""

    operator: SignOperator
    operand: "Node"


@dataclass(frozen=True, slots=True, kw_only=True)
class Binary(_Placed):
    """`left operator right`; also `left.equals(right)`, which is `==`."""

    operator: BinaryOperator
    left: "Node"
    right: "Node"


@dataclass(frozen=True, slots=True, kw_only=True)
class Conditional(_Placed):
    """`condition ? then : otherwise`."""

    condition: "Node"
    then: "Node"
    otherwise: "Node"


@dataclass(frozen=True, slots=True, kw_only=True)
class Has(_Placed):
    """`has(path)`; also `execution.hasVariable("name")`."""

    path: "Name | Select | Index"


@dataclass(frozen=True, slots=True, kw_only=True)
class Size(_Placed):
    """`size(operand)` or `operand.size()`: code points of a text, items of a list or map."""

    operand: "Node"


@dataclass(frozen=True, slots=True, kw_only=True)
class Method(_Placed):
    """`receiver.contains(argument)` and its like."""

    name: MethodName
    receiver: "Node"
    argument: "Node"


@dataclass(frozen=True, slots=True, kw_only=True)
class Join(_Placed):
    """A text with expressions in it: the parts, turned to text and put together."""

    parts: "tuple[Node, ...]"


Node: TypeAlias = (
    Literal
    | ListLiteral
    | Name
    | Select
    | Index
    | Unary
    | Binary
    | Conditional
    | Has
    | Size
    | Method
    | Join
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tree:
    """A parsed expression: its topmost node, and the text that the offsets count in."""

    root: Node
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Path:
    """A place in the data: a top-level name, then member names and list positions."""

    segments: Segments
    offset: int
    length: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """A plain path against a literal, turned so that the path is on the left."""

    path: Path
    operator: ComparisonOperator
    literal: Constant


_TURNED: dict[str, ComparisonOperator] = {
    "==": "==",
    "!=": "!=",
    "<": ">",
    "<=": ">=",
    ">": "<",
    ">=": "<=",
}
"""Each comparison with its sides exchanged."""


def children(node: Node) -> tuple[Node, ...]:
    """List the nodes directly below, in the order of the source."""
    match node:
        case Literal() | Name():
            return ()
        case ListLiteral(items=nodes) | Join(parts=nodes):
            return nodes
        case Select(operand=operand) | Unary(operand=operand) | Size(operand=operand):
            return (operand,)
        case Has(path=path):
            return (path,)
        case _:
            return _pair_or_more(node)


def _pair_or_more(node: Index | Binary | Conditional | Method) -> tuple[Node, ...]:
    match node:
        case Index():
            return node.operand, node.index
        case Binary():
            return node.left, node.right
        case Conditional():
            return node.condition, node.then, node.otherwise
        case _:
            return node.receiver, node.argument


def walk(node: Node) -> Iterator[Node]:
    """Give every node of the tree, the upper one first."""
    waiting = [node]
    while waiting:
        current = waiting.pop()
        yield current
        waiting.extend(reversed(children(current)))


def height(node: Node) -> int:
    """Count the nodes on the longest way down; without recursion, so that any tree can be asked."""
    tallest = 0
    waiting = [(node, 1)]
    while waiting:
        current, depth = waiting.pop()
        tallest = max(tallest, depth)
        waiting.extend((child, depth + 1) for child in children(current))
    return tallest


def plain_path(node: Node) -> Path | None:
    """Read a node as a path; None if it is none, or has a computed index."""
    segments: list[str | int] = []
    current = node
    while not isinstance(current, Name):
        match current:
            case Select(operand=operand, member=member):
                segments.append(member)
                current = operand
            case Index(operand=operand, index=Literal(value=str() | int() as index)) if _is_segment(
                index
            ):
                segments.append(index)
                current = operand
            case _:
                return None
    segments.append(current.name)
    return Path(segments=tuple(reversed(segments)), offset=node.offset, length=node.length)


def _is_segment(index: str | int) -> bool:
    """Say whether an index names a place: a truth value is no position, nor is a negative one."""
    return isinstance(index, str) or (type(index) is int and index >= 0)


def spell(segments: Segments) -> str:
    """Write a path as it would stand in an expression."""
    first, *rest = segments
    return str(first) + "".join(_spell_segment(segment) for segment in rest)


def _spell_segment(segment: str | int) -> str:
    if isinstance(segment, int):
        return f"[{segment}]"
    return f".{segment}" if segment.isidentifier() else f'["{segment}"]'


def reads(tree: Tree) -> tuple[Path, ...]:
    """List every path whose value the expression reads, in the order of the source.

    `has(a.b)` reads `a` and only asks for `b`; `has(a)` reads nothing (see `asks`). Where an
    index is computed, the path ends before it.
    """
    return tuple(_reads(tree.root))


def _reads(node: Node) -> Iterator[Path]:
    path = plain_path(node)
    if path is not None:
        yield path
    elif isinstance(node, Has):
        if not isinstance(node.path, Name):
            yield from _reads(node.path.operand)
    else:
        for child in children(node):
            yield from _reads(child)


def asks(tree: Tree) -> tuple[Path, ...]:
    """List every path whose presence the expression asks for with `has()`."""
    asked = (node.path for node in walk(tree.root) if isinstance(node, Has))
    return tuple(path for path in map(plain_path, asked) if path is not None)


def comparisons(tree: Tree) -> tuple[Comparison, ...]:
    """List every comparison of a plain path against a literal, in the order of the source."""
    found = (compared(node) for node in walk(tree.root) if isinstance(node, Binary))
    return tuple(comparison for comparison in found if comparison is not None)


def compared(node: Binary) -> Comparison | None:
    """Read a node as a comparison of a path against a literal; None if it is something else."""
    if node.operator not in _TURNED:
        return None
    turned = _TURNED[node.operator]
    match node.left, node.right:
        case left, Literal(value=value) if (path := plain_path(left)) is not None:
            return Comparison(path=path, operator=_TURNED[turned], literal=value)
        case Literal(value=value), right if (path := plain_path(right)) is not None:
            return Comparison(path=path, operator=turned, literal=value)
        case _:
            return None
