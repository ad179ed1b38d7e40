"""Input values: a literal, one whole `${...}` that keeps its type, or a text with some in it."""

import re
from dataclasses import dataclass
from typing import TypeAlias

from engine.expressions.problems import ExpressionProblem
from engine.expressions.syntax.parse import parse_at
from engine.expressions.syntax.tree import Join, Literal, Tree


@dataclass(frozen=True, slots=True, kw_only=True)
class Literal_:  # noqa: N801 - the tree has a node of the name without the underscore
    """A text without `${`: it means itself."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Whole:
    """One `${...}` and nothing else: its value keeps its type."""

    tree: Tree


@dataclass(frozen=True, slots=True, kw_only=True)
class Mixed:
    """Text with `${...}` in it: a string. The root of `tree` is a `Join`."""

    tree: Tree


_INSIDE = re.compile(r"""(?:[^"'}]|"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')*+\}""", re.DOTALL)
"""From behind `${` to its `}`: braces inside texts do not count. Possessive, so it stays linear."""

LONGEST_TEMPLATE = 8192
"""Characters of a text with expressions in it."""

_Piece: TypeAlias = tuple[int, int, bool]
"""Where a part of a text begins and ends, and whether it is an expression."""

MOST_PARTS = 64
"""Expressions in one text, and the pieces of text between them."""


def parse_template(text: str) -> Literal_ | Whole | Mixed | tuple[ExpressionProblem, ...]:
    """Read the value of an input.

    Args:
        text: As the author wrote it. White space around one whole `${...}` does not count.

    Returns:
        What the value is, or everything that is wrong with it; all offsets count in `text`.
    """
    if "${" not in text:
        return Literal_(text=text)
    parts, problems = _parts(text)
    if problems:
        return tuple(problems)
    spoken = [part for part in parts if not (isinstance(part, Literal) and _is_blank(part))]
    if len(spoken) == 1 and isinstance(spoken[0], Tree):
        return Whole(tree=spoken[0])
    nodes = tuple(part.root if isinstance(part, Tree) else part for part in parts)
    return Mixed(tree=Tree(root=Join(parts=nodes, offset=0, length=len(text)), source=text))


def _is_blank(part: Literal) -> bool:
    return isinstance(part.value, str) and not part.value.strip()


def _parts(text: str) -> tuple[list[Literal | Tree], list[ExpressionProblem]]:
    """Read the literal parts and expressions of a text, in order."""
    pieces, unclosed = _cut(text)
    if overlong := _overlong(text, pieces):
        return [], overlong
    parts: list[Literal | Tree] = []
    problems: list[ExpressionProblem] = []
    for start, end, is_expression in pieces:
        part = parse_at(text, start, end) if is_expression else _literal(text, start, end)
        if isinstance(part, tuple):
            problems.extend(part)
        else:
            parts.append(part)
    return parts, problems + unclosed


def _cut(text: str) -> tuple[list[_Piece], list[ExpressionProblem]]:
    """Cut a text into literal parts and expressions, without reading these."""
    pieces: list[_Piece] = []
    done = 0
    while (start := text.find("${", done)) >= 0:
        closing = _INSIDE.match(text, start + 2)
        if closing is None:
            return pieces, [_unclosed(start)]
        if done < start:
            pieces.append((done, start, False))
        done = closing.end()
        pieces.append((start + 2, done - 1, True))
    if done < len(text):
        pieces.append((done, len(text), False))
    return pieces, []


def _literal(text: str, start: int, end: int) -> Literal:
    return Literal(value=text[start:end], offset=start, length=end - start)


def _unclosed(start: int) -> ExpressionProblem:
    return ExpressionProblem(
        rule="X122",
        offset=start,
        length=2,
        message="this `${` has no `}` that closes it",
        remedy="end the expression with }, and every text inside it with its quotation mark; "
        'the two characters themselves are written ${"${"}',
    )


def _overlong(text: str, parts: list[_Piece]) -> list[ExpressionProblem]:
    if len(text) <= LONGEST_TEMPLATE and len(parts) <= MOST_PARTS:
        return []
    return [
        ExpressionProblem(
            rule="X102",
            offset=0,
            length=len(text),
            message=f"the text has {len(text)} characters and {len(parts)} parts",
            remedy=f"up to {LONGEST_TEMPLATE} characters and {MOST_PARTS} parts are allowed",
        )
    ]
