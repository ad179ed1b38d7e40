"""A wire between store and server that a test can cut, before a message or behind its answer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Final, Literal
from urllib.parse import urlsplit

from engine.adapters.address import Address

Moment = Literal["before", "after", "silent"]
COMMIT: Final = b"COMMIT\x00"


class Wire:
    """Passes bytes on, until a message holds what a cut was asked for.

    Attributes:
        cuts: How often it was cut.
        most: How many connections there were at a time.
    """

    def __init__(self, host: str, port: int) -> None:
        self._host, self._port = host, port
        self._asked: tuple[Moment, bytes] | None = None
        self._passing = 0
        self._open: set[asyncio.StreamWriter] = set()
        self._far: set[asyncio.StreamWriter] = set()
        self.cuts = self.most = 0

    def cut(self, moment: Moment, holds: bytes, *, passing: int = 0) -> None:
        """Cut once: before a message is handed on, or behind it, when its answer comes.

        `silent`: the message is swallowed, and nothing is ever answered. `passing`: so many such
        messages pass before.
        """
        self._asked, self._passing = (moment, holds), passing

    def cut_all(self) -> None:
        """Cut every connection now."""
        for writer in list(self._open):
            writer.transport.abort()

    def ports(self) -> list[int]:
        """Give the ports that the server sees its clients at."""
        ends = (writer.get_extra_info("sockname") for writer in self._far)
        return [int(end[1]) for end in ends]

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carry one connection's bytes in both directions."""
        far_reader, far = await asyncio.open_connection(self._host, self._port)
        self._open |= {writer, far}
        self._far.add(far)
        self.most = max(self.most, len(self._open) // 2)
        back = asyncio.create_task(self._back(far_reader, writer))
        try:
            await self._forth(reader, far, back)
        finally:
            back.cancel()
            self._far.discard(far)
            for end in (writer, far):
                self._open.discard(end)
                end.transport.abort()

    async def _forth(
        self, reader: asyncio.StreamReader, far: asyncio.StreamWriter, back: asyncio.Task[None]
    ) -> None:
        while data := await _read(reader):
            moment = self._moment(data)
            if moment == "silent":
                await asyncio.Event().wait()
            if moment is not None:
                self.cuts += 1
            if moment == "before":
                return
            if moment == "after":
                back.cancel()
            far.write(data)
            if moment == "after":
                await asyncio.sleep(0.5)  # noqa: TID251 - the server's answer is not looked at
                return

    async def _back(self, far: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await _read(far):
            writer.write(data)
        writer.transport.abort()

    def _moment(self, data: bytes) -> Moment | None:
        if self._asked is None or self._asked[1] not in data:
            return None
        if self._passing:
            self._passing -= 1
            return None
        (moment, _), self._asked = self._asked, None
        return moment


async def _read(reader: asyncio.StreamReader) -> bytes:
    with suppress(OSError):
        return await reader.read(65_536)
    return b""


@asynccontextmanager
async def a_wire(address: Address) -> AsyncIterator[tuple[Wire, Address]]:
    """Lay a wire to a server on this machine; give it, and the address of its near end."""
    parts = urlsplit(address.whole)
    assert parts.hostname is not None
    assert parts.port is not None
    wire = Wire(parts.hostname, parts.port)
    tasks: set[asyncio.Task[None]] = set()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.ensure_future(wire.carry(reader, writer))
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    near = server.sockets[0].getsockname()[1]
    whole = address.whole.replace(f":{parts.port}/", f":{near}/") + "&sslmode=disable"
    try:
        yield wire, Address.parse(whole)
    finally:
        server.close()
        for task in list(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
