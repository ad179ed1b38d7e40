"""Registration codes: made for one user, scanned by one device, confirmed by it or refused.

CREATED -> SCANNED -> CONFIRMED -> REGISTERED; REJECTED by the person at the device, SCANNED_TWICE
once a second device has seen it, CANCELLED by the application. A code is registered once the
application has agreed: whoever is shown a code may be anybody, and only the application knows who
it asked.
"""

from __future__ import annotations

import hmac
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal

from msgspec.structs import replace

from engine.model.names import InstanceId, TenantId
from engine.model.problem import Problems, wrong
from engine.ports.actor import Actor
from engine.ports.outside import Vault
from engine.ports.store import Records
from engine.ports.unit_of_work import UnitOfWork
from engine.realtime.channels import USER
from engine.realtime.trustfactor.display_text import is_plain
from engine.records.record import Absent, Version
from engine.records.trustfactor import (
    EMBEDDED,
    CodeStatus,
    Confirmation,
    RegistrationCode,
    Remote,
    owner_of,
)
from engine.secret import base64url

LIFE: Final = timedelta(minutes=15)
SHORTEST, LONGEST = timedelta(seconds=30), timedelta(hours=24)
KEPT: Final = timedelta(days=3)
"""How long it is told what became of a code: longer than callbacks are tried."""
AGREED_WITHIN: Final = timedelta(hours=1)
"""How long after its end an application may still agree to what a device has confirmed."""
LONGEST_NAME: Final = 200
_NAME: Final = f"use 1 to {LONGEST_NAME} characters, none of them a control character"
_PAYLOAD: Final = re.compile(
    r"v2\.(?P<tenant>[a-z][a-z0-9-]{0,29})\.(?P<id>[A-Z0-9]{26})\.(?P<mac>[A-Za-z0-9_-]{43})"
)
Told = CodeStatus | Literal["EXPIRED"]
"""What a code is at a time."""
Refusal = Literal["used", "expired", "rejected", "twice", "cancelled", "another device"]
"""Why a device can do nothing with a code."""
_REFUSALS: Final[dict[Told, Refusal]] = {
    "CONFIRMED": "used",
    "REGISTERED": "used",
    "REJECTED": "rejected",
    "SCANNED_TWICE": "twice",
    "CANCELLED": "cancelled",
    "EXPIRED": "expired",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """For whom a code is wanted.

    Attributes:
        client, application: Id and name of the application.
        user_id, user_name: The application's, of its user.
        life: How long the code is good.
        instance: The journey that asks for it.
        provider: Whose TrustFactor it is to be.
    """

    client: str
    application: str
    user_id: str
    user_name: str
    life: timedelta = LIFE
    instance: InstanceId | None = None
    provider: str = EMBEDDED


def create(unit: UnitOfWork, actor: Actor, wanted: Wanted) -> RegistrationCode | Problems:
    """Stage a code."""
    problems = person_problems(wanted.user_id, wanted.user_name)
    if not 0 < len(wanted.application) <= LONGEST_NAME or not is_plain(wanted.application):
        problems = (*problems, wrong("application_name", _NAME))
    if not SHORTEST <= wanted.life <= LONGEST:
        told = f"use {SHORTEST.seconds} seconds to {LONGEST // timedelta(hours=1)} hours"
        problems = (*problems, wrong("expires_in_seconds", told))
    if problems:
        return problems
    ends_at = actor.at + wanted.life
    code = RegistrationCode(
        id=actor.chance.id(),
        client=wanted.client,
        application=wanted.application,
        user_id=wanted.user_id,
        owner=owner_of(wanted.client, wanted.user_id),
        user_name=wanted.user_name,
        created_at=actor.at,
        ends_at=ends_at,
        expires_at=ends_at + KEPT,
        instance=wanted.instance,
        provider=wanted.provider,
    )
    unit.put(code, Absent())
    return code


def person_problems(user_id: str, user_name: str) -> Problems:
    """Tell what is wrong with how an application names its user."""
    found = []
    if USER.fullmatch(user_id) is None:
        found.append(wrong("user_id", "use 1 to 128 characters without comma"))
    if not 0 < len(user_name) <= LONGEST_NAME or not is_plain(user_name):
        found.append(wrong("user_name", _NAME))
    return tuple(found)


def payload_of(vault: Vault, tenant: TenantId, code: RegistrationCode) -> str:
    """Derive what a device scans: the same each time, and kept nowhere."""
    return f"v2.{tenant}.{code.id}.{_mac(vault, tenant, code)}"


async def read_payload(
    records: Records, vault: Vault, payload: str
) -> tuple[TenantId, RegistrationCode] | None:
    """Find the code that a device has scanned; None for whatever was not made here."""
    found = _PAYLOAD.fullmatch(payload)
    if found is None:
        return None
    tenant = TenantId(found["tenant"])
    code = await records.get(tenant, RegistrationCode, found["id"])
    if code is None or code.provider != EMBEDDED:
        return None
    is_ours = hmac.compare_digest(_mac(vault, tenant, code), found["mac"])
    return (tenant, code) if is_ours else None


def status_at(code: RegistrationCode, at: datetime) -> Told:
    """Tell what a code is: time ends whatever no device has confirmed.

    What one has confirmed waits an hour longer for the application; a journey ends its own.
    """
    if code.status == "CONFIRMED" and code.instance is None:
        return "EXPIRED" if at >= code.ends_at + AGREED_WITHIN else code.status
    is_open = code.status in ("CREATED", "SCANNED")
    return "EXPIRED" if is_open and at >= code.ends_at else code.status


def is_open(code: RegistrationCode, at: datetime) -> bool:
    """Whether a device may still scan or confirm it."""
    return status_at(code, at) in ("CREATED", "SCANNED")


def scan(
    unit: UnitOfWork, actor: Actor, code: RegistrationCode, device_key: str
) -> RegistrationCode | Refusal:
    """Stage that a device has scanned a code; the same device may do it again.

    A second one ends it: somebody has read it from the screen, and nobody can tell who was meant.
    """
    status = status_at(code, actor.at)
    if status in ("CREATED", "SCANNED") and code.device_key in (None, device_key):
        if code.device_key == device_key:
            return code
        return _changed(unit, actor, replace(code, status="SCANNED", device_key=device_key), code)
    if status == "SCANNED":
        return _changed(unit, actor, replace(code, status="SCANNED_TWICE"), code)
    return _REFUSALS[status]


def confirm(
    unit: UnitOfWork, actor: Actor, code: RegistrationCode, confirmation: Confirmation
) -> RegistrationCode | Refusal:
    """Stage that the device that has scanned a code confirms it; a second time changes nothing."""
    again = code.confirmation
    is_again = again is not None and again.contract_key == confirmation.contract_key
    if status_at(code, actor.at) in ("CONFIRMED", "REGISTERED") and is_again:
        return code
    refusal = _refusal(code, confirmation.device_key, actor.at)
    if refusal is not None:
        return refusal
    return _changed(unit, actor, replace(code, status="CONFIRMED", confirmation=confirmation), code)


def opened(unit: UnitOfWork, code: RegistrationCode, remote: Remote) -> RegistrationCode:
    """Stage what a code is at its provider."""
    unit.put(replace(code, remote=remote), Version(number=code.version))
    return replace(code, remote=remote, version=code.version + 1)


def confirmed_elsewhere(
    unit: UnitOfWork, actor: Actor, code: RegistrationCode, confirmation: Confirmation
) -> RegistrationCode | Refusal:
    """Stage what the provider says that a device has confirmed; again it changes nothing."""
    if code.device_key is None:
        code = replace(code, device_key=confirmation.device_key)
    return confirm(unit, actor, code, confirmation)


def reject(
    unit: UnitOfWork, actor: Actor, code: RegistrationCode, device_key: str
) -> RegistrationCode | Refusal:
    """Stage that the person at the device wants none of it."""
    if code.status == "REJECTED" and code.device_key == device_key:
        return code
    refusal = _refusal(code, device_key, actor.at)
    if refusal is not None:
        return refusal
    return _changed(unit, actor, replace(code, status="REJECTED"), code)


def refuse(unit: UnitOfWork, actor: Actor, code: RegistrationCode) -> RegistrationCode | None:
    """Stage that the application does not agree to what a device has confirmed."""
    if code.status != "CONFIRMED":
        return None
    return _changed(unit, actor, replace(code, status="REJECTED"), code)


def cancel(unit: UnitOfWork, actor: Actor, code: RegistrationCode) -> RegistrationCode | None:
    """Stage that nothing is to come of a code; None: something has, or time has ended it."""
    if status_at(code, actor.at) not in ("CREATED", "SCANNED", "CONFIRMED"):
        return None
    return _changed(unit, actor, replace(code, status="CANCELLED"), code)


def withdraw(unit: UnitOfWork, actor: Actor, code: RegistrationCode) -> RegistrationCode | None:
    """Stage the same of a code of another provider, where time may end it later than here."""
    if code.status not in ("CREATED", "SCANNED", "CONFIRMED"):
        return None
    return _changed(unit, actor, replace(code, status="CANCELLED"), code)


def registered(unit: UnitOfWork, actor: Actor, code: RegistrationCode) -> RegistrationCode:
    """Stage that the application has agreed."""
    return _changed(unit, actor, replace(code, status="REGISTERED"), code)


def _refusal(code: RegistrationCode, device_key: str, at: datetime) -> Refusal | None:
    status = status_at(code, at)
    if status in _REFUSALS:
        return _REFUSALS[status]
    return None if code.device_key == device_key else "another device"


def _changed(
    unit: UnitOfWork, actor: Actor, code: RegistrationCode, before: RegistrationCode
) -> RegistrationCode:
    unit.put(code, Version(number=before.version))
    if code.status != "SCANNED":
        word = code.status.lower().replace("_", "-")
        unit.audit(actor.did(f"device.code.{word}", f"code:{code.id}", client=code.client))
    return replace(code, version=before.version + 1)


def _mac(vault: Vault, tenant: TenantId, code: RegistrationCode) -> str:
    said = f"code/{tenant}/{code.id}/{int(code.ends_at.timestamp())}"
    return base64url(vault.mac("trustfactor", said.encode()))
