"""Tree to typed tree: every name known, every value there when read, every operator fitting.

All problems of one expression are collected. Where one is found, the value counts as unsure, so
that no second problem follows from the first.
"""

from collections.abc import Callable, Collection, Mapping
from functools import cached_property
from types import MappingProxyType
from typing import TypeAlias, assert_never

from msgspec import Struct

from engine.expressions.checking.fitting import fit, textual
from engine.expressions.checking.guards import Facts, Guards
from engine.expressions.checking.members import (
    UNSURE,
    item_of,
    member_of,
    presence_of,
    secret_read,
    some_names,
    unknown_name,
)
from engine.expressions.checking.operators import (
    Complaint,
    Judged,
    binary_type,
    method_type,
    size_type,
    unary_type,
)
from engine.expressions.problems import ExpressionProblem
from engine.expressions.syntax.tree import (
    Binary,
    Conditional,
    Has,
    Index,
    Join,
    ListLiteral,
    Literal,
    Method,
    Name,
    Node,
    Segments,
    Select,
    Size,
    Span,
    Tree,
    Unary,
    name_at,
    spell,
)
from engine.expressions.types import (
    BOOLEAN,
    DYNAMIC,
    INTEGER,
    NULL,
    NUMBER,
    STRING,
    Environment,
    ListOf,
    Member,
    Secret,
    Type,
    describe,
    hides_secret,
    join,
)
from engine.nearest import nearest

Search: TypeAlias = Callable[[str, Collection[str]], str | None]
_COMPARISONS = ("==", "!=", "<", "<=", ">", ">=")


class Checked(Struct, frozen=True, gc=False, kw_only=True):
    """An expression without problems.

    Attributes:
        tree: What was checked.
        type: What it gives; the expected type where one was asked for.
        source: The text the tree was read from.
        types: The type of every node, by its span.
        missable: The paths that may be missing at run time: optional, or written on some ways.
        may_be_absent: It is nothing but a path, allowed to be missing; see `Expression.given`.
    """

    tree: Tree
    type: Type
    source: str
    types: Mapping[Span, Type]
    missable: frozenset[Segments]
    may_be_absent: bool = False


def check(
    tree: Tree,
    environment: Environment,
    expected: Type | None,
    *,
    may_be_absent: bool = False,
    search: Search = nearest,
) -> Checked | tuple[ExpressionProblem, ...]:
    """Judge an expression by everything that is known where it stands.

    Args:
        tree: From `parse` or `parse_template`.
        environment: Every top-level name that may be used here, with its type and presence.
        expected: The type its place asks for; None takes any.
        may_be_absent: Allow an expression that is nothing but a path to read what may be missing
            (the value of an optional input: *not given*).
        search: Finds which of the names that are known was meant by one that is not; whoever
            judges many expressions gives one that tires.

    Returns:
        The typed expression, or all of its problems in the order of the source.
    """
    forgiven = (tree.root.segments or ()) if may_be_absent else ()
    checker = _Checker(environment, forgiven, search)
    type_ = checker.judge(tree.root, frozenset())
    if expected is not None:
        type_ = checker.expect(tree.root, type_, expected)
    if checker.problems:
        return tuple(sorted(checker.problems, key=lambda problem: problem.offset))
    return Checked(
        tree=tree,
        type=type_,
        source=tree.source,
        types=MappingProxyType(checker.types),
        missable=frozenset(checker.missable),
        may_be_absent=bool(forgiven),
    )


