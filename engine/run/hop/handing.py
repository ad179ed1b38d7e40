"""The outbox: what an external activity hands over becomes a row that commits with its hop."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import msgspec

from engine.activity import HandOver
from engine.model.effect import Effect
from engine.model.event import Broken, Ended
from engine.model.graph import ActivityNode
from engine.model.instance import ProcessInstance
from engine.model.names import JsonObject, TenantId, id_text
from engine.ports.outside import Purpose, Vault
from engine.records.work import Job
from engine.run.hop.perform import effect_key

PURPOSE: Final[Purpose] = "outbox"
MESSAGE_PREFIX: Final = "msg_"
_write: Final = msgspec.json.Encoder().encode
_read_job: Final = msgspec.json.Decoder(JsonObject).decode
_read_ended: Final = msgspec.json.Decoder(Ended | Broken).decode


@dataclass(frozen=True, slots=True, kw_only=True)
class Sealing:
    """Seals what a row of the outbox holds: a person's data wait there, perhaps for days."""

    vault: Vault
    tenant: TenantId
    id: str

    def sealed(self, value: JsonObject | Ended | Broken) -> str:
        """Seal one value for this row alone."""
        return self.vault.seal(PURPOSE, _write(value), self._bound)

    def job(self, text: str) -> JsonObject:
        """Open what was handed over. Raises `VaultRefused`."""
        return _read_job(self.vault.unseal(PURPOSE, text, self._bound))

    def ended(self, text: str) -> Ended | Broken:
        """Open how it has ended. Raises `VaultRefused`."""
        found: Ended | Broken = _read_ended(self.vault.unseal(PURPOSE, text, self._bound))
        return found

    @property
    def _bound(self) -> bytes:
        return f"{self.tenant}\x1f{self.id}".encode()


def job_of(
    instance: ProcessInstance,
    node: ActivityNode,
    effect: Effect,
    handed: HandOver,
    *,
    at: datetime,
    vault: Vault,
) -> Job:
    """Make the row: due at once, and named so that no try of it has another name."""
    id = message_id(effect_key(instance.id, node.id, effect.visit))
    sealing = Sealing(vault=vault, tenant=instance.tenant, id=id)
    return Job(
        id=id,
        instance=instance.id,
        node=node.id,
        visit=effect.visit,
        label=node.signature.label,
        activity_version=node.signature.version,
        waits=node.waits,
        job=sealing.sealed(handed.job),
        delays=tuple(delay.total_seconds() for delay in handed.delays),
        due_at=at,
        created_at=at,
    )


def message_id(effect: str) -> str:
    """Name what is sent for an effect, by 128 bits that tell nothing of where it comes from."""
    digest = hashlib.sha256(f"trustflow/message/{effect}".encode()).digest()
    return MESSAGE_PREFIX + id_text(int.from_bytes(digest[:16], "big"))


def facts_of(job: Job) -> Mapping[str, str]:
    """Tell of a row in a log line or an audit row; never of what is in it."""
    return {"job": job.id, "instance": job.instance, "node": job.node, "activity": job.label}
