"""The outbox: what an external activity hands over becomes a row that commits with its hop."""

from __future__ import annotations

from datetime import datetime

from engine.activity import HandOver
from engine.model.effect import Effect
from engine.model.graph import ActivityNode
from engine.model.instance import ProcessInstance
from engine.ports.outside import Vault
from engine.records.work import Job
from engine.run.hop.perform import effect_key
from engine.run.jobs import Sealing, message_id


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
