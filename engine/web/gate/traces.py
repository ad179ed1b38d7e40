"""The caller's trace, read strictly, so that a line of the log can be joined with it.

Source: W3C Trace Context, "traceparent Header".
"""

from __future__ import annotations

import re
from typing import Final

from starlette.requests import Request

_PARENT: Final = re.compile(
    r"(?P<version>[0-9a-f]{2})-(?P<trace>[0-9a-f]{32})-(?P<parent>[0-9a-f]{16})-[0-9a-f]{2}"
    r"(?P<more>-.*)?"
)


def trace_of(request: Request) -> str | None:
    """Give the trace id, 32 hex digits; None where none is named, or not as it must be."""
    given = request.headers.getlist("traceparent")
    found = _PARENT.fullmatch(given[0]) if len(given) == 1 else None
    if found is None or found["version"] == "ff" or (found["version"] == "00" and found["more"]):
        return None
    if not found["trace"].strip("0") or not found["parent"].strip("0"):
        return None
    return found["trace"]
