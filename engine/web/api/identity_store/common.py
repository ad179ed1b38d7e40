"""What the operations of identity stores share: where they are, and how a store is found."""

from __future__ import annotations

from typing import Final

from engine.records.identity import IdentityStore
from engine.web.api.frame.operation import B, Call, Q
from engine.web.gate.door import Needs

STORES: Final = "/api/identity-store/stores"
STORE: Final = f"{STORES}/{{storeName}}"


def needs(operation: str) -> Needs:
    """Name a permission of the service."""
    return Needs(service="IdentityStore", operation=operation)


async def store_of(call: Call[B, Q]) -> IdentityStore | None:
    """Find the store that the path names."""
    return await call.unit.get(IdentityStore, call.path["storeName"])
