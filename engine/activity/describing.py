"""The decorator: a signature put beside the code it describes. It registers nothing."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypedDict, Unpack

from engine.activity.call import Call
from engine.activity.external import HandOver, TryLater
from engine.expressions import Secret as Hidden
from engine.expressions import Type
from engine.model.effect import Woken
from engine.model.event import Outcome
from engine.model.instance import Awaited
from engine.model.signature import (
    Bound,
    CheckUse,
    Decides,
    ErrorEvent,
    FormUse,
    Input,
    KeyUse,
    Kind,
    Output,
    Promotion,
    Signature,
)

LINK: Type = Hidden("a link: what shows it makes it anew")
"""Of an output that is a link (`Output.link`)."""

Answer = Outcome | Awaitable[Outcome]
Prepared = HandOver | Outcome | Awaitable[HandOver | Outcome]
Tried = Outcome | TryLater | Awaitable[Outcome | TryLater]
Runner = Callable[[Call], Answer]
Resumer = Callable[[Call, Woken], Answer]
Preparer = Callable[[Call], Prepared]
Trier = Callable[[Call], Tried]


@dataclass(frozen=True, slots=True, kw_only=True)
class Activity:
    """A signature and the code behind it.

    `run`; or `enter` and `resume` of an interactive one; or `prepare` and `attempt`, which is
    called `run` too where it is written, of an external one.
    """

    signature: Signature
    run: Runner | None = None
    prepare: Preparer | None = None
    attempt: Trier | None = None
    enter: Runner | None = None
    resume: Resumer | None = None


class Declared(TypedDict, total=False):
    """What a signature may say besides label, version, kind and uses; see `Signature`."""

    inputs: Sequence[Input]
    keys: Sequence[KeyUse]
    outputs: Sequence[Output]
    errors: Sequence[ErrorEvent]
    one_of: Sequence[tuple[str, ...]]
    opens: CheckUse
    settles: CheckUse
    promotes: Promotion
    form: FormUse
    decides: Decides
    bounded_by: Bound
    aliases: Sequence[str]
    awaits: Awaited
    waits_if: str
    redirects: str


def activity(
    label: str,
    *,
    version: int,
    kind: Kind,
    uses: Sequence[type] = (),
    **declared: Unpack[Declared],
) -> Callable[[Any], Activity]:
    """Describe an activity: a class if it is `interactive` or `external`, else a function.

    An interactive class has static methods `enter(call)` and `resume(call, woken)`, both giving
    `Shown | Ended`. An external one has `prepare(call)`, which gives `HandOver | Ended` inside the
    hop and touches nothing outside, and `run(call)`, which is called once that is committed, as
    often as it takes, and gives `Ended | TryLater`. Functions may be async.
    The first line of the docstring is its summary.
    The decorator registers nothing.

    Raises:
        TypeError: A class lacks one of its two methods.
    """

    def describe(code: Any) -> Activity:
        signature = Signature(
            label=label,
            version=version,
            kind=kind,
            inputs=tuple(declared.get("inputs", ())),
            keys=tuple(declared.get("keys", ())),
            outputs=tuple(declared.get("outputs", ())),
            errors=tuple(declared.get("errors", ())),
            one_of=tuple(declared.get("one_of", ())),
            opens=declared.get("opens"),
            settles=declared.get("settles"),
            promotes=declared.get("promotes"),
            form=declared.get("form"),
            decides=declared.get("decides"),
            bounded_by=declared.get("bounded_by"),
            aliases=tuple(declared.get("aliases", ())),
            awaits="result" if kind == "external" else declared.get("awaits", "answer"),
            waits_if=declared.get("waits_if", ""),
            redirects=declared.get("redirects", ""),
            uses=tuple(capability.__name__ for capability in uses),
            summary=(inspect.getdoc(code) or "").partition("\n")[0],
        )
        _refuse_halves(signature, code)
        match kind:
            case "interactive":
                return Activity(signature=signature, enter=code.enter, resume=code.resume)
            case "external":
                return Activity(signature=signature, prepare=code.prepare, attempt=code.run)
            case _:
                return Activity(signature=signature, run=code)

    return describe


_PARTS: Mapping[Kind, tuple[str, str]] = {
    "interactive": ("enter", "resume"),
    "external": ("prepare", "run"),
}


def _refuse_halves(signature: Signature, code: object) -> None:
    parts = _PARTS.get(signature.kind, ())
    missing = [part for part in parts if not hasattr(code, part)]
    if missing:
        reason = f"{signature.label}: an {signature.kind} activity has {' and '.join(missing)}"
        raise TypeError(reason)
