"""What a condition proves to be there: `has(x) && ...` makes `x` readable behind the `&&`."""

from typing import TypeAlias

from engine.expressions.syntax.tree import Binary, Has, Node, Segments, Unary

Facts: TypeAlias = frozenset[Segments]
"""Paths that are there for certain."""

_NOTHING: Facts = frozenset()


def shown_if(condition: Node, *, holds: bool) -> Facts:
    """List the paths that are there for certain if the condition is true (or, if not, false)."""
    match condition:
        case Has(path=asked) if holds and asked.segments is not None:
            return frozenset({asked.segments})
        case Unary(operator="!", operand=operand):
            return shown_if(operand, holds=not holds)
        case Binary(operator="&&" | "||" as operator, left=left, right=right):
            one, other = shown_if(left, holds=holds), shown_if(right, holds=holds)
            both_hold = holds == (operator == "&&")
            return one | other if both_hold else one & other
        case _:
            return _NOTHING
