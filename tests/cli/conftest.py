"""A shell for the tests: commands in this process, on a data folder of the test's own."""

import socket
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tests.cli.shell import DEFINITION, Main, Run


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data folder that is not there yet."""
    return tmp_path / "data"


@pytest.fixture(scope="session")
def port() -> str:
    """A port that nobody listens at: what else runs on this machine is no test's business."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return str(probe.getsockname()[1])


@pytest.fixture
def run(data: Path, port: str) -> Run:
    """Give a command: `run("user", "list", width=40)`; look at exit_code, stdout, stderr."""

    def command(*arguments: str | Path, width: int = 80, typed: str | None = None) -> Result:
        environment = {
            "COLUMNS": str(width), "TRUSTFLOW_DATA": str(data), "TRUSTFLOW_PORT": port,
            "NO_COLOR": None,
        }  # fmt: skip
        words = [str(word) for word in arguments]
        return CliRunner().invoke(
            Main("trustflow"), words, input=typed, env=environment, catch_exceptions=False
        )

    return command


@pytest.fixture
def house(run: Run) -> Run:
    """The same, where the shipped definition is deployed and `ines` is a user of `customers`."""
    for words in (("deploy", DEFINITION), ("store", "add", "customers"), ("user", "add", "ines")):
        done = run(*words)
        assert done.exit_code == 0, done.output
    return run
