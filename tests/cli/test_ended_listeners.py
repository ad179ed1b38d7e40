"""Commands end who listens at a server that runs: another process, the same data folder (I1)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from engine.model.names import JsonObject
from tests.cli.callers import HOST, Call, one
from tests.cli.shell import Run, Started, ended, started
from tests.web.listening import HANDSHAKE

pytestmark = pytest.mark.slow

PAGE: Final = "https://bank.example"
PATIENCE: Final = 20.0
PING: Final = '{"type":6}\x1e'
CLOSE: Final = '{"type":7}\x1e'


@dataclass(slots=True, kw_only=True)
class Serving:
    """A server of a data folder, and the commands beside it."""

    port: int
    data: Path
    lines: ExitStack

    def command(self, *words: str) -> None:
        """Run a command as a process of its own."""
        code, errors = ended("rtas", *words, "--data", self.data)
        assert code == 0, errors

    def listens(self, name: str, secret: str) -> ClientConnection:
        """Open a socket from the client's page, with a token that its application has asked for."""
        token = self._said("/rtas/v1/login", {"client_id": name, "client_secret": secret})
        asked: JsonObject = {"user_id": "john.doe", "unique_id": "7c0e"}
        ours = self._said("/rtas/v2/end-user/registration/token", asked, token)
        address = f"ws://{HOST}:{self.port}/rtas?access_token={ours}"
        line = self.lines.enter_context(connect(address, additional_headers={"Origin": PAGE}))
        line.send(HANDSHAKE)
        while "ConnectionEstablished" not in str(line.recv(PATIENCE)):
            pass
        return line

    def _said(self, path: str, body: JsonObject, bearer: str = "") -> str:
        return str(one(Call(port=self.port, path=path, body=body, bearer=bearer))["token"])


def rest_of(line: ClientConnection, seconds: float = PATIENCE) -> tuple[str, bool]:
    """Read a line, without its pings, until it ends; give whether it has.

    It has not where it is silent for so long, or says more than fits between two looks.
    """
    said = ""
    try:
        for _ in range(3):
            said += str(line.recv(seconds)).replace(PING, "")
    except ConnectionClosed:
        return said, True
    except TimeoutError:
        pass
    return said, False


@contextmanager
def serving(data: Path) -> Iterator[Serving]:
    with ExitStack() as lines, started("serve", "--data", data, "--port", "0") as server:
        yield Serving(port=_port(server), data=data, lines=lines)


def _port(server: Started) -> int:
    assert server.process.stderr is not None
    for line in server.process.stderr:
        if '"ready"' in line:
            return int(line.rpartition(":")[2].strip(' "}\n'))
    message = "the server ended before it was ready"
    raise AssertionError(message)


def test_what_a_command_takes_away_is_taken_from_who_listens_already(run: Run, data: Path) -> None:
    secrets = {
        name: json.loads(run("rtas", "add", name, "--origin", PAGE, "--json").stdout)
        for name in ("blocked", "removed", "changed", "stays")
    }

    with serving(data) as house:
        heard = {name: house.listens(name, said["clientSecret"]) for name, said in secrets.items()}
        house.command("block", "blocked")
        house.command("remove", "removed")
        house.command("change", "changed", "--origin", "https://other.example")
        rests = {name: rest_of(heard[name]) for name in ("blocked", "removed", "changed")}
        house.command("rotate")
        stays = rest_of(heard["stays"], 2)
        house.command("rotate", "--at-once")
        leaked = rest_of(heard["stays"])

    assert rests == dict.fromkeys(rests, (CLOSE, True))
    assert (stays, leaked) == (("", False), (CLOSE, True))