class _Checker:
    """One pass over one tree."""

    def __init__(self, environment: Environment, forgiven: Segments, search: Search) -> None:
        self.types: dict[Span, Type] = {}
        self.problems: list[ExpressionProblem] = []
        self.missable: set[Segments] = set()
        self._environment = environment
        self._forgiven = forgiven
        self._guards = Guards()
        self._search = search

    def judge(self, node: Node, facts: Facts) -> Type:
        """Find the type of a node whose value is used, given what is certainly there."""
        match node:
            case Binary():
                type_ = self._binary(node, facts)
            case Name() | Select() | Index():
                type_ = self._read(node, facts)
            case Literal() | ListLiteral() | Join():
                type_ = self._written(node, facts)
            case _:
                type_ = self._computed(node, facts)
        self.types[node.span] = type_
        return type_

    def expect(self, node: Node, type_: Type, expected: Type) -> Type:
        """Hold a result against the type its place asks for."""
        for misfit, complaint in list(fit(node, expected, self.types, strictly=True)):
            self._complain(misfit, complaint)
        return type_ if expected == DYNAMIC else expected

    def _complain(self, node: Node, complaint: Complaint) -> Type:
        self.problems.append(
            ExpressionProblem(
                rule=complaint.rule,
                offset=node.offset,
                length=node.length,
                message=complaint.message,
                remedy=complaint.remedy,
                nearest=self._search(complaint.unknown, complaint.known),
            )
        )
        return UNSURE

    def _settle(self, node: Node, judged: Judged) -> Type:
        return self._complain(node, judged) if isinstance(judged, Complaint) else judged

    # paths ------------------------------------------------------------------------------------

    def _read(self, node: Name | Select | Index, facts: Facts) -> Type:
        """Judge a path whose value is used as a whole: nothing inside it may be secret."""
        type_ = self._place(node, facts)
        secret = hides_secret(type_)
        return type_ if secret is None else self._complain(node, secret_read(secret))

    def _place(self, node: Node, facts: Facts) -> Type:
        """Judge a path that is used as a whole, or on the way to something inside it."""
        match node:
            case Name() | Select() | Index(index=Literal(value=str())):
                type_ = self._there(node, self._inside(node, facts), facts)
            case Index():
                operand = self._place(node.operand, facts)
                index = self.judge(node.index, facts)
                type_ = self._settle(node, item_of(operand, node.index, index))
            case _:
                return self.judge(node, facts)
        self.types[node.span] = type_
        return type_

    def _inside(self, node: Name | Select | Index, facts: Facts) -> Member:
        """Find what a path leads to, without asking whether it is there."""
        found: Member | Complaint
        if isinstance(node, Name):
            found = self._binding(node.name)
        else:
            name = node.member if isinstance(node, Select) else _written_name(node.index)
            found = member_of(self._place(node.operand, facts), name)
        if isinstance(found, Complaint):
            self._complain(_last_word(node), found)
            return Member(UNSURE)
        self._note(node, found)
        return found

    def _binding(self, name: str) -> Member | Complaint:
        binding = self._environment.get(name)
        if binding is None:
            return unknown_name(name, self._environment, self._instead)
        return presence_of(name, binding)

    @cached_property
    def _instead(self) -> str:
        return some_names(self._environment)

    def _note(self, node: Name | Select | Index, found: Member) -> None:
        self.types[node.span] = found.type
        if found.optional and node.segments is not None:
            self.missable.add(node.segments)

    def _there(self, node: Name | Select | Index, found: Member, facts: Facts) -> Type:
        """Make sure that a value which may be missing is read behind `has()` only."""
        if not found.optional or isinstance(found.type, Secret):
            return found.type
        segments = node.segments or ()
        is_forgiven = self._forgiven[: len(segments)] == segments
        if segments and (segments in facts or is_forgiven):
            return found.type
        return self._complain(node, _unguarded(node, segments))

    def _has(self, node: Has, facts: Facts) -> Type:
        found = self._inside(node.path, facts)
        if isinstance(found.type, Secret):
            self._complain(node.path, secret_read(found.type))
        return BOOLEAN

    # everything else --------------------------------------------------------------------------

    def _written(self, node: Literal | ListLiteral | Join, facts: Facts) -> Type:
        match node:
            case Literal():
                return _literal_type(node)
            case ListLiteral(items=items):
                return self._list(node, [self.judge(item, facts) for item in items])
            case _:
                for part in node.parts:
                    self._settle(part, textual(self.judge(part, facts)))
                return STRING

    def _list(self, node: ListLiteral, types: list[Type]) -> Type:
        joined: Type | None = types[0] if types else DYNAMIC
        for item, type_ in zip(node.items, types, strict=True):
            before, joined = joined, join(joined, type_) if joined else None
            if joined is None and before is not None:
                self._complain(item, _mixed("the items of one list", before, type_))
        return ListOf(joined or UNSURE)

    def _computed(self, node: Unary | Conditional | Has | Size | Method, facts: Facts) -> Type:
        match node:
            case Has():
                return self._has(node, facts)
            case Conditional():
                return self._conditional(node, facts)
            case Unary():
                judged = unary_type(node.operator, self.judge(node.operand, facts))
            case Size():
                judged = size_type(self.judge(node.operand, facts))
            case Method():
                receiver, argument = (self.judge(n, facts) for n in (node.receiver, node.argument))
                judged = method_type(node.name, receiver, argument)
            case _:
                assert_never(node)
        return self._settle(node, judged)

    def _conditional(self, node: Conditional, facts: Facts) -> Type:
        condition = self.judge(node.condition, facts)
        then = self.judge(node.then, facts | self._guards.shown_if(node.condition, holds=True))
        otherwise = self.judge(
            node.otherwise, facts | self._guards.shown_if(node.condition, holds=False)
        )
        self._settle(node.condition, unary_type("!", condition))
        joined = join(then, otherwise)
        if joined is None:
            return self._complain(node, _mixed("the two arms", then, otherwise))
        return joined

    def _binary(self, node: Binary, facts: Facts) -> Type:
        if asked := _asks_for_text(node):
            return self._empty_text_idiom(node, asked, facts)
        left = self.judge(node.left, facts)
        if node.operator in ("&&", "||"):
            facts |= self._guards.shown_if(node.left, holds=node.operator == "&&")
        right = self.judge(node.right, facts)
        if node.operator in _COMPARISONS:
            left, right = self._adapt(node.left, right), self._adapt(node.right, left)
        elif node.operator == "in":
            right = self._adapt(node.right, ListOf(left))
            left = self._adapt(node.left, right.item if isinstance(right, ListOf) else right)
        return self._settle(node, binary_type(node.operator, left, right))

    def _adapt(self, node: Node, other: Type) -> Type:
        """Let texts written out take the type of what they are compared with: a date, say."""
        if node.segments is not None:
            return self.types[node.span]
        for misfit, complaint in list(fit(node, other, self.types, strictly=False)):
            self._complain(misfit, complaint)
        return self.types[node.span]

    def _empty_text_idiom(self, node: Binary, asked: Node, facts: Facts) -> Type:
        name = spell(asked.segments) if asked.segments else "x"
        self.judge(asked, facts | ({asked.segments} if asked.segments else frozenset()))
        self._complain(
            node,
            Complaint(
                rule="X116",
                message="this asks whether a value is there, by comparing it with empty text",
                remedy=f'write has({name}) && {name} != ""',
            ),
        )
        return BOOLEAN


