"""What pages of others take from here: the script rtas-ui, and the bare page for web views."""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from pathlib import Path
from typing import Final

from starlette.responses import Response

from engine.web.links import HUB_PATH
from engine.web.request import Ask

SCRIPT_PATH: Final = f"{HUB_PATH}/rtas-ui.js"
MOBILE_PATH: Final = f"{HUB_PATH}/mobile"
_CACHED: Final = "public, max-age=300"
"""Its name never changes, so it is asked for again soon."""
_MOBILE: Final = f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="UTF-8">
<meta name="viewport" content="width=device-width, initial-scale=1.0">
<meta name="color-scheme" content="light dark">
<title>RTAS</title>
</head>
<body>
<main id="rtas"></main>
<script src="{SCRIPT_PATH}"></script>
</body>
</html>
"""
_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self' {socket}; base-uri 'none'; object-src 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)


async def give_script(ask: Ask) -> Response:
    """Give rtas-ui to any page: the token decides what it hears, and the origin whether."""
    body, etag = _script()
    headers = {
        "Cache-Control": _CACHED,
        "ETag": etag,
        "Cross-Origin-Resource-Policy": "cross-origin",
        "Access-Control-Allow-Origin": "*",  # so that pages can hold it to its integrity
    }
    if ask.request.headers.get("if-none-match") == etag:
        return Response(status_code=304, headers=headers)
    return Response(body, headers=headers, media_type="text/javascript; charset=utf-8")


async def show_mobile(ask: Ask) -> Response:
    """Give the page that an app's web view opens, and puts its own script into (rtas.md 10)."""
    socket = ask.web.config.origin.replace("http", "ws", 1)
    headers = {"Content-Security-Policy": _POLICY.format(socket=socket)}
    return Response(_MOBILE, headers=headers, media_type="text/html; charset=utf-8")


@cache
def integrity() -> str:
    """Give the digest that pages of ours hold the script to."""
    digest = hashlib.sha384(_script()[0]).digest()
    return f"sha384-{base64.b64encode(digest).decode()}"


@cache
def _script() -> tuple[bytes, str]:
    """Read the script, once: it and its quoted ETag."""
    body = Path(__file__).with_name("rtas-ui.js").read_bytes()
    return body, f'"{hashlib.sha256(body).hexdigest()[:32]}"'
