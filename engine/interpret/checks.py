"""Checks: opened, settled, replaced by a later result; and what a decider folds them into."""

from __future__ import annotations

from datetime import datetime
from typing import cast

from engine.interpret.slots import name_of
from engine.model.event import Ended
from engine.model.graph import ActivityNode
from engine.model.instance import Check, CheckState, Decision, ProcessInstance
from engine.model.signature import CheckUse


def after(
    node: ActivityNode, instance: ProcessInstance, outcome: Ended, at: datetime
) -> tuple[Check, ...]:
    """Give all checks after this ending."""
    signature = node.signature
    failing = {error.code for error in signature.errors if error.fails}
    state: CheckState | None = outcome.result
    if outcome.error in failing:
        state = "FAIL"
    elif state is None and signature.opens is not None and outcome.error is None:
        state = "OPEN"
    if state is None:
        return instance.checks
    return filed(instance.checks, Check(name=filed_under(node), state=state, at=at))


def filed_under(node: ActivityNode) -> str:
    """Name the check: the node's `check:`, else check and attempt key, else the node itself."""
    use: CheckUse | None = node.signature.settles or node.signature.opens
    if use is None:
        return node.check or node.id
    slots = {key.input: name_of(node, key.input) for key in node.signature.keys}
    return use.filed_under(slots, node.check)


def filed(checks: tuple[Check, ...], check: Check) -> tuple[Check, ...]:
    """Replace the check of this name, or add it at the end."""
    if any(old.name == check.name for old in checks):
        return tuple(check if old.name == check.name else old for old in checks)
    return (*checks, check)


def decision(node: ActivityNode, instance: ProcessInstance, outcome: Ended) -> Decision | None:
    """Give the decision after this ending: a decider's output, else what it was."""
    decides = node.signature.decides
    if decides is None or outcome.error is not None:
        return instance.decision
    return cast(Decision, outcome.outputs[decides.output])
