"""Passcodes that everybody tries first (security A3, A7).

A value is common when it is on the list, or made of a word that is on it or near this person, with
what people put around words; or a date, a sequence, a piece repeated, a walk over the keys. The
list is that of zxcvbn: 30,000 values that people chose, by how often they did.
"""

from __future__ import annotations

import asyncio
import unicodedata
from collections.abc import Iterable, Iterator
from datetime import date
from functools import cache
from importlib.resources import files
from itertools import pairwise, product
from string import ascii_lowercase
from typing import Final

PREFIXES: Final = ("", "my", "the", "i", "im")
SUFFIXES: Final = ("", "abc", "xyz", "qwerty", "pass", "word")
AS_SIGNS: Final = (str.maketrans("@4031!$57", "aaoeiisst"), str.maketrans("@4031!$57", "aaoelisst"))
"""Signs and digits that are written for letters; 1 stands for two of them."""
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
LONGEST_TAIL: Final = 10
LONGEST_HEAD: Final = 4


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


async def prepared() -> None:
    """Read the list, if nobody has, in a thread: it takes a third of a second, once."""
    if not base_words.cache_info().currsize:
        await asyncio.to_thread(base_words)


@cache
def common_values() -> frozenset[str]:
    """Give the list and the walks over the keys: more than 30,000 values, the same every time."""
    # Read when it is first asked for: half a megabyte that a start can do without.
    from zxcvbn.frequency_lists import FREQUENCY_LISTS

    listed = {folded(value).translate(SEPARATORS) for value in FREQUENCY_LISTS["passwords"]}
    return frozenset(value for value in (*listed, *_from_keys()) if len(value) >= SHORTEST)


@cache
def base_words() -> frozenset[str]:
    """Give the words that values are made from: those of the list, and some it does not know."""
    text = files(__package__).joinpath("common.txt").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    ours = {word for line in lines for word in line.split()}
    return frozenset(ours | {value for value in common_values() if value.isalpha()})


def _from_keys() -> Iterator[str]:
    for row in (*ROWS, ascii_lowercase, *(row[::-1] for row in ROWS)):
        for start, length in product(range(len(row)), range(SHORTEST, len(row) + 1)):
            walk = row[start : start + length]
            yield from (walk, walk + "1", walk + "123", walk + "!", walk + walk, walk + walk[::-1])


def _is_made_of(bare: str, parts: Iterable[str]) -> bool:
    """Whether it is a common word or a part, with what people put around and in place of letters.

    Up to ten digits or signs behind, up to four before; a usual beginning or end; signs for
    letters; backwards; twice.
    """
    told = {folded(part).translate(SEPARATORS) for part in parts}
    near = {part for part in told if len(part) >= SHORTEST_PART}
    stems = {stem for cut in _cuts(bare) for stem in _stems(cut)}
    stems |= {stem[::-1] for stem in stems}
    return not (stems.isdisjoint(near) and stems.isdisjoint(base_words()))


def _cuts(bare: str) -> Iterator[str]:
    """Give the text without digits and signs before and behind it, as many as there may be."""
    size = len(bare)
    heads = [n for n in range(min(LONGEST_HEAD, size) + 1) if _are_signs(bare[:n])]
    tails = [n for n in range(min(LONGEST_TAIL, size) + 1) if _are_signs(bare[size - n :])]
    yield from (bare[head : size - tail] for head in heads for tail in tails)


def _stems(text: str) -> Iterator[str]:
    """Give the words that a text may be another spelling of."""
    for word in {text, *(text.translate(table) for table in AS_SIGNS)}:
        half = word[: len(word) // 2]
        yield from (half,) if half + half == word else ()
        for prefix, suffix in product(PREFIXES, SUFFIXES):
            if word.startswith(prefix) and word.endswith(suffix):
                yield word[len(prefix) : len(word) - len(suffix)]


def _are_signs(text: str) -> bool:
    return not any(sign.isalpha() for sign in text)


def _is_repeated(bare: str) -> bool:
    """Whether a piece of up to six characters, a half or a third is all there is: `abcabc`."""
    sizes = {*range(1, LONGEST_PIECE + 1), len(bare) // 2, len(bare) // 3}
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
