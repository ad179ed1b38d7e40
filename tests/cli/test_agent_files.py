"""The file of a virtual agent: commands at once lose nothing, and what is damaged is said to be."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import Final

import pytest
from click.testing import CliRunner, Result

from engine.adapters.signatures.ed25519 import Ed25519Keys
from engine.cli.device.agent import Agent, Link, Scanned
from engine.cli.device.calling import Refused
from engine.testing import FrozenClock
from tests.cli.shell import Main

LINK: Final = Link(origin="https://tf.example", payload="v2.main.x")
SCANNED: Final = Scanned(
    tenant="main", unique_id="u", application_name="Farol Mutual", user_name="John Doe"
)
SEVERAL, EACH = 8, 12


def opened(folder: Path) -> Agent:
    """Open the agent of a folder, as each command does that looks."""
    return Agent.open(folder / "phone.json", "phone", keys=Ed25519Keys(), clock=FrozenClock())


def begun(folder: Path) -> Agent:
    """Open it as a command does that registers."""
    return Agent.begin(folder / "phone.json", "phone", keys=Ed25519Keys(), clock=FrozenClock())


def test_first_commands_at_once_are_one_device(tmp_path: Path) -> None:
    start = Barrier(SEVERAL)

    def begins(_: int) -> str:
        start.wait(10)
        return begun(tmp_path).kept.public

    with ThreadPoolExecutor(SEVERAL) as pool:
        devices = set(pool.map(begins, range(SEVERAL)))

    assert devices == {opened(tmp_path).kept.public}


def test_who_is_refused_gives_up_its_own_key_and_no_other(tmp_path: Path) -> None:
    waiting = begun(tmp_path)
    refused = waiting.make_contract_key(LINK, SCANNED)
    other = begun(tmp_path).make_contract_key(LINK, SCANNED)

    waiting.forget(refused)

    assert [held.public for held in opened(tmp_path).contracts()] == [other.public]


def test_commands_at_once_lose_no_key(tmp_path: Path) -> None:
    def registers(_: int) -> list[str]:
        return [begun(tmp_path).make_contract_key(LINK, SCANNED).public for _ in range(EACH)]

    with ThreadPoolExecutor(SEVERAL) as pool:
        made = [public for some in pool.map(registers, range(SEVERAL)) for public in some]

    assert len(made) == SEVERAL * EACH
    assert {held.public for held in opened(tmp_path).contracts()} == set(made)


def test_an_agent_that_is_forgotten_meanwhile_is_not_written_again(tmp_path: Path) -> None:
    waiting = begun(tmp_path)
    held = waiting.make_contract_key(LINK, SCANNED)
    (tmp_path / "phone.json").unlink()

    with pytest.raises(Refused, match="was forgotten meanwhile"):
        waiting.make_contract_key(LINK, SCANNED)
    waiting.forget(held)

    assert not (tmp_path / "phone.json").exists()


def test_nobody_else_reads_a_key_whatever_was_left_behind(tmp_path: Path) -> None:
    left = tmp_path / "phone.new"
    left.write_text("half")
    left.chmod(0o666)

    begun(tmp_path)

    assert (tmp_path / "phone.json").stat().st_mode & 0o777 == 0o600
    assert not left.exists()


@pytest.fixture
def device(tmp_path: Path) -> Callable[..., Result]:
    def run(*words: str) -> Result:
        environment = {"TRUSTFLOW_DEVICES": str(tmp_path), "COLUMNS": "100"}
        return CliRunner(env=environment).invoke(Main("trustflow"), ["device", *words])

    return run


def test_who_only_looks_makes_no_agent(tmp_path: Path, device: Callable[..., Result]) -> None:
    results = [device("list"), device("transactions"), device("accept")]

    assert [one.exit_code for one in results] == [0, 0, 1]
    assert list(tmp_path.iterdir()) == []


DAMAGED: Final = {
    "empty": b"", "half": b'{"name": "phone", "pub', "another kind": b"[]", "bytes": b"\xff\xfe",
    "deep": b'{"x":' + b"[" * 100_000,
    "no key": b'{"name":"phone","public":"a","private":"b","contracts":[]}',
}  # fmt: skip


@pytest.mark.parametrize("words", [("list",), ("accept",), ("register", "https://h/?payload=x")])
@pytest.mark.parametrize("text", DAMAGED.values(), ids=DAMAGED)
def test_a_damaged_file_is_said_to_be_and_left_as_it_is(
    tmp_path: Path, device: Callable[..., Result], text: bytes, words: tuple[str, ...]
) -> None:
    file = tmp_path / "phone.json"
    file.write_bytes(text)

    result = device(*words)

    assert (result.exit_code, result.stdout) == (1, "")
    told = " ".join(result.stderr.split())
    assert f"{file} is damaged" in told.replace("- ", "-"), result.output
    assert f"device forget --folder {tmp_path} --agent phone" in told
    assert file.read_bytes() == text


def test_a_contract_whose_key_is_damaged_is_found_before_it_is_used(
    tmp_path: Path, device: Callable[..., Result]
) -> None:
    begun(tmp_path).make_contract_key(LINK, SCANNED)
    file = tmp_path / "phone.json"
    known = json.loads(file.read_bytes())
    known["contracts"][0]["private"] = known["private"]
    file.write_text(json.dumps(known))

    result = device("transactions")

    assert (result.exit_code, "is damaged" in result.stderr) == (1, True), result.output


def test_a_damaged_agent_can_be_forgotten(tmp_path: Path, device: Callable[..., Result]) -> None:
    file = tmp_path / "phone.json"
    file.write_bytes(b"{")

    result = device("forget")

    assert (result.exit_code, file.exists()) == (0, False), result.output


def test_an_agent_that_never_was_is_not_said_to_be_forgotten(
    tmp_path: Path, device: Callable[..., Result]
) -> None:
    first, known = device("forget"), begun(tmp_path)
    second = device("forget")

    assert (first.exit_code, second.exit_code) == (1, 0), first.output
    assert f"no agent {known.kept.name}" in first.stderr


@pytest.mark.parametrize("name", ["nothing.png", ""])
def test_a_picture_that_is_not_there_is_said_not_to_be(
    tmp_path: Path, device: Callable[..., Result], name: str
) -> None:
    result = device("register", str(tmp_path / name))

    assert result.exit_code == 1
    assert "extra" not in result.stderr, result.stderr
