"""The fixed list of small mistakes that are planted, one at a time, in a module's syntax tree."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

Function = ast.FunctionDef | ast.AsyncFunctionDef
Change = tuple[str, ast.AST]
"""The operator's name, and what takes a node's place."""

NEIGHBOUR: Final[dict[type[ast.cmpop], type[ast.cmpop]]] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt,
}  # fmt: skip
OPPOSITE: Final[dict[type[ast.cmpop], type[ast.cmpop]]] = {
    ast.Lt: ast.GtE, ast.GtE: ast.Lt, ast.Gt: ast.LtE, ast.LtE: ast.Gt,
    ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.Is: ast.IsNot, ast.IsNot: ast.Is,
    ast.In: ast.NotIn, ast.NotIn: ast.In,
}  # fmt: skip
ARITHMETIC: Final[dict[type[ast.operator], type[ast.operator]]] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.FloorDiv, ast.FloorDiv: ast.Mult,
    ast.Mod: ast.Mult, ast.LShift: ast.RShift, ast.RShift: ast.LShift, ast.BitOr: ast.BitAnd,
}  # fmt: skip
EXTREME: Final = {"min": "max", "max": "min", "any": "all", "all": "any"}
SAME_EITHER_WAY: Final = {
    "min",
    "max",
    "compare_digest",
    "cast",
    "isinstance",
    "TypeVar",
    "NewType",
}
"""Calls whose first two arguments are not swapped: nothing would change, or nothing would run."""
TYPES_ONLY: Final = {"annotation", "returns", "decorator_list"}
ALIASES: Final = {"Callable", "Mapping", "Sequence", "Literal"}
SQL: Final = re.compile(r"\s*(SELECT|INSERT|UPDATE|DELETE|PRAGMA)\b")
SQL_CONDITION: Final = re.compile(r"\b\w+ (?:=|<>|<=?|>=?) \?\d?(?=\s|\)|$)")
SQL_MISTAKES: Final = (
    ("SQL condition removed", SQL_CONDITION, r"(\g<0> OR 1)"),
    ("SQL junction", re.compile(r"\bAND\b"), "OR"),
    ("SQL junction", re.compile(r"\bOR\b(?! REPLACE| IGNORE)"), "AND"),
    ("SQL boundary", re.compile(r"<="), "<"),
    ("SQL boundary", re.compile(r"(?<= )<(?= )"), "<="),
    ("SQL boundary", re.compile(r"(?<= )>(?= )"), ">="),
    ("SQL number", re.compile(r"(?<=\+ )1\b"), "2"),
    ("SQL null", re.compile(r"IS NULL"), "IS NOT NULL"),
    ("SQL word", re.compile(r"'ACTIVE'"), "'REVOKED'"),
    ("SQL conflict", re.compile(r"OR REPLACE"), "OR IGNORE"),
    ("SQL conflict", re.compile(r" ON CONFLICT DO NOTHING"), ""),
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Mutant:
    """One planted mistake.

    Attributes:
        site: Which node of the module, counted from its beginning.
        variant: Which of the node's changes.
        function: The qualified name of the outermost function it runs in; "" for what runs when the
            module is imported.
        where: What it belongs to, for people: a function, or the name that a statement binds.
        lines: First and last line of the statement, of a compound one of its head.
    """

    site: int
    variant: int
    operator: str
    function: str
    where: str
    lines: tuple[int, int]
    before: str
    after: str

    @property
    def key(self) -> str:
        """Name it in a way that lasts while other lines of the module change."""
        return f"{self.where}: {self.before} => {self.after}"


@dataclass(frozen=True, kw_only=True)
class _Site:
    """A node, where it hangs, and the statement it is part of."""

    parent: ast.AST
    field: str
    place: int | None
    node: ast.AST
    function: str
    where: str
    statement: ast.stmt


def mutants(source: str) -> list[Mutant]:
    """List every mistake that can be planted in a module's source."""
    return [
        Mutant(
            site=number, variant=variant, operator=operator, function=site.function,
            where=site.where, lines=_lines(site.statement), before=_text(site.node),
            after=_text(other),
        )
        for number, site in enumerate(_sites(ast.parse(source)))
        for variant, (operator, other) in enumerate(_changes(site))
    ]  # fmt: skip


