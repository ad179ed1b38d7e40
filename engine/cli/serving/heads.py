"""A connection's patience: who is silent, or never ends a request's head, is hung up on (F5)."""

from __future__ import annotations

import asyncio
from typing import Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD_SECONDS: Final = 10.0
LONGEST_UNENDED_BYTES: Final = 256 * 1024
"""Of a head that does not end; one that ends is measured by the surface, which can answer it."""


class Impatient(HttpToolsProtocol):
    """uvicorn's protocol, with a limit in time and bytes for the head of every request.

    The time runs from the connection's begin, and of a further request from its first byte; what
    comes drop by drop does not begin it anew. Between requests uvicorn's own limit holds, and the
    body's is the surface's.
    """

    head_seconds: float = HEAD_SECONDS
    _limit: asyncio.TimerHandle | None = None
    _unended_bytes = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """Begin to wait for the first head."""
        super().connection_made(transport)
        self._wait()

    def data_received(self, data: bytes) -> None:
        """Read on; where no head has ended, wait no longer than before."""
        super().data_received(data)
        if self.transport.get_protocol() is not self:  # a WebSocket now: no head is to come
            return
        if self.cycle and not self.cycle.response_complete:  # type: ignore[truthy-bool]  # there is none before the first head
            return
        self._wait()
        self._unended_bytes += len(data)
        if self._unended_bytes > LONGEST_UNENDED_BYTES:
            self.transport.abort()

    def on_headers_complete(self) -> None:
        """Stop waiting: the head is there."""
        self._stop_waiting()
        super().on_headers_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        """Leave no timer behind."""
        self._stop_waiting()
        super().connection_lost(exc)

    def _wait(self) -> None:
        if self._limit is None and not self.transport.is_closing():
            self._limit = self.loop.call_later(self.head_seconds, self.transport.close)

    def _stop_waiting(self) -> None:
        self._unended_bytes = 0
        if self._limit is not None:
            self._limit.cancel()
            self._limit = None
