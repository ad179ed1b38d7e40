"""Two processes on one SQLite file: the database decides, not a lock inside either of them."""

import subprocess
import sys
from pathlib import Path

import pytest

from engine.model.names import MAIN_TENANT
from engine.testing import a_hop
from tests.adapters import claimant
from tests.adapters.conftest import Open

pytestmark = pytest.mark.anyio

COUNT = 100


def started(path: Path, name: str) -> subprocess.Popen[str]:
    command = [sys.executable, claimant.__file__, str(path), name, str(COUNT)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def line_of(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


async def test_two_hundred_claims_of_two_processes_charge_once(opened: Open, path: Path) -> None:
    store = await opened()
    await store.commit(a_hop())
    processes = [started(path, name) for name in ("one", "two")]
    assert [line_of(process) for process in processes] == ["ready", "ready"]

    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    told = [line_of(process).split() for process in processes]
    for process in processes:
        process.communicate(timeout=30)

    attempts = await store.attempts(MAIN_TENANT, claimant.ACCOUNT)
    assert sum(int(charged) for charged, _ in told) == 1
    assert sum(int(claimed) for _, claimed in told) == 2 * COUNT - 1
    assert attempts is not None
    assert attempts.failures == 1
