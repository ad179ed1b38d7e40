"""What holds for every test: the hypothesis profile, and no skip where none is allowed.

With `TRUSTFLOW_NO_SKIP=1` in the environment (`.ci/run` sets it) a skip is a failure: a machine
that lacks an outside tool must say so, and the machine that decides must lack nothing.
"""

import logging
import os
from collections.abc import Callable, Generator
from pathlib import Path
from typing import TypeVar

import pytest
from hypothesis import settings

NO_SKIP = os.environ.get("TRUSTFLOW_NO_SKIP") == "1"
IN_CI = os.environ.get("CI") == "true"

Report = TypeVar("Report", pytest.TestReport, pytest.CollectReport)

# Machines differ in speed, so no deadline; where a red run must be run again, no chance either.
settings.register_profile("trustflow", deadline=None, derandomize=IN_CI, print_blob=True)
settings.load_profile("trustflow")
# A span's exporter tries again in a thread of its own when the test with its collector is over, and
# would speak into the log of the next one.
logging.getLogger("opentelemetry").propagate = False


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--pictures FOLDER` keeps a picture of every page the browser tests look at."""
    parser.addoption("--update-golden", action="store_true", help="write the golden files anew")
    parser.addoption("--pictures", dest="pictures", type=Path, default=None, metavar="FOLDER")


def without_skip(report: Report) -> Report:
    """Make a failure of a skip (an expected failure stays what it is)."""
    if NO_SKIP and report.skipped and not hasattr(report, "wasxfail"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome = "failed"
        report.longrepr = f"{report.nodeid}: no skip is allowed here. {reason}"
    return report


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[str, str], None]:
    """Hold a text beside `tests/golden/<name>`; with `--update-golden` the file is written."""
    folder = Path(__file__).parent / "golden"

    def hold(name: str, text: str) -> None:
        file = folder / name
        if request.config.getoption("--update-golden"):
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
        assert text == file.read_text(encoding="utf-8")

    return hold


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip what is marked `postgres` where no server is."""
    if item.get_closest_marker("postgres") is not None:
        from tests.postgres import skip_without_server

        skip_without_server()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    return without_skip((yield))


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    return without_skip((yield))
