"""The files beside the pages: stylesheet, script, mark; a name changes with its content."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parents[1] / "static"
STATIC_PATH = "/web/static/"
"""Where they are served: `<STATIC_PATH><name>`, with `Cache-Control: immutable`."""
_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class StaticFile:
    """One file as it is sent. `integrity`: as an `integrity` attribute has it; `etag`: quoted."""

    body: bytes
    content_type: str
    etag: str
    integrity: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Assets:
    """Addresses of the files, and the digests a browser holds stylesheets and script to.

    The pages need `style-src 'self'`, `img-src 'self' data:` and the script's nonce in their policy
    (F1).
    """

    style: str
    style_integrity: str
    script: str
    script_integrity: str
    mark: str
    api_style: str
    api_style_integrity: str


@cache
def static_files() -> Mapping[str, StaticFile]:
    """Give every file by the name it is served under, read once: `page.3f2a9c81e0b4.css`."""
    return {_served(file, file.read_bytes()): _sent(file) for file in sorted(FOLDER.iterdir())}


def _served(file: Path, body: bytes) -> str:
    return f"{file.stem}.{hashlib.sha256(body).hexdigest()[:12]}{file.suffix}"


def _sent(file: Path) -> StaticFile:
    body = file.read_bytes()
    return StaticFile(
        body=body,
        content_type=_TYPES[file.suffix],
        etag=f'"{hashlib.sha256(body).hexdigest()[:32]}"',
        integrity=f"sha384-{base64.b64encode(hashlib.sha384(body).digest()).decode()}",
    )


def found_assets() -> Assets:
    """Name the files for the pages' frame."""
    by_file = {_file(name): (name, sent) for name, sent in static_files().items()}
    (style, css), (script, js) = by_file["page.css"], by_file["page.js"]
    api_style, api_css = by_file["api.css"]
    return Assets(
        style=STATIC_PATH + style,
        style_integrity=css.integrity,
        script=STATIC_PATH + script,
        script_integrity=js.integrity,
        mark=STATIC_PATH + by_file["mark.svg"][0],
        api_style=STATIC_PATH + api_style,
        api_style_integrity=api_css.integrity,
    )


def _file(served: str) -> str:
    stem, _, suffix = served.split(".")
    return f"{stem}.{suffix}"
