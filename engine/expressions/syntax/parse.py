"""Tokens to a tree: the grammar of `${...}`, which is a part of CEL's.

TrustX's idioms end here: `x.equals(y)` becomes `x == y`, `execution.hasVariable("x")` becomes
`has(x)`. Rooms above this file never see them.
"""

from typing import cast

from engine.expressions.problems import ExpressionProblem
from engine.expressions.syntax.refusals import (
    DEEPEST_NESTING,
    LONGEST_SOURCE,
    TALLEST_TREE,
    bad_call,
    malformed,
    no_function,
    reserved,
    too_deep,
    too_long,
)
from engine.expressions.syntax.tokens import Token, foreign_operator, out_of_range, tokenize
from engine.expressions.syntax.tree import (
    Binary,
    BinaryOperator,
    Conditional,
    Constant,
    Has,
    Index,
    ListLiteral,
    Literal,
    Method,
    MethodName,
    Name,
    Node,
    Select,
    SignOperator,
    Size,
    Tree,
    Unary,
    height,
    plain_path,
)

_STRENGTH = {
    "||": 1,
    "&&": 2,
    **dict.fromkeys(("==", "!=", "<", "<=", ">", ">=", "in"), 3),
    **dict.fromkeys(("+", "-"), 4),
}
"""How tightly each operator binds; all of them group from the left."""

_CONSTANTS: dict[str, Constant] = {"true": True, "false": False, "null": None}
_NO_MEMBERS = frozenset({*_CONSTANTS, "in"})
_RESERVED = frozenset(
    {
        *_NO_MEMBERS,
        *("as", "break", "const", "continue", "else", "for", "function", "if", "import", "let"),
        *("loop", "package", "namespace", "return", "var", "void", "while"),
    }
)
"""Words that CEL keeps for itself."""

_WORDS = {
    "and": "&&",
    "or": "||",
    "not": "!",
    "eq": "==",
    "ne": "!=",
    "lt": "<",
    "le": "<=",
    "gt": ">",
    "ge": ">=",
    "div": None,
    "mod": None,
    "empty": "size(...) == 0",
}
"""Operators that are words in JUEL, and what they are called here."""

_FUNCTIONS = ("has", "size")
_METHODS = ("contains", "startsWith", "endsWith", "equals", "size")
_TESTS = frozenset(("contains", "startsWith", "endsWith"))


class _UnreadableError(Exception):
    """The text stops making sense at one place; caught in `parse_at`, never seen outside."""

    def __init__(self, problem: ExpressionProblem) -> None:
        super().__init__(problem.message)
        self.problem = problem


def parse(source: str) -> Tree | tuple[ExpressionProblem, ...]:
    """Read one expression, without the `${` and `}` around it.

    Args:
        source: At most `LONGEST_SOURCE` characters.

    Returns:
        The tree, or everything that is wrong with the text; offsets count in `source`.
    """
    return parse_at(source, 0, len(source))


def parse_at(text: str, start: int, end: int) -> Tree | tuple[ExpressionProblem, ...]:
    """Read the expression that stands in `text[start:end]`; offsets count in the whole `text`."""
    if end - start > LONGEST_SOURCE:
        return (too_long(start, end),)
    tokens, problems = tokenize(text[start:end], start)
    if problems:
        return tuple(problems)
    try:
        root = _Parser(tokens).whole()
    except _UnreadableError as unreadable:
        return (unreadable.problem,)
    if height(root) > TALLEST_TREE:
        return (too_deep(start, end - start),)
    return Tree(root=root, source=text)


