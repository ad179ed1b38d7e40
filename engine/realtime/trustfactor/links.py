"""Links that other TrustFactors give for devices: what may stand on a page of ours, or be scanned.

Sources: RFC 3986 (2, 3.1, 3.2); RFC 7595 (schemes of apps).
"""

from __future__ import annotations

import re
from typing import Final, Literal

LONGEST: Final = 2_000
"""A square code holds some more."""
NOT_AN_APPS: Final = frozenset({
    "about", "blob", "chrome", "content", "data", "file", "filesystem", "ftp", "http", "https",
    "intent", "jar", "javascript", "livescript", "mailto", "mocha", "resource", "sms", "smsto",
    "tel", "vbscript", "view-source", "ws", "wss",
})  # fmt: skip
"""Schemes that a browser or a phone takes itself: script, files, calls, and more links."""
_TAIL: Final = r"[A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=%-]"
_WEB: Final = re.compile(
    r"(?P<scheme>https?)://(?:[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\])"
    rf"(?::[0-9]{{1,5}})?(?:[/?]{_TAIL}*)?"
)
_APP: Final = re.compile(rf"(?P<scheme>[a-z][a-z0-9+.-]{{1,39}}):{_TAIL}+")
Kind = Literal["https", "http", "app"]


def kind_of(link: str) -> Kind | None:
    """Say what a link leads to; None: to nothing that a device may be led to.

    `http` is for the caller to allow: whoever reads along has the code, too.
    """
    if len(link) > LONGEST:
        return None
    web = _WEB.fullmatch(link)
    if web is not None:
        return "https" if web["scheme"] == "https" else "http"
    app = _APP.fullmatch(link)
    return "app" if app is not None and app["scheme"] not in NOT_AN_APPS else None
