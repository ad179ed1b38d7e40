"""What a person sent for one question: taken as plain JSON, or refused with words that help."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from math import isfinite
from typing import TypeAlias

from engine.compile.forms.numbers import date_of, number_of, parts_of_date
from engine.compile.forms.patterns import LONGEST_ANSWER, matches
from engine.compile.reading.document import LARGEST_INTEGER
from engine.model.form import (
    DATE_PARTS,
    Accepted,
    Component,
    FieldCheck,
    Limits,
    Option,
    Refused,
)
from engine.model.names import Localised
from engine.model.problem import Message, Words

Result = Accepted | Refused
_NOTHING = Accepted(value=None)
_EMAIL = re.compile(
    r"[^\s@<>()\[\],;:\\\"]{1,64}@(?:[^\s@.<>()\[\],;:\\\"]{1,63}\.)+[^\s@.0-9]{2,63}"
)
_PHONE = re.compile(r"\+?[0-9]{5,15}")
_PHONE_SIGNS = re.compile(r"[\s()./-]")
_NO_TEXT = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
"""Controls (Unicode's Cc) and halves of characters (Cs)."""


def field_check(component: Component) -> FieldCheck:
    """Make the check of one question; all that its author decided is decided here.

    It takes the strings that were sent, bounds known at run time and answers allowed at run time.
    A message without a value for `{label}` is about this question's own label; the `label` of
    `form.date.part` is the id of the part's own word.
    """
    return _MAKERS[component.type](component)


def _refused(own: Localised, id: str, *, count: int | None = None, **values: str) -> Refused:
    """Refuse with the form's own words if it has some, else with ours."""
    if own:
        return Refused(text=Words(values=own))
    return Refused(text=Message(id=id, count=count, values=values))


def _one_line(component: Component, strings: list[str]) -> str | Refused:
    """Give the one text that was sent, without white space around it; never a secret's."""
    text = strings[0] if strings else ""
    if len(strings) > 1:
        return Refused(text=Message(id="form.unread"))
    if _NO_TEXT.search(text):
        return Refused(text=Message(id="form.characters"))
    if len(text) > LONGEST_ANSWER:
        return _refused(component.invalid_length, "form.long", count=LONGEST_ANSWER)
    return text


_MISSING: Mapping[str, str] = {
    "select": "form.missing.choice", "radio": "form.missing.choice", "code": "code.missing",
}  # fmt: skip


def _missing(component: Component) -> Result:
    """Give what an empty answer is told."""
    if not component.required:
        return _NOTHING
    return _refused(component.missing, _MISSING.get(component.type, "form.missing"))


def _text(component: Component) -> FieldCheck:
    missing, wrong = _missing(component), _wrong(component)

    def check(strings: list[str], limits: Limits | None, options: tuple[Option, ...]) -> Result:
        text = _one_line(component, strings)
        if isinstance(text, Refused):
            return text
        if not text.strip():
            return missing
        return wrong(text, limits) or Accepted(value=text)

    return check


def _password(component: Component) -> FieldCheck:
    missing, wrong = _missing(component), _wrong(component)

    def check(strings: list[str], limits: Limits | None, options: tuple[Option, ...]) -> Result:
        text = _one_line(component, strings)
        if isinstance(text, Refused):
            return text
        if not text:
            return missing
        text = unicodedata.normalize("NFKC", text)
        if limits is not None and not limits.lets(text):
            return wrong(text, limits) or _other_characters(component, limits)
        return wrong(text, limits) or Accepted(value=text)

    return check


_Wrong: TypeAlias = Callable[[str, Limits | None], Refused | None]
"""(text, bounds known at run time) -> what is wrong with its length or its signs."""


def _wrong(component: Component) -> _Wrong:
    """Make what holds a text's length, in code points, and its signs against what is asked."""
    own, pattern = (component.min_length, component.max_length), component.pattern

    def wrong(text: str, limits: Limits | None) -> Refused | None:
        low, high = own if limits is None else _bounds(component, limits)
        if low is not None and len(text) < low:
            return _too_short(component, low)
        if high is not None and len(text) > high:
            return _too_long(component, high)
        if pattern is None or matches(pattern, text):
            return None
        return _other_pattern(component)

    return wrong


def _bounds(component: Component, limits: Limits) -> tuple[int | None, int | None]:
    """Give the narrower ones of the form's bounds and those known at run time."""
    lows = [n for n in (component.min_length, limits.min_length) if n is not None]
    highs = [n for n in (component.max_length, limits.max_length) if n is not None]
    return max(lows, default=None), min(highs, default=None)


def _too_short(component: Component, low: int) -> Refused:
    if component.type == "password":
        return _refused(component.invalid_length, "passcode.short", min=str(low))
    return _refused(component.invalid_length, "form.short", count=low)


def _too_long(component: Component, high: int) -> Refused:
    if component.type == "password":
        return _refused(component.invalid_length, "passcode.long", max=str(high))
    return _refused(component.invalid_length, "form.long", count=high)


def _other_characters(component: Component, limits: Limits) -> Refused:
    return _refused(component.invalid, f"passcode.{limits.characters.lower()}")


def _other_pattern(component: Component) -> Refused:
    if component.example:
        return _refused(component.invalid, "form.pattern", example=component.example)
    return _refused(component.invalid, "form.pattern.plain")


def _email(component: Component) -> FieldCheck:
    read = _text(component)

    def check(strings: list[str], limits: Limits | None, options: tuple[Option, ...]) -> Result:
        result = read([text.strip() for text in strings], limits, options)
        if isinstance(result, Refused) or result.value is None:
            return result
        address = str(result.value)
        is_one = len(address) <= 254 and _EMAIL.fullmatch(address) and ".." not in address
        return result if is_one else _refused(component.invalid, "form.email")

    return check


def _phone(component: Component) -> FieldCheck:
    """Keep the digits, and a + in front; signs between them are dropped."""
    read = _text(component)

    def check(strings: list[str], limits: Limits | None, options: tuple[Option, ...]) -> Result:
        result = read([text.strip() for text in strings], limits, options)
        if isinstance(result, Refused) or result.value is None:
            return result
        digits = _PHONE_SIGNS.sub("", str(result.value))
        if not _PHONE.fullmatch(digits):
            return _refused(component.invalid, "form.phone")
        return Accepted(value=digits)

    return check


def _number(component: Component) -> FieldCheck:
    missing, beyond = _missing(component), _beyond(component)

    def check(strings: list[str], limits: Limits | None, options: tuple[Option, ...]) -> Result:
        text = _one_line(component, strings)
        if isinstance(text, Refused):
            return text
        if not text.strip():
            return missing
        number = number_of(text)
        if number is None or not isfinite(float(number)):
            return _refused(component.invalid, "form.number")
        if component.whole and (number % 1 or abs(number) > LARGEST_INTEGER):
            return _refused(component.invalid, "form.number.whole")
        value = int(number) if component.whole else float(number)
        return beyond(number) or Accepted(value=value)

    return check


def _beyond(component: Component) -> Callable[[Decimal], Refused | None]:
    """Make what refuses a number outside the form's bounds."""
    least, most = (None if b is None else Decimal(b) for b in (component.min, component.max))

    def beyond(number: Decimal) -> Refused | None:
        if least is not None and number < least:
            return _refused(component.invalid, "form.number.min", min=str(component.min))
        if most is not None and number > most:
            return _refused(component.invalid, "form.number.max", max=str(component.max))
        return None

    return beyond


def _date(component: Component) -> FieldCheck:
    """Take three boxes (day, month, year) or one ISO date; give the ISO date."""
    missing, outside = _missing(component), _outside(component)

    def check(strings: list[str], limits: Limits | None, options: tuple[Option, ...]) -> Result:
        parts = dict(zip(DATE_PARTS, parts_of_date(strings), strict=True))
        if not any(parts.values()):
            return missing
        empty = [name for name, text in parts.items() if not text]
        if empty and len(strings) > 1:
            label = f"form.date.{empty[0]}"
            return _refused(component.invalid, "form.date.part", label=label)
        found = date_of(parts["day"], parts["month"], parts["year"])
        if found is None:
            return _refused(component.invalid, "form.date")
        return outside(found) or Accepted(value=found.isoformat())

    return check


def _outside(component: Component) -> Callable[[date], Refused | None]:
    """Make what refuses a date outside the form's bounds."""
    bounds = (component.min, component.max)
    first, last = (None if bound is None else date.fromisoformat(bound) for bound in bounds)

    def outside(found: date) -> Refused | None:
        if first is not None and found < first:
            return _refused(component.invalid, "form.date.min", date=str(component.min))
        if last is not None and found > last:
            return _refused(component.invalid, "form.date.max", date=str(component.max))
        return None

    return outside


def _checkbox(component: Component) -> FieldCheck:
    """Take the box: ticked if anything but an empty text, `off` or `false` was sent."""

    def check(strings: list[str], limits: Limits | None, options: tuple[Option, ...]) -> Result:
        ticked = any(text not in ("", "off", "false") for text in strings)
        if component.required and not ticked:
            return _refused(component.missing, "form.missing.check")
        return Accepted(value=ticked)

    return check


def _choice(component: Component) -> FieldCheck:
    missing, written = _missing(component), {option.value for option in component.options}

    def check(strings: list[str], limits: Limits | None, options: tuple[Option, ...]) -> Result:
        text = _one_line(component, strings)
        if isinstance(text, Refused):
            return text
        if not text:
            return missing
        allowed = {option.value for option in options} or written
        if text not in allowed:
            return _refused(component.invalid, "form.choice")
        return Accepted(value=text)

    return check


def _code(component: Component) -> FieldCheck:
    """Take a one-time code: digits of any script, spaces and dashes between them dropped."""
    missing, own = _missing(component), (component.min_length, component.max_length)

    def check(strings: list[str], limits: Limits | None, options: tuple[Option, ...]) -> Result:
        text = _one_line(component, strings)
        if isinstance(text, Refused):
            return text
        digits = re.sub(r"[\s-]", "", unicodedata.normalize("NFKC", text))
        if not digits:
            return missing
        low, high = own if limits is None else _bounds(component, limits)
        wanted = low if high is None else high
        if not digits.isdecimal():
            return _refused(
                component.invalid, "code.length" if wanted else "code.missing", count=wanted
            )
        if (low is not None and len(digits) < low) or (high is not None and len(digits) > high):
            return _refused(component.invalid_length, "code.length", count=wanted)
        return Accepted(value="".join(str(unicodedata.decimal(sign)) for sign in digits))

    return check


_MAKERS: Mapping[str, Callable[[Component], FieldCheck]] = {
    "text": _text,
    "password": _password,
    "email": _email,
    "phone": _phone,
    "number": _number,
    "date": _date,
    "checkbox": _checkbox,
    "select": _choice,
    "radio": _choice,
    "code": _code,
}
"""Type of question -> what makes its check."""