def planted(source: str, mutant: Mutant) -> ast.Module:
    """Give the module's tree with this mistake in it."""
    tree = ast.parse(source)
    site = _sites(tree)[mutant.site]
    _, other = _changes(site)[mutant.variant]
    ast.copy_location(other, site.node)
    if site.place is None:
        setattr(site.parent, site.field, other)
    else:
        getattr(site.parent, site.field)[site.place] = other
    return ast.fix_missing_locations(tree)


def functions(source: str) -> set[str]:
    """Name every function that a mistake can be planted in, inner ones left out."""
    return {mutant.function for mutant in mutants(source)} - {""}


def _sites(tree: ast.Module) -> list[_Site]:
    return [site for site in _below(tree, "", "module", None) if not _is_a_word(site)]


def _below(
    parent: ast.AST, function: str, where: str, statement: ast.stmt | None, prefix: str = ""
) -> Iterator[_Site]:
    """Go through everything below a node that runs, in the order of the source."""
    for field, place, node in _children(parent):
        inside, here, above, before = function, where, statement, prefix
        if isinstance(node, ast.stmt):
            above = node
            here = (function and where) or _bound(node) or where
        if isinstance(parent, Function) and field == "body" and not function:
            inside = here = where = prefix.rstrip(".")
        if above is not None:
            yield _Site(
                parent=parent, field=field, place=place, node=node,
                function=inside, where=here, statement=above,
            )  # fmt: skip
        if isinstance(node, Function | ast.ClassDef):
            before = f"{prefix}{node.name}."
            here = where if inside else f"{prefix}{node.name}"
        yield from _below(node, inside, here, above, before)


def _children(parent: ast.AST) -> Iterator[tuple[str, int | None, ast.AST]]:
    for field, value in ast.iter_fields(parent):
        if field in TYPES_ONLY or (isinstance(parent, ast.ClassDef) and field != "body"):
            continue
        if isinstance(value, ast.AST):
            yield field, None, value
        elif isinstance(value, list):
            yield from (
                (field, n, node) for n, node in enumerate(value) if isinstance(node, ast.AST)
            )


def _is_a_word(site: _Site) -> bool:
    """Whether it is a docstring, an error's facts or a name for a type: nothing that decides."""
    statement = site.statement
    if isinstance(statement, ast.Raise) and site.node is not statement:
        return True
    if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant):
        return True
    value = statement.value if isinstance(statement, ast.Assign) else None
    if isinstance(value, ast.BinOp) and isinstance(value.op, ast.BitOr):
        return not site.function
    name = value.value if isinstance(value, ast.Subscript) else None
    return isinstance(name, ast.Name) and name.id in ALIASES


def _bound(statement: ast.stmt) -> str:
    targets = statement.targets if isinstance(statement, ast.Assign) else []
    target = statement.target if isinstance(statement, ast.AnnAssign) else (*targets, None)[0]
    return target.id if isinstance(target, ast.Name) else ""


def _lines(statement: ast.stmt) -> tuple[int, int]:
    body = getattr(statement, "body", None)
    last = body[0].lineno - 1 if body else statement.end_lineno or statement.lineno
    return statement.lineno, max(statement.lineno, last)


def _changes(site: _Site) -> list[Change]:
    """Give what may take this node's place."""
    node = site.node
    before = _text(node)
    found = [*_of_statement(node, site.function), *_of_test(site), *_of_expression(node)]
    return [change for change in found if _text(change[1]) != before]


def _of_statement(node: ast.AST, function: str) -> Iterator[Change]:
    match node:
        case ast.Expr(value=ast.Call() | ast.Await()):
            yield "call removed", ast.Pass()
        case ast.Raise() | ast.AugAssign() if function:
            yield "statement removed", ast.Pass()
        case ast.Return(value=ast.expr() as value) if not isinstance(value, ast.Constant):
            yield "nothing returned", ast.Return(value=ast.Constant(None))
        case ast.ExceptHandler(type=caught, name=name):
            yield "not caught", ast.ExceptHandler(type=caught, name=name, body=[ast.Raise()])
        case ast.Continue():
            yield "loop left", ast.Break()
        case _:
            return


