"""Which tenants there are: `main`, and those that were added on the command line."""

from __future__ import annotations

from engine.access.naming import TENANT
from engine.model.names import MAIN_TENANT, TenantId
from engine.model.problem import Problems, wrong
from engine.ports.actor import Actor
from engine.ports.paging import every
from engine.ports.store import Records
from engine.ports.unit_of_work import UnitOfWork
from engine.records.record import Absent
from engine.records.tenants import Tenant


async def add_tenant(unit: UnitOfWork, actor: Actor, name: str) -> Tenant | Problems:
    """Stage a tenant; `unit` is one of `main`, and so is the audit row.

    `name` is small letters, digits and `-`, a letter first, 30 at most: it stands in secrets.
    """
    if not TENANT.fullmatch(name):
        return (wrong("tenant", "use small letters, digits and -, a letter first, 30 at most"),)
    if name == MAIN_TENANT or await unit.get(Tenant, name) is not None:
        return (wrong("tenant", f"there is a tenant {name} already; choose another name"),)
    tenant = Tenant(id=name, created_at=actor.at, created_by=actor.name)
    unit.put(tenant, Absent())
    unit.audit(actor.did("tenant.add", f"tenant:{name}"))
    return tenant


async def is_tenant(records: Records, name: str) -> bool:
    """Whether there is such a tenant."""
    return name == MAIN_TENANT or await records.get(MAIN_TENANT, Tenant, name) is not None


async def tenants(records: Records) -> list[TenantId]:
    """List all tenants, `main` first."""
    others = [TenantId(row.id) async for row in every(records, MAIN_TENANT, Tenant)]
    return [MAIN_TENANT, *others]
