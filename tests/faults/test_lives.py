"""Killed at a random moment, life after life on one database: what was answered is there, once."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.bench import ROOT
from tests.postgres import server

FEW = 8


def lived(place: str, count: int, seed: str) -> tuple[int, int, int]:
    """Give how many were killed, the hops that were kept, and the answers that went out."""
    run = subprocess.run(
        [sys.executable, "-m", "tests.faults.lives", place, str(count), seed],
        cwd=ROOT, capture_output=True, text=True, timeout=3_600, check=False,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    kills, hops, answers = map(int, run.stdout.split())
    return kills, hops, answers


@pytest.mark.slow
def test_a_kill_at_a_random_moment_loses_no_answer(tmp_path: Path) -> None:
    kills, hops, answers = lived(str(tmp_path), FEW, "one")

    assert kills == FEW
    assert hops >= answers > 0


@pytest.mark.slow
@pytest.mark.postgres
def test_a_kill_at_a_random_moment_loses_no_answer_on_postgres() -> None:
    kills, hops, answers = lived(server(), FEW, "one")

    assert kills == FEW
    assert hops >= answers > 0
