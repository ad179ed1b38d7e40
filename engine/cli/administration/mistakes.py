"""How administration commands answer what cannot be taken: a line or a JSON entry each, exit 1."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from engine.cli.command import PROBLEMS
from engine.cli.terminal.page import Terminal, clean, say_json
from engine.cli.terminal.problems import mistakes_json, sentence_of
from engine.model.problem import FieldProblem

OPTIONS: Final[Mapping[str, str]] = {
    "storeName": "",
    "timeZone": "--time-zone",
    "locale": "--locale",
    "maxFailedAttempts": "--max-failed-attempts",
    "tempLockDuration": "--temp-lock",
    "extId": "NAME",
    "attributes": "--attribute",
    "policyName": "--policy",
    "passcode": "",
    "newPasscode": "",
}
"""What a person types for a field; empty where the sentence says it all."""


def told(
    problems: Sequence[FieldProblem],
    *,
    as_json: bool,
    options: Mapping[str, str] = OPTIONS,
    others: str = "",
) -> int:
    """Say what was wrong with what was given; give the exit code.

    Args:
        problems: What was wrong.
        as_json: For a program, with the fields' own names.
        options: Field -> what a person types for it.
        others: What stands before the name of any other field.
    """
    if as_json:
        say_json(mistakes_json(problems))
        return PROBLEMS
    terminal = Terminal.here(to_errors=True)
    for problem in problems:
        name = options.get(problem.field, f"{others}{problem.field}")
        said = f"{clean(name)}: {sentence_of(problem)}" if name else sentence_of(problem)
        terminal.write(said, first="Error: ", indent="  ")
    return PROBLEMS
