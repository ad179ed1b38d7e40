"""A browser that listens, without a network: it speaks the hub protocol over ASGI sockets."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from starlette.types import Message

from engine.model.names import TenantId
from engine.ports.hints import Place
from engine.web.hub.hub import WATCH_SECONDS
from tests.web.surface import HOST, Answer, Surface, send

HANDSHAKE: Final = '{"protocol":"json","version":1}\x1e'
PATIENCE: Final = 5.0
QUIET: Final = WATCH_SECONDS + 0.2


@dataclass(slots=True, kw_only=True)
class Listening:
    """One socket at the hub."""

    task: asyncio.Future[None]
    inward: asyncio.Queue[Message]
    outward: asyncio.Queue[Message]
    waiting: list[dict[str, Any]] = field(default_factory=list)

    async def say(self, text: str) -> None:
        """Send a text frame."""
        await self.inward.put({"type": "websocket.receive", "text": text})

    async def message(self) -> dict[str, Any]:
        """Give the next record; `{"closed": code}` at the end of the socket."""
        while not self.waiting:
            came = await asyncio.wait_for(self.outward.get(), PATIENCE)
            if came["type"] == "websocket.close":
                return {"closed": came["code"]}
            if came["type"] == "websocket.http.response.start":
                return {"refused": came["status"]}
            if came["type"] == "websocket.send":
                records = came["text"].split("\x1e")
                assert records.pop() == "", "a record is never cut"
                self.waiting.extend(json.loads(record) for record in records)
        return self.waiting.pop(0)

    async def event(self) -> tuple[str, list[Any]]:
        """Give the next call: its target and arguments."""
        while True:
            message = await self.message()
            if message.get("type") == 1:
                return message["target"], message["arguments"]
            assert message in ({}, {"type": 6}), message

    async def is_quiet(self) -> bool:
        """Say whether nothing comes, for longer than the hub takes to look for what is new."""
        try:
            came = await asyncio.wait_for(self.outward.get(), QUIET)
        except TimeoutError:
            return not self.waiting
        await self.outward.put(came)
        return False

    async def go(self) -> None:
        """Cut the line."""
        await self.inward.put({"type": "websocket.disconnect", "code": 1006})
        await asyncio.wait_for(self.task, PATIENCE)


async def connect(
    house: Surface,
    token: str,
    *,
    id: str = "",
    after: str | None = None,
    headers: Iterable[tuple[str, str]] = (),
    shakes: bool = True,
    path: str = "/rtas",
    unread: int = 0,
) -> Listening:
    """Open a socket with a token in its query, as browsers do.

    `unread`: how many messages its line holds before who writes must wait; 0: any number.
    """
    words = f"access_token={token}" + (f"&id={id}" if id else "")
    words += "" if after is None else f"&after={after}"
    inward: asyncio.Queue[Message] = asyncio.Queue()
    outward: asyncio.Queue[Message] = asyncio.Queue(unread)
    given = [("Host", HOST), *headers]
    scope: Any = {
        "type": "websocket",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "scheme": "wss",
        "path": path,
        "raw_path": path.encode(),
        "query_string": words.encode(),
        "root_path": "",
        "headers": [(n.lower().encode(), v.encode()) for n, v in given],
        "subprotocols": [],
        "client": ("198.51.100.7", 50_000),
        "server": ("127.0.0.1", 8000),
        "extensions": {"websocket.http.response": {}},
    }
    await inward.put({"type": "websocket.connect"})
    task = asyncio.ensure_future(house.app(scope, inward.get, outward.put))
    made = Listening(task=task, inward=inward, outward=outward)
    if shakes:
        await made.say(HANDSHAKE)
    return made


async def stream(house: Surface, token: str, id: str, taken: int) -> list[Message]:
    """Open a stream of events on a line that takes so many messages, and not one more.

    Gives them once the server has given up.
    """
    sent: list[Message] = []
    never = asyncio.Event()

    async def take(message: Message) -> None:
        if len(sent) == taken:
            await never.wait()
        sent.append(message)

    async def silence() -> Message:
        await never.wait()
        raise AssertionError

    scope: Any = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "https",
        "path": "/rtas",
        "raw_path": b"/rtas",
        "query_string": f"id={id}&access_token={token}".encode(),
        "root_path": "",
        "headers": [(b"host", HOST.encode()), (b"accept", b"text/event-stream")],
        "client": ("198.51.100.7", 50_000),
        "server": ("127.0.0.1", 8000),
    }
    await asyncio.wait_for(house.app(scope, silence, take), PATIENCE)
    return sent


async def negotiate(
    house: Surface, token: str, *, headers: Iterable[tuple[str, str]] = ()
) -> Answer:
    """Ask for ids."""
    carried = [("Authorization", f"Bearer {token}"), *headers]
    return await send(house.app, "POST", "/rtas/negotiate?negotiateVersion=1", headers=carried)


class Elsewhere:
    """Hints as another machine would give them; a test tells what it does."""

    def __init__(self) -> None:
        self.given: list[Place] = []
        self.told: asyncio.Queue[Place] = asyncio.Queue()

    def give(self, tenant: TenantId, channel: str) -> None:
        self.given.append((tenant, channel))

    async def heard(self) -> AsyncGenerator[Place, None]:
        while True:
            yield await self.told.get()

    async def run(self) -> None:
        """Nothing is carried anywhere."""
