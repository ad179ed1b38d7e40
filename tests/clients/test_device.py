"""`trustflow device` against a real server: registers, lists, answers; two agents at once."""

from __future__ import annotations

import base64
import json
import subprocess
import threading
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from tests.cli.shell import Main
from tests.clients.conftest import Hub

Device = Callable[..., Result]
WHO = {"user_id": "john.doe", "user_name": "John Doe", "application_name": "Farol Mutual"}
ASKED = {
    "application_name": "Farol Mutual", "action": "Transfer", "message": "Send 250 euros to Ana?",
    "parameters": {"Amount": "250.00 EUR"},
}  # fmt: skip


def http(body: bytes, *, status: int = 200, length: int | None = None) -> bytes:
    """Write an answer."""
    head = f"HTTP/1.1 {status} Said\r\nContent-Length: {len(body) if length is None else length}"
    return f"{head}\r\nConnection: close\r\n\r\n".encode() + body


LATE = {
    **ASKED, "transaction_id": "t", "digest": "d", "parameters": {}, "expires_at": 10**15,
}  # fmt: skip
STRANGE = {
    "a list": http(b"[]"), "an object": http(b"{}"), "nothing": http(b""),
    "a text": http(b'{"transactions": 1, "tenant": 2}'), "bytes": http(b"\xff\xfe"),
    "questions": http(b'{"transactions": [{}]}'), "cut": http(b"{}", length=9),
    "late": http(json.dumps({"transactions": [LATE]}).encode()),
    "deep": http(b'{"x":' + b"[" * 100_000), "no HTTP": b"SSH-2.0-OpenSSH_9.6\r\n", "silence": b"",
}  # fmt: skip
"""What servers may say that are none of ours."""


@contextmanager
def saying(text: bytes) -> Iterator[str]:
    """Answer every call with these bytes, at the address that is given."""

    class Saying(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.wfile.write(text)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Saying) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def moved(file: Path, base: str) -> None:
    """Let the first contract of an agent be with another server."""
    known = json.loads(file.read_bytes())
    known["contracts"][0]["origin"] = base
    file.write_text(json.dumps(known))


@pytest.fixture
def device(tmp_path: Path) -> Device:
    def run(*words: str, typed: str | None = None) -> Result:
        environment = {"TRUSTFLOW_DEVICES": str(tmp_path / "devices")}
        return CliRunner(env=environment).invoke(Main("trustflow"), ["device", *words], input=typed)

    return run


def code(hub: Hub, **other: object) -> dict[str, Any]:
    return dict(hub.post("/trustfactor/v2/registration-codes", {**WHO, **other}))


def read(hub: Hub, target: str) -> Any:
    headers = {"Authorization": f"Bearer {hub.token}"}
    asked = urllib.request.Request(hub.base + target, headers=headers)  # noqa: S310 - our own server
    with urllib.request.urlopen(asked, timeout=10) as answer:  # noqa: S310 - as above
        return json.loads(answer.read())


def keys_of(hub: Hub, user: str) -> list[str]:
    found = read(hub, f"/trustfactor/v1/users/{user}/contracts")
    return [one["contract_key"] for one in found["contracts"]]


def status_of(hub: Hub, made: dict[str, Any]) -> str:
    return str(read(hub, f"/trustfactor/v2/registration-codes/{made['unique_id']}")["status"])


def asked(hub: Hub, user: str) -> dict[str, Any]:
    return dict(hub.post("/trustfactor/v1/transactions", {**ASKED, "user_id": user}))


def test_a_link_registers_a_device_whose_keys_nobody_else_reads(
    hub: Hub, device: Device, tmp_path: Path
) -> None:
    made = code(hub, user_id="link")

    result = device("register", made["deeplink_url"], typed="y\n")

    assert result.exit_code == 0, result.output
    asked = f"Register this device for John Doe at Farol Mutual, on {hub.base}?"
    assert asked in result.stderr
    assert result.stdout == "This device is registered for John Doe at Farol Mutual.\n"
    file = tmp_path / "devices" / "phone.json"
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.parent.stat().st_mode & 0o777 == 0o700
    assert keys_of(hub, "link") == [json.loads(file.read_bytes())["contracts"][0]["public"]]


