"""Kill -9 at each named point, each time it is passed: what was answered is there, and once."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from engine.adapters.postgres import schema
from engine.adapters.sqlite import database
from tests.bench import ROOT
from tests.faults.deaths import MIGRATION
from tests.faults.walks import WALKS
from tests.postgres import server

POINTS = (
    "before-load",
    "before-begin",
    "after-statement",
    "before-commit",
    "after-commit-before-ack",
    "after-commit",
)
NOT_PASSED = {"timer": ["before-load"], "erasure": ["before-load"], "purge": ["before-load"]}
"""Nobody answers there."""
EVERY = {"passcode-authentication": 1}
"""How many times of a point are tried; of other walks a part. `poe faults` tries all."""
USUALLY = 7


def deaths(place: str, walk: str, every: int, points: tuple[str, ...]) -> dict[str, int]:
    """Kill; give how often, by point. What is wrong afterwards ends the program in vain."""
    run = subprocess.run(
        [sys.executable, "-m", "tests.faults.deaths", place, walk, str(every), *points],
        cwd=ROOT, capture_output=True, text=True, timeout=600, check=False,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    told = [line.split() for line in run.stdout.splitlines()]
    return {point: int(kills) for point, kills, _ in told}


def assert_killed(walk: str, kills: dict[str, int]) -> None:
    assert [point for point in kills if not kills[point]] == NOT_PASSED.get(walk, [])


@pytest.mark.slow
@pytest.mark.parametrize("walk", WALKS)
def test_a_kill_at_any_point_leaves_what_a_commit_has_made(walk: str, tmp_path: Path) -> None:
    kills = deaths(str(tmp_path), walk, EVERY.get(walk, USUALLY), POINTS)

    assert_killed(walk, kills)


@pytest.mark.slow
@pytest.mark.postgres
@pytest.mark.parametrize("walk", WALKS)
def test_a_kill_at_any_point_leaves_what_a_commit_has_made_on_postgres(walk: str) -> None:
    kills = deaths(server(), walk, EVERY.get(walk, USUALLY), POINTS)

    assert_killed(walk, kills)


@pytest.mark.slow
def test_a_kill_in_a_migration_leaves_the_old_schema_or_the_new(tmp_path: Path) -> None:
    kills = deaths(str(tmp_path), MIGRATION, 1, ("in-migration",))

    assert kills["in-migration"] == len(database.shipped()) + 1


@pytest.mark.slow
@pytest.mark.postgres
def test_a_kill_in_a_migration_leaves_nothing_or_the_schema_on_postgres() -> None:
    kills = deaths(server(), MIGRATION, 1, ("in-migration",))

    assert kills["in-migration"] == len(schema.shipped()) + 2


@pytest.mark.slow
@pytest.mark.parametrize(
    ("walk", "why"),
    [
        ("told too early", "an answered step is lost"),
        ("done twice", "a state that no commit has made"),
    ],
)
def test_the_kill_would_find_a_planted_mistake(walk: str, why: str, tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match=why):
        deaths(str(tmp_path), walk, 1, ("before-begin", "after-commit-before-ack"))
