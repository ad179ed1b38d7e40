"""Square codes (QR): as a PNG of exactly the size that was asked for, or as lines of an SVG."""

from __future__ import annotations

import struct
import zlib
from itertools import groupby
from typing import Final

import segno

SMALLEST, LARGEST = 100, 2_000
"""Pixels of an edge."""
QUIET: Final = 4
"""Modules of light around it (ISO/IEC 18004)."""
_SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"
_GREY_OF_ONE_BIT: Final = bytes((1, 0, 0, 0, 0))


def png(text: str, size: int) -> bytes | None:
    """Draw a text as a square code of `size` by `size` pixels; None where that is too small.

    Modules are whole pixels: what is left over is light, around the quiet zone.
    """
    modules = [list(row) for row in segno.make_qr(text, error="m").matrix]
    scale = size // (len(modules) + 2 * QUIET)
    if scale == 0:
        return None
    drawn = scale * len(modules)
    before = (size - drawn) // 2
    light = _row("1" * size)
    rows = [light] * before
    for module_row in modules:
        dots = "".join(("0" if dark else "1") * scale for dark in module_row)
        rows += [_row("1" * before + dots + "1" * (size - before - drawn))] * scale
    rows += [light] * (size - len(rows))
    head = struct.pack(">II", size, size) + _GREY_OF_ONE_BIT
    parts = ((b"IHDR", head), (b"IDAT", zlib.compress(b"".join(rows), 9)), (b"IEND", b""))
    return _SIGNATURE + b"".join(_chunk(name, data) for name, data in parts)


def outline(text: str) -> tuple[int, str]:
    """Draw a text as lines of an SVG: the edge of its view box, and the path of what is dark."""
    rows = [list(row) for row in segno.make_qr(text, error="m").matrix]
    lines = []
    for number, row in enumerate(rows):
        place = 0
        for dark, run in groupby(row):
            length = len(list(run))
            if dark:
                lines.append(f"M{QUIET + place} {QUIET + number}.5h{length}")
            place += length
    return len(rows) + 2 * QUIET, "".join(lines)


def _row(bits: str) -> bytes:
    """Pack a line of pixels, eight in a byte, behind its filter type (none)."""
    padded = bits + "0" * (-len(bits) % 8)
    return b"\0" + int(padded, 2).to_bytes(len(padded) // 8)


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
