"""Connections to the server: as many as needed up to a bound, each wait with a limit."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Final, TypeAlias

import asyncpg
from asyncpg.connect_utils import SessionAttribute

from engine.adapters.address import Address
from engine.adapters.failures import unavailable
from engine.adapters.postgres.failures import FAILURES
from engine.errors import StoreUnavailable

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"

CONNECTING: Final = timedelta(seconds=5)
"""How long a connection may take to be made, and one may be waited for."""
STATEMENT: Final = timedelta(seconds=5)
"""After so long the server gives a statement up, also one that waits for a lock."""
ANSWER: Final = timedelta(seconds=8)
"""After so long without an answer the server is taken to be lost: longer than it takes itself."""
CLOSING: Final = timedelta(seconds=2)

_SETTINGS: Final = {
    "application_name": "trustflow",
    "client_min_messages": "error",
    "default_transaction_isolation": "read committed",
    "idle_in_transaction_session_timeout": str(ANSWER // timedelta(milliseconds=1)),
    "jit": "off",
    "statement_timeout": str(STATEMENT // timedelta(milliseconds=1)),
    "synchronous_commit": "on",
    # Every statement finds its rows by key. Planned once, and without statistics: a batch that
    # met an empty table must not go on reading the whole of it once it has grown.
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
    "enable_seqscan": "off",
    "plan_cache_mode": "force_generic_plan",
}


async def connect(address: Address) -> Connection:
    """Open a connection to the primary. Raises one of `FAILURES`, or ValueError for an option."""
    return await asyncpg.connect(
        address.whole,
        timeout=CONNECTING.total_seconds(),
        command_timeout=ANSWER.total_seconds(),
        max_cached_statement_lifetime=0,
        statement_cache_size=500,
        server_settings=_SETTINGS,
        target_session_attrs=SessionAttribute.primary,
    )


class Pool:
    """A bounded number of connections, opened when they are needed and kept.

    The driver's own pool asks the server to forget a session's settings whenever one is handed
    back: one more question for each that is asked. Nothing here changes a session.
    """

    def __init__(self, address: Address, most: int) -> None:
        """Open nothing yet."""
        self._address = address
        self._places = asyncio.Semaphore(most)
        self._idle: list[Connection] = []
        self._is_closed = False

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        """Give a connection for the length of the block.

        Where the block ends by anything raised, or leaves a transaction open, its state is not
        known: it is not used again.

        Raises:
            StoreUnavailable: There is none: too many wait, or the server does not answer.
        """
        await self._place()
        try:
            connection = await self._opened()
            is_known = False
            try:
                yield connection
                is_known = True
            finally:
                self._keep(connection, is_known=is_known)
        finally:
            self._places.release()

    async def anew(self) -> Connection:
        """Open a connection beside the bounded ones; whoever asks closes it with `ended`.

        Raises:
            StoreUnavailable: The server does not answer.
        """
        try:
            return await connect(self._address)
        except (*FAILURES, ValueError) as failure:
            raise unavailable(failure) from failure

    def forget_idle(self) -> None:
        """End connections that are not in use: where one was found dead, others are as well."""
        while self._idle:
            self._idle.pop().terminate()

    async def close(self) -> None:
        """End every idle connection now, and every other one when it is handed back."""
        self._is_closed = True
        while self._idle:
            await ended(self._idle.pop())

    async def _place(self) -> None:
        if self._is_closed:
            raise StoreUnavailable(reason="closed")
        if not self._places.locked():
            await self._places.acquire()  # at once
            return
        try:
            async with asyncio.timeout(CONNECTING.total_seconds()):
                await self._places.acquire()
        except TimeoutError:
            raise StoreUnavailable(reason="too many changes wait") from None

    async def _opened(self) -> Connection:
        while self._idle:
            connection = self._idle.pop()
            if not connection.is_closed():
                return connection
        return await self.anew()

    def _keep(self, connection: Connection, *, is_known: bool) -> None:
        if connection.is_closed():
            return
        if is_known and not self._is_closed and not connection.is_in_transaction():
            self._idle.append(connection)
        else:
            connection.terminate()


async def ended(connection: Connection) -> None:
    """Close a connection politely, or else at once."""
    try:
        await connection.close(timeout=CLOSING.total_seconds())
    except FAILURES:
        connection.terminate()
