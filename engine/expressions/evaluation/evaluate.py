"""Typed tree to closures: compiled once when a definition is deployed, called at every turn.

A closure takes the values by top-level name and gives the result or raises `ExpressionFault`. It
subscripts plain data and calls the operations in `values`; no Python attribute is ever looked up
by a name from an expression.
"""

from collections.abc import Callable, Mapping
from math import isfinite
from operator import eq, ge, gt, le, lt, ne

from msgspec import Struct

from engine.errors import ExpressionFault
from engine.expressions.checking.check import Checked
from engine.expressions.evaluation import values as operations
from engine.expressions.evaluation.faults import is_over_budget, mistyped, out_of_range
from engine.expressions.evaluation.having import has_type
from engine.expressions.evaluation.reading import (
    Condition,
    Run,
    asker,
    conformer,
    giver,
    path_reader,
)
from engine.expressions.syntax.tree import (
    Binary,
    ComparisonOperator,
    Conditional,
    Has,
    Index,
    Join,
    ListLiteral,
    Literal,
    Method,
    Name,
    Node,
    Select,
    Size,
    Unary,
)
from engine.expressions.types import (
    BOOLEAN,
    DATE,
    DYNAMIC,
    INTEGER,
    NUMBER,
    STRING,
    JsonValue,
    Type,
    Values,
    describe,
    is_text,
)


class Expression(Struct, frozen=True, gc=False, kw_only=True):
    """A compiled expression.

    Attributes:
        source: The text it was read from.
        type: What `evaluate` gives.
        evaluate: Takes the values by top-level name and gives the result; raises ExpressionFault
            when a value is missing or has not its declared type, an integer leaves 64 bits, or a
            budget is passed.
        given: Says whether the value is there at all. Always true, unless the expression is a
            path that was checked with `may_be_absent`; then ask this before `evaluate`.
    """

    source: str
    type: Type
    evaluate: Run
    given: Condition


def compile_checked(checked: Checked) -> Expression:
    """Make a checked expression ready to be evaluated."""
    root = checked.tree.root
    compiler = _Compiler(checked)
    run = compiler.compile(root)
    if checked.types[root.span] != checked.type or DYNAMIC in checked.types.values():
        run = _then(_fitter(checked.type), run)
    if compiler.may_overflow:
        run = _then(_finite, run)
    path = root.segments if checked.may_be_absent else None
    given = giver(path, checked.type, checked.missable) if path else _always
    return Expression(source=checked.source, type=checked.type, evaluate=run, given=given)


def _always(values: Values) -> bool:
    return True


def _then(look: Callable[[JsonValue], JsonValue], run: Run) -> Run:
    return lambda values: look(run(values))


def _fitter(type_: Type) -> Callable[[JsonValue], JsonValue]:
    """Make the look at a result where its place asks for a type: also at what is inside of it."""
    place = ("${}",)
    outside = conformer(type_, place)

    def look(result: JsonValue) -> JsonValue:
        found = outside(result)
        if not has_type(found, type_):
            raise mistyped(*place, describe(type_))
        return found

    return look


def _finite(result: JsonValue) -> JsonValue:
    """Refuse a result that is infinite, or a list with such an item."""
    items = [result]
    while items:
        item = items.pop()
        if isinstance(item, float) and not isfinite(item):
            raise out_of_range(operator="${}")
        if isinstance(item, list):
            items.extend(item)
    return result


