"""Texts that are written out take the type of their place: a date, or one of a choice."""

from collections.abc import Iterator

from engine.expressions.checking.members import UNSURE
from engine.expressions.checking.operators import Complaint, Judged
from engine.expressions.syntax.tree import Conditional, ListLiteral, Literal, Node, Span
from engine.expressions.types import (
    BOOLEAN,
    DATE,
    DYNAMIC,
    INTEGER,
    NUMBER,
    STRING,
    EnumOf,
    ListOf,
    Type,
    assignable,
    describe,
    is_date,
    is_text,
    join,
)


def fit(
    node: Node, place: Type, types: dict[Span, Type], *, strictly: bool
) -> Iterator[tuple[Node, Complaint]]:
    """Hold a value against the type of its place, and give what does not fit.

    Args:
        node: The value. Texts written out in it, as items of a list or arms of a conditional too,
            take the type of the place.
        place: The type its place asks for.
        types: The type of every node by its span; those of adapted nodes are changed here.
        strictly: Whether everything else must fit as well (rule X119).
    """
    match node, place:
        case Literal(value=str() as text), EnumOf():
            yield from _fit_text(node, place, _outside(text, place), types)
        case Literal(value=str() as text), _ if place == DATE:
            yield from _fit_text(node, place, _no_date(text), types)
        case Conditional(then=then, otherwise=otherwise), _:
            yield from fit(then, place, types, strictly=strictly)
            yield from fit(otherwise, place, types, strictly=strictly)
            types[node.span] = _joined((then, otherwise), types)
        case ListLiteral(items=items), ListOf(item=item):
            for each in items:
                yield from fit(each, item, types, strictly=strictly)
            types[node.span] = ListOf(_joined(items, types))
        case _ if strictly and not assignable(types[node.span], place):
            yield node, _misplaced(types[node.span], place)


def _joined(nodes: tuple[Node, ...], types: dict[Span, Type]) -> Type:
    first, *rest = (types[node.span] for node in nodes) if nodes else (DYNAMIC,)
    joined: Type | None = first
    for type_ in rest:
        joined = None if joined is None else join(joined, type_)
    return UNSURE if joined is None else joined


def _fit_text(
    node: Node, place: Type, complaint: Complaint | None, types: dict[Span, Type]
) -> Iterator[tuple[Node, Complaint]]:
    types[node.span] = UNSURE if complaint else place
    if complaint:
        yield node, complaint


def _outside(text: str, choice: EnumOf) -> Complaint | None:
    if text in choice.values:
        return None
    return Complaint(
        rule="X111",
        message=f'"{text}" is not one of the possible values',
        remedy=f"expected: {describe(choice)}",
        unknown=text,
        known=choice.values,
    )


def _no_date(text: str) -> Complaint | None:
    if is_date(text):
        return None
    return Complaint(
        rule="X120",
        message=f'"{text}" is not a date',
        remedy='write year, month and day, such as "2026-01-31"',
    )


def _misplaced(actual: Type, place: Type) -> Complaint:
    return Complaint(
        rule="X119",
        message=f"this gives {describe(actual)}",
        remedy=f"expected here: {describe(place)}",
    )


def textual(type_: Type) -> Judged:
    """Judge whether a value of this type can stand inside a text."""
    if is_text(type_) or type_ in (INTEGER, NUMBER, BOOLEAN, DATE, DYNAMIC):
        return STRING
    return Complaint(
        rule="X121",
        message=f"{describe(type_)} cannot stand inside a text",
        remedy="use the whole value, without text around it, or one of its members",
    )
