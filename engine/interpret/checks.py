"""Checks: opened, settled, replaced by a later result; and what a decider folds them into."""

from __future__ import annotations

from datetime import datetime

from engine.errors import ProcessFault
from engine.model.event import Ended
from engine.model.graph import ActivityNode
from engine.model.instance import DECISIONS, Check, CheckState, Decision, ProcessInstance


def after(
    node: ActivityNode, instance: ProcessInstance, outcome: Ended, at: datetime
) -> tuple[Check, ...]:
    """Give all checks after this ending."""
    signature = node.signature
    state: CheckState | None = outcome.result
    if outcome.error in signature.failing:
        state = "FAIL"
    elif state is None and signature.opens is not None and outcome.error is None:
        state = "OPEN"
    if state is None:
        return instance.checks
    return filed(instance.checks, Check(name=node.filed_under, state=state, at=at))


def shown(node: ActivityNode, instance: ProcessInstance, at: datetime) -> tuple[Check, ...]:
    """Give all checks once a page is shown: one that it opens is open from then on.

    Whoever never answers it has not passed. A verdict that is there stays until the next answer.
    """
    is_there = any(check.name == node.filed_under for check in instance.checks)
    if node.signature.opens is None or is_there:
        return instance.checks
    return filed(instance.checks, Check(name=node.filed_under, state="OPEN", at=at))


def filed(checks: tuple[Check, ...], check: Check) -> tuple[Check, ...]:
    """Replace the check of this name, or add it at the end."""
    if any(old.name == check.name for old in checks):
        return tuple(check if old.name == check.name else old for old in checks)
    return (*checks, check)


def decision(node: ActivityNode, instance: ProcessInstance, outcome: Ended) -> Decision | None:
    """Give the decision after this ending: a decider's output, else what it was.

    Raises:
        ProcessFault: The output is none of the three; it must not go on as if nothing was decided.
    """
    decides = node.signature.decides
    if decides is None or outcome.error is not None:
        return instance.decision
    given = outcome.outputs.get(decides.output)
    for one in DECISIONS:
        if given == one:
            return one
    raise ProcessFault(reason=f"{decides.output} is no decision", node=node.id)