class _Parser:
    """One pass over the tokens, from the left, looking at most one word ahead."""

    def __init__(self, tokens: list[Token]) -> None:
        self._tokens = tokens
        self._at = 0
        self._depth = 0

    @property
    def _next(self) -> Token:
        return self._tokens[self._at]

    @property
    def _last_end(self) -> int:
        return self._tokens[self._at - 1].end

    def _take(self) -> Token:
        token = self._next
        self._at += 1
        return token

    def _sees(self, *texts: str) -> bool:
        """Say whether the next word is one of these operators (a string is never one)."""
        token = self._next
        return token.kind in ("operator", "name") and token.text in texts

    def _takes(self, text: str) -> bool:
        if not self._sees(text):
            return False
        self._at += 1
        return True

    def _expect(self, text: str, why: str) -> Token:
        if not self._sees(text):
            raise self._unexpected(wanted=f"`{text}` {why}")
        return self._take()

    def _unexpected(self, wanted: str) -> _UnreadableError:
        token = self._next
        if token.kind == "name" and token.text in _WORDS:
            return _UnreadableError(foreign_operator(token.text, token.offset, _WORDS[token.text]))
        found = f"`{token.text}` comes unexpectedly" if token.text else "the expression stops here"
        return _UnreadableError(malformed(token.offset, len(token.text), found, wanted))

    def whole(self) -> Node:
        """Read everything there is."""
        root = self._conditional()
        if self._next.kind != "end":
            raise self._unexpected(wanted="an operator such as == or &&, or nothing more")
        return root

    def _deeper(self) -> None:
        self._depth += 1
        if self._depth > DEEPEST_NESTING:
            raise _UnreadableError(too_deep(self._next.offset, len(self._next.text)))

    def _conditional(self) -> Node:
        self._deeper()
        start = self._next.offset
        condition = self._binary(1)
        if self._takes("?"):
            # CEL: what stands between ? and : is no conditional itself unless in brackets.
            then = self._binary(1)
            self._expect(":", "and what holds otherwise")
            otherwise = self._conditional()
            condition = Conditional(
                condition=condition, then=then, otherwise=otherwise, **self._from(start)
            )
        self._depth -= 1
        return condition

    def _from(self, start: int) -> dict[str, int]:
        """Give the span from `start` to the last word taken, as a node's arguments."""
        return {"offset": start, "length": self._last_end - start}

    def _binary(self, weakest: int) -> Node:
        start = self._next.offset
        left = self._unary()
        while (strength := self._strength()) >= weakest:
            operator = cast("BinaryOperator", self._take().text)
            right = self._binary(strength + 1)
            left = Binary(operator=operator, left=left, right=right, **self._from(start))
        return left

    def _strength(self) -> int:
        token = self._next
        if token.kind not in ("operator", "name"):
            return 0
        return _STRENGTH.get(token.text, 0)

    def _unary(self) -> Node:
        if not self._sees("!", "-"):
            return self._postfix()
        self._deeper()
        sign = self._take()
        if sign.text == "-" and self._next.kind in ("integer", "number"):
            node = self._postfix_of(self._negative(sign), sign.offset)
        else:
            operand = self._unary()
            operator = cast("SignOperator", sign.text)
            node = Unary(operator=operator, operand=operand, **self._from(sign.offset))
        self._depth -= 1
        return node

    def _negative(self, sign: Token) -> Literal:
        value = cast("int | float", self._take().value)
        return Literal(value=-value, **self._from(sign.offset))

    def _postfix(self) -> Node:
        start = self._next.offset
        return self._postfix_of(self._primary(), start)

    def _postfix_of(self, node: Node, start: int) -> Node:
        while True:
            if self._takes("."):
                node = self._dotted(node, start)
            elif self._takes("["):
                index = self._conditional()
                self._expect("]", "after the index")
                node = Index(operand=node, index=index, **self._from(start))
            else:
                return node

    def _dotted(self, operand: Node, start: int) -> Node:
        if self._next.kind != "name" or self._next.text in _NO_MEMBERS:
            raise self._unexpected(wanted="the name of a member")
        member = self._take()
        if self._takes("("):
            return self._method(operand, member, start)
        return Select(
            operand=operand, member=member.text, member_offset=member.offset, **self._from(start)
        )

    def _primary(self) -> Node:
        token = self._next
        match token.kind:
            case "integer" | "number" | "string":
                return self._literal()
            case "name":
                return self._named()
            case _ if self._takes("("):
                inner = self._conditional()
                self._expect(")", "to close the bracket")
                return inner
            case _ if self._takes("["):
                items = self._items("]")
                return ListLiteral(items=items, **self._from(token.offset))
            case _:
                raise self._unexpected(wanted="a value: a name, a text, a number or a bracket")

    def _literal(self) -> Literal:
        token = self._take()
        if token.value == 2**63 and token.kind == "integer":
            raise _UnreadableError(out_of_range(token.offset, len(token.text)))
        return Literal(value=token.value, **self._from(token.offset))

    def _named(self) -> Node:
        token = self._next
        if token.text in _CONSTANTS:
            self._take()
            return Literal(value=_CONSTANTS[token.text], **self._from(token.offset))
        if token.text in _RESERVED:
            raise _UnreadableError(reserved(token))
        self._take()
        if self._takes("("):
            return self._function(token)
        if self._next.kind in ("name", "string") and token.text in ("not", "empty"):
            self._at -= 1
            raise self._unexpected(wanted="")
        return Name(name=token.text, **self._from(token.offset))

    def _items(self, close: str) -> tuple[Node, ...]:
        """Read what is between two brackets, with commas; the opening one is taken already."""
        items: list[Node] = []
        while not self._sees(close):
            items.append(self._conditional())
            if not self._takes(","):
                break
        self._expect(close, "to close the bracket")
        return tuple(items)

    def _function(self, name: Token) -> Node:
        arguments = self._items(")")
        span = self._from(name.offset)
        if name.text not in _FUNCTIONS:
            raise _UnreadableError(no_function(name, _FUNCTIONS, "function"))
        _count(name, arguments, 1)
        if name.text == "size":
            return Size(operand=arguments[0], **span)
        return Has(path=_askable(arguments[0]), **span)

    def _method(self, receiver: Node, name: Token, start: int) -> Node:
        arguments = self._items(")")
        span = self._from(start)
        if isinstance(receiver, Name) and receiver.name == "execution":
            return _execution(name, arguments, span)
        if name.text not in _METHODS:
            raise _UnreadableError(no_function(name, _METHODS, "method"))
        _count(name, arguments, 0 if name.text == "size" else 1)
        if name.text == "size":
            return Size(operand=receiver, **span)
        if name.text == "equals":
            return Binary(operator="==", left=receiver, right=arguments[0], **span)
        method = cast("MethodName", name.text)
        return Method(name=method, receiver=receiver, argument=arguments[0], **span)


