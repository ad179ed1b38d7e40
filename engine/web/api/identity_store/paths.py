"""Where identity stores are, in every spelling; how a store is found, and what it needs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from engine.records.identity import IdentityStore
from engine.web.api.frame.operation import B, Call, Operation, Q
from engine.web.gate.door import Needs

STORES: Final = "/api/identity-store/stores"
STORE: Final = f"{STORES}/{{storeName}}"
TENANT_STORE: Final = "/tenants/{tenantId}/stores/{storeName}"
"""As TrustX's passcode guide writes the same paths (trustx-identity.md 5.1)."""


def needs(operation: str) -> Needs:
    """Name a permission of the service."""
    return Needs(service="IdentityStore", operation=operation)


async def store_of(call: Call[B, Q]) -> IdentityStore | None:
    """Find the store that the path names; where it names a tenant too, that is the caller's."""
    if call.path.get("tenantId", call.tenant) != call.tenant:
        return None
    return await call.unit.get(IdentityStore, call.path["storeName"])


def spellings(
    name: str, path: str, *, of_user: bool, ext_needs: Needs | None = None, **facts: Any
) -> Iterator[Operation[Any, Any]]:
    """Write an operation once for each way in which TrustX spells its path.

    Args:
        name: By id; `ByExtUserId` and `OfTenant` are put behind it for the others.
        path: What stands behind the store, or behind the user.
        of_user: It stands behind a user, who is named by id, or by external id with `/ext`.
        ext_needs: The permission of the second, where it is another one.
        facts: All else.
    """
    summary, whose = facts.pop("summary"), facts.pop("needs")
    for base, other, of in ((STORE, "", ""), (TENANT_STORE, "OfTenant", ", of a named tenant")):
        if not of_user:
            yield Operation(
                name=f"{name}{other}", path=f"{base}{path}", needs=whose,
                summary=f"{summary}{of}", **facts,
            )  # fmt: skip
            continue
        yield Operation(
            name=f"{name}{other}", path=f"{base}/users/{{userId}}{path}", needs=whose,
            summary=f"{summary}{of}", **facts,
        )  # fmt: skip
        yield Operation(
            name=f"{name}ByExtUserId{other}", path=f"{base}/users/{{userExtId}}{path}/ext",
            needs=ext_needs or whose, summary=f"{summary}, by external id{of}", **facts,
        )  # fmt: skip
