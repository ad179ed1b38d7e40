"""The faults an expression can meet at run time; they name paths, never values."""

from engine.errors import ExpressionFault
from engine.expressions.syntax.tree import Segments, spell

OVER_BUDGET = "too much to work through"
"""The one reason that `&&` and `||` never pass over (security G4: no default branch)."""


def missing(segments: Segments) -> ExpressionFault:
    """Say that nothing is at this path."""
    return ExpressionFault(reason="a value is missing", path=spell(segments))


def mistyped(where: str, wanted: str) -> ExpressionFault:
    """Say that a value has not the type its declaration promises."""
    return ExpressionFault(reason=f"a value is not {wanted}", path=where)


def unfit(operator: str) -> ExpressionFault:
    """Say that an operator met values of types it does not take."""
    return ExpressionFault(reason="the values do not fit the operator", operator=operator)


def out_of_range(operator: str) -> ExpressionFault:
    """Say that a result does not fit into 64 bits, or that a position is not in the list."""
    return ExpressionFault(reason="out of range", operator=operator)


def over_budget(operator: str) -> ExpressionFault:
    """Say that an operator was stopped before it took too long or made too much."""
    return ExpressionFault(reason=OVER_BUDGET, operator=operator)


def is_over_budget(fault: ExpressionFault) -> bool:
    """Say whether evaluation was stopped, so that nothing may go on from it."""
    return fault.facts.get("reason") == OVER_BUDGET
