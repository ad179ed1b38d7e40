"""Cases made and judged, one after the other: counted, timed, weighed; what fails is made small.

A row makes cases of chance and judges each: what kind of answer it got, or an exception where the
answer is none that may be. Nothing here knows what is fuzzed.
"""

from __future__ import annotations

import ctypes
import gc
import os
import resource
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Final, Protocol

from tests.fuzzing.dice import Dice

MOST_SECONDS: Final = 1.0
MOST_MIB: Final = 64.0
PATIENCE_SECONDS: Final = 30
"""A case that takes longer is stopped."""
LOOKED_AFTER: Final = 512
"""Cases after which the clock and the memory are looked at."""
SHRINKS: Final = 1_500


@dataclass(frozen=True, slots=True)
class Case:
    """One input. `kind`: which door it is for, where a row has several."""

    kind: str
    text: str


class Row(Protocol):
    """What is fuzzed. `planned`: how many cases a release wants (security K)."""

    name: str
    planned: int

    def make(self, dice: Dice) -> Case:
        """Make a case."""
        ...

    def judge(self, case: Case) -> str:
        """Name the kind of answer that a case got; raises whatever where it may not be."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Effort:
    """How much is done. `minutes`: for each row, at most; None: until all cases are judged."""

    cases: int | None = None
    seed: int = 1
    minutes: float | None = None
    most_seconds: float = MOST_SECONDS
    most_mib: float = MOST_MIB


@dataclass(slots=True, kw_only=True)
class Figures:
    """What a row came to. `wrong`: why it failed, in the words of a report; empty where it did not.

    `seconds`: of the worst case, of processor time. `mib`: what memory grew by after the warm-up.
    """

    name: str
    planned: int
    seed: int
    cases: int = 0
    seconds: float = 0.0
    mib: float = 0.0
    answers: Counter[str] = field(default_factory=Counter)
    wrong: str = ""

    @property
    def line(self) -> str:
        """Write a line of the table."""
        told = ", ".join(f"{kind} {count:,}" for kind, count in self.answers.most_common(6))
        return (
            f"| {self.name} | {self.cases:,} of {self.planned:,} | {self.seed} "
            f"| {self.seconds * 1000:,.0f} ms | {self.mib:+.1f} MiB | {told} |"
        )


HEAD: Final = (
    "| row | cases | seed | worst | memory | answers |\n| --- | --- | --- | --- | --- | --- |"
)


class Slow(Exception):
    """A case took longer than any may."""


class Stuck(Exception):
    """A case does not come to an end."""


def fuzzed(row: Row, effort: Effort) -> Figures:
    """Make and judge cases until all are, time is up, or one fails."""
    figures = Figures(name=row.name, planned=row.planned, seed=effort.seed)
    dice = Dice(f"{row.name}/{effort.seed}")
    wanted = effort.cases or row.planned
    ends = time.perf_counter() + (effort.minutes or 1e6) * 60
    weight = _Weight(max(1, min(2_000, wanted // 4)))
    failed: tuple[Case, Exception] | None = None
    with _patience() as begin:
        for number in range(wanted):
            if number % LOOKED_AFTER == 0 and time.perf_counter() > ends:
                break
            begin()
            weight.look(number)
            case = row.make(dice)
            fault = _judged(row, case, effort, figures)
            if fault is not None:
                failed = case, fault
                break
    if failed is not None:
        figures.wrong = _reported(row, *failed, effort)
        return figures
    figures.mib = weight.grown()
    if figures.mib > effort.most_mib:
        figures.wrong = f"memory grew by {figures.mib:.1f} MiB"
    return figures


def _judged(row: Row, case: Case, effort: Effort, figures: Figures) -> Exception | None:
    began = time.thread_time()
    try:
        answer = row.judge(case)
    except Exception as fault:  # noqa: BLE001 - what a fuzzer is for
        return fault
    took = time.thread_time() - began
    if took > effort.most_seconds:  # once more: a machine has its moods
        began = time.thread_time()
        row.judge(case)
        took = min(took, time.thread_time() - began)
    figures.cases += 1
    figures.answers[answer] += 1
    figures.seconds = max(figures.seconds, took)
    return Slow(f"{took:.2f} s") if took > effort.most_seconds else None


def _reported(row: Row, case: Case, fault: Exception, effort: Effort) -> str:
    """Say what failed, where, and by which smallest case."""
    figures = Figures(name=row.name, planned=0, seed=0)

    def fault_of(tried: Case) -> str | None:
        found = _judged(row, tried, effort, figures)
        return None if found is None else mark(found)

    small = case if isinstance(fault, Stuck) else smallest(case, fault_of)
    words = f"{type(fault).__name__}: {fault}"[:300]
    return f"{words}\n  at {mark(fault)}\n  by {small.kind} {small.text[:4_000]!r}"


def mark(fault: BaseException) -> str:
    """Name a fault by its kind and the line that raised it, so that two can be told apart."""
    trace = fault.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if trace is None:
        return type(fault).__name__
    place = f"{Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}"
    return f"{type(fault).__name__} {place}"


def smallest(case: Case, fault_of: Callable[[Case], str | None], tries: int = SHRINKS) -> Case:
    """Take pieces out of a failing case, as long as it fails in the same way."""
    wanted, text = fault_of(case), case.text
    size = max(1, len(text) // 2)
    while size and tries > 0 and wanted is not None:
        at, before = 0, len(text)
        while at < len(text) and tries > 0:
            shorter, tries = text[:at] + text[at + size :], tries - 1
            if fault_of(Case(case.kind, shorter)) == wanted:
                text = shorter
            else:
                at += size
        size = size if len(text) < before else size // 2
    return Case(case.kind, text)


class _Weight:
    """What the process weighs, from a warm-up on."""

    def __init__(self, warm: int) -> None:
        self._warm, self._base = warm, 0.0

    def look(self, number: int) -> None:
        if number == self._warm:
            self._base = resident_mib()

    def grown(self) -> float:
        """Give how much heavier it is now; 0 before the warm-up was over."""
        return resident_mib() - self._base if self._base else 0.0


def resident_mib() -> float:
    """Weigh this process: what it holds now, or (not on Linux) the most it ever held.

    What a large case took and gave back still lies in the allocator: it is returned first.
    """
    gc.collect()
    with suppress(OSError, AttributeError, TypeError):  # another C library has no such function
        ctypes.CDLL(None).malloc_trim(0)
    told = Path("/proc/self/statm")
    if told.exists():
        return int(told.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most / 2**20 if sys.platform == "darwin" else most / 2**10


@contextmanager
def _patience() -> Iterator[Callable[[], None]]:
    """Stop what takes for ever: give what says that a case begins."""
    since = time.perf_counter()

    def begin() -> None:
        nonlocal since
        since = time.perf_counter()

    def look(_: int, frame: FrameType | None) -> None:
        if time.perf_counter() - since > PATIENCE_SECONDS:
            raise Stuck

    before = signal.signal(signal.SIGALRM, look)
    signal.setitimer(signal.ITIMER_REAL, 5, 5)
    try:
        yield begin
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
