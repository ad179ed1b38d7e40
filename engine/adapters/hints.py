"""Hints over PostgreSQL's NOTIFY: given and heard at one connection beside those of the store.

Never in a change's own transaction: commits that notify wait for each other (design 10). Whoever
is let into the database may give hints; a false one has a machine look in vain, no more.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator
from contextlib import suppress
from datetime import timedelta
from functools import partial
from typing import Final

from engine.adapters.address import Address
from engine.adapters.postgres.failures import FAILURES
from engine.adapters.postgres.pool import connect, ended
from engine.model.names import TenantId
from engine.ports.hints import Place
from engine.ports.outside import Clock

NAME: Final = "trustflow"
"""Of the server's channel; other schemas of one database share it, and theirs mean nothing here."""
TELL: Final = "SELECT pg_notify($1, hint) FROM unnest($2::text[]) AS hint"
AGAIN: Final = timedelta(seconds=1)
"""How long a lost connection is let be."""
SILENCE_SECONDS: Final = 30
"""After which the server is asked for a sign of life: a dead line says nothing by itself."""

log = logging.getLogger("trustflow.hints")


class PostgresHints:
    """Hints between machines on one database."""

    def __init__(self, address: Address, clock: Clock) -> None:
        """Connect to nothing yet: `run` does."""
        self._address, self._clock = address, clock
        self._given: dict[str, None] = {}  # in order; what is given twice is told once
        self._stirred = asyncio.Event()
        self._is_open = False
        self._ears: set[asyncio.Queue[Place]] = set()

    def give(self, tenant: TenantId, channel: str) -> None:
        """Tell the others soon; nothing is kept for when there is no connection."""
        if self._is_open:
            self._given[f"{tenant} {channel}"] = None
            self._stirred.set()

    async def heard(self) -> AsyncGenerator[Place, None]:
        """Give what the others tell from now on."""
        ear: asyncio.Queue[Place] = asyncio.Queue()
        self._ears.add(ear)
        try:
            while True:
                yield await ear.get()
        finally:
            self._ears.discard(ear)

    async def run(self) -> None:
        """Stay connected until cancelled."""
        while True:
            try:
                await self._carry()
            except (*FAILURES, ValueError) as failure:
                log.warning("lost", extra={"facts": {"type": type(failure).__name__}})
            await self._clock.sleep(AGAIN)

    async def _carry(self) -> None:
        connection = await connect(self._address)
        try:
            connection.add_termination_listener(lambda _: self._stirred.set())
            await connection.add_listener(NAME, partial(self._hear, connection.get_server_pid()))
            self._is_open = True
            while True:
                told, self._given = list(self._given), {}
                await connection.execute(TELL, NAME, told)
                with suppress(TimeoutError):
                    async with asyncio.timeout(SILENCE_SECONDS):
                        await self._stirred.wait()
                self._stirred.clear()
        finally:
            self._is_open = False
            self._given.clear()
            await ended(connection)

    def _hear(self, own: int, connection: object, notifier: int, name: str, hint: object) -> None:
        """Take a hint in, unless it is our own."""
        tenant, _, channel = str(hint).partition(" ")
        if notifier != own:
            for ear in self._ears:
                ear.put_nowait((TenantId(tenant), channel))
