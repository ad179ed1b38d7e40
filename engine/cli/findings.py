"""What `doctor` finds: one line for each thing that was looked at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from engine.cli.terminal.page import Tone

State = Literal["fine", "warning", "bad"]
WORDS: Final[dict[State, tuple[str, Tone]]] = {
    "fine": ("ok", "good"),
    "warning": ("warn", "warning"),
    "bad": ("BAD", "bad"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing looked at. `remedy` is empty where nothing needs to be done."""

    state: State
    what: str
    told: str
    remedy: str = ""


def fine(what: str, told: str) -> Finding:
    """Say that something is as it should be."""
    return Finding(state="fine", what=what, told=told)


def warning(what: str, told: str, remedy: str) -> Finding:
    """Say that something works, and could harm one day."""
    return Finding(state="warning", what=what, told=told, remedy=remedy)


def bad(what: str, told: str, remedy: str) -> Finding:
    """Say that something does not work, or is not safe."""
    return Finding(state="bad", what=what, told=told, remedy=remedy)