def _count(name: Token, arguments: tuple[Node, ...], wanted: int) -> None:
    if len(arguments) != wanted:
        remedy = "nothing between the brackets" if wanted == 0 else "exactly one value"
        raise _UnreadableError(bad_call(name, f"{len(arguments)} values", remedy))


def _askable(node: Node) -> Name | Select | Index:
    """Make sure that `has()` can ask for this: a path that ends in a name, not in a position."""
    path = plain_path(node)
    if isinstance(node, Name | Select | Index) and path and isinstance(path.segments[-1], str):
        return node
    raise _UnreadableError(
        ExpressionProblem(
            rule="X107",
            offset=node.offset,
            length=node.length,
            message="`has()` asks for a name or a member, not for a value",
            remedy="expected: a path such as has(user1.email)",
        )
    )


def _execution(name: Token, arguments: tuple[Node, ...], span: dict[str, int]) -> Has:
    """Read TrustX's `execution.hasVariable("x")`, the only thing `execution` is known for."""
    if name.text != "hasVariable":
        raise _UnreadableError(no_function(name, ("hasVariable",), "method"))
    match arguments:
        case (Literal(value=str() as variable) as written,) if _is_name(variable):
            return Has(
                path=Name(name=variable, offset=written.offset, length=written.length), **span
            )
        case _:
            raise _UnreadableError(
                bad_call(name, "this", 'the name of a variable as a text: "_decision"')
            )


def _is_name(word: str) -> bool:
    return word.isascii() and word.isidentifier() and word not in _RESERVED
