"""Check and compile: a file of 200 lines, and a definition of 1,000 nodes."""

from __future__ import annotations

import gc
import time

import yaml

from engine.compile import Source, check_definition
from engine.model.signature import Signature
from engine.run.catalogue import Catalogue
from tests.benchmarks import texts
from tests.benchmarks.measure import Effort, Row, in_turn, middle

BARS = (("200 lines", 17, 25.0), ("1,000 nodes", 499, 150.0))
"""Name, forms in the definition, milliseconds."""


async def compiling(effort: Effort) -> list[Row]:
    """Measure check and compile of both, from text to graph, all proofs done."""
    return [await _row(effort, name, asks, bar) for name, asks, bar in BARS]


async def _row(effort: Effort, name: str, asks: int, bar: float) -> Row:
    text = texts.chain("bench-chain", asks)
    signatures = Catalogue.installed().signatures
    checked(texts.FIVE, signatures)

    async def ours() -> float:
        return checked(text, signatures)

    async def bare() -> float:
        return parsed(text)

    mine, reading = await in_turn(effort, ours, bare)
    return Row(
        name=f"check + compile, {name}",
        unit="ms CPU",
        ours=middle(mine),
        baseline=middle(reading),
        bar=bar,
        better="less",
        absolute=True,
        note=f"{text.count(chr(10))} lines; baseline: PyYAML's C loader alone",
    )


def checked(text: str, signatures: tuple[Signature, ...]) -> float:
    """Check and compile once; give the milliseconds of CPU."""
    source = Source(path="bench.yaml", text=text.encode())
    known = texts.forms()
    gc.collect()  # what earlier windows left behind is none of this one's work
    began = time.process_time()
    report = check_definition(source, signatures, known)
    taken = (time.process_time() - began) * 1e3
    assert report.graph is not None, report.problems
    return taken


def parsed(text: str) -> float:
    """Load the text as YAML and nothing else."""
    gc.collect()
    began = time.process_time()
    yaml.load(text, Loader=yaml.CSafeLoader)  # noqa: TID251 - a text of ours, for comparison
    return (time.process_time() - began) * 1e3
