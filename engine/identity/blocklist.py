"""Passcodes that everybody tries first (security A3, A7): made from common words, keys and dates.

A list of our own: nothing is taken from collections of stolen passcodes. A value is common when it
is on the list, or a date, a sequence, a piece repeated, or made of a word given for this person.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator
from datetime import date
from functools import cache
from importlib.resources import files
from itertools import pairwise, product
from string import ascii_lowercase, digits
from typing import Final

SUFFIXES: Final = (
    "", *digits, "01", "007", "10", "11", "12", "13", "21", "22", "23", "69", "77", "88", "99",
    "111", "123", "321", "666", "777", "1234", "12345", "123456", "1234567", "12345678",
    "123456789", "1234567890", "!", "!!", "1!", "123!", "@", "@1", "@123", "@1234", "#", "#1",
    "abc", "qwerty",
)  # fmt: skip
PREFIXES: Final = ("my", "the", "i", "1", "12", "123", "1234", "!", "@", "#")
LETTERS_AS_SIGNS: Final = ("a@", "a4", "o0", "e3", "i1", "i!", "s$", "s5", "t7", "l1")
ALL_AS_SIGNS: Final = tuple(
    str.maketrans(letters, signs)
    for letters, signs in (
        ("ao", "@0"),
        ("ao", "40"),
        ("aoe", "@03"),
        ("aoeis", "@03!$"),
        ("aoeis", "40315"),
    )
)
ROWS: Final = (
    "1234567890", "qwertyuiop", "asdfghjkl", "zxcvbnm", "azertyuiop", "qsdfghjklm", "wxcvbn",
    "qwertzuiop", "yxcvbnm", "!@#$%^&*()", "qwertyuiopasdfghjklzxcvbnm",
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik9ol0p", "qazwsxedcrfvtgbyhnujmikolp",
    "1q2w3e4r5t6y7u8i9o0p", "q1w2e3r4t5y6u7i8o9p0", "147258369", "789456123", "a1b2c3d4e5f6g7h8i9",
    "1a2b3c4d5e6f7g8h9i", "159753", "123qweasdzxc", "qweasdzxc", "1qa2ws3ed", "zaq12wsxcde34rfv",
)  # fmt: skip
SHORTEST: Final = 4
SEPARATORS: Final = str.maketrans("", "", " -_.,:;/\\'+")
LONGEST_PIECE: Final = 6
SHORTEST_PART: Final = 3
LONGEST_TAIL: Final = 6


def folded(text: str) -> str:
    """Give the text as it is compared: NFKC, without case."""
    return unicodedata.normalize("NFKC", text).casefold()


def is_common(text: str, parts: Iterable[str] = ()) -> bool:
    """Whether the whole value is one that is tried first.

    Args:
        text: The passcode after NFKC.
        parts: Words of this person and place: product, tenant, store, user key, name, e-mail.
    """
    bare = folded(text).translate(SEPARATORS)
    return (
        bare in common_values()
        or _is_made_of(bare, parts)
        or _is_repeated(bare)
        or _is_sequence(bare)
        or _is_date(bare)
    )


@cache
def common_values() -> frozenset[str]:
    """Make the list: at least 20,000 values, the same every time."""
    return frozenset(value for value in (*_from_words(), *_from_keys()) if len(value) >= SHORTEST)


@cache
def base_words() -> frozenset[str]:
    """Read the words it is made from."""
    text = files(__package__).joinpath("common.txt").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    return frozenset(word for line in lines for word in line.split())


def _from_words() -> Iterator[str]:
    for word in base_words():
        yield from (word + suffix for suffix in SUFFIXES)
        yield from (prefix + word for prefix in PREFIXES)
        yield from (word * times for times in (2, 3))
        yield word[::-1]
        for disguised in _disguised(word):
            yield from (disguised + suffix for suffix in ("", "1", "123", "!"))


def _disguised(word: str) -> set[str]:
    """Write signs for letters, as everybody does."""
    single = {word.replace(letter, sign) for letter, sign in LETTERS_AS_SIGNS}
    return (single | {word.translate(table) for table in ALL_AS_SIGNS}) - {word}


def _from_keys() -> Iterator[str]:
    for row in (*ROWS, ascii_lowercase, *(row[::-1] for row in ROWS)):
        for start, length in product(range(len(row)), range(SHORTEST, len(row) + 1)):
            walk = row[start : start + length]
            yield from (walk, walk + "1", walk + "123", walk + "!", walk + walk, walk + walk[::-1])


def _is_made_of(bare: str, parts: Iterable[str]) -> bool:
    """Whether it is a common word or a part, perhaps twice, and up to six digits or signs."""
    told = {folded(part).translate(SEPARATORS) for part in parts}
    told = {part for part in told if len(part) >= SHORTEST_PART}
    known = told | {part * 2 for part in told} | {part[::-1] for part in told}
    stems = {bare[: len(bare) - cut] for cut in range(LONGEST_TAIL + 1) if _is_tail(bare, cut)}
    return not stems.isdisjoint(known) or not stems.isdisjoint(base_words())


def _is_tail(bare: str, length: int) -> bool:
    return not any(sign.isalpha() for sign in bare[len(bare) - length :])


def _is_repeated(bare: str) -> bool:
    """Whether a piece of up to six characters, or its half, is all there is: `abcabc`, `aaaa`."""
    sizes = {*range(1, LONGEST_PIECE + 1), len(bare) // 2}
    return any(
        0 < size <= len(bare) // 2 and (bare[:size] * (len(bare) // size + 1))[: len(bare)] == bare
        for size in sizes
    )


def _is_sequence(bare: str) -> bool:
    """Whether each character is the next or the last of its kind: `abcdef`, `890123`, `987654`."""
    steps = {ord(b) - ord(a) for a, b in pairwise(bare)}
    if bare.isdecimal():
        steps = {step % 10 for step in steps}
        return steps <= {1} or steps <= {9} or steps <= {0}
    return steps <= {1} or steps <= {-1}


def _is_date(bare: str) -> bool:
    """Whether the digits are a date in any usual order, or a year."""
    if not (bare.isascii() and bare.isdecimal()):
        return False
    if len(bare) == SHORTEST:
        return int(bare) in range(1900, 2100) or _is_day(2000, bare[:2], bare[2:])
    return any(_is_day(int(year), *rest) for year, *rest in _splits(bare))


def _splits(bare: str) -> tuple[tuple[str, str, str], ...]:
    match len(bare):
        case 6:
            return (("20" + bare[4:], bare[:2], bare[2:4]), ("20" + bare[:2], bare[2:4], bare[4:]))
        case 8:
            return ((bare[4:], bare[:2], bare[2:4]), (bare[:4], bare[4:6], bare[6:]))
        case _:
            return ()


def _is_day(year: int, one: str, other: str) -> bool:
    """Whether the two are day and month, in either order, of a year from 1900 to 2099."""
    return 1900 <= year < 2100 and (
        _exists(year, int(one), int(other)) or _exists(year, int(other), int(one))
    )


def _exists(year: int, month: int, day: int) -> bool:
    try:
        date(year, month, day)
    except ValueError:
        return False
    return True
