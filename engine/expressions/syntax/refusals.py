"""What the parser says when a text makes no sense to it."""

from engine.expressions.problems import ExpressionProblem
from engine.expressions.syntax.tokens import Token
from engine.nearest import nearest

LONGEST_SOURCE = 512
"""Characters of one expression (security G4)."""

DEEPEST_NESTING = 32
"""Brackets, signs, calls and arms inside one another; CEL's own default."""

TALLEST_TREE = 64
"""Nodes on the longest way down, so that a chain of operators cannot exhaust the stack."""


def too_long(start: int, end: int) -> ExpressionProblem:
    """Say that an expression has too many characters."""
    return ExpressionProblem(
        rule="X102",
        offset=start + LONGEST_SOURCE,
        length=end - start - LONGEST_SOURCE,
        message=f"the expression has {end - start} characters, {LONGEST_SOURCE} are allowed",
        remedy="set a variable to a part of it, and use the variable here",
    )


def too_deep(offset: int, length: int) -> ExpressionProblem:
    """Say that an expression is too high a tree, or has too many brackets in one another."""
    return ExpressionProblem(
        rule="X103",
        offset=offset,
        length=length,
        message=f"more than {DEEPEST_NESTING} brackets are inside one another, "
        f"or more than {TALLEST_TREE} operators follow one another",
        remedy="set a variable to a part of it, and use the variable here",
    )


def malformed(offset: int, length: int, message: str, wanted: str) -> ExpressionProblem:
    """Say that the text stops making sense here, and what could stand here."""
    return ExpressionProblem(
        rule="X101",
        offset=offset,
        length=length,
        message=message,
        remedy=f"expected here: {wanted}",
    )


def reserved(token: Token) -> ExpressionProblem:
    """Say that a name is a word that CEL keeps for itself."""
    return ExpressionProblem(
        rule="X101",
        offset=token.offset,
        length=len(token.text),
        message=f"`{token.text}` is a reserved word",
        remedy="give the variable another name",
    )


def no_function(name: Token, known: tuple[str, ...], kind: str) -> ExpressionProblem:
    """Say that there is no such function or method, and which there are."""
    near = "size" if name.text in ("isEmpty", "length", "len") else nearest(name.text, known)
    written = ", ".join(f"{word}()" for word in known)
    return ExpressionProblem(
        rule="X106",
        offset=name.offset,
        length=len(name.text),
        message=f"there is no {kind} `{name.text}`",
        remedy=f"the {kind}s are {written}",
        nearest=near,
    )


def bad_call(name: Token, given: str, remedy: str) -> ExpressionProblem:
    """Say that a function or method does not take what it was given."""
    return ExpressionProblem(
        rule="X107",
        offset=name.offset,
        length=len(name.text),
        message=f"`{name.text}()` does not take {given}",
        remedy=f"expected: {remedy}",
    )
