"""Commands on a PostgreSQL database: begun by `migrate`, used by all, explained by `doctor`."""

import asyncio
import json
import re
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import asyncpg
import pytest
from click.testing import CliRunner, Result

from engine.adapters.address import Address
from engine.adapters.postgres import schema
from engine.adapters.postgres.safety import Server, look
from engine.cli.database import examined as postgres
from engine.testing import NOON
from tests.cli.shell import DEFINITION, Main, Run, ended, started, surroundings
from tests.postgres import an_empty_schema

HERE = Address.parse("postgresql://me@127.0.0.1/here")
SAFE = Server(
    number=150_004,
    version="15.4",
    syncs=True,
    writes_pages_whole=True,
    waits=True,
    replicas=0,
    replicas_count=False,
    logs_values=False,
    is_sealed=False,
    now=NOON,
    missing=0,
)


@contextmanager
def empty() -> Iterator[Address]:
    """Give a schema to commands, which run loops of their own."""
    with asyncio.Runner() as runner:
        opened = an_empty_schema()
        address = runner.run(opened.__aenter__())
        try:
            yield address
        finally:
            runner.run(opened.__aexit__(None, None, None))


@pytest.fixture
def address() -> Iterator[Address]:
    with empty() as made:
        yield made


@pytest.fixture
def run(data: Path, port: str, address: Address) -> Run:
    """Give a command on a database that holds nothing yet, not even tables."""

    def command(*arguments: str | Path) -> Result:
        environment = {
            "COLUMNS": "200", "TRUSTFLOW_DATA": str(data), "TRUSTFLOW_PORT": port,
            "TRUSTFLOW_DATABASE": address.whole,
        }  # fmt: skip
        words = [str(word) for word in arguments]
        return CliRunner().invoke(Main("trustflow"), words, env=environment, catch_exceptions=False)

    return command


def told(address: Address, sql: str) -> None:
    async def tell() -> None:
        connection = await asyncpg.connect(address.whole, timeout=5)
        await connection.execute(sql)
        await connection.close()

    asyncio.run(tell())


@pytest.mark.postgres
def test_migrate_says_what_it_did(run: Run) -> None:
    first, again = run("migrate"), run("migrate", "--json")

    assert (first.exit_code, again.exit_code) == (0, 0)
    assert [line for line in first.stdout.splitlines() if line.startswith("ran ")] == [
        f"ran {step.number} {step.name}" for step in schema.shipped()
    ]
    assert json.loads(again.stdout)["ran"] == []
    assert "nothing to do" in json.loads(again.stdout)["told"]


@pytest.mark.postgres
def test_every_command_works_on_a_migrated_database(run: Run, data: Path) -> None:
    for words in (
        ("migrate",), ("deploy", DEFINITION), ("store", "add", "customers"),
        ("user", "add", "ines"), ("passcode", "register", "ines", "--suggest"),
        ("token", "create", "passcode-authentication", "--param", "userExternalId=ines"),
        ("doctor",),
    ):  # fmt: skip
        done = run(*words)
        assert done.exit_code == 0, done.output

    assert "ACTIVE" in run("user", "show", "ines").stdout
    assert "passcode-authentication" in run("token", "list").stdout
    assert run("instance", "list").exit_code == 0
    assert [file.name for file in data.iterdir()] == ["keys"]


@pytest.mark.postgres
@pytest.mark.parametrize("newer", [False, True])
def test_serve_refuses_a_schema_that_is_not_its_own(
    address: Address, tmp_path: Path, newer: bool
) -> None:
    env = surroundings(TRUSTFLOW_DATABASE=address.whole)
    if newer:
        begin(address, tmp_path)
        told(address, "INSERT INTO schema_versions VALUES (999, 'later', 'x')")

    code, said = ended("serve", "--data", tmp_path, "--port", "0", env=env)

    assert code == 1
    assert ("newer version of the program" if newer else "trustflow migrate") in said


def begin(address: Address, data: Path) -> None:
    """Make a database ready and begin its data folder, as an operator would."""
    asyncio.run(schema.migrate(address))
    env = surroundings(TRUSTFLOW_DATABASE=address.whole)
    code, said = ended("deploy", DEFINITION, "--data", data, env=env)
    assert code == 0, said


