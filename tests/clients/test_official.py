"""The official SignalR clients at our hub: each version, transport and protocol (signalr.md 10)."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from shutil import which
from typing import Any

import pytest

from engine.adapters.system import SystemChance
from tests.clients.conftest import Hub
from tests.web.application import CREATED, SUCCESS

NUMBERS = {"WebSockets": 1, "ServerSentEvents": 2, "LongPolling": 4}
TARGETS = ["ConnectionEstablished", "RegistrationCreatedEvent", "RegistrationSuccessEvent"]
JSON_RUNS = [
    (client, transport, "")
    for client in ("signalr5", "signalr6", "signalr8", "signalr10")
    for transport in NUMBERS
]
MSGPACK_RUNS = [
    (client, transport, protocol)
    for client, protocol in (("signalr6", "msgpack6"), ("signalr10", "msgpack10"))
    for transport in ("WebSockets", "LongPolling")
]
EACH = pytest.mark.parametrize(("client", "transport", "protocol"), JSON_RUNS + MSGPACK_RUNS)
PATIENCE = 20


@dataclass(slots=True)
class Listener:
    """A client in a process of its own."""

    process: subprocess.Popen[str]

    def next(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, "the client has gone"
        return dict(json.loads(line))

    def event(self) -> tuple[str, list[Any]]:
        said = self.next()
        assert said["what"] == "event", said
        return said["target"], said["given"]


Listen = Callable[..., Listener]


@pytest.fixture
def listen(hub: Hub, official: Path) -> Iterator[Listen]:
    begun: list[subprocess.Popen[str]] = []

    def begin(token: str, client: str, transport: str, protocol: str = "", **more: Any) -> Listener:
        process = subprocess.Popen(
            [str(which("node")), "listen.mjs"], cwd=official, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )  # fmt: skip
        begun.append(process)
        told = {
            "client": client, "url": f"{hub.base}/rtas", "token": token, "protocol": protocol,
            "transport": NUMBERS[transport], "targets": TARGETS, "reconnects": True, **more,
        }  # fmt: skip
        assert process.stdin is not None
        process.stdin.write(json.dumps(told) + "\n")
        process.stdin.flush()
        return Listener(process)

    yield begin
    for process in begun:
        process.kill()
        process.communicate(timeout=PATIENCE)


def fresh(hub: Hub) -> tuple[str, str]:
    id = SystemChance().id()
    return id, hub.end_user_token(id)


@EACH
def test_replay_live_and_an_end_without_coming_again(
    hub: Hub, listen: Listen, client: str, transport: str, protocol: str
) -> None:
    id, token = fresh(hub)
    hub.tell(CREATED, id)
    ear = listen(token, client, transport, protocol)
    said = [ear.next() for _ in range(3)]

    started = next(one for one in said if one["what"] == "started")
    assert started == {
        "what": "started", "transport": f"{transport}Transport".replace("WebSockets", "WebSocket"),
        "binary": bool(protocol),
    }  # fmt: skip
    heard = [(one["target"], one["given"]) for one in said if one["what"] == "event"]
    shown = {name: value for name, value in CREATED.items() if name in heard[1][1][0]}
    assert heard == [("ConnectionEstablished", []), ("RegistrationCreatedEvent", [shown])]

    hub.tell(SUCCESS, id)

    target, (payload,) = ear.event()
    assert (target, payload["device_info"]) == ("RegistrationSuccessEvent", SUCCESS["device_info"])
    closed = ear.next()
    if (client, transport) != ("signalr5", "ServerSentEvents"):  # the oldest takes an end for a cut
        assert closed == {"what": "closed", "error": None}


@pytest.mark.parametrize("client", ["signalr5", "signalr6", "signalr8", "signalr10"])
def test_a_bad_token_ends_the_start(hub: Hub, listen: Listen, client: str) -> None:
    _, token = fresh(hub)

    said = listen(token[:-6] + "AAAAAA", client, "WebSockets").next()

    assert said["what"] == "failed"
    assert "401" in said["error"] or "Unauthorized" in said["error"]


@pytest.mark.parametrize("client", ["signalr6", "signalr10"])
def test_after_a_cut_the_last_event_is_told_again(hub: Hub, listen: Listen, client: str) -> None:
    id, token = fresh(hub)
    ear = listen(token, client, "WebSockets")
    assert {ear.next()["what"] for _ in range(2)} == {"started", "event"}
    hub.tell(CREATED, id)
    assert ear.event()[0] == "RegistrationCreatedEvent"

    hub.send_away()

    assert ear.next()["what"] == "reconnecting"
    said = [ear.next() for _ in range(3)]
    assert [one["what"] for one in said].count("reconnected") == 1
    assert [one["target"] for one in said if one["what"] == "event"] == TARGETS[:2]
