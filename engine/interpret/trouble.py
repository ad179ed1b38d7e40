"""Incidents: what nobody at the keyboard can answer is held for an operator."""

from __future__ import annotations

from datetime import datetime

from msgspec.structs import replace

from engine.model.instance import Incident, ProcessInstance


def hold(instance: ProcessInstance, code: str, reason: str, at: datetime) -> ProcessInstance:
    """Hold an instance where it is. `reason` names nodes and rules, never a value."""
    incident = Incident(code=code, node=instance.node, reason=reason, at=at)
    return replace(instance, incident=incident, pending=None, wait=None, last_at=at)