def _of_test(site: _Site) -> Iterator[Change]:
    """Take a condition away: each of its branches alone."""
    if site.field == "test" and isinstance(site.parent, ast.If | ast.IfExp):
        yield "condition removed", ast.Constant(True)
        yield "condition removed", ast.Constant(False)
    elif site.field == "test" and isinstance(site.parent, ast.While):
        yield "condition removed", ast.Constant(False)
    elif site.field == "ifs":
        yield "condition removed", ast.Constant(True)


def _of_expression(node: ast.AST) -> Iterator[Change]:
    match node:
        case ast.Compare():
            yield from _of_comparison(node)
        case ast.BoolOp():
            yield from _of_junction(node)
        case ast.Call():
            yield from _of_call(node)
        case ast.Constant():
            yield from _of_constant(node)
        case _:
            yield from _of_operands(node)


def _of_operands(node: ast.AST) -> Iterator[Change]:
    match node:
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            yield "not removed", operand
        case ast.BinOp(left=left, op=sign, right=right) if type(sign) in ARITHMETIC:
            yield "arithmetic", ast.BinOp(left=left, op=ARITHMETIC[type(sign)](), right=right)
        case ast.Tuple(elts=[first, second, *rest], ctx=ast.Load()):
            yield "elements swapped", ast.Tuple(elts=[second, first, *rest], ctx=ast.Load())
        case ast.FormattedValue():
            yield "part of a text removed", ast.Constant("")
        case _:
            return


def _of_junction(node: ast.BoolOp) -> Iterator[Change]:
    other: ast.boolop = ast.Or() if isinstance(node.op, ast.And) else ast.And()
    yield "junction", ast.BoolOp(op=other, values=node.values)
    for place in range(len(node.values)):
        left = [*node.values[:place], *node.values[place + 1 :]]
        yield "part removed", left[0] if len(left) == 1 else ast.BoolOp(op=node.op, values=left)


def _of_comparison(node: ast.Compare) -> Iterator[Change]:
    for place, sign in enumerate(node.ops):
        for name, table in (("boundary", NEIGHBOUR), ("comparison", OPPOSITE)):
            if type(sign) in table:
                ops = [*node.ops[:place], table[type(sign)](), *node.ops[place + 1 :]]
                yield name, ast.Compare(left=node.left, ops=ops, comparators=node.comparators)


def _of_call(node: ast.Call) -> Iterator[Change]:
    name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
    if isinstance(node.func, ast.Name) and name in EXTREME:
        called = ast.Name(EXTREME[name], ast.Load())
        yield "extreme", ast.Call(func=called, args=node.args, keywords=node.keywords)
    args = node.args
    if len(args) > 1 and name not in SAME_EITHER_WAY and not isinstance(args[1], ast.Starred):
        swapped = [args[1], args[0], *args[2:]]
        yield "arguments swapped", ast.Call(func=node.func, args=swapped, keywords=node.keywords)
    keywords = node.keywords
    if len(keywords) > 1 and keywords[0].arg and keywords[1].arg:
        one, other = keywords[:2]
        named = [ast.keyword(one.arg, other.value), ast.keyword(other.arg, one.value)]
        yield "arguments swapped", ast.Call(node.func, args, [*named, *keywords[2:]])


def _of_constant(node: ast.Constant) -> Iterator[Change]:
    value = node.value
    if isinstance(value, bool):
        yield "truth", ast.Constant(not value)
    elif isinstance(value, int | float):
        yield "number", ast.Constant(value + 1)
        yield "number", ast.Constant(value - 1)
    elif isinstance(value, str) and SQL.match(value):
        for name, pattern, other in SQL_MISTAKES:
            for found in pattern.finditer(value):
                text = value[: found.start()] + found.expand(other) + value[found.end() :]
                yield name, ast.Constant(text)


def _text(node: ast.AST) -> str:
    """Write a node on one line, a statement without what stands inside it."""
    if isinstance(node, ast.operator | ast.cmpop | ast.boolop | ast.unaryop | ast.arguments):
        return type(node).__name__
    if isinstance(node, ast.ExceptHandler):
        return f"except {ast.unparse(node.type) if node.type else ''}: {ast.unparse(node.body[0])}"
    if isinstance(
        node, Function | ast.ClassDef | ast.If | ast.For | ast.While | ast.With | ast.Try
    ):
        return type(node).__name__
    return " ".join(ast.unparse(node).split())
