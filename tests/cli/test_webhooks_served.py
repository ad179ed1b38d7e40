"""A server as a process tells a receiver as a process, signed; also what a dead server left."""

from __future__ import annotations

import json
import queue
import signal
import socket
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from standardwebhooks import Webhook

from tests.cli.shell import Run, Started, link_in, started, surroundings
from tests.cli.test_serve import url_of

TELL = """\
process: tell
version: 1
title: Tell
languages: [en]
maxDuration: PT1H
parameters:
  who: {type: string, required: true}
flow:
  start: {activity: Start, next: tell}
  tell:
    activity: Send Webhook
    inputs: {webhookName: shop, waitForDelivery: true}
    errors: {WebhookNotDelivered: no}
    next: end
  no: {activity: End, result: REVIEW}
  end: {activity: End, result: FAIL}
"""
BODY = '{"who": "{{processvar._initVars.who}}"}'
LONGEST = 180
"""Seconds: what a dead server had just taken is free again after two minutes."""
Heard = queue.Queue[tuple[dict[str, str], str]]


def free_port() -> int:
    """Find a port where nobody listens yet."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def receiver(port: int) -> Iterator[Heard]:
    """Listen on this machine; give what was heard, in order."""
    heard: Heard = queue.Queue()

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            heard.put(({name.lower(): value for name, value in self.headers.items()}, body))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", port), Receiver)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield heard
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def call(url: str, body: object = None) -> Any:
    """Call the API as an app does."""
    data = json.dumps(body or {}).encode()
    request = urllib.request.Request(  # noqa: S310 - our own server
        url, data=data, headers={"Content-Type": "application/json"}, method="POST"
    )
    with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 - as above
        return json.load(answer)


def begun(server: Started, secret: str) -> tuple[str, Any]:
    """Create and start a journey by its token; give its id and its first screen."""
    url = url_of(server)
    made = call(f"{url}/api/process-manager/processInstances/create?pt={secret}")
    start = parse_qs(urlsplit(made["redirectUrl"]).query)["ps"][0]
    ticket = parse_qs(urlsplit(start).query)["pi"][0]
    shown = call(f"{url}/api/process-server/startProcess?pi={ticket}", {"language": "en"})
    return made["processInstanceId"], shown


def furnished(run: Run, data: Path, port: int, env: dict[str, str]) -> tuple[str, str]:
    """Deploy the journey and its webhook; give the signing secret, and a token's."""
    folder = data.parent
    (folder / "tell.yaml").write_text(TELL, encoding="utf-8")
    (folder / "body.json").write_text(BODY, encoding="utf-8")
    assert run("deploy", folder / "tell.yaml").exit_code == 0
    words = (
        "webhook",
        "add",
        "shop",
        f"http://127.0.0.1:{port}/hooks",
        "--body",
        folder / "body.json",
    )
    with started(*words, "--json", "--data", data, env=env) as command:
        out, errors = command.process.communicate(timeout=LONGEST)
    assert command.process.returncode == 0, errors
    made = run("token", "create", "tell", "--param", "who=Ines")
    assert made.exit_code == 0, made.output
    return json.loads(out)["secret"], link_in(made.output).partition("pt=")[2]


@pytest.mark.parametrize("first", ["lives", "dies"])
def test_a_receiver_is_told_once_and_can_be_sure_of_it(run: Run, data: Path, first: str) -> None:
    port = free_port()
    env = surroundings(TRUSTFLOW_HTTP_TRUSTED=f"127.0.0.1:{port}")
    serve = ("serve", "--data", data, "--port", "0")
    key, token = furnished(run, data, port, env)
    id = ""
    if first == "dies":  # the receiver is not there yet, and this server will not be any more
        with started(*serve, env=env) as server:
            id, shown = begun(server, token)
            server.interrupt(signal.SIGKILL)
        assert shown["screenId"] == "working"
        assert waiting(run) == 1

    with receiver(port) as heard, started(*serve, env=env) as server:
        if first == "lives":
            id, _ = begun(server, token)
        headers, body = heard.get(timeout=LONGEST)
        server.interrupt(signal.SIGTERM)

    assert Webhook(key).verify(body, headers) == {"who": "Ines"}
    assert headers["webhook-id"].startswith("msg_")
    assert heard.empty()
    told = json.loads(run("instance", "show", id, "--json").stdout)
    assert told["status"] == "COMPLETED_ENDED_ERROR"
    assert waiting(run) == 0


def waiting(run: Run) -> int:
    listed = json.loads(run("outbox", "list", "--status", "waiting", "--json").stdout)
    return len(listed["messages"])
