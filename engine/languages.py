"""Which language serves a reader: the one rule for pages, visits and proofs; knows tags alone.

It stands on the ground: the compiler, the loop and the pages must not differ in it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def base_of(tag: str) -> str:
    """Give the language of a tag without its region: `pt` of `pt-PT`."""
    return tag.partition("-")[0]


def serving(tag: str) -> tuple[str, str]:
    """Name what is written for a reader of `tag`: the tag itself, and its base."""
    return tag, base_of(tag)


def ranked(tag: str, offered: Iterable[str]) -> list[str]:
    """Rank the offered languages for a reader of `tag`: itself, its base, a sister.

    Capitals do not count (RFC 5646, 2.1.1). Languages of another base are left out.
    """
    wanted = tag.lower()
    base = base_of(wanted)
    near = [one for one in offered if base_of(one.lower()) == base]
    places = {name: place for place, name in enumerate(dict.fromkeys((wanted, base)))}
    return sorted(near, key=lambda one: places.get(one.lower(), len(places)))


def choose(offered: Sequence[str], *wanted: str) -> str:
    """Choose one of `offered` for somebody who wants these tags, the dearest first.

    Without one that serves it is the first that is offered.
    """
    return next((one for tag in wanted for one in ranked(tag, offered)), offered[0])