def _literal_type(node: Literal) -> Type:
    match node.value:
        case bool():
            return BOOLEAN
        case int():
            return INTEGER
        case float():
            return NUMBER
        case str():
            return STRING
        case _:
            return NULL


def _written_name(index: Node) -> str:
    """Read an index that is a text written out, the only kind that names a member."""
    return index.value if isinstance(index, Literal) and isinstance(index.value, str) else ""


def _last_word(node: Name | Select | Index) -> Node:
    """Find the part of a path that names what is missing, to point at it alone."""
    match node:
        case Select(member=member, member_offset=offset):
            return name_at(member, offset)
        case Index(index=index):
            return index
        case _:
            return node


def _asks_for_text(node: Binary) -> Node | None:
    """Recognise the idiom `x > ""`, and give its x."""
    match node:
        case Binary(operator=">", left=asked, right=Literal(value="")):
            return asked
        case Binary(operator="<", left=Literal(value=""), right=asked):
            return asked
        case _:
            return None


def _unguarded(node: Name | Select | Index, segments: Segments) -> Complaint:
    if isinstance(node, Name):
        return Complaint(
            rule="X113",
            message=f"only some paths to this place write `{node.name}`",
            remedy=f"write has({node.name}) && ..., or has({node.name}) ? ... : ...",
        )
    if not segments:
        remedy = "has() needs a path that is written out: use a literal index"
        return Complaint(rule="X112", message="this value may be missing", remedy=remedy)
    name = spell(segments)
    return Complaint(
        rule="X112",
        message=f"`{name}` is optional and may be missing",
        remedy=f"write has({name}) && ..., or has({name}) ? ... : ...",
    )


def _mixed(what: str, one: Type, other: Type) -> Complaint:
    return Complaint(
        rule="X110",
        message=f"{what} differ: {describe(one)} and {describe(other)}",
        remedy="expected: one type for all of them",
    )
