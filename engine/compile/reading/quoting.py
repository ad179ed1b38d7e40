"""What a YAML scanner's complaint means, in plain words; and a line, its expression quoted."""

from __future__ import annotations

import re

import yaml
from yaml.reader import ReaderError

from engine.compile.reading.document import Spot
from engine.compile.reading.refusal import Refusal

_EXPLAINED: tuple[tuple[str, str, str], ...] = (
    (
        "cannot start any token",
        "a value begins with a sign that YAML keeps for itself",
        "put quotation marks around the value",
    ),
    (
        "mapping values are not allowed",
        "a `: ` stands inside a value, or the indentation of the lines does not fit",
        "put quotation marks around the value, or align the keys",
    ),
    ("could not find expected ':'", "a key has no `:` behind it", "write `key: value`"),
    (
        "unexpected end of stream",
        "a quotation mark is opened and never closed",
        "close it at the end of the value",
    ),
    ("unknown escape", "a `\\` stands before a sign that needs none", "use ' instead of \""),
    (
        "did not find expected ',' or",
        "a bracket is opened and not closed, or a comma is missing",
        "close the bracket, and put commas between its parts",
    ),
    (
        "did not find expected",
        "the indentation of this line does not fit the lines before",
        "align the keys of one mapping and the dashes of one list",
    ),
)
_OTHERWISE = ("this cannot be read as YAML", "compare indentation and signs with the lines around")
_EXPRESSION = r"""\$\{(?:[^{}"']|"[^"]*"|'[^']*'|\{[^{}]*\})*\}"""
_IN_BRACKETS = re.compile(
    r"""("(?:[^"\\]|\\.)*"|'(?:[^']|'')*')|"""
    rf"""((?:[^\s,\[\]{{}}"':$][^,\[\]{{}}"':$]*)?{_EXPRESSION}[^,\[\]{{}}]*)"""
)
"""A value inside of `{...}` or `[...]`: one in quotation marks, or one with an expression."""
_BRACKETS = re.compile(rf"[\[{{]|{_EXPRESSION}\s*[,\]}}]")
"""How a value begins that is inside of brackets, or is made of them."""
_LONGEST_LINE = 2_000
"""Longer lines are not looked into: that would take longer than it helps."""
_VALUE = re.compile(r"^(\s*(?:- +)*(?:[^\s:#'\"]+: +)?)(\S.*\$\{.*|\$\{.*)$")


def explain(error: yaml.YAMLError, text: str) -> Refusal:
    """Turn what the scanner says into a refusal with our words; its own may hold the value."""
    if isinstance(error, ReaderError):
        before = text[: error.position]
        spot = before.count("\n") + 1, len(before) - before.rfind("\n")
        return Refusal(
            spot, "Y110", "a sign that cannot be seen stands here", "remove control characters"
        )
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    spot = (mark.line + 1, mark.column + 1) if mark else (1, 1)
    if mark is not None and text[mark.index : mark.index + 1] == "\t":
        return Refusal(spot, "Y110", "a tab stands where spaces belong", "indent with spaces")
    return _unquoted(text, error, spot) or _syntax(error, spot)


def _syntax(error: yaml.YAMLError, spot: Spot) -> Refusal:
    said = f"{getattr(error, 'problem', '')} {getattr(error, 'context', '')}"
    for sign, message, remedy in _EXPLAINED:
        if sign in said:
            return Refusal(spot, "Y110", message, remedy)
    return Refusal(spot, "Y110", *_OTHERWISE)


def _unquoted(text: str, error: yaml.YAMLError, spot: Spot) -> Refusal | None:
    """Look for an expression without quotation marks on the lines the complaint is about."""
    lines = text.split("\n")
    marks = (getattr(error, name, None) for name in ("problem_mark", "context_mark"))
    numbers = [mark.line for mark in marks if mark is not None]
    for number in dict.fromkeys([*numbers, *(n - 1 for n in numbers)]):
        line = lines[number] if 0 <= number < len(lines) else ""
        if "${" in line and (quoted := quote(line)) is not None and quoted != line.rstrip():
            column = line.index("${") + 1
            return Refusal((number + 1, column), "Y111",
                "an expression needs quotation marks around it here", f"write: {quoted.strip()}",
            )  # fmt: skip
    return None


def quote(line: str) -> str | None:
    """Quote the value of a line `key: ${...}`; None if it has no such form.

    Where values stand in brackets, each that holds an expression is quoted by itself.
    """
    found = _VALUE.match(line.rstrip()) if len(line) <= _LONGEST_LINE else None
    if found is None:
        return None
    before, value = found.groups()
    if _BRACKETS.match(value):
        return before + _IN_BRACKETS.sub(lambda part: part[1] or _quoted(part[2].rstrip()), value)
    for mark in "\"'":
        if len(value) > 1 and value[0] == value[-1] == mark:
            value = value[1:-1]
            break
    return before + _quoted(value)


def _quoted(value: str) -> str:
    if '"' not in value and "\\" not in value:
        return f'"{value}"'
    return "'" + value.replace("'", "''") + "'"
