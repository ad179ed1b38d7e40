"""What an agent says goes to the server that it is signed for, and to no other."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from engine.cli.device.calling import LONGEST_ANSWER, Refused, post


@contextmanager
def served(
    status: int, body: bytes, headers: dict[str, str] | None = None
) -> Iterator[tuple[str, list[str]]]:
    """Serve one answer to whatever is asked; gives the address, and what was asked there."""
    asked: list[str] = []

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            asked.append(f"{self.command} {self.path}")
            self.send_response(status)
            for name, value in (headers or {}).items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_GET  # noqa: N815 - the library's name

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Answers) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", asked
        finally:
            server.shutdown()
            thread.join()


def said(origin: str) -> object:
    return post(origin, "/trustfactor/agent/scan", b"{}", {"S": "x"}, trust=None, answer=dict)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_no_redirect_is_followed(status: int) -> None:
    with served(200, b"{}") as (elsewhere, there):
        led = {"Location": f"{elsewhere}/taken"}
        with served(status, b"", led) as (origin, here), pytest.raises(Refused) as refused:
            said(origin)

    assert (refused.value.status, there) == (status, [])
    assert here == ["POST /trustfactor/agent/scan"]


def test_an_answer_without_end_is_none() -> None:
    longest = b'{"a":"' + b"x" * LONGEST_ANSWER + b'"}'
    with served(200, longest) as (origin, _), pytest.raises(Refused) as refused:
        said(origin)

    assert refused.value.status == 0


def test_what_a_server_refuses_is_told_in_its_own_words() -> None:
    body = b'{"message": "no", "details": {"problems": [{"field": "at", "message": "set it"}]}}'
    with served(400, body) as (origin, _), pytest.raises(Refused, match="set it"):
        said(origin)
