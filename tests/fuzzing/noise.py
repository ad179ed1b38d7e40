"""Texts made worse: cut, doubled, spliced with others, stretched, with signs that trouble readers.

A case is a text. Where bytes are wanted each of its characters is one byte (`octets`, `read_as`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from tests.fuzzing.dice import Dice

LONGEST: Final = 300 * 1024
"""A little more than any reader takes."""
SIGNS: Final = (
    "\x00", "\x07", "\t", "\n", "\r", "\r\n", "\x1b[2J", "\x7f", "\x85", "\xa0", "\xad", "\u0130",
    "\u0301", "\u0600", "\u180e", "\u200b", "\u200d", "\u2028", "\u202e", "\u2060", "\u3002",
    "\ufeff", "\ufffd", "\uff0e", "\uff0f", "\U0001f469\u200d\U0001f4bb", "\U000e0001", "ß",
    "\u0131", "\u212a", " ", "'", '"', "`", "\\", "/", "//", "<", ">", "&", ";", "=", "+", "-",
    "--", "#", "%", "%00", "%0d%0a", "%2e%2e%2f", "%c0%ae", "%ff", "{", "}", "[", "]", "(", ")",
    ":", "::", ",", ".", "..", "../", "|", "!", "@", "$", "${", "{{", "}}", "{%", "*", "?", "~",
    "^", "_", "<!--", "<script>", "javascript:", "__proto__", "None", "null", "true", "NaN",
    "Infinity",
)  # fmt: skip
NUMBERS: Final = (
    "0", "-0", "1", "-1", "00", "01", "0.0", ".5", "5.", "1e1", "1e400", "1E-400", "0x1F", "0o17",
    "0b1", "127", "128", "255", "256", "65536", "2147483647", "2147483648", "4294967296",
    "9007199254740992", "9007199254740993", "-9007199254740993", "9223372036854775807",
    "9223372036854775808", "-9223372036854775808", "-9223372036854775809",
    "18446744073709551616", "9" * 60, "1" + "0" * 400, "1_000", "1,000", "٣", "²", "\uff11", "+1",
    "1e", ".inf", "-.inf", ".nan", "1.7976931348623157e308", "5e-324",
)  # fmt: skip
STRETCHES: Final = (2, 3, 17, 33, 64, 129, 257, 513, 4_097, 70_000)


def read_as(octets: bytes) -> str:
    """Write bytes as a text of one character for each."""
    return octets.decode("latin-1")


def octets(text: str) -> bytes:
    """Give the bytes of a text, one for each character."""
    return text.encode("latin-1")


def in_octets(texts: Sequence[str]) -> tuple[str, ...]:
    """Write texts as their UTF-8 bytes, a character for each."""
    return tuple(read_as(text.encode()) for text in texts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Noise:
    """Worsens texts.

    Attributes:
        others: Texts to splice with.
        pieces: What is put in.
        stretches: How often a piece may be repeated.
    """

    others: Sequence[str]
    pieces: Sequence[str] = SIGNS + NUMBERS
    stretches: Sequence[int] = STRETCHES

    def worsen(self, dice: Dice, text: str, times: int | None = None) -> str:
        """Make a text worse, once to four times."""
        for _ in range(times or 1 + dice.below(4)):
            text = dice.pick(_WAYS)(self, dice, text)
        return text[:LONGEST]


Way = Callable[[Noise, Dice, str], str]


def _cut(noise: Noise, dice: Dice, text: str) -> str:
    begins, ends = dice.span(text)
    return text[:begins] + text[ends:]


def _put(noise: Noise, dice: Dice, text: str) -> str:
    at = dice.below(len(text) + 1)
    return text[:at] + dice.pick(noise.pieces) + text[at:]


def _replace(noise: Noise, dice: Dice, text: str) -> str:
    begins, ends = dice.span(text, 40)
    return text[:begins] + dice.pick(noise.pieces) + text[ends:]


def _double(noise: Noise, dice: Dice, text: str) -> str:
    begins, ends = dice.span(text)
    return text[:ends] + text[begins:ends] + text[ends:]


def _stretch(noise: Noise, dice: Dice, text: str) -> str:
    begins, ends = dice.span(text, 12)
    piece = text[begins:ends] if dice.one_in(2) else dice.pick(noise.pieces)
    return text[:ends] + piece * dice.pick(noise.stretches) + text[ends:]


def _splice(noise: Noise, dice: Dice, text: str) -> str:
    other = dice.pick(noise.others)
    begins, ends = dice.span(other)
    at, until = dice.span(text)
    return text[:at] + other[begins:ends] + text[until:]


def _cross(noise: Noise, dice: Dice, text: str) -> str:
    other = dice.pick(noise.others)
    return text[: dice.below(len(text) + 1)] + other[dice.below(len(other) + 1) :]


def _swap(noise: Noise, dice: Dice, text: str) -> str:
    begins, ends = dice.span(text)
    at, until = dice.span(text[ends:])
    between, second = text[ends : ends + at], text[ends + at : ends + until]
    return text[:begins] + second + between + text[begins:ends] + text[ends + until :]


def _nudge(noise: Noise, dice: Dice, text: str) -> str:
    """Change one character by one bit, or for any other."""
    if not text:
        return dice.pick(noise.pieces)
    at = dice.below(len(text))
    code = ord(text[at])
    changed = chr(code ^ (1 << dice.below(7))) if dice.one_in(2) else chr(dice.below(256))
    return text[:at] + changed + text[at + 1 :]


_WAYS: Final[tuple[Way, ...]] = (
    _cut, _put, _put, _replace, _replace, _double, _stretch, _splice, _cross, _swap, _nudge, _nudge,
)  # fmt: skip