def test_a_picture_of_a_code_will_do(hub: Hub, device: Device, tmp_path: Path) -> None:
    made = code(hub, user_id="picture", qr_code_size=400)
    picture = tmp_path / "code.png"
    picture.write_bytes(base64.b64decode(made["qr_code"]))

    result = device("register", str(picture), "--yes", "--json")

    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["contractKey"] in keys_of(hub, "picture")


def test_whoever_says_no_registers_nothing(hub: Hub, device: Device) -> None:
    made = code(hub, user_id="no")

    result = device("register", made["deeplink_url"], typed="n\n")

    assert result.exit_code == 0
    assert (status_of(hub, made), keys_of(hub, "no")) == ("REJECTED", [])


def test_two_agents_live_on_one_machine_and_one_code_is_for_one(hub: Hub, device: Device) -> None:
    first, second = code(hub, user_id="two"), code(hub, user_id="two")

    results = [
        device("register", first["deeplink_url"], "--yes", "--agent", "phone"),
        device("register", second["deeplink_url"], "--yes", "--agent", "tablet"),
        device("register", first["deeplink_url"], "--yes", "--agent", "tablet"),
    ]

    assert [one.exit_code for one in results] == [0, 0, 1]
    assert "It is not registered: this code was used already" in results[2].output
    assert len(set(keys_of(hub, "two"))) == 2
    assert len(json.loads(device("list", "--agent", "tablet", "--json").stdout)["contracts"]) == 1


@pytest.mark.parametrize(("word", "status"), [("accept", "ACCEPTED"), ("decline", "DECLINED")])
def test_a_device_shows_what_it_is_asked_and_answers(
    hub: Hub, device: Device, word: str, status: str
) -> None:
    device("register", code(hub, user_id=word)["deeplink_url"], "--yes")
    nothing = device("transactions")
    made = asked(hub, word)

    listed = device("transactions")
    answered = device(word)

    assert nothing.stdout == "Nothing is asked of this device now.\n"
    for shown in ("Farol Mutual: Transfer", "Send 250 euros to Ana?", "250.00 EUR"):
        assert shown in listed.stdout
    assert answered.stdout.endswith(f"It is {status.lower()}.\n"), answered.output
    stands = read(hub, f"/trustfactor/v1/transactions/{made['transaction_id']}")
    assert stands["status"] == status


def test_of_several_questions_one_is_named(hub: Hub, device: Device) -> None:
    device("register", code(hub, user_id="several")["deeplink_url"], "--yes")
    first, second = asked(hub, "several"), asked(hub, "several")

    unnamed = device("accept")
    named = device("accept", second["transaction_id"])

    assert (unnamed.exit_code, named.exit_code) == (1, 0)
    assert "There are 2 transactions; say which." in unnamed.output
    stands = read(hub, f"/trustfactor/v1/transactions/{first['transaction_id']}")
    assert stands["status"] == "PENDING"


@pytest.mark.parametrize(
    "link",
    [
        "https://evil.example/", "http://evil.example/web/device?payload=v2.main.x",
        "ftp://127.0.0.1/web/device?payload=x", "https:///?payload=x",
        "https://[bad/web/device?payload=x", "https://host:abc/web/device?payload=x",
        "https://a b/web/device?payload=x", "https://host:99999/web/device?payload=x",
        "https://bank.example@evil.example/web/device?payload=x",
        "https://bank.example:443@evil.example/web/device?payload=x",
    ],
)  # fmt: skip
def test_what_is_no_link_of_a_registration_is_not_followed(device: Device, link: str) -> None:
    result = device("register", link, "--yes")

    assert result.exit_code == 1
    assert "This is no link of a registration" in result.stderr
    assert "https://HOST/web/device?payload=..." in result.stderr


