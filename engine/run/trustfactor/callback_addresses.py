"""Where an application is called back, and the secrets that such calls are signed with."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from msgspec.structs import replace

from engine.ports.actor import Actor
from engine.ports.outside import Vault
from engine.ports.unit_of_work import UnitOfWork
from engine.records.record import Absent, Version, is_good
from engine.records.trustfactor import CallbackAddresses
from engine.records.webhooks import SealedSecret
from engine.webhooks import signing

BOTH: Final = timedelta(days=1)
"""How long the secret before still signs beside a new one."""


async def set_addresses(
    unit: UnitOfWork,
    actor: Actor,
    vault: Vault,
    client: str,
    *,
    registration_url: str | None,
    transaction_url: str | None,
) -> bytes:
    """Stage both addresses, None for none, and a new secret, which is given; `client` is its id."""
    secret = actor.chance.bytes(signing.SECRET_BYTES)
    sealed = vault.seal("trustfactor", secret, client.encode())
    made = SealedSecret(sealed=sealed, created_at=actor.at)
    before = await unit.get(CallbackAddresses, client)
    old = [] if before is None else [replace(before.secrets[0], retires_at=actor.at + BOTH)]
    addresses = CallbackAddresses(
        id=client,
        version=1 if before is None else before.version,
        registration_url=registration_url,
        transaction_url=transaction_url,
        secrets=(made, *old),
    )
    unit.put(addresses, Absent() if before is None else Version(number=before.version))
    unit.audit(actor.did("rtas.client.callbacks", f"rtas:{client}"))
    return secret


def opened(vault: Vault, client: str, secrets: Sequence[SealedSecret], at: datetime) -> list[bytes]:
    """Open what an application's callbacks are signed with now."""
    return [
        vault.unseal("trustfactor", one.sealed, client.encode())
        for one in secrets
        if is_good(one.retires_at, at)
    ]
