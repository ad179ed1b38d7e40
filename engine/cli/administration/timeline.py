"""The timeline of an instance: its journal in words. Secrets are absent, not masked (D4)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, assert_never

import msgspec

from engine.model.event import (
    Broken,
    Cancelled,
    DeadlinePassed,
    Ended,
    Event,
    Extended,
    Finished,
    LanguageChosen,
    Pressed,
    Shown,
    Started,
    Submitted,
    TimerFired,
)
from engine.model.instance import LABELS, ProcessInstance
from engine.records.journal import JournalRow
from engine.run.journal import event_of

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
class Line:
    """One thing that happened.

    Attributes:
        mark: Its shape: done, waits, declined, broke, small.
        node: Where; empty for the whole instance.
        actor: person, timer, operator, or empty for the engine itself.
    """

    at: datetime
    mark: str
    node: str
    outcome: str
    actor: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Told:
    mark: str
    node: str
    outcome: str
    actor: str = ""


def timeline(
    instance: ProcessInstance, journal: Sequence[JournalRow], names: Mapping[str, str]
) -> list[Line]:
    """Tell a journal, and how the instance ended; `names`: node -> what pictures call it."""
    told = [(row, event_of(row)) for row in journal]
    lines = [_line(row, event, names) for row, event in told if not _is_echo(event)]
    if instance.ended_at is not None:
        label = LABELS[instance.status]
        node = names.get(instance.node, instance.node)
        mark = ENDS.get(label, SMALL)
        end = Line(at=instance.ended_at, mark=mark, node=node, outcome=label, actor="")
        return [*lines, end]
    return lines


def _is_echo(event: Event | None) -> bool:
    """Tell whether this is a form that hands on what the line before it says was answered."""
    if not isinstance(event, Finished) or not isinstance(event.outcome, Ended):
        return False
    return event.outcome.submission is not None and event.outcome.error is None


def _line(row: JournalRow, event: Event | None, names: Mapping[str, str]) -> Line:
    if event is None:
        told = _Told(mark=SMALL, node="", outcome=f"{row.kind} (erased)")
    else:
        told = _told(event)
    node = names.get(told.node, told.node)
    return Line(at=row.at, mark=told.mark, node=node, outcome=told.outcome, actor=told.actor)


def _told(event: Event) -> _Told:
    match event:
        case Finished():
            return _finished(event)
        case TimerFired() | DeadlinePassed() | Cancelled():
            return _from_outside(event)
        case _:
            return _by_person(event)


def _by_person(event: Started | Submitted | Pressed | Extended | LanguageChosen) -> _Told:
    node = "" if isinstance(event, Started | LanguageChosen) else event.step.rpartition(".")[0]
    match event:
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
    return _Told(mark=mark, node=node, outcome=outcome, actor="person")


def _from_outside(event: TimerFired | DeadlinePassed | Cancelled) -> _Told:
    match event:
        case TimerFired():
            return _Told(mark=SMALL, node=event.node, outcome="time is up", actor="timer")
        case DeadlinePassed():
            return _Told(mark=SMALL, node="", outcome="deadline passed", actor="timer")
        case Cancelled():
            return _Told(mark=SMALL, node="", outcome=f"ended by {event.by}", actor="operator")
        case _:
            assert_never(event)


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
