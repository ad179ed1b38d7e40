"""Call one activity for one effect, and turn whatever happens into an outcome."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, TypeVar

import msgspec
from msgspec.structs import fields

from engine.activity import Activity, Answer, Call, HandOver, Prepared, TryLater
from engine.errors import Busy, Contended, StoreUnavailable, TrustflowError, UnknownOutcome
from engine.expressions import describe, has_type
from engine.model.effect import Effect, Enter, Prepare, Resume, Run
from engine.model.event import Broken, Ended, Outcome, Shown
from engine.model.graph import ActivityNode
from engine.model.instance import DECISIONS, KeySlot, ProcessInstance
from engine.model.names import InstanceId, JsonObject, JsonValue, NodeId
from engine.model.signature import Signature
from engine.secret import Bag

T = TypeVar("T")

DEEPEST: Final = 64
"""Values inside values of an answer; a reader deep in other calls must be able to follow."""
_write: Final = msgspec.json.Encoder().encode
_read_answer: Final = msgspec.json.Decoder(Ended | Shown).decode
_read_job: Final = msgspec.json.Decoder(JsonObject).decode
_read_broken: Final = msgspec.json.Decoder(Broken).decode

LONGEST_SECONDS: Final = 10.0
"""No activity inside a hop may take longer: a claim lasts as long (design 3.4)."""
LONGEST_OUTSIDE_SECONDS: Final = 60.0
"""No try of an external activity may take longer."""
MOST_TRIES: Final = 50
LONGEST_DELAY: Final = timedelta(days=7)
LONGEST_REASON: Final = 300


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
        effect_key=effect_key(instance.id, node.id, effect.visit),
        inputs=effect.inputs,
        slots=_slots(node, instance),
        checks=instance.checks,
        decision=instance.decision,
        language=instance.language,
        capabilities=capabilities,
        bag=bag,
    )


def effect_key(instance: InstanceId, node: NodeId, visit: int) -> str:
    """Name one effect: the same at every try."""
    return f"{instance}/{node}/{visit}"


async def perform(
    activity: Activity, effect: Effect, call: Call
) -> Outcome | HandOver | StillChecking:
    """Call the activity.

    Returns:
        Its outcome; what an external one hands over; `Broken` when it broke or answered something
        else (an incident then); or `StillChecking` when another request holds this step.

    Raises:
        Busy: The hash pool is full.
        StoreUnavailable: The store did not answer.
        UnknownOutcome: The answer to a claim was lost; the same owner may ask again.
    """
    try:
        answer = _answer(activity, effect, call)
        if not isinstance(answer, Outcome | HandOver) and inspect.isawaitable(answer):
            async with asyncio.timeout(LONGEST_SECONDS):
                answer = await answer
        if isinstance(effect, Prepare) and isinstance(answer, HandOver):
            return _lawful_job(activity.signature, answer)
        return _lawful(activity.signature, answer)
    except Contended as contended:
        return StillChecking(moved_on=contended.moved_on)
    except (Busy, StoreUnavailable, UnknownOutcome):
        raise
    except TrustflowError as fault:
        return _broken(activity.signature, str(fault), code=fault.code)
    except Exception as error:  # noqa: BLE001 - one of the three: a stranger's code
        label = activity.signature.label
        return _broken(activity.signature, f"{type(error).__name__} in {label}")


async def attempt(activity: Activity, call: Call) -> Ended | Broken | TryLater:
    """Let an external activity try to do what it has handed over.

    Gives `Broken` when it broke or answered something else: it may be tried again all the same.
    """
    signature = activity.signature
    assert activity.attempt is not None  # noqa: S101 - the decorator saw to it
    try:
        answer = activity.attempt(call)
        if not isinstance(answer, Outcome | TryLater):
            async with asyncio.timeout(LONGEST_OUTSIDE_SECONDS):
                answer = await answer
    except TrustflowError as fault:
        return _broken(signature, str(fault), code=fault.code)
    except Exception as error:  # noqa: BLE001 - one of the three: a stranger's code
        return _broken(signature, f"{type(error).__name__} in {signature.label}")
    if isinstance(answer, TryLater):
        return _lawful_later(signature, answer)
    found = _lawful(signature, answer)
    return found if isinstance(found, Ended | Broken) else _broken(signature, "it has no page")


def _lawful_later(signature: Signature, answer: TryLater) -> TryLater | Broken:
    """Refuse what could not be written down, and cut a reason to what an operator reads."""
    at_last = _lawful(signature, answer.at_last)
    if not isinstance(at_last, Ended):
        return at_last if isinstance(at_last, Broken) else _broken(signature, "it has no page")
    told: tuple[object, object] = answer.reason, answer.after  # a stranger may give anything
    if not isinstance(told[0], str) or not isinstance(told[1], timedelta | None):
        return _broken(
            signature, f"{signature.label} tries later, with no reason or length of time"
        )
    reason = answer.reason[:LONGEST_REASON].encode(errors="replace").decode()
    return TryLater(
        reason=reason, at_last=at_last, after=answer.after, in_vain=bool(answer.in_vain)
    )


def _answer(activity: Activity, effect: Effect, call: Call) -> Answer | Prepared:
    if isinstance(effect, Resume):
        assert activity.resume is not None  # noqa: S101 - the decorator saw to it
        return activity.resume(call, effect.woken)
    code: Callable[[Call], Answer | Prepared] | None
    match effect:
        case Run():
            code = activity.run
        case Enter():
            code = activity.enter
        case Prepare():
            code = activity.prepare
    assert code is not None  # noqa: S101 - as above
    return code(call)


def _lawful_job(signature: Signature, handed: HandOver) -> HandOver | Broken:
    """Refuse what could not be given back to the try as it was handed over."""
    job = _kept(handed.job, _read_job)
    if job is None:
        return _broken(signature, f"{signature.label} handed over what cannot be kept")
    delays = tuple(handed.delays)
    too_long = any(not timedelta() <= delay <= LONGEST_DELAY for delay in delays)
    if too_long or len(delays) >= MOST_TRIES:
        reason = f"{signature.label} wants more tries, or longer apart, than there may be"
        return _broken(signature, reason)
    return HandOver(job=job, delays=delays)


def _lawful(signature: Signature, answer: object) -> Outcome:
    """Refuse what the signature does not allow, and what the journal could not give back.

    What is taken is what a later reader will find, and no value that the activity still holds.
    """
    if not isinstance(answer, Ended | Shown) or (
        isinstance(answer, Shown) and not signature.is_page
    ):
        return _broken(signature, f"{signature.label} answered with {type(answer).__name__}")
    kept = _kept(answer, _read_answer)
    if kept is None:
        where = _unkept(signature, answer)
        return _broken(signature, f"{signature.label} gave what cannot be kept: {where}")
    fault = _undeclared(signature, kept)
    return kept if fault is None else _broken(signature, f"{signature.label} {fault}")


def _broken(signature: Signature, reason: str, *, code: str = "activity") -> Broken:
    """Say why it broke, as far as that can be kept: a stranger's fault may hold any text."""
    told = _kept(Broken(code=code, reason=reason), _read_broken)
    return told or Broken(code="activity", reason=f"{signature.label} broke and cannot say why")


