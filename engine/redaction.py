"""What looks like a secret is blacked out where words leave: the second line behind `Secret` (D4).

It knows shapes, never a value: links, start tickets, session values, stored hashes, headers, keys,
passwords inside addresses.
A passcode has no shape; that none gets this far is what `Secret` sees to. Whoever hands a secret
out on purpose says so with `own`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

BLACK: Final = "***"
_ESCAPED: Final = r"(?<=\\[bfnrt])|(?<=\\u[0-9a-f]{4})|(?<=%[0-9A-F]{2})"
"""Behind what JSON and addresses write for a sign a word begins, though no sign shows it."""
_BEGINS: Final = rf"(?:(?<![A-Z0-9])|{_ESCAPED})"
_HEADER: Final = r"(?:proxy-)?authorization|(?:set-)?cookie"


@dataclass(frozen=True, slots=True)
class _Shape:
    """Something secret. Group 1 of `pattern` stays; what is in `hints` no text of it lacks."""

    hints: tuple[str, ...]
    pattern: re.Pattern[str]


def _shape(pattern: str, *hints: str) -> _Shape:
    return _Shape(hints, re.compile(pattern, re.ASCII | re.IGNORECASE))


_SHAPES: Final = (
    # Every pattern is linear, and ends before a quote or backslash: JSON stays JSON.
    _shape(rf"({_BEGINS}pt_(?=[\w-]{{16}})|pt_(?=[\w-]{{43}}))[\w-]+", "pt_"),
    _shape(rf"({_BEGINS}(?:ak|at|ra|rs)_)[\w.-]{{40,}}", "ak_", "at_", "ra_", "rs_"),
    _shape(rf"({_BEGINS}p[tsi](?:=|%3d))[^\s&\"'<>\\#;]+", "pt=", "ps=", "pi=", "%3d"),
    _shape(r"(tf-(?:notice-)?[A-Z0-9]{12}=)[^\s;,\"'<>\\]+", "tf-"),
    _shape(r"(\$argon2[a-z]*\$)[^\s\"'<>\\]+", "$argon2"),
    _shape(rf"((?:{_HEADER})\\*[\"']\s*[:,=]\s*b?\\*[\"'])[^\"'\\]+", "authorization", "cookie"),
    _shape(rf"((?:{_HEADER})\s*[:=]\s*)[^\s\"'\\{{}}][^\r\n\"'\\{{}}]*", "authorization", "cookie"),
    _shape(rf"({_BEGINS}(?:bearer|basic)(?:\s|%20|\+)+)[\w.~+/=-]{{16,}}", "bearer", "basic"),
    _shape(r"((?<![\w-])eyJ)[\w-]{8,}\.[\w-]{8,}(?:\.[\w-]*)?", "eyj"),
    _shape(r"(://[^\s:/@\"'<>\\]*:)[^\s/@\"'<>\\]+(?=@)", "://"),
    _shape(r"(-----BEGIN [A-Z ]*PRIVATE KEY-----)(?:[\w+/=\s-]|\\[nr])+", "private key"),
)
_VALUE: Final = re.compile(rf"(?:(?<![\w+/\\-])|{_ESCAPED})[\w-]{{43}}(?![\w+/=-])", re.ASCII)
"""256 bits in base64url, as sessions, tickets, form tokens and keys are handed out.

A digest in hex is longer, the integrity of a page's file has other neighbours; what follows a
backslash is half of an escape, and JSON would not be JSON without it.
"""
_NAME: Final = re.compile(r"[a-z]+(?:[A-Z][a-z]+)+(?<![AEIMQUYcgkosw])")
"""Words joined by capitals, with an end that no value has: of its last sign, which stands for the
last 4 of 256 bits, two bits are always 0 (RFC 4648, 3.5).
"""
_ANY_HINT: Final = re.compile("|".join(re.escape(h) for shape in _SHAPES for h in shape.hints))
_LONG_WORD: Final = re.compile(r"\b[\w-]{40}", re.ASCII)
"""Both are asked first: most lines hold neither, and that must cost next to nothing.

40 and not 43, for a value may begin with dashes, where no word begins.
"""


def redacted(text: str, *, own: tuple[str, ...] = ()) -> str:
    """Black out what looks like a secret; what stands in front of it stays, to tell what it was.

    Args:
        text: A line, a page, a document: anything that is about to leave.
        own: Texts whose secrets are meant for whoever reads this; they are left as they are.
    """
    low = text.lower()
    if _ANY_HINT.search(low):
        for shape in _SHAPES:
            if any(hint in low for hint in shape.hints):
                text = shape.pattern.sub(lambda found: _shown(found, found[1] + BLACK, own), text)
    if _LONG_WORD.search(text):
        text = _VALUE.sub(lambda found: _shown(found, _value(found[0]), own), text)
    return text


def redacted_facts(facts: Mapping[str, str]) -> dict[str, str]:
    """Black out the values of plain facts."""
    return {name: redacted(value) for name, value in facts.items()}


def _shown(found: re.Match[str], black: str, own: tuple[str, ...]) -> str:
    return found[0] if any(found[0] in text for text in own) else black


def _value(found: str) -> str:
    """Leave a name of 43 characters as it is: chance holds both capitals and small letters.

    So does a name in words, `createUserPasscode...Id`; it is left only where its end cannot be that
    of a value, which chance alone never brings about.
    """
    is_one_case = found in (found.lower(), found.upper())
    return found if is_one_case or _NAME.fullmatch(found) else BLACK
