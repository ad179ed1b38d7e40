"""The timeline of an instance: its journal in words. Secrets are absent, not masked (D4)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, assert_never

import msgspec

from engine.model.event import (
    Broken,
    ByOperator,
    Cancelled,
    DeadlinePassed,
    Ended,
    Event,
    Extended,
    Finished,
    GivenUp,
    Handed,
    LanguageChosen,
    Pressed,
    Resumed,
    Retried,
    Reviewed,
    Shown,
    Signalled,
    Started,
    Submitted,
    TimerFired,
)
from engine.model.instance import LABELS, ProcessInstance
from engine.records.journal import JournalRow
from engine.run.hop.journal import event_of

DONE: Final = "\N{BLACK CIRCLE}"
WAITS: Final = "\N{WHITE CIRCLE}"
DECLINED: Final = "\N{BLACK SQUARE}"
BROKE: Final = "\N{MULTIPLICATION X}"
SMALL: Final = "\N{MIDDLE DOT}"
SHAPES: Final = {"PASS": DONE, "FAIL": DECLINED, None: DONE}
ENDS: Final = {"Accepted": DONE, "Declined": DECLINED, "Error": BROKE, "Review": WAITS}


_FACT: Final = re.compile(r"(\w+)=('[^']*'|\"[^\"]*\"|[^,]*)(?:, )?")
_FAULT: Final = re.compile(r"[^()]+ \((\w+=.+)\)", re.DOTALL)
"""How `TrustflowError` writes itself: a sentence, then its facts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A node as pictures call it, and its activity's label."""

    name: str
    activity: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One thing that happened.

    Attributes:
        mark: Its shape: done, waits, declined, broke, small.
        node: Where; empty for the whole instance.
        activity: Which activity is there; empty where the definition cannot be read.
        took: How long the node had waited for it; None for what nobody waited for.
        actor: person, timer, operator, or empty for the engine itself.
    """

    at: datetime
    mark: str
    node: str
    activity: str
    outcome: str
    took: timedelta | None
    actor: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Told:
    mark: str
    outcome: str
    node: str = ""
    actor: str = ""
    ends_wait: bool = False


def timeline(
    instance: ProcessInstance, journal: Sequence[JournalRow], places: Mapping[str, Place]
) -> list[Line]:
    """Tell a journal, and how the instance ended; `places`: what the nodes are called."""
    lines: list[Line] = []
    shown: Line | None = None
    for row in journal:
        event = event_of(row)
        if _is_echo(event):
            continue
        told = _Told(mark=SMALL, outcome=f"{row.kind} (erased)") if event is None else _told(event)
        line = _line(row.at, told, places)
        if told.ends_wait and shown is not None:
            line = replace(line, node=shown.node, activity=shown.activity, took=row.at - shown.at)
        elif told.mark == WAITS:
            shown = line
        lines.append(line)
    if instance.ended_at is not None:
        label = LABELS[instance.status]
        end = _Told(mark=ENDS.get(label, SMALL), node=instance.node, outcome=label)
        lines.append(_line(instance.ended_at, end, places))
    return lines


def _is_echo(event: Event | None) -> bool:
    """Tell whether this is a form that hands on what the line before it says was answered."""
    if not isinstance(event, Finished) or not isinstance(event.outcome, Ended):
        return False
    return event.outcome.submission is not None and event.outcome.error is None


def _line(at: datetime, told: _Told, places: Mapping[str, Place]) -> Line:
    place = places.get(told.node, Place(name=told.node, activity=""))
    return Line(
        at=at, mark=told.mark, node=place.name, activity=place.activity,
        outcome=told.outcome, took=None, actor=told.actor,
    )  # fmt: skip


def _told(event: Event) -> _Told:
    match event:
        case Finished():
            return _finished(event)
        case TimerFired():
            outcome = "time is up"
            return _Told(
                mark=SMALL, node=event.node, outcome=outcome, actor="timer", ends_wait=True
            )
        case DeadlinePassed():
            return _Told(mark=SMALL, outcome="deadline passed", actor="timer")
        case Signalled():
            return _Told(mark=DONE, outcome="heard", actor="device", ends_wait=True)
        case Reviewed() | Retried() | GivenUp() | Cancelled():
            return _by_operator(event)
        case _:
            return _by_person(event)


def _by_person(
    event: Started | Submitted | Pressed | Extended | LanguageChosen | Resumed,
) -> _Told:
    node = "" if not isinstance(event, Extended) else event.step.rpartition(".")[0]
    match event:
        case Resumed():
            mark, outcome = DONE, "came back"
        case Started():
            mark, outcome = DONE, f"begun in {event.language}"
        case Submitted():
            mark, outcome = DONE, "answered"
        case Pressed():
            mark, outcome = SMALL, f"pressed {event.action}"
        case Extended():
            mark, outcome = SMALL, "asked for more time"
        case LanguageChosen():
            mark, outcome = SMALL, f"chose {event.language}"
        case _:
            assert_never(event)
    ends = isinstance(event, Submitted | Pressed | Resumed)
    return _Told(mark=mark, node=node, outcome=outcome, actor="person", ends_wait=ends)


def _by_operator(event: ByOperator) -> _Told:
    match event:
        case Reviewed():
            mark = DONE if event.accepted else DECLINED
            outcome = f"{'accepted' if event.accepted else 'declined'} by {event.by}"
        case Retried():
            mark, outcome = SMALL, f"let go on by {event.by}"
        case GivenUp():
            mark, outcome = BROKE, f"given up by {event.by}"
        case Cancelled():
            mark, outcome = SMALL, f"ended by {event.by}"
        case _:
            assert_never(event)
    ends = isinstance(event, Reviewed)
    return _Told(mark=mark, outcome=outcome, actor="operator", ends_wait=ends)


def _finished(event: Finished) -> _Told:
    outcome, node = event.outcome, event.node
    match outcome:
        case Ended():
            words = [outcome.result, outcome.error, outcome.outputs.get("decision")]
            told = ", ".join(str(word) for word in words if word) or "done"
            failed = outcome.error is not None and outcome.result is None
            mark = DECLINED if failed else SHAPES[outcome.result]
            return _Told(mark=mark, node=node, outcome=told)
        case Shown():
            return _Told(mark=WAITS, node=node, outcome="shown, waits")
        case Handed(waits=waits):
            return _Told(mark=WAITS if waits else SMALL, node=node, outcome="handed over")
        case Broken():
            return _Told(mark=BROKE, node=node, outcome=f"broke: {cause_of(outcome.reason)}")
        case _:
            assert_never(outcome)


def cause_of(reason: str) -> str:
    """Write an incident's reason without the general sentence that every fault begins with."""
    sentence = _FAULT.fullmatch(reason)
    if sentence is None:
        return reason
    facts = [(name, value.strip("'\"")) for name, value in _FACT.findall(sentence[1])]
    told = [value if name == "reason" else f"{name}={value}" for name, value in facts]
    return ", ".join(told) or reason


def line_json(line: Line) -> dict[str, object]:
    """Write a line for a program."""
    return {
        "at": line.at.isoformat(),
        "node": line.node,
        "activity": line.activity,
        "outcome": line.outcome,
        "tookSeconds": None if line.took is None else line.took.total_seconds(),
        "actor": line.actor,
    }


def event_json(row: JournalRow) -> dict[str, object]:
    """Write a journal row for a program; the names of secrets are left out with them."""
    event = event_of(row)
    known: dict[str, object] = {} if event is None else _open(msgspec.to_builtins(event))
    known.pop("is", None)
    return {"sequence": row.sequence, "kind": row.kind, "erased": event is None, **known}


def _open(value: dict[str, object]) -> dict[str, object]:
    return {
        name: _open(part) if isinstance(part, dict) else part
        for name, part in value.items()
        if name != "secrets"
    }
