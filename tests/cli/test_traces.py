"""`serve` with a collector of spans: they arrive, and one that is not there stops nobody."""

from __future__ import annotations

import json
import queue
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tests.cli.shell import DEFINITION, Run, started, surroundings
from tests.cli.test_serve import url_of


@contextmanager
def collector() -> Iterator[tuple[str, queue.Queue[tuple[str, bytes]]]]:
    """Listen as a collector does; give its address, and what came."""
    heard: queue.Queue[tuple[str, bytes]] = queue.Queue()

    class Collector(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            heard.put((self.path, self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Collector)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1/traces", heard
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_a_server_sends_its_spans_to_a_collector_at_its_end_at_last(run: Run, data: Path) -> None:
    assert run("deploy", DEFINITION).exit_code == 0
    with collector() as (url, heard):
        env = surroundings(TRUSTFLOW_TRACES=url)
        with started("serve", "--data", data, "--port", "0", env=env) as server:
            ready(url_of(server))
            code, _, _ = server.interrupt()
        path, body = heard.get(timeout=30)

    assert code == 0
    assert path == "/v1/traces"
    assert b"GET /readyz" in body
    assert b"store.try_writing" in body


def test_a_collector_that_is_not_there_stops_nobody(run: Run, data: Path) -> None:
    assert run("deploy", DEFINITION).exit_code == 0
    env = surroundings(TRUSTFLOW_TRACES="http://127.0.0.1:9/v1/traces")
    with started("serve", "--data", data, "--port", "0", env=env) as server:
        url = url_of(server)
        for _ in range(20):
            ready(url)
        code, _, log = server.interrupt()

    assert code == 0
    assert all(json.loads(line) for line in log.splitlines())


def ready(url: str) -> None:
    with urllib.request.urlopen(f"{url}/readyz", timeout=30) as answer:  # noqa: S310 - our own server
        assert answer.status == 200
