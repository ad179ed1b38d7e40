"""What a person sent for one question: taken as plain JSON, or refused with words that help."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from math import isfinite

from engine.compile.forms.numbers import date_of, number_of, parts_of_date
from engine.compile.forms.patterns import LONGEST_ANSWER, matches
from engine.compile.reading.document import LARGEST_INTEGER
from engine.model.form import Accepted, Component, FieldCheck, Limits, Option, Refused
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
    """Make the check of one question.

    It takes the strings that were sent, bounds known at run time and answers allowed at run time.
    A message without a value for `{label}` is about this question's own label; the `label` of
    `form.date.part` is the id of the part's own word.
    """
    read = _READERS[component.type]
    return lambda strings, limits, options: read(component, strings, limits, options)


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
    if not component.required:
        return _NOTHING
    return _refused(component.missing, _MISSING.get(component.type, "form.missing"))


def _text(
    component: Component, strings: list[str], limits: Limits | None, options: tuple[Option, ...]
) -> Result:
    text = _one_line(component, strings)
    if isinstance(text, Refused):
        return text
    if not text.strip():
        return _missing(component)
    wrong = _wrong_length(component, text, limits) or _wrong_pattern(component, text)
    return wrong or Accepted(value=text)


def _password(
    component: Component, strings: list[str], limits: Limits | None, options: tuple[Option, ...]
) -> Result:
    text = _one_line(component, strings)
    if isinstance(text, Refused):
        return text
    if not text:
        return _missing(component)
    text = unicodedata.normalize("NFKC", text)
    wrong = _wrong_length(component, text, limits) or _wrong_pattern(component, text)
    return wrong or Accepted(value=text)


def _wrong_length(component: Component, text: str, limits: Limits | None) -> Refused | None:
    """Hold the length in code points against the form's bounds and those known at run time."""
    low, high = _bounds(component, limits)
    size, own = len(text), component.invalid_length
    is_secret = component.type == "password"
    if low is not None and size < low:
        if is_secret:
            return _refused(own, "passcode.short", min=str(low))
        return _refused(own, "form.short", count=low)
    if high is not None and size > high:
        if is_secret:
            return _refused(own, "passcode.long", max=str(high))
        return _refused(own, "form.long", count=high)
    return None


def _bounds(component: Component, limits: Limits | None) -> tuple[int | None, int | None]:
    if limits is None:
        return component.min_length, component.max_length
    lows = [n for n in (component.min_length, limits.min_length) if n is not None]
    highs = [n for n in (component.max_length, limits.max_length) if n is not None]
    return max(lows, default=None), min(highs, default=None)


def _wrong_pattern(component: Component, text: str) -> Refused | None:
    if component.pattern is None or matches(component.pattern, text):
        return None
    if component.example:
        return _refused(component.invalid, "form.pattern", example=component.example)
    return _refused(component.invalid, "form.pattern.plain")


def _email(
    component: Component, strings: list[str], limits: Limits | None, options: tuple[Option, ...]
) -> Result:
    result = _text(component, [text.strip() for text in strings], limits, options)
    if isinstance(result, Refused) or result.value is None:
        return result
    address = str(result.value)
    is_one = len(address) <= 254 and _EMAIL.fullmatch(address) and ".." not in address
    return result if is_one else _refused(component.invalid, "form.email")


def _phone(
    component: Component, strings: list[str], limits: Limits | None, options: tuple[Option, ...]
) -> Result:
    """Keep the digits, and a + in front; signs between them are dropped."""
    result = _text(component, [text.strip() for text in strings], limits, options)
    if isinstance(result, Refused) or result.value is None:
        return result
    digits = _PHONE_SIGNS.sub("", str(result.value))
    if not _PHONE.fullmatch(digits):
        return _refused(component.invalid, "form.phone")
    return Accepted(value=digits)


def _number(
    component: Component, strings: list[str], limits: Limits | None, options: tuple[Option, ...]
) -> Result:
    text = _one_line(component, strings)
    if isinstance(text, Refused):
        return text
    if not text.strip():
        return _missing(component)
    number = number_of(text)
    if number is None or not isfinite(float(number)):
        return _refused(component.invalid, "form.number")
    if component.whole and (number % 1 or abs(number) > LARGEST_INTEGER):
        return _refused(component.invalid, "form.number.whole")
    beyond = _beyond(component, number)
    return beyond or Accepted(value=int(number) if component.whole else float(number))


def _beyond(component: Component, number: Decimal) -> Refused | None:
    if component.min is not None and number < Decimal(component.min):
        return _refused(component.invalid, "form.number.min", min=component.min)
    if component.max is not None and number > Decimal(component.max):
        return _refused(component.invalid, "form.number.max", max=component.max)
    return None


def _date(
    component: Component, strings: list[str], limits: Limits | None, options: tuple[Option, ...]
) -> Result:
    """Take three boxes (day, month, year) or one ISO date; give the ISO date."""
    parts = dict(zip(("day", "month", "year"), parts_of_date(strings), strict=True))
    if not any(parts.values()):
        return _missing(component)
    empty = [name for name, text in parts.items() if not text]
    if empty and len(strings) > 1:
        label = f"form.date.{empty[0]}"
        return _refused(component.invalid, "form.date.part", label=label)
    found = date_of(parts["day"], parts["month"], parts["year"])
    if found is None:
        return _refused(component.invalid, "form.date")
    return _outside(component, found) or Accepted(value=found.isoformat())


def _outside(component: Component, found: date) -> Refused | None:
    if component.min is not None and found < date.fromisoformat(component.min):
        return _refused(component.invalid, "form.date.min", date=component.min)
    if component.max is not None and found > date.fromisoformat(component.max):
        return _refused(component.invalid, "form.date.max", date=component.max)
    return None


def _checkbox(
    component: Component, strings: list[str], limits: Limits | None, options: tuple[Option, ...]
) -> Result:
    """Take the box: ticked if anything but an empty text, `off` or `false` was sent."""
    ticked = any(text not in ("", "off", "false") for text in strings)
    if component.required and not ticked:
        return _refused(component.missing, "form.missing.check")
    return Accepted(value=ticked)


def _choice(
    component: Component, strings: list[str], limits: Limits | None, options: tuple[Option, ...]
) -> Result:
    text = _one_line(component, strings)
    if isinstance(text, Refused):
        return text
    if not text:
        return _missing(component)
    allowed = {option.value for option in options or component.options}
    return Accepted(value=text) if text in allowed else _refused(component.invalid, "form.choice")


def _code(
    component: Component, strings: list[str], limits: Limits | None, options: tuple[Option, ...]
) -> Result:
    """Take a one-time code: digits of any script, spaces and dashes between them dropped."""
    text = _one_line(component, strings)
    if isinstance(text, Refused):
        return text
    digits = re.sub(r"[\s-]", "", unicodedata.normalize("NFKC", text))
    if not digits:
        return _missing(component)
    low, high = _bounds(component, limits)
    wanted = low if high is None else high
    if not digits.isdecimal():
        return _refused(
            component.invalid, "code.length" if wanted else "code.missing", count=wanted
        )
    if (low is not None and len(digits) < low) or (high is not None and len(digits) > high):
        return _refused(component.invalid_length, "code.length", count=wanted)
    return Accepted(value="".join(str(unicodedata.decimal(sign)) for sign in digits))


_Reader = Callable[[Component, list[str], Limits | None, tuple[Option, ...]], Result]
_READERS: Mapping[str, _Reader] = {
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
"""Type of question -> how an answer to it is read."""
