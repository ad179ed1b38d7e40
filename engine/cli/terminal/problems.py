"""Problems as a good compiler shows them: place, rule, what is wrong, the line, what is right."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import accumulate, takewhile
from typing import Final

from engine.cli.terminal.page import WIDEST, Terminal, Tone, clean, columns
from engine.compile import RULES
from engine.model.problem import FieldProblem, Place, Problem, Words

CUT: Final = "\N{HORIZONTAL ELLIPSIS}"
MARK: Final = "\N{ZERO WIDTH NO-BREAK SPACE}"
FARTHEST: Final = 4 * WIDEST
"""Characters on either side of a place; some of them take no column."""
TONES: Final[Mapping[str, Tone]] = {"error": "bad", "warning": "warning"}


def show_problems(
    terminal: Terminal,
    problems: Sequence[Problem],
    texts: Mapping[str, str],
    *,
    with_reason: bool = False,
) -> None:
    """Write every problem.

    Args:
        terminal: Where to.
        problems: In the order to be shown.
        texts: File name, as the problems' places say it -> its text.
        with_reason: Say why the rule is there, too.
    """
    lines = {file: text.removeprefix(MARK).split("\n") for file, text in texts.items()}
    for problem in problems:
        _show(terminal, problem, lines, with_reason)
        terminal.say()


def _show(
    terminal: Terminal, problem: Problem, texts: Mapping[str, Sequence[str]], with_reason: bool
) -> None:
    where = f"{clean(problem.place.file)}:{problem.place.line}:{problem.place.column}"
    kind = f"{problem.severity} {problem.rule}"
    lines = terminal.wrapped(f"{where}: {kind}: {clean(problem.message)}", indent="    ")
    terminal.say(lines[0].replace(kind, terminal.tone(kind, TONES[problem.severity]), 1))
    for line in lines[1:]:
        terminal.say(line)
    _show_line(terminal, problem.place, texts)
    terminal.write(f"= {clean(problem.remedy)}", first="  ", indent="    ", tone="good")
    if problem.nearest and problem.nearest not in problem.remedy:
        terminal.write(f"= did you mean `{clean(problem.nearest)}`?", first="  ", tone="good")
    for place in problem.also:
        terminal.write(f"see also {clean(place.file)}:{place.line}:{place.column}", first="  ")
        _show_line(terminal, place, texts)
    if with_reason and problem.rule in RULES:
        rule = RULES[problem.rule]
        terminal.write(f"{rule.title}. {rule.why}", first="  ", indent="  ", tone="quiet")


def _show_line(terminal: Terminal, place: Place, texts: Mapping[str, Sequence[str]]) -> None:
    """Write the line of a place with a caret below, cut to the width around the caret.

    What is further off than can be shown is not looked at: there may be as many problems in a line
    as it has characters.
    """
    lines = texts.get(place.file, ())
    if place.line > len(lines):
        return
    number, line, at = f"{place.line:>5}", lines[place.line - 1], place.column - 1
    before = clean(line[max(0, at - FARTHEST) : at])
    after = clean(line[at : at + FARTHEST].rstrip("\r"))
    room = terminal.width - len(number) - len(" | ")
    if columns(before) + columns(after) > room:
        before = _tail(before, room * 2 // 3)
    after = _head(after, room - columns(before))
    margin = terminal.tone(f"{number} | ", "quiet")
    empty = terminal.tone(f"{'':>5} | ", "quiet")
    terminal.say(f"{margin}{before}{after}".rstrip())
    terminal.say(f"{empty}{' ' * columns(before)}{terminal.tone('^', 'bad')}")


def _tail(text: str, room: int) -> str:
    return _head(text[::-1], room)[::-1]


def _head(text: str, room: int) -> str:
    if columns(text) <= room:
        return text
    fitting = takewhile(lambda taken: taken < room, accumulate(map(columns, text)))
    return text[: sum(1 for _ in fitting)] + CUT


def problem_json(problem: Problem) -> dict[str, object]:
    """Write a problem for a program."""
    return {
        "rule": problem.rule,
        "severity": problem.severity,
        **_place(problem.place),
        "message": problem.message,
        "remedy": problem.remedy,
        "key": problem.key,
        "nearest": problem.nearest,
        "also": [_place(place) for place in problem.also],
    }


def _place(place: Place) -> dict[str, object]:
    return {"file": place.file, "line": place.line, "column": place.column}


def sentence_of(problem: FieldProblem) -> str:
    """Write the sentence of a field's mistake in English."""
    if isinstance(problem.text, Words):
        return clean(problem.text.values["en"])
    from engine.web.texts import Speech  # its dates and numbers take long to import

    return clean(Speech(language="en", app="trustflow").plain_text(problem.text))


def show_mistakes(terminal: Terminal, problems: Sequence[FieldProblem]) -> None:
    """Write what is wrong with what was given, a line each."""
    for problem in problems:
        name = f"{clean(problem.field)}: " if problem.field else ""
        terminal.write(f"{name}{sentence_of(problem)}", first="- ", indent="  ", tone="bad")


def mistakes_json(problems: Sequence[FieldProblem]) -> dict[str, object]:
    """Write the same for a program."""
    return {"problems": [{"field": p.field, "message": sentence_of(p)} for p in problems]}
