"""Two processes on one PostgreSQL database: the server decides, no lock inside either of them."""

import json
import subprocess
import sys
from typing import Any

import pytest

from engine.model.names import MAIN_TENANT
from engine.records.record import Absent, Put, Staged
from engine.records.tokens import ProcessToken
from engine.testing import a_hop, a_token, an_instance
from tests.adapters import postgres_racer as racer
from tests.adapters.test_sqlite_processes import line_of
from tests.cli.shell import surroundings
from tests.postgres import a_database, a_store_at

pytestmark = [pytest.mark.anyio, pytest.mark.postgres, pytest.mark.slow]

COUNT = 100


def started(address: str, name: str) -> subprocess.Popen[str]:
    command = [sys.executable, racer.__file__, address, name, str(COUNT)]
    return subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=surroundings()
    )


def raced(address: str) -> list[dict[str, Any]]:
    """Let two processes begin at one moment; give what each one tells."""
    processes = [started(address, name) for name in ("one", "two")]
    assert [line_of(process) for process in processes] == ["ready", "ready"]
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    told = [json.loads(line_of(process)) for process in processes]
    for process in processes:
        process.communicate(timeout=30)
    return told


async def test_two_processes_have_one_winner_each_time() -> None:
    async with a_database() as address, a_store_at(address) as store:
        await store.commit(a_hop(an_instance(id=racer.FIRST)))
        await store.commit(a_hop(an_instance(id=racer.CLAIMED)))
        await store.write(MAIN_TENANT, Staged(writes=(Put(row=a_token(), expect=Absent()),)))

        told = raced(address.whole)

        redeemed = [id for one in told for id in one["redeemed"]]
        moved = sorted((id for one in told for id in one["moved"]), key=_revision)
        token = await store.get(MAIN_TENANT, ProcessToken, "token-1")
        instance = (await store.load(MAIN_TENANT, racer.FIRST)).instance
        attempts = await store.attempts(MAIN_TENANT, racer.ACCOUNT)
        rows = await store.journal(MAIN_TENANT, racer.FIRST)
    assert len(redeemed) == 1  # of 200
    assert token is not None
    assert token.counter == 1
    assert list(map(_revision, moved)) == list(range(2, racer.REVISIONS + 2))
    assert instance.language == moved[-1]
    assert len(rows) == racer.REVISIONS + 1
    assert sum(one["charged"] for one in told) == 1
    assert attempts is not None
    assert attempts.failures == 1


def _revision(id: str) -> int:
    return int(id.split("-")[1])