@pytest.mark.parametrize("text", STRANGE.values(), ids=STRANGE)
def test_a_server_of_another_kind_is_said_to_be(device: Device, text: bytes) -> None:
    with saying(text) as base:
        result = device("register", f"{base}/web/device?payload=v2.main.x", "--yes")

    assert (result.exit_code, result.stdout) == (1, ""), result.output
    assert f"{base} does not answer as a server of ours" in result.stderr


@pytest.mark.parametrize("text", STRANGE.values(), ids=STRANGE)
def test_one_server_of_another_kind_hides_no_question_of_others(
    hub: Hub, device: Device, tmp_path: Path, text: bytes, request: pytest.FixtureRequest
) -> None:
    user = request.node.callspec.id
    device("register", code(hub, user_id=user)["deeplink_url"], "--yes")
    device("register", code(hub, user_id=user)["deeplink_url"], "--yes")
    asked(hub, user)
    with saying(text) as base:
        moved(tmp_path / "devices" / "phone.json", base)
        result = device("transactions")

    assert result.exit_code == 0, result.output
    assert f"{base} does not answer as a server of ours" in " ".join(result.stderr.split())
    assert "Send 250 euros to Ana?" in result.stdout


@pytest.mark.parametrize("text", [b"[]", b'{"details": []}', b"\xff", b"[" * 100_000])
def test_a_refusal_without_a_reason_is_one_all_the_same(device: Device, text: bytes) -> None:
    with saying(http(text, status=409)) as base:
        result = device("register", f"{base}/web/device?payload=v2.main.x", "--yes")

    assert result.exit_code == 1
    assert "It is not registered: the server has refused it without a word" in result.stderr


def test_a_server_that_is_not_there_is_said_to_be(device: Device) -> None:
    result = device("register", "http://127.0.0.1:9/web/device?payload=v2.main.x", "--yes")

    assert result.exit_code == 1
    assert "http://127.0.0.1:9 does not answer as a server of ours" in result.output


@pytest.mark.parametrize(
    "content",
    [
        b"no picture",
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\nshowpage\n%%EOF\n",
        b"DDS " + (124).to_bytes(4, "little") + bytes(120),
        bytes(4) + b"ftypavif" + bytes(40),
    ],
    ids=["text", "a program", "DDS", "AVIF"],
)
def test_a_file_that_is_no_picture_is_said_to_be(
    device: Device, tmp_path: Path, content: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(subprocess, "Popen", lambda *_, **__: pytest.fail("it starts a program"))
    monkeypatch.setattr(subprocess, "check_call", lambda *_, **__: pytest.fail("as above"))
    file = tmp_path / "note.png"
    file.write_bytes(content)

    result = device("register", str(file), "--yes")

    assert (result.exit_code, "is no picture" in result.output) == (1, True)


def test_a_picture_that_is_cut_off_is_said_to_be_none(
    hub: Hub, device: Device, tmp_path: Path
) -> None:
    file = tmp_path / "code.png"
    file.write_bytes(base64.b64decode(code(hub, user_id="cut")["qr_code"])[:200])

    result = device("register", str(file), "--yes")

    assert (result.exit_code, f"{file.name} is no picture" in result.output) == (1, True)


def test_a_file_without_certificates_is_said_to_hold_none(device: Device, tmp_path: Path) -> None:
    file = tmp_path / "ca.pem"
    file.write_text("nothing")

    result = device("list", "--ca-file", str(file))

    assert (result.exit_code, "ca.pem holds no certificates" in result.output) == (1, True)


def test_a_forgotten_agent_has_no_keys_left(hub: Hub, device: Device, tmp_path: Path) -> None:
    device("register", code(hub, user_id="gone")["deeplink_url"], "--yes")

    device("forget")

    assert not (tmp_path / "devices" / "phone.json").exists()
    assert "registered nowhere" in device("list").stdout
