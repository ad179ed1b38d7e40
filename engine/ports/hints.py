"""Hints: where machines on one store say that there is something new, so that nobody waits for it.

A hint says where, never what: that is read from the store. A lost one costs a moment, never more,
for whoever listens looks by itself, too (design 10).
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Protocol, TypeAlias

from engine.model.names import TenantId

Place: TypeAlias = tuple[TenantId, str]
"""A tenant, and the id of one of its channels."""


class Hints(Protocol):
    """What machines on one store say to each other."""

    def give(self, tenant: TenantId, channel: str) -> None:
        """Tell the other machines that a channel has something new; once that is durable.

        Waits for nothing and never fails; perhaps nobody hears it.
        """
        ...

    def heard(self) -> AsyncGenerator[Place, None]:
        """Give what the other machines tell from now on, without an end."""
        ...

    async def run(self) -> None:
        """Carry hints, until cancelled."""
        ...
