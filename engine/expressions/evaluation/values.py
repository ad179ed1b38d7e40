"""Operations on JSON values with CEL's meaning: no truth value is a number, integers have 64 bits.

Every operation takes any value: what a declaration promised may be broken by stored data, and a
wrong value must end as a fault, not as a Python error or as a wrong answer.
"""

from collections.abc import Callable, Mapping
from decimal import Decimal
from operator import ge, gt, le, lt
from typing import TypeGuard

from engine.expressions.evaluation.faults import out_of_range, over_budget, unfit
from engine.expressions.types import JsonValue

LONGEST_TEXT = 65_536
"""Characters of a text that an operator makes or looks into."""

MOST_ITEMS = 10_000
"""Items of a list that an operator makes or looks into, and pairs that one `==` compares."""

SMALLEST, BIGGEST = -(2**63), 2**63 - 1

_ORDERS: Mapping[str, Callable[..., bool]] = {"<": lt, "<=": le, ">": gt, ">=": ge}


def is_integer(value: JsonValue) -> TypeGuard[int]:
    """Say whether a value is an integer; true and false are none."""
    return isinstance(value, int) and not isinstance(value, bool)


def is_number(value: JsonValue) -> TypeGuard[int | float]:
    """Say whether a value is an integer or a double."""
    return isinstance(value, float) or is_integer(value)


def equal(left: JsonValue, right: JsonValue) -> bool:
    """Compare two values by content; values of different types are different."""
    pairs = [(left, right)]
    for _ in range(MOST_ITEMS):
        if not pairs:
            return True
        one, other = pairs.pop()
        if isinstance(one, list) and isinstance(other, list):
            inner = list(zip(one, other, strict=False)) if len(one) == len(other) else None
        elif isinstance(one, Mapping) and isinstance(other, Mapping):
            inner = [(one[k], other[k]) for k in one] if one.keys() == other.keys() else None
        else:
            inner = [] if _equal_scalars(one, other) else None
        if inner is None:
            return False
        pairs += inner
    raise over_budget(operator="==")


def _equal_scalars(left: JsonValue, right: JsonValue) -> bool:
    if is_number(left) and is_number(right):
        return left == right
    return type(left) is type(right) and left == right


def ordered(operator: str) -> Callable[[JsonValue, JsonValue], bool]:
    """Make the comparison of two values by `<`, `<=`, `>` or `>=`."""
    holds = _ORDERS[operator]

    def compare(left: JsonValue, right: JsonValue) -> bool:
        if is_number(left) and is_number(right):
            return holds(left, right)
        if type(left) is type(right) and isinstance(left, str | bool):
            return holds(left, right)
        raise unfit(operator=operator)

    return compare


def add(left: JsonValue, right: JsonValue) -> JsonValue:
    """Add two integers or two doubles, or put two texts or two lists together."""
    if is_integer(left) and is_integer(right):
        return _in_range(left + right, "+")
    if isinstance(left, float) and isinstance(right, float):
        return left + right
    if isinstance(left, str) and isinstance(right, str):
        return bounded(left + right)
    if isinstance(left, list) and isinstance(right, list):
        if len(left) + len(right) > MOST_ITEMS:
            raise over_budget(operator="+")
        return left + right
    raise unfit(operator="+")


def bounded(text: str) -> str:
    """Make sure that a text which was put together is not too long."""
    if len(text) > LONGEST_TEXT:
        raise over_budget(operator="+")
    return text


def subtract(left: JsonValue, right: JsonValue) -> JsonValue:
    """Subtract an integer from an integer, or a double from a double."""
    if is_integer(left) and is_integer(right):
        return _in_range(left - right, "-")
    if isinstance(left, float) and isinstance(right, float):
        return left - right
    raise unfit(operator="-")


def negate(value: JsonValue) -> JsonValue:
    """Turn the sign of an integer or a double."""
    if is_integer(value):
        return _in_range(-value, "-")
    if isinstance(value, float):
        return -value
    raise unfit(operator="-")


def _in_range(value: int, operator: str) -> int:
    if SMALLEST <= value <= BIGGEST:
        return value
    raise out_of_range(operator=operator)


def within(item: JsonValue, container: JsonValue) -> bool:
    """Say whether a list has an item, or a map a name."""
    if isinstance(container, list):
        if len(container) > MOST_ITEMS:
            raise over_budget(operator="in")
        return any(equal(item, other) for other in container)
    if isinstance(container, Mapping) and isinstance(item, str | int | float):
        return isinstance(item, str) and item in container
    raise unfit(operator="in")


def size(value: JsonValue) -> int:
    """Count the code points of a text, or the items of a list or map."""
    if isinstance(value, str | list | Mapping):
        return len(value)
    raise unfit(operator="size")


def item_at(container: JsonValue, index: JsonValue) -> JsonValue:
    """Take the item of a list at a position, the first is 0; or the member of a map by name.

    A double without a fraction is a position too, as in CEL.
    """
    if isinstance(index, float) and index.is_integer():
        index = int(index)
    if isinstance(container, list) and is_integer(index):
        if 0 <= index < len(container):
            return container[index]
        raise out_of_range(operator="[]")
    if isinstance(container, Mapping) and isinstance(index, str) and index in container:
        return container[index]
    raise unfit(operator="[]")


_TESTS: Mapping[str, Callable[[str, str], bool]] = {
    "contains": lambda text, part: part in text,
    "startsWith": lambda text, part: text.startswith(part),
    "endsWith": lambda text, part: text.endswith(part),
}


def text_test(name: str) -> Callable[[JsonValue, JsonValue], bool]:
    """Make the test of one text by another: contains, startsWith or endsWith."""
    holds = _TESTS[name]

    def test(text: JsonValue, part: JsonValue) -> bool:
        if not (isinstance(text, str) and isinstance(part, str)):
            raise unfit(operator=name)
        if max(len(text), len(part)) > LONGEST_TEXT:
            raise over_budget(operator=name)
        return holds(text, part)

    return test


def boolean(value: JsonValue, operator: str) -> bool:
    """Make sure that a condition is true or false."""
    if isinstance(value, bool):
        return value
    raise unfit(operator=operator)


def text_of(value: JsonValue) -> str:
    """Write a value as CEL's `string()` does: `true`, `3`, `1.5`, and a text as it is."""
    match value:
        case bool():
            return "true" if value else "false"
        case str():
            return value
        case int():
            return str(_in_range(value, "${}"))
        case float():
            return _double_text(value)
        case _:
            raise unfit(operator="${}")


def _double_text(value: float) -> str:
    """Write a double with the fewest digits that give it back, as C's `%g` with six places."""
    if value - value != 0:  # infinite, or not a number
        raise out_of_range(operator="${}")
    exact = Decimal(repr(value)).normalize()
    if value == 0:
        return "-0" if exact.is_signed() else "0"
    power = exact.adjusted()
    if -4 <= power < 6:
        return format(exact, "f")
    mantissa = format(exact.scaleb(-power), "f")
    return f"{mantissa}e{power:+03d}"
