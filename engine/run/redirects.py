"""Return addresses: exact, or below a registered prefix; one parser, nothing clever (F4)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final
from urllib.parse import unquote, urlsplit

from engine.model.names import REDIRECT_URL, TIMEOUT_REDIRECT_URL

REDIRECTS: Final = (REDIRECT_URL, TIMEOUT_REDIRECT_URL)
"""The parameters of a token that are return addresses."""

PLAIN: Final = re.compile(r"[!-\[\]-~]+")
"""Printable ASCII without space and backslash: nothing that a browser drops, turns or hides."""
BROKEN_ESCAPE: Final = re.compile(r"%(?![0-9A-Fa-f]{2})")
SEPARATORS: Final = frozenset("/\\%;")
"""What a server may take for the end of a segment once it has decoded it, or decodes it again."""


def is_allowed(url: str, allowed: Sequence[str]) -> bool:
    """Whether a person may be sent to `url`.

    Args:
        url: What a process token carries; TrustX's `{NAMES}` may stand in path and query.
        allowed: Addresses taken as they are, or prefixes that end in `/`.
    """
    if not PLAIN.fullmatch(url) or not _is_straight(url):
        return False
    plain = url.partition("?")[0]
    return any(
        url == known or (known.endswith("/") and plain.startswith(known)) for known in allowed
    )


def _is_straight(url: str) -> bool:
    """Whether every server and browser reads the same host and path in it."""
    try:
        parts = urlsplit(url)
        if parts.scheme not in ("https", "http") or not parts.hostname or "@" in parts.netloc:
            return False
        if "//" in url.partition("://")[2].partition("?")[0] or BROKEN_ESCAPE.search(parts.path):
            return False
        pieces = [unquote(piece, errors="strict") for piece in parts.path.split("/")]
    except ValueError:  # no address, or escapes that are no UTF-8
        return False
    return all(map(_is_plain_name, pieces))


def _is_plain_name(piece: str) -> bool:
    """Whether a decoded piece of a path stays a piece, and leads down."""
    whole = SEPARATORS.isdisjoint(piece) and (piece.isprintable() or not piece)
    return whole and piece.strip() not in (".", "..")
