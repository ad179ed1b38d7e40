"""The words of the pages: message catalogues, and a speaker that fills them in for one language.

Dates, numbers and plurals come from CLDR (Babel), in the digits 0 to 9 and by the Gregorian
calendar. A language without a catalogue of its own falls back from `pt-PT` to `pt`, then to a
sister language, then to English, whose sentences say so and keep their own plurals, dates and
direction; an author's words fall back to the definition's default language. A sentence is never
built from pieces and never left blank.
"""

from __future__ import annotations

import json
import math
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache, lru_cache
from pathlib import Path
from typing import Literal

from babel import Locale
from babel.dates import format_date, format_timedelta
from babel.numbers import format_decimal
from markupsafe import Markup, escape

from engine.errors import TextMissing
from engine.languages import base_of, choose
from engine.model.names import JsonValue, Localised
from engine.model.problem import Message, Text, Words

FOLDER = Path(__file__).parent / "catalogues"
DEFAULT = "en"
_REGIONS = {"en": "en-GB"}
"""Where a bare language leaves open how dates and clocks look: 21 November 2026, 14:35."""
_BRACES = re.compile(r"\{([a-z]+)\}")
_ISO_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_ISO_TIME = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}")
_NUMBER = re.compile(r"-?\d+(\.\d+)?")
_ISOLATED = Markup("<bdi>{}</bdi>")
_FROM_LEFT = Markup('<bdi dir="ltr">{}</bdi>')
"""Around what has no direction of its own, such as a phone number with its + in front."""
_CLOCK = Markup('<time datetime="{}" data-time="clock">{} UTC</time>')
_DAY = Markup('<time datetime="{}" data-time="date">{}</time>')

_TURNED = {"ltr": ("\u2066", "\u2069"), "rtl": ("\u2067", "\u2069")}
"""Direction -> the signs around a text of it among the other one (Unicode's isolates)."""

Said = str | int | Markup
"""What fills a brace: words (isolated), a count (written as the language does), ready markup."""


@dataclass(frozen=True, slots=True)
class Sentence:
    """A text of a catalogue, cut at its braces: literals at even places, names at odd ones."""

    parts: tuple[str, ...]

    @property
    def names(self) -> frozenset[str]:
        """The placeholders."""
        return frozenset(self.parts[1::2])


Catalogue = Mapping[str, Sentence]


def read(text: str) -> Catalogue:
    """Read a catalogue file: a flat JSON object, message id -> sentence."""
    return {id_: Sentence(tuple(_BRACES.split(words))) for id_, words in json.loads(text).items()}


@cache
def catalogues() -> Mapping[str, Catalogue]:
    """Give every shipped catalogue by language tag, read once.

    Raises:
        TextMissing: Two catalogues do not hold the same ids with the same placeholders.
    """
    shipped = {file.stem: read(file.read_text("utf-8")) for file in sorted(FOLDER.glob("*.json"))}
    for language, catalogue in shipped.items():
        compare(shipped[DEFAULT], catalogue, language)
    return shipped


def compare(first: Catalogue, other: Catalogue, language: str) -> None:
    """Refuse a catalogue that says less, more or other than the first one.

    Raises:
        TextMissing: With the language and the id. Plural forms may differ in number, not in kind;
            `other` is always there, and only a narrower one may leave a number out.
    """
    ours, theirs = _by_kind(first), _by_kind(other)
    for id_ in sorted(ours.keys() ^ theirs.keys()):
        raise TextMissing(language=language, id=id_)
    for id_, names in ours.items():
        if names != theirs[id_]:
            raise TextMissing(language=language, id=id_, names=sorted(names ^ theirs[id_]))
    for id_, sentence in other.items():
        if not sentence.names <= ours.get(_PLURAL.sub("", id_), frozenset()):
            raise TextMissing(language=language, id=id_, names=sorted(sentence.names))


def _by_kind(catalogue: Catalogue) -> dict[str, frozenset[str]]:
    """Message id, of a plural without `.other` -> placeholders."""
    return {
        id_.removesuffix(".other"): sentence.names
        for id_, sentence in catalogue.items()
        if id_.endswith(".other") or not _PLURAL.search(id_)
    }


_PLURAL = re.compile(r"\.(zero|one|two|few|many|other)$")


@lru_cache(maxsize=64)
def locale_of(language: str) -> Locale:
    """Give the CLDR locale of a language tag, of English where CLDR does not know it."""
    try:
        return Locale.parse(_REGIONS.get(language, language), sep="-")
    except (ValueError, LookupError):
        return Locale.parse(_REGIONS[DEFAULT], sep="-")


