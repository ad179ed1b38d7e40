"""Sessions: one value per instance and browser, hashed at rest (security E).

A value is rotated at redemption and after a PASS.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from msgspec.structs import replace

from engine.access.naming import named
from engine.model.names import InstanceId, TenantId
from engine.ports.outside import Purpose, Vault
from engine.ports.paging import every
from engine.ports.store import Records
from engine.ports.unit_of_work import UnitOfWork
from engine.records.record import Absent, Version
from engine.records.tokens import Session
from engine.secret import base64url  # its callers ask for it here
from engine.secret import digest as digest

PURPOSE: Final[Purpose] = "session"
LONGEST_SECRET: Final = 128
"""No value of ours is longer; a longer one is not even hashed."""


def follower(vault: Vault, tenant: TenantId, session: str) -> str:
    """Derive the value that follows a session's: however often it must be told, it is the same.

    Its answer may get lost, or several requests may ask at once; none of them makes the others'
    value worthless. Nobody derives it without the vault.

    Args:
        vault: Its key `session` is used.
        tenant: Whose session.
        session: The id of the session that is followed, a hash.
    """
    made = vault.mac(PURPOSE, session.encode())
    return named(tenant, base64url(made))


def first_of(vault: Vault, tenant: TenantId, mark: str) -> str:
    """Derive the value that a request under a key is given: asked again, it is the same.

    Args:
        vault: Its key `session` is used.
        tenant: Whose request.
        mark: The hash of its key.
    """
    return follower(vault, tenant, f"first|{mark}")


async def of_instance(records: Records, tenant: TenantId, instance: InstanceId) -> list[Session]:
    """Read every session of an instance: a long visit in many browsers has more than a page."""
    return [row async for row in every(records, tenant, Session, "instance", instance)]


def rotate(unit: UnitOfWork, old: Session, at: datetime, vault: Vault) -> str:
    """Stage a new value in the place of `old`; give the value, which is kept nowhere."""
    value = follower(vault, unit.tenant, old.id)
    fresh = replace(
        old, id=digest(value), version=1, begin=None, created_at=at,
        superseded_at=None, successor=None, used=False,
    )  # fmt: skip
    unit.put(fresh, Absent())
    unit.put(replace(old, superseded_at=at, successor=fresh.id), Version(number=old.version))
    return value