class _Compiler:
    """Makes closures of one tree, with the types found by `check`.

    Attributes:
        may_overflow: Doubles are added somewhere: CEL lets them become infinite, which is no JSON.
    """

    def __init__(self, checked: Checked) -> None:
        self.may_overflow = False
        self._types = checked.types

    def compile(self, node: Node) -> Run:
        """Make the closure of a node."""
        match node:
            case Binary():
                return self._binary(node)
            case Name() | Select() | Index():
                return self._read(node)
            case Literal(value=value):
                return lambda values: value
            case Has(path=path):
                return self._has(path)
            case Conditional():
                return self._conditional(node)
            case _:
                return self._applied(node)

    def _read(self, node: Name | Select | Index) -> Run:
        type_ = self._types[node.span]
        if isinstance(node, Name) or node.segments is not None:
            return path_reader(node.segments or (), type_)
        if isinstance(node, Select):
            return self._item(node.operand, _constant(node.member), type_)
        return self._item(node.operand, self.compile(node.index), type_)

    def _item(self, inner: Node, index: Run, type_: Type) -> Run:
        operand, looked_at = self.compile(inner), conformer(type_, ("[]",))
        return lambda values: looked_at(operations.item_at(operand(values), index(values)))

    def _has(self, asked: Name | Select | Index) -> Run:
        outer = DYNAMIC if isinstance(asked, Name) else self._types[asked.operand.span]
        return asker(asked.segments or (), outer, self._types[asked.span])

    def _conditional(self, node: Conditional) -> Run:
        condition, then, otherwise = map(self.compile, (node.condition, node.then, node.otherwise))

        def choose(values: Values) -> JsonValue:
            holds = operations.boolean(condition(values), "?:")
            return then(values) if holds else otherwise(values)

        return choose

    def _applied(self, node: ListLiteral | Unary | Size | Method | Join) -> Run:
        match node:
            case ListLiteral(items=items):
                runs = tuple(map(self.compile, items))
                return lambda values: [run(values) for run in runs]
            case Unary(operator=operator, operand=operand):
                return _signed(operator, self.compile(operand))
            case Size(operand=operand):
                counted = self.compile(operand)
                return lambda values: operations.size(counted(values))
            case Method(name=name, receiver=receiver, argument=argument):
                test = operations.text_test(name)
                return _both(test, self.compile(receiver), self.compile(argument))
            case _:
                return _joined(tuple(map(self.compile, node.parts)))

    def _binary(self, node: Binary) -> Run:
        left, right = self.compile(node.left), self.compile(node.right)
        match node.operator:
            case "&&":
                return _settled_by(False, left, right)
            case "||":
                return _settled_by(True, left, right)
            case "+" | "-" | "in":
                self.may_overflow |= self._types[node.span] in (NUMBER, DYNAMIC)
                return _both(_OPERATIONS[node.operator], left, right)
            case operator:
                return self._comparison(operator, node, left, right)

    def _comparison(self, operator: ComparisonOperator, node: Binary, left: Run, right: Run) -> Run:
        """Choose the quickest comparison that the types allow."""
        types = (self._types[node.left.span], self._types[node.right.span])
        if all(is_text(type_) or type_ in _PLAIN for type_ in types):
            compare = _PYTHON[operator]
            if isinstance(node.right, Literal):
                constant = node.right.value
                return lambda values: compare(left(values), constant)
            return _both(compare, left, right)
        if operator in ("==", "!="):
            wanted = operator == "=="
            return lambda values: operations.equal(left(values), right(values)) is wanted
        return _both(operations.ordered(operator), left, right)


_PLAIN = (STRING, DATE, INTEGER, NUMBER, BOOLEAN)
"""Types whose values Python compares as CEL does, as long as both sides have the same one."""

_PYTHON: Mapping[str, Callable[..., bool]] = {
    "==": eq,
    "!=": ne,
    "<": lt,
    "<=": le,
    ">": gt,
    ">=": ge,
}

_OPERATIONS: Mapping[str, Callable[[JsonValue, JsonValue], JsonValue]] = {
    "+": operations.add,
    "-": operations.subtract,
    "in": operations.within,
}


def _constant(value: JsonValue) -> Run:
    return lambda values: value


def _both(operation: Callable[..., JsonValue], left: Run, right: Run) -> Run:
    return lambda values: operation(left(values), right(values))


def _signed(operator: str, operand: Run) -> Run:
    if operator == "!":
        return lambda values: not operations.boolean(operand(values), "!")
    return lambda values: operations.negate(operand(values))


def _joined(parts: tuple[Run, ...]) -> Run:
    def join(values: Values) -> JsonValue:
        return operations.bounded("".join(operations.text_of(part(values)) for part in parts))

    return join


def _settled_by(settling: bool, left: Run, right: Run) -> Run:
    """Make `&&` (settled by false) or `||` (settled by true) with CEL's meaning.

    The settling value wins over a fault on either side (CEL specification, "Logical Operators"),
    but not over a budget.
    """
    operator = "||" if settling else "&&"

    def logical(values: Values) -> JsonValue:
        try:
            first = operations.boolean(left(values), operator)
        except ExpressionFault as fault:
            if is_over_budget(fault) or right(values) is not settling:
                raise
            return settling
        if first is settling:
            return settling
        return operations.boolean(right(values), operator)

    return logical