@pytest.mark.postgres
def test_serve_serves_from_the_database_that_the_command_line_names(
    address: Address, tmp_path: Path
) -> None:
    begin(address, tmp_path)

    with started("serve", "--data", tmp_path, "--port", "0", "--database", address.whole) as server:
        assert server.process.stderr is not None
        url = json.loads(server.process.stderr.readline())["url"]
        with urllib.request.urlopen(f"{url}/readyz", timeout=30) as answer:  # noqa: S310 - our own server
            assert answer.status == 200
        server.interrupt()


@pytest.mark.postgres
def test_keys_that_were_lost_are_not_made_again(run: Run, data: Path) -> None:
    assert run("migrate").exit_code == run("deploy", DEFINITION).exit_code == 0
    for key in (data / "keys").iterdir():
        key.unlink()

    refused, looked = run("user", "list"), run("doctor")

    assert refused.exit_code == looked.exit_code == 1
    assert "no key" in refused.output
    assert "BAD   keys" in looked.output


@pytest.mark.postgres
def test_a_folder_without_keys_is_not_begun_by_looking(run: Run, data: Path) -> None:
    run("migrate")

    done = run("user", "list")

    assert done.exit_code == 1
    assert "There are no keys" in done.output
    assert not data.exists()


@pytest.mark.postgres
def test_doctor_explains_a_schema_that_was_not_migrated(run: Run) -> None:
    done = run("doctor")

    assert done.exit_code == 1
    assert re.search(r"\d migrations? to run", done.stdout)
    assert "trustflow migrate" in done.stdout


@pytest.mark.postgres
def test_this_server_tells_about_itself(address: Address) -> None:
    server = asyncio.run(look(address))

    assert server.missing == len(schema.shipped())
    assert server.number >= 100_000
    assert server.waits
    assert not server.is_sealed or "ssl" in address.whole


@pytest.mark.parametrize(
    "unsafe",
    [
        replace(SAFE, syncs=False),
        replace(SAFE, writes_pages_whole=False),
        replace(SAFE, waits=False),
    ],
    ids=["fsync", "full_page_writes", "synchronous_commit"],
)
def test_a_server_that_does_not_wait_for_its_disk_is_bad(unsafe: Server) -> None:
    assert postgres.of_disk(SAFE).state == "fine"
    assert postgres.of_disk(unsafe).state == "bad"


def test_replicas_that_no_commit_waits_for_are_bad() -> None:
    lagging, counted = replace(SAFE, replicas=1), replace(SAFE, replicas=1, replicas_count=True)

    assert [postgres.of_replicas(server).state for server in (SAFE, counted, lagging)] == [
        "fine", "fine", "bad",
    ]  # fmt: skip


def test_a_log_that_keeps_what_people_entered_is_bad() -> None:
    assert postgres.of_log(SAFE).state == "fine"
    assert postgres.of_log(replace(SAFE, logs_values=True)).state == "bad"


def test_an_old_server_is_bad_and_one_of_another_time_a_warning() -> None:
    assert postgres.of_version(replace(SAFE, number=130_001), HERE).state == "bad"
    assert postgres.of_clock(SAFE, NOON + timedelta(seconds=59)).state == "fine"
    assert postgres.of_clock(SAFE, NOON - timedelta(minutes=2)).state == "warning"


def test_a_server_that_does_not_answer_is_named_without_its_password(
    data: Path, tmp_path: Path, port: str
) -> None:
    (tmp_path / "url").write_text("postgresql://me:orbit-velvet@127.0.0.1:1/x\n")
    env = {
        "TRUSTFLOW_DATA": str(data), "TRUSTFLOW_DATABASE_FILE": str(tmp_path / "url"),
        "TRUSTFLOW_PORT": port,
    }  # fmt: skip

    told = [CliRunner().invoke(Main("trustflow"), [word], env=env) for word in ("doctor", "serve")]

    assert [done.exit_code for done in told] == [1, 1]
    assert "postgresql://me@127.0.0.1:1/x" in told[0].output
    assert not any("orbit" in done.output for done in told)


def test_a_password_on_the_command_line_is_refused() -> None:
    words = ["serve", "--database", "postgresql://me:orbit-velvet@127.0.0.1/x"]

    done = CliRunner().invoke(Main("trustflow"), words)

    assert done.exit_code == 2
    assert "TRUSTFLOW_DATABASE_FILE" in done.output
    assert "orbit" not in done.output


def test_a_migrate_without_a_database_has_nothing_to_do(data: Path) -> None:
    done = CliRunner().invoke(Main("trustflow"), ["migrate"], env={"TRUSTFLOW_DATA": str(data)})

    assert done.exit_code == 0
    assert "migrates by itself" in done.output
