"""The timeline on a terminal: rows, as wide as the terminal lets them be."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from itertools import zip_longest
from typing import Final

from engine.cli.terminal.page import GAP, Terminal, clean, columns, padded
from engine.run.oversight.timeline import Line

_NODE: Final = 2
_ACTIVITY: Final = 3
"""Which of a line's cells are the node's name and its activity's label."""


def write_lines(terminal: Terminal, lines: Sequence[Line]) -> None:
    """Write rows where they fit, else with the activities below them, else each line's words."""
    whole = [_cells(line) for line in lines]
    short = [(*row[:_ACTIVITY], *row[_ACTIVITY + 1 :]) for row in whole]
    if _fit(terminal, whole):
        _write_rows(terminal, whole)
    elif _fit(terminal, short):
        _write_rows(terminal, short, _first_times([row[_ACTIVITY] for row in whole]))
    else:
        for row in whole:
            _write_words(terminal, row)


def length_of(length: timedelta) -> str:
    """Write how long something took: `0:07`, `1:00:07`, `2 d 1:00:07`."""
    minutes, seconds = divmod(round(length.total_seconds()), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    if days:
        return f"{days} d {hours}:{minutes:02}:{seconds:02}"
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


def _cells(line: Line) -> tuple[str, ...]:
    took = "" if line.took is None else length_of(line.took)
    words = (line.node, line.activity, line.outcome, took, line.actor)
    return (f"{line.at:%H:%M:%S}", line.mark, *map(clean, words))


def _fit(terminal: Terminal, rows: Sequence[Sequence[str]]) -> bool:
    widths = _widths(rows)
    return sum(widths) + len(GAP) * (len(widths) - 1) <= terminal.width


def _widths(rows: Sequence[Sequence[str]]) -> list[int]:
    return [max(map(columns, column), default=0) for column in zip(*rows, strict=True)]


def _write_rows(
    terminal: Terminal, rows: Sequence[Sequence[str]], below: Sequence[str] = ()
) -> None:
    """Write rows; `below`: what is told under each, a blank where there is nothing."""
    widths = _widths(rows)
    indent = " " * (sum(widths[:_NODE]) + len(GAP) * _NODE)
    for row, label in zip_longest(rows, below, fillvalue=""):
        terminal.say(GAP.join(map(padded, row, widths)).rstrip())
        if label:
            terminal.say(f"{indent}{label}", "quiet")


def _first_times(labels: Sequence[str]) -> list[str]:
    """Leave each label where it is told for the first time, and a blank where it comes again."""
    return ["" if label in labels[:place] else label for place, label in enumerate(labels)]


def _write_words(terminal: Terminal, cells: tuple[str, ...]) -> None:
    time, mark, node, activity, outcome, took, actor = cells
    place = f"{node} ({activity})" if activity and activity != node else node
    after = f"after {took}" if took else ""
    words = ", ".join(part for part in (place, outcome, after, actor) if part)
    terminal.write(words, first=f"{time} {mark} ", indent=" " * 11)
