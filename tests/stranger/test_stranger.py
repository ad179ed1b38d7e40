"""A third-party package is installed, found, compiled and run exactly as our own activities are."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from importlib.metadata import entry_points
from pathlib import Path
from typing import Final

import pytest

from engine.adapters.memory import MemoryStore
from engine.compile import Source, check_definition
from engine.model.instance import Status
from engine.run.catalogue import GROUP, Catalogue
from engine.testing import FrozenClock
from tests.bench import bench

HERE: Final = Path(__file__).parent
MODULE: Final = "farol_opening_hours"
DEFINITION: Final = HERE / "definitions" / "opening-hours.yaml"


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install the package into an empty folder, as pip does it, without a network."""
    target = tmp_path_factory.mktemp("site")
    subprocess.run(
        [
            sys.executable, "-m", "pip", "install", "--quiet", "--no-index", "--no-deps",
            "--no-build-isolation", "--disable-pip-version-check", "--no-compile",
            "--target", str(target), str(HERE / "opening-hours"),
        ],
        check=True,
        timeout=240,
    )  # fmt: skip
    return target


@pytest.fixture
def found(installed: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Let Python find what was installed."""
    monkeypatch.syspath_prepend(str(installed))
    yield installed
    sys.modules.pop(MODULE, None)


def labels() -> list[str]:
    return [signature.label for signature in Catalogue.installed().signatures]


def test_without_the_package_there_is_no_such_activity() -> None:
    assert "Opening Hours" not in labels()


def test_an_installed_package_is_found_by_its_entry_point_as_ours_is(found: Path) -> None:
    names = {entry.name for entry in entry_points(group=GROUP)}

    assert names >= {"standard", "farol-opening-hours"}
    assert set(labels()) >= {"Start", "End", "Opening Hours"}
    assert Path(sys.modules[MODULE].__file__ or "").parent == found


def test_its_definition_compiles_with_it_and_not_without(found: Path) -> None:
    source = Source(path=DEFINITION.name, text=DEFINITION.read_bytes())
    everything = Catalogue.installed().signatures
    ours = tuple(one for one in everything if one.label != "Opening Hours")

    with_it = check_definition(source, everything, {})
    without = check_definition(source, ours, {})

    assert with_it.graph is not None
    assert with_it.bundle is not None
    assert ("Opening Hours", 1) in [(one.label, one.version) for one in with_it.bundle.activities]
    assert without.graph is None


@pytest.mark.parametrize(
    ("later", "status"),
    [
        (timedelta(), "COMPLETED_ENDED_SUCCESS"),
        (timedelta(hours=4), "COMPLETED_ENDED_ERROR"),
        (timedelta(days=2), "COMPLETED_ENDED_ERROR"),
    ],
    ids=["Thursday noon", "Thursday at four", "Saturday noon"],
)
@pytest.mark.usefixtures("found")
def test_a_journey_runs_through_it(later: timedelta, status: Status) -> None:
    async def story() -> Status:
        clock = FrozenClock()
        clock.move(later)
        house = bench(MemoryStore(clock), clock)
        await house.deploy(DEFINITION.read_text(encoding="utf-8"))
        minted = await house.link(process="opening-hours", parameters={})
        begun = await house.begin(minted.secret)
        return (await house.at(begun)).instance.status

    assert asyncio.run(story()) == status
