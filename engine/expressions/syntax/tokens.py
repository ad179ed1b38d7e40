"""Text to tokens. Takes CEL's spelling of literals and names; knows nothing of grammar."""

import re
from collections.abc import Mapping
from typing import Literal as Choice
from typing import TypeAlias

from msgspec import Struct

from engine.expressions.problems import ExpressionProblem

TokenKind = Choice["name", "integer", "number", "string", "operator", "end"]


MOST_TOLD = 20
"""Words of one expression that are told to mean nothing; further ones when these are mended."""


class Token(Struct, frozen=True, gc=False, kw_only=True):
    """One word of an expression; `value` is what a literal means.

    No text of a literal is that of an operator or name: strings keep their quotation marks.
    """

    kind: TokenKind
    text: str
    offset: int
    value: str | int | float | None = None

    @property
    def end(self) -> int:
        """The offset behind the last character."""
        return self.offset + len(self.text)


_Lexed: TypeAlias = Token | ExpressionProblem

_TOKEN = re.compile(
    r"""
      (?P<space>[ \t\n\f\r]+)
    | (?P<number>(?:[0-9]+\.[0-9]+|\.[0-9]+)(?:[eE][+-]?[0-9]+)?|[0-9]+[eE][+-]?[0-9]+)
    | (?P<integer>0x[0-9a-fA-F]+|[0-9]+)
    | (?P<name>[A-Za-z_][A-Za-z0-9_]*)
    | (?P<string>"(?:[^"\\\n\r]|\\.)*"|'(?:[^'\\\n\r]|\\.)*')
    | (?P<foreign>===|!==|<>|\*|/|%|;|=(?!=)|&(?!&)|\|(?!\|))
    | (?P<operator>&&|\|\||==|!=|<=|>=|[-<>!+?:.,()\[\]])
    | (?P<open>["'].*)
    | (?P<unknown>.)
    """,
    re.VERBOSE | re.DOTALL,
)

_WORDS: Mapping[str | None, TokenKind] = {"name": "name", "operator": "operator"}
"""Groups that need no second look: most of any expression."""

FOREIGN_OPERATORS = {
    "===": "==",
    "!==": "!=",
    "<>": "!=",
    "=": "==",
    "&": "&&",
    "|": "||",
}
"""What people write who think in another language, and what it is called here."""

_ESCAPE = re.compile(
    r"\\(?:(?P<plain>[\\?\"'`abfnrtv])|[xX](?P<x>[0-9a-fA-F]{2})|u(?P<u>[0-9a-fA-F]{4})"
    r"|U(?P<U>[0-9a-fA-F]{8})|(?P<octal>[0-3][0-7]{2})|(?P<bad>.))",
    re.DOTALL,
)
_PLAIN = dict(zip("abfnrtv", "\a\b\f\n\r\t\v", strict=True))
_UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0e-\x1f\x7f\ud800-\udfff]")
_BIGGEST_UNSIGNED = 2**63
"""One more than the biggest integer: only a minus sign in front makes it right."""


def tokenize(source: str, base: int) -> tuple[list[Token], list[ExpressionProblem]]:
    """Cut a text into tokens, an "end" token last.

    Args:
        source: The expression, without `${` and `}`.
        base: What is added to every offset: where `source` begins in the author's text.

    Returns:
        The tokens and the problems found, at most `MOST_TOLD`; with problems the tokens are of no
        use.
    """
    tokens: list[Token] = []
    problems: list[ExpressionProblem] = []
    for match in _TOKEN.finditer(source):
        group = match.lastgroup
        if group == "space":
            continue
        if kind := _WORDS.get(group):
            tokens.append(Token(kind=kind, text=match.group(), offset=base + match.start()))
            continue
        lexed = _lexed(match, base)
        if isinstance(lexed, Token):
            tokens.append(lexed)
        else:
            problems.append(lexed)
            if len(problems) == MOST_TOLD:
                break
    tokens.append(Token(kind="end", text="", offset=base + len(source)))
    return tokens, problems


def _lexed(match: re.Match[str], base: int) -> _Lexed:
    text, offset = match.group(), base + match.start()
    match match.lastgroup:
        case "integer":
            return _integer(text, offset)
        case "number":
            return _number(text, offset)
        case "string":
            return _string(text, offset)
        case group:
            return _refused(str(group), text, offset)


def _integer(text: str, offset: int) -> _Lexed:
    value = int(text, 16) if text.startswith("0x") else int(text)
    if value > _BIGGEST_UNSIGNED:
        return out_of_range(offset, len(text))
    return Token(kind="integer", text=text, offset=offset, value=value)


def _number(text: str, offset: int) -> _Lexed:
    value = float(text)
    if value == float("inf"):
        return out_of_range(offset, len(text))
    return Token(kind="number", text=text, offset=offset, value=value)


def out_of_range(offset: int, length: int) -> ExpressionProblem:
    """Say that a literal does not fit into 64 bits."""
    return ExpressionProblem(
        rule="X104",
        offset=offset,
        length=length,
        message="this number does not fit into 64 bits",
        remedy="integers go from -9223372036854775808 to 9223372036854775807, "
        "numbers to about 1.7e308",
    )


def _string(text: str, offset: int) -> _Lexed:
    if found := _UNPRINTABLE.search(text):
        return _unreadable(offset + found.start())
    pieces: list[str] = []
    done = 1
    for escape in _ESCAPE.finditer(text, 1, len(text) - 1):
        meaning = _escaped(escape)
        if meaning is None:
            return _bad_escape(escape, offset)
        pieces += [text[done : escape.start()], meaning]
        done = escape.end()
    value = "".join(pieces) + text[done:-1]
    return Token(kind="string", text=text, offset=offset, value=value)


def _escaped(escape: re.Match[str]) -> str | None:
    if plain := escape["plain"]:
        return _PLAIN.get(plain, plain)
    digits = escape["x"] or escape["u"] or escape["U"]
    if digits is None and escape["octal"] is None:
        return None
    point = int(digits, 16) if digits else int(escape["octal"], 8)
    is_character = point < 0xD800 or 0xDFFF < point <= 0x10FFFF
    return chr(point) if is_character else None


def _bad_escape(escape: re.Match[str], offset: int) -> ExpressionProblem:
    return ExpressionProblem(
        rule="X101",
        offset=offset + escape.start(),
        length=len(escape.group()),
        message="this escape means nothing in a text",
        remedy=r"escapes are \\ \" \' \n \r \t, \x41, \u0041 and \U00000041",
    )


def _unreadable(offset: int) -> ExpressionProblem:
    return ExpressionProblem(
        rule="X101",
        offset=offset,
        length=1,
        message="this character cannot stand in an expression",
        remedy=r"take it away, or write it as an escape such as \u0041",
    )


def _refused(group: str, text: str, offset: int) -> ExpressionProblem:
    match group:
        case "foreign":
            return foreign_operator(text, offset, FOREIGN_OPERATORS.get(text))
        case "open":
            return ExpressionProblem(
                rule="X101",
                offset=offset,
                length=len(text),
                message=f"this text is not closed with {text[0]}",
                remedy=f"end it with {text[0]} on the same line",
            )
        case _:
            return _unreadable(offset)


def foreign_operator(text: str, offset: int, ours: str | None) -> ExpressionProblem:
    """Say that an operator belongs to another language, and which of ours means the same."""
    known = "== != < <= > >= && || ! ?: + - in"
    return ExpressionProblem(
        rule="X105",
        offset=offset,
        length=len(text),
        message=f"there is no operator `{text}`",
        remedy=f"write `{ours}`" if ours else f"the operators are {known}",
        nearest=ours,
    )
