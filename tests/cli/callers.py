"""Many calls of a JSON API over HTTP at once: connected one by one, sent all together."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass

from engine.model.names import JsonObject

PATIENCE_SECONDS = 90
HOST = "127.0.0.1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One call of a server of this machine."""

    port: int
    path: str
    body: JsonObject
    bearer: str = ""

    def written(self) -> bytes:
        """Write it as it is sent, on a connection of its own."""
        body = json.dumps(self.body).encode()
        head = [
            f"POST {self.path} HTTP/1.1", f"Host: {HOST}:{self.port}", "Connection: close",
            "Content-Type: application/json", f"Content-Length: {len(body)}",
            *([f"Authorization: Bearer {self.bearer}"] if self.bearer else []),
        ]  # fmt: skip
        return "\r\n".join([*head, "", ""]).encode() + body


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back."""

    status: int
    json: JsonObject


async def _at_once(calls: Sequence[Call]) -> list[Answer]:
    lines = [await asyncio.open_connection(HOST, call.port) for call in calls]
    for (_, writer), call in zip(lines, calls, strict=True):
        writer.write(call.written())
    read = [reader.read() for reader, _ in lines]
    async with asyncio.timeout(PATIENCE_SECONDS):
        came = await asyncio.gather(*read)
    for _, writer in lines:
        writer.close()
    return [_answer(bytes(one)) for one in came]


def _answer(raw: bytes) -> Answer:
    head, _, body = raw.partition(b"\r\n\r\n")
    return Answer(status=int(head.split()[1]), json=json.loads(body))


def at_once(*calls: Call) -> list[Answer]:
    """Make all calls at the same time; give the answers in the calls' order."""
    return asyncio.run(_at_once(calls))


def one(call: Call) -> JsonObject:
    """Make one call that must succeed."""
    (answer,) = at_once(call)
    assert answer.status in (200, 201), answer
    return answer.json
