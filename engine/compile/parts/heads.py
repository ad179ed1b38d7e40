"""Which texts are parts, and under which name: told by their first lines, before they are read."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from engine.compile.reading.document import Source

_PLAIN = rb"""^%s:[ \t]*["']?(%s)["']?[ \t]*(?:#.*)?\r?$"""
_PROCESS = re.compile(_PLAIN % (b"process", b"[a-z0-9][a-z0-9-]{0,49}"), re.MULTILINE)
_VERSION = re.compile(_PLAIN % (b"version", b"[0-9]{1,7}"), re.MULTILINE)
_TYPE = re.compile(_PLAIN % (b"type", b"part"), re.MULTILINE)
_CALL = re.compile(rb"\bcall\b")


def part_key(process: str, version: int) -> str:
    """Name a part as a bundle does: `<name>.v<version>`."""
    return f"{process}.v{version}"


def may_call(source: Source) -> bool:
    """Say whether a definition may call parts, so that it is worth looking for them."""
    return _CALL.search(source.text) is not None


def parts_among(sources: Iterable[Source]) -> Mapping[str, Source]:
    """Give the texts that say `type: part` at their left margin, by `<name>.v<version>`.

    They need not be readable: what is wrong inside of them is told where they are called. Of two
    that call themselves alike, the first is taken.
    """
    found: dict[str, Source] = {}
    for source in sources:
        process, version = _PROCESS.search(source.text), _VERSION.search(source.text)
        if process and version and _TYPE.search(source.text):
            found.setdefault(part_key(process[1].decode(), int(version[1])), source)
    return found
