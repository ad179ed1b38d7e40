"""What can be wrong with an expression: the rules, and one problem as data."""

from collections.abc import Mapping
from types import MappingProxyType

from msgspec import Struct

RULES: Mapping[str, str] = MappingProxyType(
    {
        "X101": "The expression is not well formed",
        "X102": "The expression is too long",
        "X103": "The expression is nested too deeply",
        "X104": "A number is out of range",
        "X105": "The operator does not exist here",
        "X106": "The function or method does not exist here",
        "X107": "The call has the wrong arguments",
        "X108": "The name is not known",
        "X109": "The member is not known",
        "X110": "The types do not fit",
        "X111": "The text is not one of the possible values",
        "X112": "An optional value is read without has()",
        "X113": "A value that only some paths wrote is read without has()",
        "X114": "No path to here wrote the value",
        "X115": "A secret is read",
        "X116": "A comparison with empty text asks whether something is there",
        "X117": "An integer meets a number",
        "X118": "A value that is never null is compared with null",
        "X119": "The result has the wrong type for its place",
        "X120": "The text is not a date",
        "X121": "The value cannot stand inside a text",
        "X122": "The `${` is not closed",
        "X123": "An index into named members is not written out",
    }
)
"""Every rule by its stable code, with its title."""


class ExpressionProblem(Struct, frozen=True, gc=False, kw_only=True):
    """One mistake in an expression.

    `offset` and `length` count characters in the text that was given to `parse` or
    `parse_template`. `message` says what is wrong, `remedy` what would be right, `nearest` the
    known word it looks like a slip of.
    """

    rule: str
    offset: int
    length: int
    message: str
    remedy: str
    nearest: str | None = None
