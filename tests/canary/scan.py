"""Look for a secret in bytes, however it was written down: 17 encodings and digests (D6)."""

from __future__ import annotations

import base64
import contextlib
import gzip
import hashlib
import html
import json
import zlib
from collections.abc import Iterator
from urllib.parse import quote

GZIP = b"\x1f\x8b\x08"
SHORTEST = 12
"""Base64 of a middle piece is looked for; shorter pieces would be found by chance."""


def encodings(secret: str) -> dict[str, bytes]:
    """Give each way of writing it, by name."""
    plain = secret.encode()
    ways = {
        "plain": plain,
        "lower case": secret.lower().encode(),
        "upper case": secret.upper().encode(),
        "hex": plain.hex().encode(),
        "HEX": plain.hex().upper().encode(),
        "URL": quote(secret, safe="").encode(),
        "JSON": json.dumps(secret)[1:-1].encode(),
        "JSON, UTF-8": json.dumps(secret, ensure_ascii=False)[1:-1].encode(),
        "HTML": html.escape(secret).encode(),
        "UTF-16-LE": secret.encode("utf-16-le"),
        "UTF-16-BE": secret.encode("utf-16-be"),
        "MD5": hashlib.md5(plain, usedforsecurity=False).hexdigest().encode(),
        "SHA-1": hashlib.sha1(plain, usedforsecurity=False).hexdigest().encode(),
        "SHA-256": hashlib.sha256(plain).hexdigest().encode(),
    }
    for offset in range(3):
        ways[f"base64 at {offset}"] = _base64(plain, offset)
    return ways


def _base64(plain: bytes, offset: int) -> bytes:
    """Base64 as it looks inside a longer text: without the characters that neighbours share."""
    written = base64.b64encode(b"\0" * offset + plain)
    middle = written[4 if offset else 0 : (len(plain) + offset) // 3 * 4]
    assert len(middle) >= SHORTEST
    return middle


def found(blob: bytes, secret: str) -> list[str]:
    """Name the ways in which a secret stands in `blob`, gzip streams inside it opened."""
    ways = encodings(secret)
    raw = {
        f"{name}, raw": bytes.fromhex(ways[name].decode()) for name in ("SHA-256", "SHA-1", "MD5")
    }
    pieces = [blob, *_unzipped(blob)]
    hits = []
    for place, piece in enumerate(pieces):
        without = piece.replace(b"-", b"+").replace(b"_", b"/")
        for name, written in (ways | raw).items():
            if written in piece or (name.startswith("base64") and written in without):
                hits.append(f"gzip: {name}" if place else name)
    return hits


def _unzipped(blob: bytes) -> Iterator[bytes]:
    at = blob.find(GZIP)
    while at >= 0:
        opener = zlib.decompressobj(wbits=31)
        with contextlib.suppress(zlib.error):
            yield opener.decompress(blob[at:])
        at = blob.find(GZIP, at + 1)


def zipped(text: str) -> bytes:
    """Write a text as a gzip stream."""
    return gzip.compress(text.encode())