@lru_cache(maxsize=64)
def own_name(language: str, *, exact: bool = False) -> str:
    """Name a language as its speakers do, with a capital: `Português`; `exact` adds the region."""
    locale = locale_of(language)
    base, own = base_of(language), language.replace("-", "_")
    full = locale.languages.get(own) or locale.get_display_name(locale)
    name = (full if exact else locale.languages.get(base)) or language
    return name[:1].upper() + name[1:]


@lru_cache(maxsize=64)
def _decimal_sign(language: str) -> str:
    return str(locale_of(language).number_symbols.get("latn", {}).get("decimal", "."))


@lru_cache(maxsize=1024)
def _counted(count: int, locale: Locale) -> str:
    return str(format_decimal(count, locale=locale))


@lru_cache(maxsize=512)
def _long_date(day: date, locale: Locale) -> str:
    return format_date(day, "long", locale=locale)


_Unit = Literal["day", "hour", "minute", "second"]
_NO_LARGER_UNIT = math.inf
"""A week stays seven days."""


class Speech:
    """One language of one organisation: says catalogue sentences and authors' words.

    Args:
        language: The page's language tag.
        app: What `{app}` is.
        default: The language an author's words fall back to.
    """

    def __init__(self, *, language: str, app: str, default: str = DEFAULT) -> None:
        self.language = language
        self.app = app
        self._default = default
        shipped = catalogues()
        found = choose((DEFAULT, *shipped), language)
        is_own = base_of(found) == base_of(language)
        spoken = language if is_own else found
        self.locale = locale_of(spoken)
        self._page = locale_of(language)
        self._own = shipped[found]
        self._said: dict[str, Markup] = {}
        turned = self.locale.text_direction != self.direction
        self._isolated = _TURNED[self.locale.text_direction] if turned else ("", "")
        told = f'<span lang="{spoken}" dir="{self.locale.text_direction}">'
        self._marked = ("", "") if is_own else (told, "</span>")

    @property
    def direction(self) -> str:
        """`ltr` or `rtl`: of the page, and of what its author wrote."""
        return str(self._page.text_direction)

    @property
    def script_locale(self) -> str:
        """The locale of our sentences for the script, with the digits and calendar used here."""
        return f"{str(self.locale).replace('_', '-')}-u-ca-gregory-nu-latn"

    def __call__(self, id_: str, **values: Said) -> Markup:
        """Say a sentence as HTML: words are escaped and isolated, so that they turn nothing round.

        Raises:
            TextMissing: There is no such id, or a brace is left empty.
        """
        if not values:
            return self._said.get(id_) or self._said.setdefault(id_, self._html(id_, {}))
        return self._html(id_, values)

    def plain(self, id_: str, **values: Said) -> str:
        """Say a sentence as plain text, for attributes and titles."""
        parts = self._sentence(id_, values).parts
        told = (self._value(id_, name, values) for name in parts[1::2])
        return self._in_its_direction(_woven(parts[::2], [self._words(value) for value in told]))

    def raw(self, id_: str) -> dict[str, str]:
        """Give a sentence with its braces, or every plural form of one, for the page's script."""
        forms = {key: told for key, told in self._own.items() if _PLURAL.sub("", key) == id_}
        found = forms or {id_: self._sentence(id_, {})}
        return {
            key: self._in_its_direction(
                _woven(told.parts[::2], [f"{{{n}}}" for n in told.parts[1::2]])
            )
            for key, told in found.items()
        }

    def text(self, text: Text, **known: Said) -> Markup:
        """Say an author's words or a message; `known` fills braces the message leaves open."""
        if isinstance(text, Words):
            return escape(self.pick(text.values))
        return self(text.id, **(known | self._filled(text)))

    def plain_text(self, text: Text, **known: Said) -> str:
        """Say an author's words or a message as plain text."""
        if isinstance(text, Words):
            return self.pick(text.values)
        return self.plain(text.id, **(known | self._filled(text)))

    def pick(self, words: Localised) -> str:
        """Choose an author's words for this reader: own language, base, the default, else any."""
        if not words:
            return ""
        if self.language in words:
            return words[self.language]
        offered = tuple(words)
        return words[choose(offered, self.language, self._default)]

    def clock(self, at: datetime) -> Markup:
        """Say a time of day; the script turns it into the person's own zone."""
        return _CLOCK.format(_stamp(at), self.plain_clock(at))

    def day(self, at: datetime) -> Markup:
        """Say a date with its month in words."""
        return _DAY.format(_stamp(at), _long_date(at.astimezone(UTC).date(), self.locale))

    def plain_clock(self, at: datetime) -> str:
        """Say `14:35`."""
        return f"{at.astimezone(UTC):%H:%M}"

    def duration(self, length: timedelta) -> str:
        """Say how long something takes, in words: `2 hours`, `1 hour 30 minutes`, `45 seconds`."""
        seconds = int(length.total_seconds())
        days, hours = divmod(seconds // 3600, 24)
        parts: dict[_Unit, timedelta] = {
            "day": timedelta(days=days),
            "hour": timedelta(hours=hours),
            "minute": timedelta(minutes=seconds // 60 % 60),
            "second": timedelta(seconds=seconds % 60),
        }
        # Babel's `format_unit` has no word for days in some languages, Portuguese among them.
        told = [
            format_timedelta(part, unit, threshold=_NO_LARGER_UNIT, locale=self.locale)
            for unit, part in parts.items()
            if part
        ]
        return " ".join(told[:2])

    def written_day(self, iso: str) -> str:
        """Write a date for a field, as the page's language does; what is none as it is."""
        if not _ISO_DATE.fullmatch(iso):
            return iso
        return _long_date(date.fromisoformat(iso), self._page)

    def number(self, value: float | str) -> str:
        """Write a number as the language does, without grouping: a person may type it like that."""
        text = str(value).removesuffix(".0")
        return text.replace(".", _decimal_sign(self.language))

    def _filled(self, message: Message) -> dict[str, Said]:
        """The message's own values, canonical dates and numbers put into the reader's way."""
        told: dict[str, Said] = {
            name: self.canonical(name, value) for name, value in message.values.items()
        }
        return told if message.count is None else told | {"count": message.count}

    def canonical(self, name: str, value: str) -> str | Markup:
        """Put a machine's date, clock, number or message id into the reader's own words."""
        if name in ("clock", "date") and _ISO_TIME.match(value):
            at = datetime.fromisoformat(value)
            return self.clock(at) if name == "clock" else self.day(at)
        if name == "date" and _ISO_DATE.fullmatch(value):
            return _long_date(date.fromisoformat(value), self.locale)
        if name == "label" and value in self._own:
            return self.plain(value)  # a part of a field: Day, Month, Year
        if name in ("min", "max") and _NUMBER.fullmatch(value):
            return self.number(value)
        return value

    def _html(self, id_: str, values: Mapping[str, Said]) -> Markup:
        parts = self._sentence(id_, values).parts
        told = [self._value(id_, name, values) for name in parts[1::2]]
        said = Markup("").join(_pieces(parts[::2], [self._markup(value) for value in told]))
        before, after = self._marked
        return Markup(before) + said + Markup(after) if before else said  # noqa: S704 - ours

    def _in_its_direction(self, sentence: str) -> str:
        """Keep a sentence that runs against the page together, where no markup can stand."""
        return f"{self._isolated[0]}{sentence}{self._isolated[1]}"

    def _sentence(self, id_: str, values: Mapping[str, Said]) -> Sentence:
        own = self._own
        count = values.get("count")
        if id_ not in own and isinstance(count, int):
            form = f"{id_}.{self.locale.plural_form(count)}"
            id_ = form if form in own else f"{id_}.other"
        if id_ not in own:
            raise TextMissing(language=self.language, id=id_)
        return own[id_]

    def _value(self, id_: str, name: str, values: Mapping[str, Said]) -> Said:
        if name not in values and name == "app":
            return self.app
        if name not in values:
            raise TextMissing(language=self.language, id=id_, name=name)
        return values[name]

    def _words(self, value: Said) -> str:
        if isinstance(value, int):
            return _counted(value, self.locale)
        return value.striptags() if isinstance(value, Markup) else value

    def _markup(self, value: Said) -> Markup:
        if isinstance(value, Markup):
            return value
        if isinstance(value, int):
            return escape(self._words(value))
        turned = self.direction == "rtl" and not any(map(_is_strong, value))
        return (_FROM_LEFT if turned else _ISOLATED).format(value)


@lru_cache(maxsize=256)
def speech(language: str, app: str, default: str) -> Speech:
    """Give the speaker of a language, as `Speech` takes it; made once."""
    return Speech(language=language, app=app, default=default)


def speakable(value: JsonValue) -> str:
    """Write a plain value for a field: texts as they are, nothing for what no field can show."""
    match value:
        case bool():
            return "true" if value else "false"
        case str() | int() | float():
            return str(value)
        case _:
            return ""


def _is_strong(sign: str) -> bool:
    """Whether a sign has a direction of its own (Unicode's bidirectional classes)."""
    return unicodedata.bidirectional(sign) in ("L", "R", "AL")


def _stamp(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="minutes")


def _pieces(literals: Sequence[str], values: Sequence[Markup]) -> list[str]:
    """Put literals and values in turn; the joining `Markup` escapes the literals alone."""
    pieces: list[str] = [literals[0]]
    for value, literal in zip(values, literals[1:], strict=True):
        pieces += (value, literal)
    return pieces


def _woven(literals: Sequence[str], values: Sequence[str]) -> str:
    return literals[0] + "".join(a + b for a, b in zip(values, literals[1:], strict=True))
