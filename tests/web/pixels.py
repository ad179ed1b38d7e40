"""Grey pixels of a PNG of one bit, read without whatever drew it."""

from __future__ import annotations

import struct
import zlib


def grey(png: bytes) -> tuple[int, bytes]:
    """Give the edge in pixels, and a byte for each: 0 dark, 255 light. Chunks are verified."""
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    place, data, size = 8, b"", 0
    while place < len(png):
        length, name = struct.unpack(">I4s", png[place : place + 8])
        body = png[place + 8 : place + 8 + length]
        assert zlib.crc32(name + body) == int.from_bytes(png[place + 8 + length :][:4])
        if name == b"IHDR":
            width, size, depth, colour = struct.unpack(">IIBB", body[:10])
            assert (width, depth, colour) == (size, 1, 0)
        data += body if name == b"IDAT" else b""
        place += 12 + length
    raw, line = zlib.decompress(data), 1 + (size + 7) // 8
    rows = [raw[start + 1 : start + line] for start in range(0, len(raw), line)]
    bits = ("".join(f"{byte:08b}" for byte in row)[:size] for row in rows)
    return size, b"".join(bytes(255 if bit == "1" else 0 for bit in row) for row in bits)
