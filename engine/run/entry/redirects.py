"""Return addresses: exact, or below a registered prefix; one parser, nothing clever (F4)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final
from urllib.parse import urlsplit

from engine.model.names import REDIRECT_URL, TIMEOUT_REDIRECT_URL

REDIRECTS: Final = (REDIRECT_URL, TIMEOUT_REDIRECT_URL)
"""The parameters of a token that are return addresses."""


def is_allowed(url: str, allowed: Sequence[str]) -> bool:
    """Whether a person may be sent to `url`.

    Args:
        url: What a process token carries; TrustX's `{NAMES}` may stand in path and query.
        allowed: Addresses taken as they are, or prefixes that end in `/`.
    """
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    rest = url.partition("://")[2]
    if parts.scheme not in ("https", "http") or not parts.hostname or "@" in parts.netloc:
        return False
    if "//" in rest.partition("?")[0] or re.search(r"[\x00-\x20\x7f-\x9f\\]", url):
        return False
    if any(
        piece in ("..", ".")
        for piece in parts.path.replace("%2e", ".").replace("%2E", ".").split("/")
    ):
        return False
    plain = url.partition("?")[0]
    return any(
        url == known or (known.endswith("/") and plain.startswith(known)) for known in allowed
    )
