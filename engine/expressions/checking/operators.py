"""What each operator takes and gives, type by type; where it overlaps with CEL, CEL's overloads."""

from collections.abc import Collection, Sequence
from typing import TypeAlias

from msgspec import Struct

from engine.expressions.syntax.tree import BinaryOperator, MethodName
from engine.expressions.types import (
    BOOLEAN,
    DATE,
    DYNAMIC,
    INTEGER,
    NULL,
    NUMBER,
    STRING,
    EnumOf,
    ListOf,
    MapOf,
    Type,
    comparable,
    describe,
    is_text,
    join,
)


class Complaint(Struct, frozen=True, gc=False, kw_only=True):
    """Why a value is wrong where it stands.

    `unknown` is a name that is none of `known`: perhaps one of them was meant.
    """

    rule: str
    message: str
    remedy: str
    unknown: str = ""
    known: Collection[str] = ()


Judged: TypeAlias = Type | Complaint


def binary_type(operator: BinaryOperator, left: Type, right: Type) -> Judged:
    """Find the type that `left operator right` gives, or why it gives none."""
    if mixed := _integer_meets_number(operator, left, right):
        return mixed
    match operator:
        case "&&" | "||":
            return _logical(operator, (left, right))
        case "==" | "!=":
            return _equality(operator, left, right)
        case "in":
            return _membership(left, right)
        case "+" | "-":
            return _arithmetic(operator, left, right)
        case _:
            return _ordering(operator, left, right)


def unary_type(operator: str, operand: Type) -> Judged:
    """Find the type that `!operand` or `-operand` gives, or why it gives none."""
    if operator == "!":
        return _logical("!", (operand,))
    if operand in (INTEGER, NUMBER, DYNAMIC):
        return operand
    return _unfit("-", (operand,), "a minus sign stands before an integer or a number")


def size_type(operand: Type) -> Judged:
    """Find the type that `size(operand)` gives, or why it gives none."""
    if is_text(operand) or operand == DYNAMIC or isinstance(operand, ListOf | MapOf):
        return INTEGER
    return _unfit("size()", (operand,), "size() counts a string, a list or a map")


def method_type(name: MethodName, receiver: Type, argument: Type) -> Judged:
    """Find the type that `receiver.name(argument)` gives, or why it gives none."""
    if all(is_text(operand) or operand == DYNAMIC for operand in (receiver, argument)):
        return BOOLEAN
    hint = "write `x in list`" if isinstance(receiver, ListOf) else "both are strings"
    return _unfit(f"{name}()", (receiver, argument), hint)


def _logical(operator: str, operands: Sequence[Type]) -> Judged:
    if all(operand in (BOOLEAN, DYNAMIC) for operand in operands):
        return BOOLEAN
    return _unfit(operator, operands, "write a condition, for example a comparison")


def _equality(operator: str, left: Type, right: Type) -> Judged:
    if comparable(left, right):
        return BOOLEAN
    if NULL in (left, right):
        return Complaint(
            rule="X118",
            message="this value is never null, so the comparison says nothing",
            remedy="ask has(x) whether a value is there, !has(x) whether it is missing",
        )
    return _unfit(operator, (left, right), "both sides have the same type")


def _membership(left: Type, right: Type) -> Judged:
    match right:
        case ListOf(item=item) if mixed := _integer_meets_number("==", left, item):
            return mixed
        case ListOf(item=item) if comparable(left, item):
            return BOOLEAN
        case MapOf() if is_text(left) or left == DYNAMIC:
            return BOOLEAN
        case _ if right == DYNAMIC:
            return BOOLEAN
        case _ if is_text(right):
            return _unfit("in", (left, right), "to look inside a string write s.contains(x)")
        case _:
            return _unfit("in", (left, right), "`x in list`, with items of the same type as x")


def _ordering(operator: str, left: Type, right: Type) -> Judged:
    if _has_order(left) and _has_order(right) and comparable(left, right):
        return BOOLEAN
    return _unfit(operator, (left, right), "both sides are strings, dates or numbers of one type")


def _has_order(side: Type) -> bool:
    return side in (STRING, INTEGER, NUMBER, BOOLEAN, DATE, DYNAMIC) or isinstance(side, EnumOf)


def _arithmetic(operator: str, left: Type, right: Type) -> Judged:
    if _can_add(left, operator) and _can_add(right, operator):
        if DYNAMIC in (left, right):
            return right if left == DYNAMIC else left
        if is_text(left) and is_text(right):
            return STRING
        if (joined := join(left, right)) is not None:
            return joined
    remedy = "two integers, two numbers"
    return _unfit(operator, (left, right), remedy + (", strings or lists" * (operator == "+")))


def _can_add(side: Type, operator: str) -> bool:
    if side in (INTEGER, NUMBER, DYNAMIC):
        return True
    return operator == "+" and (is_text(side) or isinstance(side, ListOf))


_INTEGER_AND_NUMBER = ((INTEGER, NUMBER), (NUMBER, INTEGER))


def _integer_meets_number(operator: str, left: Type, right: Type) -> Complaint | None:
    if operator in ("&&", "||", "in") or (left, right) not in _INTEGER_AND_NUMBER:
        return None
    return Complaint(
        rule="X117",
        message="an integer and a number stand on two sides of one operator",
        remedy="give both sides one type: a number is written 1.0, an integer 1",
    )


def _unfit(operator: str, operands: Sequence[Type], remedy: str) -> Complaint:
    found = " and ".join(describe(operand) for operand in operands)
    return Complaint(
        rule="X110",
        message=f"`{operator}` does not take {found}",
        remedy=f"expected: {remedy}",
    )
