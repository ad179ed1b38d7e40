"""An expression tried on values that stand for many: true, false, a fault, or open.

`decide` asks it; nothing here is used when a journey runs.
"""

from collections.abc import Mapping
from enum import Enum
from typing import TypeAlias

from msgspec import Struct

from engine.expressions.evaluation.values import equal, ordered
from engine.expressions.syntax.tree import (
    Binary,
    Conditional,
    Constant,
    Has,
    Index,
    ListLiteral,
    Literal,
    Name,
    Node,
    Segments,
    Select,
    Unary,
)


class State(Enum):
    """What is known of something besides its value."""

    MISSING = "nothing is there"
    PRESENT = "something is there, nobody knows what"
    OPEN = "anything, a fault too"
    FAULT = "evaluation ends in a fault"


class Stand(Struct, frozen=True, gc=False):
    """A value that stands for others: only comparisons with literals may look at it."""

    value: Constant


Trial: TypeAlias = Constant | Stand | State
Assignment: TypeAlias = Mapping[Segments, Trial]


def try_out(node: Node, assignment: Assignment) -> Trial:
    """Find what an expression gives if its paths have these values; paths without one are open."""
    match node:
        case Binary():
            return _binary(node, assignment)
        case Literal(value=value):
            return value
        case Name() | Select() | Index():
            return _read(node, assignment)
        case Has() | Unary(operator="!"):
            return _asked(node, assignment)
        case Conditional():
            return _chosen(node, assignment)
        case _:
            return State.OPEN


def _read(node: Node, assignment: Assignment) -> Trial:
    found = _found(node, assignment)
    if found is State.MISSING:
        return State.FAULT
    return State.OPEN if found is State.PRESENT else found


def _found(path: Node, assignment: Assignment) -> Trial:
    """Look a path up; one with a computed index is open."""
    return State.OPEN if path.segments is None else assignment.get(path.segments, State.OPEN)


def _asked(node: Has | Unary, assignment: Assignment) -> Trial:
    if isinstance(node, Unary):
        value = try_out(node.operand, assignment)
        return not value if isinstance(value, bool) else value
    found = _found(node.path, assignment)
    return State.OPEN if found is State.OPEN else found is not State.MISSING


def _binary(node: Binary, assignment: Assignment) -> Trial:
    if node.operator in ("&&", "||"):
        return _logical(node, node.operator == "||", assignment)
    return _compared(node, assignment)


def _logical(node: Binary, settling: bool, assignment: Assignment) -> Trial:
    left = try_out(node.left, assignment)
    if left is settling:
        return settling
    sides = (left, try_out(node.right, assignment))
    if sides[1] is settling:
        return settling
    if sides == (not settling, not settling):
        return not settling
    return State.FAULT if State.FAULT in sides and State.OPEN not in sides else State.OPEN


def _chosen(node: Conditional, assignment: Assignment) -> Trial:
    condition = try_out(node.condition, assignment)
    if condition is State.FAULT:
        return State.FAULT
    then, otherwise = (try_out(arm, assignment) for arm in (node.then, node.otherwise))
    if isinstance(condition, bool):
        return then if condition else otherwise
    return then if then is otherwise else State.OPEN


def _compared(node: Binary, assignment: Assignment) -> Trial:
    left, right = try_out(node.left, assignment), _right_side(node, assignment)
    if State.FAULT in (left, right):
        return State.FAULT
    is_plain = isinstance(right, tuple) or _is_path_against_literal(node)
    left = left.value if isinstance(left, Stand) and is_plain else left
    right = right.value if isinstance(right, Stand) and is_plain else right
    if isinstance(left, Stand | State) or isinstance(right, Stand | State):
        return State.OPEN
    return _holds(node.operator, left, right)


def _is_path_against_literal(node: Binary) -> bool:
    left, right = node.left, node.right
    if isinstance(left, Literal):
        return right.segments is not None
    return isinstance(right, Literal) and left.segments is not None


def _right_side(node: Binary, assignment: Assignment) -> Trial | tuple[Constant, ...]:
    """Try the right side; a list of literals behind `in` is taken as a whole."""
    if node.operator != "in" or not isinstance(node.right, ListLiteral):
        return try_out(node.right, assignment)
    items = [item.value for item in node.right.items if isinstance(item, Literal)]
    return tuple(items) if len(items) == len(node.right.items) else State.OPEN


def _holds(operator: str, left: Constant, right: Constant | tuple[Constant, ...]) -> Trial:
    if isinstance(right, tuple):
        return any(equal(left, item) for item in right)
    match operator:
        case "==":
            return equal(left, right)
        case "!=":
            return not equal(left, right)
        case "<" | "<=" | ">" | ">=":
            return ordered(operator)(left, right)
        case _:
            return State.OPEN
