"""Bytes to words: bodies read within limits (F5, G2), and the language a browser prefers."""

from __future__ import annotations

import asyncio
import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NoReturn
from urllib.parse import parse_qsl

from starlette.requests import Request

from engine.languages import choose
from engine.model.names import JsonObject, JsonValue

BODY_BYTES = 64 * 1024
DRAINED_BYTES = 1024 * 1024
"""Of a body that is too long so much is read and thrown away: else no browser shows our answer."""
FIELDS = 100
JSON_DEPTH = 16
JSON_INTEGER = 2**53


@dataclass(frozen=True, slots=True, kw_only=True)
class Unread:
    """Why a body was not read.

    Attributes:
        status: For HTTP.
        message: The sentence of the catalogue for a person.
        detail: What a program must send instead, in English, and never what it has sent.
    """

    status: int
    message: str
    detail: str = ""


MALFORMED = Unread(status=422, message="form.unread")
SLOW = Unread(status=408, message="form.unread")
WRONG_TYPE = Unread(status=415, message="form.unread")
TOO_LONG = Unread(status=413, message="form.toolong")


async def read_body(request: Request, *, seconds: float, most: int = BODY_BYTES) -> bytes | Unread:
    """Read at most `most` bytes within `seconds`.

    Raises:
        ClientDisconnect: Nobody is there any more.
    """
    try:
        async with asyncio.timeout(seconds):
            return await _gather(request, most)
    except TimeoutError:
        return SLOW


async def _gather(request: Request, most: int) -> bytes | Unread:
    chunks: list[bytes] = []
    size_bytes = 0
    async for chunk in request.stream():
        size_bytes += len(chunk)
        if size_bytes <= most:
            chunks.append(chunk)
        elif size_bytes > max(DRAINED_BYTES, most):
            break
    return b"".join(chunks) if size_bytes <= most else TOO_LONG


def _has_type(request: Request, wanted: str) -> bool:
    given = request.headers.getlist("content-type")
    if len(given) != 1:
        return False
    if given[0] == wanted:  # as nearly everybody writes it
        return True
    kind, *parameters = (part.strip().lower() for part in given[0].split(";"))
    known = ("", "charset=utf-8", 'charset="utf-8"')
    return kind == wanted and all(part in known for part in parameters)


async def read_form(request: Request, *, seconds: float) -> Mapping[str, str] | Unread:
    """Read a page's form: urlencoded, strict UTF-8, at most 100 fields, no name twice."""
    if not _has_type(request, "application/x-www-form-urlencoded"):
        return WRONG_TYPE
    raw = await read_body(request, seconds=seconds)
    return raw if isinstance(raw, Unread) else parse_form(raw)


def parse_form(raw: bytes) -> Mapping[str, str] | Unread:
    """Parse an urlencoded body."""
    if raw.count(b"&") >= FIELDS:
        return TOO_LONG
    try:
        pairs = parse_qsl(
            raw.decode("ascii"),
            keep_blank_values=True,
            strict_parsing=bool(raw),
            encoding="utf-8",
            errors="strict",
            max_num_fields=FIELDS,
        )
    except ValueError:
        return MALFORMED
    fields = dict(pairs)
    return fields if len(fields) == len(pairs) else MALFORMED


class _Refused(ValueError):
    """The JSON holds what we do not take. Its message is ours alone and holds no value."""


_TWICE = "use each name once in an object"
_RANGE = "use finite numbers alone, and whole ones up to 2^53"


async def read_json(request: Request, *, seconds: float) -> JsonObject | Unread:
    """Read an API call's object; an empty body is an empty object (G2)."""
    found = await read_object(request, seconds=seconds)
    return found if isinstance(found, Unread) else found[1]


async def read_object(
    request: Request, *, seconds: float, most: int = BODY_BYTES
) -> tuple[bytes, JsonObject] | Unread:
    """Read an API call's object, and the bytes it was written in, `most` of them."""
    raw = await read_body(request, seconds=seconds, most=most)
    if isinstance(raw, Unread):
        return raw
    if not raw.strip():
        return raw, {}
    found = parse_json(raw) if _has_type(request, "application/json") else WRONG_TYPE
    return found if isinstance(found, Unread) else (raw, found)


def parse_json(raw: bytes) -> JsonObject | Unread:
    """Parse an object: depth <= 16, no key twice, integers within 2^53, no NaN, real characters."""
    try:
        if _depth(raw) > JSON_DEPTH:
            return _malformed(f"nest lists and objects at most {JSON_DEPTH} deep")
        found = _DECODER.decode(raw.decode("utf-8"))
        if _SURROGATE.search(raw):  # nothing else can write a lone one, which is no character
            json.dumps(found, ensure_ascii=False).encode()
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        return _malformed(f"this is no JSON: it cannot be read from {where} on")
    except UnicodeError:
        return _malformed("use UTF-8, and whole characters alone")
    except _Refused as refused:
        return _malformed(str(refused))
    return found if isinstance(found, dict) else _malformed("send an object: {...}")


def _malformed(detail: str) -> Unread:
    return replace(MALFORMED, detail=detail)


_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")
"""An escape that stands for half a character, if it is one."""
_PIECES = re.compile(rb'"(?:[^"\\]|\\.)*+(?:"|\\?\Z)|[\[{\]}]', re.DOTALL)
"""Strings, also one that never ends, and brackets: linear, as each byte is in one piece at most."""


def _depth(raw: bytes) -> int:
    """Count brackets before anything is built: what recurses can be broken by depth.

    Gives 0 where there are too few of them to be too deep.
    """
    if raw.count(b"{") + raw.count(b"[") <= JSON_DEPTH:
        return 0
    deepest = depth = 0
    for piece in _PIECES.findall(raw):
        if piece[:1] != b'"':
            depth += 1 if piece in b"[{" else -1
        deepest = max(deepest, depth)
    return deepest


def _object(pairs: list[tuple[str, JsonValue]]) -> JsonObject:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise _Refused(_TWICE)
    return found


def _integer(text: str) -> int:
    number = int(text) if len(text) <= 17 else JSON_INTEGER + 1
    if abs(number) > JSON_INTEGER:
        raise _Refused(_RANGE)
    return number


def _number(text: str) -> float:
    """Read a number; a whole one is an integer however it is written, as JSON Schema has it."""
    number = float(text)
    if not math.isfinite(number):
        raise _Refused(_RANGE)
    is_whole = number.is_integer() and abs(number) <= JSON_INTEGER
    return int(number) if is_whole else number


def _refuse(text: str) -> NoReturn:
    raise _Refused(_RANGE)


_DECODER = json.JSONDecoder(
    object_pairs_hook=_object, parse_int=_integer, parse_float=_number, parse_constant=_refuse
)


def choose_language(languages: Sequence[str], *, wanted: str | None, accepted: str) -> str:
    """Choose one of `languages`: what was asked for, else Accept-Language, else the first."""
    return choose(languages, wanted or "", *_ranges(accepted))


def _ranges(accepted: str) -> list[str]:
    """Give the ranges of an Accept-Language header, the dearest first (RFC 9110, 12.5.4)."""
    weighed: list[tuple[float, str]] = []
    for part in accepted[:1000].split(","):
        tag, _, weight = part.strip().partition(";")
        quality = re.fullmatch(r"\s*q=([01](?:\.[0-9]{0,3})?)\s*", weight)
        weighed.append((float(quality[1]) if quality else 1.0, tag.strip()))
    weighed.sort(key=lambda pair: -pair[0])
    return [tag for quality, tag in weighed if quality > 0 and tag]
