"""What the benchmark's table promises; nothing here is timed."""

from __future__ import annotations

import asyncio

import pytest

from tests.benchmarks.measure import Better, Effort, Row, in_turn, middle, table


@pytest.mark.parametrize(
    ("ours", "baseline", "better", "reached"),
    [(60, 100, "more", True), (59, 100, "more", False), (60, 100, "less", True)],
)
def test_ratio_is_held_against_the_bar(
    ours: float, baseline: float, better: Better, reached: bool
) -> None:
    row = Row(name="a", unit="/s", ours=ours, baseline=baseline, bar=0.6, better=better)

    assert row.is_reached is reached


def test_a_bar_of_its_own_unit_does_not_look_at_the_baseline() -> None:
    row = Row(
        name="a", unit="ms", ours=24, baseline=2, bar=25, better="less", absolute=True
    )  # fmt: skip

    assert row.is_reached is True
    assert row.ratio == 12


def test_a_row_without_a_bar_claims_nothing() -> None:
    row = Row(name="a", unit="s", ours=1, baseline=2)

    assert row.is_reached is None
    assert "yes" not in table([row])


def test_a_bar_that_is_missed_is_told_aloud() -> None:
    row = Row(name="a", unit="/s", ours=1, baseline=100, bar=0.6, note="why")

    line = table([row]).splitlines()[-1]

    assert [cell.strip() for cell in line.strip("|").split("|")] == [
        "a", "1 /s", "100 /s", "0.01", ">= 0.6", "NO", "why",
    ]  # fmt: skip


def test_sides_are_measured_in_turn() -> None:
    seen: list[str] = []

    async def side(name: str) -> float:
        seen.append(name)
        return float(len(seen))

    ours, bare = asyncio.run(in_turn(Effort(windows=3), lambda: side("a"), lambda: side("b")))

    assert seen == ["a", "b"] * 3
    assert (middle(ours), middle(bare)) == (3, 4)
