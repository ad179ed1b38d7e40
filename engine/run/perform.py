"""Call one activity for one effect, and turn whatever happens into an outcome."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from engine.activity import Activity, Answer, Call
from engine.errors import Busy, Contended, StoreUnavailable, TrustflowError
from engine.model.effect import Effect, Resume, Run
from engine.model.event import Broken, Ended, Outcome, Shown
from engine.model.graph import ActivityNode
from engine.model.instance import KeySlot, ProcessInstance
from engine.secret import Bag

LONGEST_SECONDS: Final = 10.0
"""No activity inside a hop may take longer: a claim lasts as long (design 3.4)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StillChecking:
    """Another request verifies this step: no outcome, no verdict.

    `moved_on`: nobody does, but the instance stands at another revision by now: load it again.
    """

    moved_on: bool = False


def call_of(
    node: ActivityNode,
    effect: Effect,
    instance: ProcessInstance,
    *,
    at: datetime,
    capabilities: Mapping[str, object],
    bag: Bag,
) -> Call:
    """Put together what the activity is told."""
    return Call(
        node=node.id,
        visit=effect.visit,
        at=at,
        effect_key=f"{instance.id}/{node.id}/{effect.visit}",
        inputs=effect.inputs,
        slots=_slots(node, effect, instance),
        checks=instance.checks,
        language=instance.language,
        capabilities=capabilities,
        bag=bag,
    )


async def perform(activity: Activity, effect: Effect, call: Call) -> Outcome | StillChecking:
    """Call the activity.

    Returns:
        Its outcome; `Broken` when it broke or answered something else (an incident then); or
        `StillChecking` when another request holds this step.

    Raises:
        Busy: The hash pool is full.
        StoreUnavailable: The store did not answer.
    """
    try:
        answer = _answer(activity, effect, call)
        if not isinstance(answer, Ended | Shown) and inspect.isawaitable(answer):
            async with asyncio.timeout(LONGEST_SECONDS):
                answer = await answer
    except Contended as contended:
        return StillChecking(moved_on=contended.moved_on)
    except (Busy, StoreUnavailable):
        raise
    except TrustflowError as fault:
        return Broken(code=fault.code, reason=str(fault))
    except Exception as error:  # noqa: BLE001 - one of the three: a stranger's code
        return Broken(
            code="activity", reason=f"{type(error).__name__} in {activity.signature.label}"
        )
    return _lawful(activity, answer)


def _answer(activity: Activity, effect: Effect, call: Call) -> Answer:
    if isinstance(effect, Resume):
        assert activity.resume is not None  # noqa: S101 - the decorator saw to it
        return activity.resume(call, effect.woken)
    code = activity.run if isinstance(effect, Run) else activity.enter
    assert code is not None  # noqa: S101 - as above
    return code(call)


def _lawful(activity: Activity, answer: object) -> Outcome:
    """Refuse what the signature does not allow.

    A screen of one that never waits, an output it never declared.
    """
    label = activity.signature.label
    if isinstance(answer, Shown) and activity.signature.waits:
        return answer
    if not isinstance(answer, Ended):
        return Broken(code="activity", reason=f"{label} answered with {type(answer).__name__}")
    outputs, given = activity.signature.outputs, answer.outputs
    if given and not given.keys() <= {output.name for output in outputs}:
        return Broken(code="activity", reason=f"{label} gave an output it does not declare")
    if answer.error is None and any(o.always and o.name not in given for o in outputs):
        return Broken(code="activity", reason=f"{label} left out an output it declares")
    return answer


def _slots(node: ActivityNode, effect: Effect, instance: ProcessInstance) -> dict[str, KeySlot]:
    found = {}
    for use in node.signature.keys:
        name = str(effect.inputs.get(use.input, use.default))
        if name in instance.keys:
            found[use.input] = instance.keys[name]
    return found
