"""How a browser reads an address, written anew after the URL Standard, for http and https alone.

A second opinion on `engine/run/redirects.py`, with which it shares no line. Source: WHATWG URL,
sections 4.4 (URL parsing) and 3.5 (host parsing); names in other scripts are not mapped but None.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

_FORBIDDEN: Final = re.compile(r"[\x00-\x20#%/:<>?@\[\\\]^|\x7f]")
_DOTS: Final = {".": 1, "%2e": 1, "..": 2, ".%2e": 2, "%2e.": 2, "%2e%2e": 2}
_PORTS: Final = {"http": 80, "https": 443}


class Read(NamedTuple):
    """Where an address leads."""

    scheme: str
    host: str
    port: int
    path: str


def read(address: str) -> Read | None:
    """Read an address that stands by itself; None where a browser finds none."""
    text = re.sub(r"[\t\n\r]", "", address.strip("".join(map(chr, range(33)))))
    found = re.match(r"([A-Za-z][A-Za-z0-9+.-]*):(.*)\Z", text, re.DOTALL)
    if found is None or found[1].lower() not in _PORTS:
        return None
    scheme, rest = found[1].lower(), found[2].lstrip("/\\")
    authority = re.split(r"[/\\?#]", rest, maxsplit=1)[0]
    path = re.split(r"[?#]", rest[len(authority) :], maxsplit=1)[0]
    host, port = _host_and_port(authority.rpartition("@")[2])
    if host is None or port is None:
        return None
    return Read(scheme, host, port or _PORTS[scheme], straight(path))


def _host_and_port(written: str) -> tuple[str | None, int | None]:
    host, _, digits = written.partition(":")  # an address in brackets has no name before it
    if digits and (not re.fullmatch(r"[0-9]+", digits) or int(digits) > 65_535):
        return None, None
    host = re.sub(r"%([0-9A-Fa-f]{2})", lambda pair: chr(int(pair[1], 16)), host).lower()
    if not host or not host.isascii() or _FORBIDDEN.search(host):
        return None, None
    return host, int(digits or 0)


def straight(path: str) -> str:
    """Walk the dots of a path; a backslash is a slash."""
    kept: list[str] = []
    pieces = re.split(r"[/\\]", path)[1:]
    for number, piece in enumerate(pieces):
        steps = _DOTS.get(piece.lower(), 0)
        if steps == 2 and kept:
            kept.pop()
        if not steps:
            kept.append(piece)
        elif number == len(pieces) - 1:
            kept.append("")
    return "/" + "/".join(kept)
