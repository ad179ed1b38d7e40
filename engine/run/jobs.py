"""Rows of the outbox: how each is named, sealed, and told of."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import msgspec

from engine.model.event import Broken, Ended
from engine.model.names import InstanceId, JsonObject, NodeId, TenantId, id_text
from engine.ports.outside import Purpose, Vault
from engine.records.work import Job

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


def message_id(effect: str) -> str:
    """Name what is sent for an effect, by 128 bits that tell nothing of where it comes from."""
    digest = hashlib.sha256(f"trustflow/message/{effect}".encode()).digest()
    return MESSAGE_PREFIX + id_text(int.from_bytes(digest[:16], "big"))


def errand(
    sealing: Sealing,
    label: str,
    handed: JsonObject,
    *,
    at: datetime,
    due_at: datetime,
    delays: tuple[float, ...],
) -> Job:
    """Write a row that no activity has handed over, and that no journey waits for.

    Args:
        sealing: Of the row's id, which each try has.
        label: Names who does it.
        handed: What they are given.
        at: Now.
        due_at: When it is tried first.
        delays: Seconds before each further try.
    """
    return Job(
        id=sealing.id,
        instance=InstanceId(""),
        node=NodeId(""),
        visit=0,
        label=label,
        activity_version=1,
        waits=False,
        job=sealing.sealed(handed),
        delays=delays,
        due_at=due_at,
        created_at=at,
    )


def facts_of(job: Job) -> Mapping[str, str]:
    """Tell of a row in a log line or an audit row; never of what is in it."""
    return {"job": job.id, "instance": job.instance, "node": job.node, "activity": job.label}
