"""The syntax tree of an expression: its nodes, and what can be asked of it without types.

Every node knows the characters it came from (`offset`, `length`), so that whoever judges it can
point at them.
"""

from collections.abc import Iterator
from typing import Literal as Choice
from typing import TypeAlias, TypeGuard

from msgspec import Struct

Segments: TypeAlias = tuple[str | int, ...]
Span: TypeAlias = tuple[int, int]
"""Offset and length of a node: no two nodes of one tree share them."""

Constant: TypeAlias = str | int | float | bool | None
ComparisonOperator = Choice["==", "!=", "<", "<=", ">", ">="]
BinaryOperator = Choice["==", "!=", "<", "<=", ">", ">=", "in", "&&", "||", "+", "-"]
SignOperator = Choice["!", "-"]
MethodName = Choice["contains", "startsWith", "endsWith"]


class _Placed(Struct, frozen=True, gc=False, kw_only=True):
    """A node and its place; a Struct, because a definition has thousands and they are made fast.

    No tree holds a circle of references, so the garbage collector is told not to look at them.

    Attributes:
        segments: The path that the node spells out; None if it is none, or has a computed index.
    """

    offset: int
    length: int
    segments: Segments | None = None

    @property
    def span(self) -> Span:
        """Where the node stands in the source."""
        return self.offset, self.length


class Literal(_Placed, frozen=True, gc=False, kw_only=True):
    """A value written out; the Python type tells string, integer, number, boolean and null."""

    value: Constant


class ListLiteral(_Placed, frozen=True, gc=False, kw_only=True):
    """`[a, b]`."""

    items: "tuple[Node, ...]"


class Name(_Placed, frozen=True, gc=False, kw_only=True):
    """A top-level name."""

    name: str


class Select(_Placed, frozen=True, gc=False, kw_only=True):
    """`operand.member`."""

    operand: "Node"
    member: str
    member_offset: int


class Index(_Placed, frozen=True, gc=False, kw_only=True):
    """`operand[index]`."""

    operand: "Node"
    index: "Node"


class Unary(_Placed, frozen=True, gc=False, kw_only=True):
    """`!operand` or `-operand`."""

    operator: SignOperator
    operand: "Node"


class Binary(_Placed, frozen=True, gc=False, kw_only=True):
    """`left operator right`; also `left.equals(right)`, which is `==`."""

    operator: BinaryOperator
    left: "Node"
    right: "Node"


class Conditional(_Placed, frozen=True, gc=False, kw_only=True):
    """`condition ? then : otherwise`."""

    condition: "Node"
    then: "Node"
    otherwise: "Node"


class Has(_Placed, frozen=True, gc=False, kw_only=True):
    """`has(path)`; also `execution.hasVariable("name")`."""

    path: "Name | Select | Index"


class Size(_Placed, frozen=True, gc=False, kw_only=True):
    """`size(operand)` or `operand.size()`: code points of a text, items of a list or map."""

    operand: "Node"


class Method(_Placed, frozen=True, gc=False, kw_only=True):
    """`receiver.contains(argument)` and its like."""

    name: MethodName
    receiver: "Node"
    argument: "Node"


class Join(_Placed, frozen=True, gc=False, kw_only=True):
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


class Tree(Struct, frozen=True, gc=False, kw_only=True):
    """A parsed expression: its topmost node, and the text that the offsets count in."""

    root: Node
    source: str


class Path(Struct, frozen=True, gc=False, kw_only=True):
    """A place in the data: a top-level name, then member names and list positions."""

    segments: Segments
    offset: int
    length: int


class Comparison(Struct, frozen=True, gc=False, kw_only=True):
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
        case Binary():
            return node.left, node.right
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


def _pair_or_more(node: Index | Conditional | Method) -> tuple[Node, ...]:
    match node:
        case Index():
            return node.operand, node.index
        case Conditional():
            return node.condition, node.then, node.otherwise
        case _:
            return node.receiver, node.argument


def walk(node: Node) -> Iterator[Node]:
    """Give every node that is evaluated, the upper one first.

    A path is evaluated as one; of what `has()` asks for, only what it is inside of.
    """
    waiting = [node]
    while waiting:
        current = waiting.pop()
        yield current
        if current.segments is not None:
            continue
        if isinstance(current, Has):
            waiting += () if isinstance(current.path, Name) else (current.path.operand,)
        else:
            waiting += reversed(children(current))


def height(node: Node) -> int:
    """Count the nodes on the longest way down; without recursion, so that any tree can be asked."""
    tallest = 0
    waiting = [(node, 1)]
    while waiting:
        current, depth = waiting.pop()
        tallest = max(tallest, depth)
        waiting.extend((child, depth + 1) for child in children(current))
    return tallest


def name_at(name: str, offset: int) -> Name:
    """Make the node of a top-level name."""
    return Name(name=name, offset=offset, length=len(name), segments=(name,))


def below(operand: Node, step: Node | str) -> Segments | None:
    """Give the path one step further: to a member, or by an index that is written out."""
    if operand.segments is None:
        return None
    segment = step.value if isinstance(step, Literal) else step
    return (*operand.segments, segment) if _is_segment(segment) else None


def _is_segment(step: Constant | Node) -> TypeGuard[str | int]:
    """Say whether a step names a place: a truth value is no position, nor is a negative one."""
    return isinstance(step, str) or (type(step) is int and step >= 0)


def plain_path(node: Node) -> Path | None:
    """Read a node as a path; None if it is none, or has a computed index."""
    if node.segments is None:
        return None
    return Path(segments=node.segments, offset=node.offset, length=node.length)


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
    return tuple(path for path in map(plain_path, walk(tree.root)) if path is not None)


def asks(tree: Tree) -> tuple[Path, ...]:
    """List every path whose presence the expression asks for with `has()`."""
    asked = [node.path for node in walk(tree.root) if isinstance(node, Has)]
    return tuple(path for path in map(plain_path, asked) if path is not None)


def comparisons(tree: Tree) -> tuple[Comparison, ...]:
    """List every comparison of a plain path against a literal, in the order of the source."""
    found = (compared(node) for node in walk(tree.root) if isinstance(node, Binary))
    return tuple(comparison for comparison in found if comparison is not None)


def compared(node: Binary) -> Comparison | None:
    """Read a node as a comparison of a path against a literal; None if it is something else."""
    turned = _TURNED.get(node.operator)
    if turned is None:
        return None
    left, right = plain_path(node.left), plain_path(node.right)
    if left is not None and isinstance(node.right, Literal):
        return Comparison(path=left, operator=_TURNED[turned], literal=node.right.value)
    if right is not None and isinstance(node.left, Literal):
        return Comparison(path=right, operator=turned, literal=node.left.value)
    return None
