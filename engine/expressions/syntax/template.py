"""Input values: a literal, one whole `${...}` that keeps its type, or a text with some in it."""

import re
from dataclasses import dataclass

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
    """Cut a text into literal parts and expressions, in order."""
    parts: list[Literal | Tree] = []
    problems: list[ExpressionProblem] = []
    done = 0
    while (start := text.find("${", done)) >= 0:
        parts += _literal(text, done, start)
        closing = _INSIDE.match(text, start + 2)
        if closing is None:
            return parts, [*problems, _unclosed(start)]
        done = closing.end()
        parsed = parse_at(text, start + 2, done - 1)
        if isinstance(parsed, Tree):
            parts.append(parsed)
        else:
            problems.extend(parsed)
    parts += _literal(text, done, len(text))
    return parts, problems or _overlong(text, parts)


def _literal(text: str, start: int, end: int) -> list[Literal | Tree]:
    if start == end:
        return []
    return [Literal(value=text[start:end], offset=start, length=end - start)]


def _unclosed(start: int) -> ExpressionProblem:
    return ExpressionProblem(
        rule="X122",
        offset=start,
        length=2,
        message="this `${` has no `}` that closes it",
        remedy="end the expression with }, and every text inside it with its quotation mark; "
        'the two characters themselves are written ${"${"}',
    )


def _overlong(text: str, parts: list[Literal | Tree]) -> list[ExpressionProblem]:
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
