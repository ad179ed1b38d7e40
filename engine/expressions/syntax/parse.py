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
    below,
    height,
    name_at,
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
    if len(tokens) > TALLEST_TREE and height(root) > TALLEST_TREE:  # every node takes a token
        return (too_deep(start, end - start),)
    return Tree(root=root, source=text)


class _Parser:
    """One pass over the tokens, from the left, looking at most one word ahead."""

    def __init__(self, tokens: list[Token]) -> None:
        self._words = iter(tokens)
        self._last = self._next = next(self._words)
        self._depth = 0

    def _take(self) -> Token:
        self._last, self._next = self._next, next(self._words)
        return self._last

    def _takes(self, text: str) -> bool:
        if self._next.text != text:
            return False
        self._take()
        return True

    def _expect(self, text: str, why: str) -> None:
        if not self._takes(text):
            raise self._unexpected(wanted=f"`{text}` {why}")

    def _unexpected(self, wanted: str) -> _UnreadableError:
        token = self._next
        if token.text in _WORDS:
            return _foreign_word(token)
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
                condition=condition, then=then, otherwise=otherwise,
                offset=start, length=self._since(start),
            )  # fmt: skip
        self._depth -= 1
        return condition

    def _since(self, start: int) -> int:
        """Count the characters from `start` to the end of the last word taken."""
        return self._last.end - start

    def _binary(self, weakest: int) -> Node:
        start = self._next.offset
        left = self._unary()
        while (strength := _STRENGTH.get(self._next.text, 0)) >= weakest:
            operator = cast("BinaryOperator", self._take().text)
            right = self._binary(strength + 1)
            left = Binary(
                operator=operator, left=left, right=right, offset=start, length=self._since(start)
            )
        return left

    def _unary(self) -> Node:
        if self._next.text not in ("!", "-"):
            return self._postfix()
        self._deeper()
        sign = self._take()
        if sign.text == "-" and self._next.kind in ("integer", "number"):
            node = self._postfix_of(self._negative(sign), sign.offset)
        else:
            operand = self._unary()
            operator = cast("SignOperator", sign.text)
            node = Unary(
                operator=operator, operand=operand,
                offset=sign.offset, length=self._since(sign.offset),
            )  # fmt: skip
        self._depth -= 1
        return node

    def _negative(self, sign: Token) -> Literal:
        value = cast("int | float", self._take().value)
        return Literal(value=-value, offset=sign.offset, length=self._since(sign.offset))

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
                node = Index(
                    operand=node, index=index, segments=below(node, index),
                    offset=start, length=self._since(start),
                )  # fmt: skip
            else:
                return node

    def _dotted(self, operand: Node, start: int) -> Node:
        if self._next.kind != "name" or self._next.text in _NO_MEMBERS:
            raise self._unexpected(wanted="the name of a member")
        member = self._take()
        if self._takes("("):
            return self._method(operand, member, start)
        return Select(
            operand=operand, member=member.text, member_offset=member.offset,
            segments=below(operand, member.text), offset=start, length=self._since(start),
        )  # fmt: skip

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
                length = self._since(token.offset)
                return ListLiteral(items=items, offset=token.offset, length=length)
            case _:
                raise self._unexpected(wanted="a value: a name, a text, a number or a bracket")

    def _literal(self) -> Literal:
        token = self._take()
        if token.value == 2**63 and token.kind == "integer":
            raise _UnreadableError(out_of_range(token.offset, len(token.text)))
        return Literal(value=token.value, offset=token.offset, length=len(token.text))

    def _named(self) -> Node:
        token = self._next
        if token.text in _RESERVED and token.text not in _CONSTANTS:
            raise _UnreadableError(reserved(token))
        self._take()
        if token.text in _CONSTANTS:
            value = _CONSTANTS[token.text]
            return Literal(value=value, offset=token.offset, length=len(token.text))
        if self._takes("("):
            return self._function(token)
        if self._next.kind in ("name", "string") and token.text in ("not", "empty"):
            raise _foreign_word(token)
        return name_at(token.text, token.offset)

    def _items(self, close: str) -> tuple[Node, ...]:
        """Read what is between two brackets, with commas; the opening one is taken already."""
        items: list[Node] = []
        while self._next.text != close:
            items.append(self._conditional())
            if not self._takes(","):
                break
        self._expect(close, "to close the bracket")
        return tuple(items)

    def _function(self, name: Token) -> Node:
        arguments = self._items(")")
        start, length = name.offset, self._since(name.offset)
        if name.text not in _FUNCTIONS:
            raise _UnreadableError(no_function(name, _FUNCTIONS, "function"))
        _count(name, arguments, 1)
        if name.text == "size":
            return Size(operand=arguments[0], offset=start, length=length)
        return Has(path=_askable(arguments[0]), offset=start, length=length)

    def _method(self, receiver: Node, name: Token, start: int) -> Node:
        arguments = self._items(")")
        length = self._since(start)
        if isinstance(receiver, Name) and receiver.name == "execution":
            return Has(path=_variable(name, arguments), offset=start, length=length)
        if name.text not in _METHODS:
            raise _UnreadableError(no_function(name, _METHODS, "method"))
        _count(name, arguments, 0 if name.text == "size" else 1)
        if name.text == "size":
            return Size(operand=receiver, offset=start, length=length)
        argument = arguments[0]
        if name.text == "equals":
            return Binary(operator="==", left=receiver, right=argument, offset=start, length=length)
        method = cast("MethodName", name.text)
        return Method(
            name=method, receiver=receiver, argument=argument, offset=start, length=length
        )


def _foreign_word(token: Token) -> _UnreadableError:
    return _UnreadableError(foreign_operator(token.text, token.offset, _WORDS[token.text]))


def _count(name: Token, arguments: tuple[Node, ...], wanted: int) -> None:
    if len(arguments) != wanted:
        remedy = "nothing between the brackets" if wanted == 0 else "exactly one value"
        raise _UnreadableError(bad_call(name, f"{len(arguments)} values", remedy))


def _askable(node: Node) -> Name | Select | Index:
    """Make sure that `has()` can ask for this: a path that ends in a name, not in a position."""
    match node:
        case Name() | Select() | Index() if node.segments and isinstance(node.segments[-1], str):
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


def _variable(name: Token, arguments: tuple[Node, ...]) -> Name:
    """Read what `execution.hasVariable("x")` asks for, TrustX's only use of `execution` here."""
    if name.text != "hasVariable":
        raise _UnreadableError(no_function(name, ("hasVariable",), "method"))
    match arguments:
        case (Literal(value=str() as variable) as written,) if _is_name(variable):
            return Name(
                name=variable, offset=written.offset, length=written.length, segments=(variable,)
            )
        case _:
            raise _UnreadableError(
                bad_call(name, "this", 'the name of a variable as a text: "_decision"')
            )


def _is_name(word: str) -> bool:
    return word.isascii() and word.isidentifier() and word not in _RESERVED
