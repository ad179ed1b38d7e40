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
from engine.model.signature import Signature
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
        slots=_slots(node, instance),
        checks=instance.checks,
        decision=instance.decision,
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
        if not isinstance(answer, Outcome) and inspect.isawaitable(answer):
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
    signature = activity.signature
    if isinstance(answer, Shown) and signature.waits:
        return answer
    if not isinstance(answer, Ended):
        return _unlawful(signature, f"answered with {type(answer).__name__}")
    if not signature.declared.issuperset(answer.outputs):
        return _unlawful(signature, "gave an output it does not declare")
    if answer.error is None and not signature.promised <= answer.outputs.keys():
        return _unlawful(signature, "left out an output it declares")
    return answer


def _unlawful(signature: Signature, deed: str) -> Broken:
    return Broken(code="activity", reason=f"{signature.label} {deed}")


def _slots(node: ActivityNode, instance: ProcessInstance) -> dict[str, KeySlot]:
    keys = instance.keys
    return {input: keys[name] for input, name in node.slots.items() if name in keys}
