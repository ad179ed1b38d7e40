"""How things are measured: windows of both sides in turn, medians, and a table that says it all."""

from __future__ import annotations

import os
import platform
import statistics
import sys
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import apsw

Better = Literal["more", "less"]
Window = Callable[[], Awaitable[float]]
"""Measures one side for a moment, and gives its figure."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Effort:
    """How long to measure: `windows` of `seconds` for each side."""

    windows: int = 5
    seconds: float = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of the table.

    Attributes:
        ours, baseline: In `unit`; no baseline where the bar is a figure of its own.
        bar: What the ratio (with a baseline and no `absolute`), or our figure, is held against;
            None: told, and held against nothing.
        better: Which side of the bar is good.
        note: What else one should know.
    """

    name: str
    unit: str
    ours: float
    baseline: float | None = None
    bar: float | None = None
    better: Better = "more"
    absolute: bool = False
    note: str = ""

    @property
    def ratio(self) -> float | None:
        """Ours by the baseline's."""
        return self.ours / self.baseline if self.baseline else None

    @property
    def is_reached(self) -> bool | None:
        """Whether the bar is reached; None where there is none."""
        held = self.ours if self.absolute else self.ratio
        if self.bar is None or held is None:
            return None
        return held >= self.bar if self.better == "more" else held <= self.bar

    def cells(self) -> tuple[str, ...]:
        """Write the line's cells."""
        sign = ">=" if self.better == "more" else "<="
        bar = "" if self.bar is None else f"{sign} {_figure(self.bar)}"
        reached = {True: "yes", False: "NO", None: ""}[self.is_reached]
        unit = f" {self.unit}" if self.absolute and self.bar is not None else ""
        return (
            self.name,
            f"{_figure(self.ours)} {self.unit}",
            "" if self.baseline is None else f"{_figure(self.baseline)} {self.unit}",
            "" if self.ratio is None else f"{self.ratio:.2f}",
            bar + unit,
            reached,
            self.note,
        )


HEADS = ("what", "ours", "baseline", "ratio", "bar", "reached", "note")


async def in_turn(effort: Effort, *sides: Window) -> tuple[list[float], ...]:
    """Measure the sides in turn, window by window, so that what disturbs one disturbs all."""
    found: tuple[list[float], ...] = tuple([] for _ in sides)
    for _ in range(effort.windows):
        for kept, side in zip(found, sides, strict=True):
            kept.append(await side())
    return found


def middle(figures: Sequence[float]) -> float:
    """Give the median."""
    return statistics.median(figures)


def head(at: str) -> str:
    """Say on which machine this was measured, when, and what else it was doing."""
    names = [
        line.partition(":")[2].strip()
        for line in _read(Path("/proc/cpuinfo")).splitlines()
        if line.startswith("model name")
    ]
    machine = names[0] if names else platform.processor() or platform.machine()
    load = ", ".join(f"{one:.1f}" for one in os.getloadavg())
    return (
        f"{at} · {os.cpu_count()} cores, {machine} · {platform.system()} "
        f"{platform.release()} · Python {platform.python_version()} · "
        f"SQLite {apsw.sqlite_lib_version()} · load {load}"
    )


def table(rows: Sequence[Row]) -> str:
    """Write the rows as a Markdown table."""
    lines = [HEADS, *(row.cells() for row in rows)]
    widths = [max(len(line[place]) for line in lines) for place in range(len(HEADS))]
    written = [
        "| "
        + " | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        + " |"
        for line in lines
    ]
    written.insert(1, "| " + " | ".join("-" * width for width in widths) + " |")
    return "\n".join(written)


def say(text: str) -> None:
    """Print, at once."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.exists() else ""


def _figure(value: float) -> str:
    """Write three digits that count."""
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}".rstrip("0").rstrip(".")
