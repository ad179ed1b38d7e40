"""Which conditions of an ordered list can ever be the first true one, by trying what can be tried.

Every path gets a small set of values that stand for all of its values: an enumeration, true and
false, *missing* where it may be; for other types the literals it is compared with and what lies
beside them, which is enough because comparisons with these literals cannot tell the rest apart.
Whatever cannot be tried is open. So "reachable" may be said too often, the other answers never.
"""

from collections.abc import Iterator, Sequence
from itertools import product
from math import isfinite, nextafter, prod
from typing import Literal as Choice
from typing import TypeAlias

from engine.expressions.checking.check import Checked
from engine.expressions.proof.trial import Assignment, Stand, State, Trial, try_out
from engine.expressions.syntax.tree import (
    Binary,
    Constant,
    Has,
    ListLiteral,
    Literal,
    Segments,
    walk,
)
from engine.expressions.types import BOOLEAN, DATE, INTEGER, NUMBER, EnumOf, Type, is_text

Reach: TypeAlias = Choice["reachable", "never true", "shadowed", "always true"]
Domains: TypeAlias = dict[Segments, tuple[Trial, ...]]

MOST_TRIALS = 4096
"""Combinations of values that are tried for one list of conditions."""

MOST_EVALUATIONS = 16_384
"""Conditions times combinations: what one list may cost."""

MOST_STEPS = 100_000
"""Parts of conditions that are tried, over all lists that share a budget."""


class Budget:
    """What may still be tried; once it is spent, whatever is not decided yet is "reachable"."""

    def __init__(self, steps: int = MOST_STEPS) -> None:
        """Take how many parts of conditions may be tried."""
        self.steps = steps

    def pays(self, steps: int) -> bool:
        """Take the steps off what is left; say whether they were there."""
        self.steps -= steps
        return self.steps >= 0


_COMPARING = frozenset(("==", "!=", "<", "<=", ">", ">=", "in"))
_PERHAPS_TRUE: frozenset[Trial] = frozenset({True, State.OPEN})


def decide(conditions: Sequence[Checked], budget: Budget | None = None) -> tuple[Reach, ...]:
    """Judge every condition of an ordered list, where the first true one wins.

    Args:
        conditions: Boolean expressions that were checked in the same environment.
        budget: What all lists of one text may cost together; None for one of this list's own.

    Returns:
        For each: "never true", whatever the values; "always true", whatever the values (it ends
        the list); "shadowed", true only where an earlier one is true too; else "reachable".
    """
    shared = budget or Budget()
    parted = [_Parted(condition) for condition in conditions]
    alone = [_alone(condition, shared) for condition in parted]
    if len(alone) == 1:  # nothing stands before it; most lists are so short
        return tuple(alone)
    reached = _first_somewhere(parted, shared)
    return tuple(
        judged if is_first or judged == "never true" else "shadowed"
        for judged, is_first in zip(alone, reached, strict=True)
    )


class _Parted:
    """A condition and its parts: how many there are is what one trial of it costs."""

    def __init__(self, condition: Checked) -> None:
        self.checked = condition
        self.root = condition.tree.root
        self.parts = tuple(walk(self.root))
        self.size = len(self.parts)


def _alone(condition: _Parted, budget: Budget) -> Reach:
    results: set[Trial] = set()
    for values in _assignments([condition]):
        if not budget.pays(condition.size):
            return "reachable"
        results.add(try_out(condition.root, values))
        if len(results) > 1 and not results.isdisjoint(_PERHAPS_TRUE):
            return "reachable"
    if results == {True}:
        return "always true"
    return "never true" if results.isdisjoint(_PERHAPS_TRUE) else "reachable"


def _first_somewhere(conditions: Sequence[_Parted], budget: Budget) -> list[bool]:
    """Find out which conditions can be true while no earlier one is true for certain."""
    reached = [False] * len(conditions)
    for assignment in _assignments(conditions):
        for position, condition in enumerate(conditions):
            if not budget.pays(condition.size):
                return [True] * len(conditions)
            result = try_out(condition.root, assignment)
            reached[position] |= result in _PERHAPS_TRUE
            if result in (True, State.FAULT):
                break
        if all(reached):
            break
    return reached


def _assignments(conditions: Sequence[_Parted]) -> Iterator[Assignment]:
    domains = _bounded(_domains(conditions), len(conditions))
    for values in product(*domains.values()):
        yield dict(zip(domains, values, strict=True))


def _bounded(domains: Domains, conditions: int) -> Domains:
    """Leave the paths with most values open until the rest can be tried."""
    limit = min(MOST_TRIALS, MOST_EVALUATIONS // max(1, conditions))
    if prod(map(len, domains.values())) <= limit:
        return domains
    kept = sorted(domains.items(), key=lambda entry: len(entry[1]))
    while prod(len(values) for _, values in kept) > limit:
        kept.pop()
    return dict(kept)


def _domains(conditions: Sequence[_Parted]) -> Domains:
    """Give every path that the conditions read or ask for the values to try."""
    types: dict[Segments, Type] = {}
    literals: dict[Segments, list[Constant]] = {}
    missable: set[Segments] = set()
    for condition in conditions:
        missable |= condition.checked.missable
        known = condition.checked.types
        for node in condition.parts:
            path = node.path if isinstance(node, Has) else node
            if path.segments is not None:
                types[path.segments] = known[path.span]
            elif isinstance(node, Binary):
                _note_literals(node, literals)
    domains: Domains = {}
    for segments, type_ in types.items():
        values = _values(type_, literals.get(segments, ()))
        domains[segments] = (*values, State.MISSING) if segments in missable else values
    return domains


def _note_literals(node: Binary, literals: dict[Segments, list[Constant]]) -> None:
    """Note the literals that a node compares a path with."""
    if node.operator not in _COMPARING:
        return
    for path, other in ((node.left, node.right), (node.right, node.left)):
        if path.segments is None:
            continue
        if isinstance(other, Literal) and node.operator != "in":
            literals.setdefault(path.segments, []).append(other.value)
        elif isinstance(other, ListLiteral) and path is node.left:
            values = (item.value for item in other.items if isinstance(item, Literal))
            literals.setdefault(path.segments, []).extend(values)


def _values(type_: Type, literals: Sequence[Constant]) -> tuple[Trial, ...]:
    """Choose values that stand for all values of a type, as far as these literals can tell."""
    if isinstance(type_, EnumOf):
        return type_.values
    if type_ == BOOLEAN:
        return (True, False)
    beside = dict.fromkeys(stand for literal in literals for stand in _beside(literal, type_))
    return tuple(map(Stand, beside)) or (State.PRESENT,)


def _beside(literal: Constant, type_: Type) -> tuple[Constant, ...]:
    """List a literal, what comes right before it, and what comes right after it."""
    match literal:
        case bool():
            return ()
        case int() if type_ == INTEGER:
            return tuple(n for n in (literal - 1, literal, literal + 1) if -(2**63) <= n < 2**63)
        case float() if type_ == NUMBER:
            near = (nextafter(literal, -float("inf")), literal, nextafter(literal, float("inf")))
            return tuple(n for n in near if isfinite(n))
        case str() if is_text(type_) or type_ == DATE:
            # The empty text comes before all others, and nothing lies between a text and the
            # same text with a NUL behind it.
            return ("", literal, literal + "\0")
        case _:
            return ()
