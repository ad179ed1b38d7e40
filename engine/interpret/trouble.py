"""Incidents: what nobody at the keyboard can answer is held for an operator, who lets it go on."""

from __future__ import annotations

from datetime import datetime

from msgspec.structs import replace

from engine.model.instance import Incident, ProcessInstance


def hold(instance: ProcessInstance, code: str, reason: str, at: datetime) -> ProcessInstance:
    """Hold an instance as it was when it last stood still: what the broken hop did is undone.

    So that it can go on from there and nothing is done twice. `reason` names nodes and rules,
    never a value.
    """
    incident = Incident(code=code, node=instance.node, reason=reason, at=at)
    return replace(
        instance.rested or instance, incident=incident, pending=None, rested=None, last_at=at
    )
