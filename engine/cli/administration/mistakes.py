"""How administration commands answer what cannot be taken: a line or a JSON entry each, exit 1."""

from __future__ import annotations

from collections.abc import Sequence

from engine.cli.command import PROBLEMS
from engine.cli.terminal.page import Terminal, say_json
from engine.cli.terminal.problems import mistakes_json, show_mistakes
from engine.model.problem import FieldProblem


def told(problems: Sequence[FieldProblem], *, as_json: bool) -> int:
    """Say what was wrong with what was given; give the exit code."""
    if as_json:
        say_json(mistakes_json(problems))
    else:
        show_mistakes(Terminal.here(), problems)
    return PROBLEMS
