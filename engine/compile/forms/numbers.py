"""Numbers and dates as people write them: comma or point, three boxes or ISO; never a guess."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from datetime import date
from decimal import Decimal, InvalidOperation

_SPACES = re.compile("[ \u00a0\u2009\u202f'\u2019]")
_GROUPED = re.compile(r"[0-9]{1,3}(?:([.,])[0-9]{3})(?:\1[0-9]{3})*")
_MOST_DIGITS = 30
_SIGNS = str.maketrans({"\u2212": "-", "\u066b": ".", "\u066c": ""})
"""The minus sign, and Arabic's decimal and thousands separators."""


def number_of(text: str) -> Decimal | None:
    """Read a number with a decimal comma or point and digits of any script.

    `1.234,5`, `1,234.5`, `1 234.5`, `1,234,567`, `0,125` and `1234,567` have one meaning. `1,234`
    and `1.234` have two and are refused, as is everything else.
    """
    plain = _SPACES.sub("", _ascii_digits(text.strip()).translate(_SIGNS))
    sign, digits = ("-", plain[1:]) if plain[:1] == "-" else ("", plain.removeprefix("+"))
    written = _with_point(digits) if len(digits) <= _MOST_DIGITS else None
    if written is None or not re.fullmatch(r"[0-9]+(?:\.[0-9]+)?|\.[0-9]+", written):
        return None
    try:
        return Decimal(sign + written)
    except InvalidOperation:  # pragma: no cover - the pattern above lets through what Decimal takes
        return None


def _ascii_digits(text: str) -> str:
    if text.isascii():
        return text
    return "".join(str(unicodedata.decimal(sign)) if sign.isdecimal() else sign for sign in text)


def _with_point(digits: str) -> str | None:
    """Leave one point at most; None where a sign may part thousands or decimals."""
    last = max(digits.rfind(","), digits.rfind("."))
    if last < 0:
        return digits
    mark, other = digits[last], "." if digits[last] == "," else ","
    whole, rest = digits[:last], digits[last + 1 :]
    if mark in whole:
        return digits.replace(mark, "") if _is_grouped(digits) else None
    if other in whole:
        return f"{whole.replace(other, '')}.{rest}" if _is_grouped(whole) else None
    is_ambiguous = len(rest) == 3 and 1 <= len(whole) <= 3 and whole.lstrip("0") == whole
    return None if is_ambiguous else f"{whole or '0'}.{rest}"


def _is_grouped(digits: str) -> bool:
    return _GROUPED.fullmatch(digits) is not None


def parts_of_date(strings: Sequence[str]) -> tuple[str, str, str]:
    """Give day, month and year as written: three boxes, or one ISO date."""
    if len(strings) == 1:
        year, _, rest = strings[0].strip().partition("-")
        month, _, day = rest.partition("-")
        return day, month, year
    day, month, year = [*(text.strip() for text in strings), "", "", ""][:3]
    return day, month, year


def date_of(day: str, month: str, year: str) -> date | None:
    """Read a date that exists; the year has four digits."""
    parts = [_ascii_digits(part) for part in (day, month, year)]
    if not all(part.isascii() and part.isdigit() and len(part) <= 4 for part in parts):
        return None
    if len(parts[2]) != 4:
        return None
    try:
        return date(int(parts[2]), int(parts[1]), int(parts[0]))
    except ValueError:
        return None