def _kept(value: T, read: Callable[[bytes], T]) -> T | None:
    """Give a value as the journal gives it back; None where that is another one, or none."""
    try:
        written = _write(value)
        again = read(written)
        return again if again == value and _is_shallow(written) else None
    except (TypeError, ValueError, OverflowError, RecursionError, msgspec.MsgspecError):
        return None


def _is_shallow(written: bytes) -> bool:
    """Whether JSON nests few values in each other: deep in an instance it must be read again."""
    if written.count(b"[") + written.count(b"{") <= DEEPEST:
        return True
    level: list[JsonValue] = [msgspec.json.decode(written)]
    for _ in range(DEEPEST):
        level = [part for value in level for part in _parts(value)]
    return not level


def _parts(value: JsonValue) -> Iterable[JsonValue]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


def _unkept(signature: Signature, answer: Ended | Shown) -> str:
    """Name what cannot be kept: an output or key that the signature knows, else a field."""
    named: Mapping[str, Mapping[str, Any]] = {
        "outputs": {output.name: Any for output in signature.outputs},
        "keys": {use.input: dict[str, Any] for use in signature.keys},
    }
    for field in fields(type(answer)):
        value = getattr(answer, field.name)
        for name, type_ in named.get(field.name, {}).items():
            if isinstance(value, dict) and name in value and not _is_kept(value[name], type_):
                return f"{field.name.removesuffix('s')} {name}"
        if not _is_kept(value, field.type):
            return field.name
    return "the whole"


def _is_kept(value: object, type_: Any) -> bool:
    """Whether a part of an answer comes back; asked for the words of a fault alone."""
    return _kept((value,), msgspec.json.Decoder(tuple[type_]).decode) is not None


def _undeclared(signature: Signature, answer: Ended | Shown) -> str | None:
    """Say what the signature does not allow; names are the signature's, values are never told."""
    if answer.keys and not answer.keys.keys() <= {use.input for use in signature.keys}:
        return "gave keys it does not declare"
    if isinstance(answer, Shown):
        asks = answer.asks and signature.awaits != "signal"
        return "asks on its page, and awaits no signal" if asks else None
    if answer.result is not None and signature.settles is None:
        return "gave a result and settles no check"
    if answer.result == "PASS" and answer.error is not None:
        return "gave PASS with an error event"
    return _wrong_output(signature, answer)


def _wrong_output(signature: Signature, answer: Ended) -> str | None:
    given, decides = answer.outputs, signature.decides
    if not signature.declared.issuperset(given):
        return "gave an output it does not declare"
    if answer.error is None and not signature.promised <= given.keys():
        return "left out an output it declares"
    for output in signature.outputs:
        if output.name in given and not has_type(given[output.name], output.type):
            return f"gave output {output.name} that is not {describe(output.type)}"
    if decides is not None and answer.error is None and given.get(decides.output) not in DECISIONS:
        return f"gave no decision as output {decides.output}"
    return None


def _slots(node: ActivityNode, instance: ProcessInstance) -> dict[str, KeySlot]:
    keys = instance.keys
    return {input: keys[name] for input, name in node.slots.items() if name in keys}
