"""What a condition proves to be there: `has(x) && ...` makes `x` readable behind the `&&`."""

from typing import TypeAlias

from engine.expressions.syntax.tree import Binary, Has, Node, Segments, Span, Unary

Facts: TypeAlias = frozenset[Segments]
"""Paths that are there for certain."""

_NOTHING: Facts = frozenset()


class Guards:
    """What the conditions of one expression prove, each part worked out once: chains are long."""

    def __init__(self) -> None:
        self._known: dict[tuple[Span, bool], Facts] = {}

    def shown_if(self, condition: Node, *, holds: bool) -> Facts:
        """List the paths that are there for certain if the condition is true (or else false)."""
        part = condition.span, holds
        known = self._known.get(part)
        if known is None:
            known = self._known[part] = self._shown(condition, holds=holds)
        return known

    def _shown(self, condition: Node, *, holds: bool) -> Facts:
        match condition:
            case Has(path=asked) if holds and asked.segments is not None:
                return frozenset({asked.segments})
            case Unary(operator="!", operand=operand):
                return self.shown_if(operand, holds=not holds)
            case Binary(operator="&&" | "||" as operator, left=left, right=right):
                one, other = (self.shown_if(side, holds=holds) for side in (left, right))
                both_hold = holds == (operator == "&&")
                return one | other if both_hold else one & other
            case _:
                return _NOTHING
