"""The sample application server: its login lasts, and it agrees to what it has asked for alone."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final

import pytest
from click.testing import CliRunner

from engine.webhooks import signing
from tests.cli.shell import Main
from tests.clients.bank import CALLBACK, Bank, Rtas, Served
from tests.clients.conftest import Hub
from tests.web.application import DEVICE

OLD, NEW = b"o" * 32, b"n" * 32
LOGIN, RENEW, TELL = "/rtas/v1/login", "/rtas/v1/token/renew", "/rtas/v3/registration/callback"
RESET, CODES = "/trustfactor/v1/contracts/reset", "/trustfactor/v2/registration-codes"
TOLD: Final = {
    "app_user_unique_id": "john.doe", "register_code_unique_id": "code-1", "contract_key": "c",
    "device_key": "d", "device_info": DEVICE,
}  # fmt: skip


class StandIn:
    """RTAS and TrustFactor as far as a bank sees them: each call, and what it was opened with.

    Attributes:
        calls: Path and body, the newest last.
        token: The one that is good now; another is answered with 401.
        broken: Paths that are answered with 500.
    """

    def __init__(self) -> None:
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.token = ""
        self.broken: set[str] = set()
        self._tokens = iter(range(1_000))
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self.base = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def answer(self, path: str, said: dict[str, Any], token: str) -> tuple[int, object]:
        self.calls.append((path, said))
        if path != LOGIN and token != f"Bearer {self.token}":
            return 401, {}
        if path in self.broken:
            return 500, {}
        if path in (LOGIN, RENEW):
            self.token = f"t{next(self._tokens)}"
        return 200, {
            "token": self.token, "unique_id": "code-1", "qr_code": "", "deeplink_url": "link"
        }  # fmt: skip

    @property
    def paths(self) -> list[str]:
        return [path for path, _ in self.calls]


def _handler(stands: StandIn) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            said = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            token = self.headers.get("Authorization", "")
            status, found = stands.answer(self.path, said, token)
            body = json.dumps(found).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    return Handler


@pytest.fixture
def rtas() -> Iterator[StandIn]:
    stands = StandIn()
    yield stands
    stands.close()


def bank_at(rtas: StandIn) -> Bank:
    """Give a bank that has asked for one code."""
    bank = Bank(Rtas(rtas.base, "bank", "secret"), rtas_url=rtas.base, secret=OLD)
    bank.create_code()
    rtas.calls.clear()
    return bank


def heard(bank: Bank, *secrets: bytes, age: timedelta = timedelta(), **other: Any) -> int:
    """Call a bank back, signed with these secrets."""
    body = json.dumps({**TOLD, **other}).encode()
    at = datetime.fromtimestamp(time.time(), UTC) - age  # noqa: TID251 - the bank reads no other
    return bank.hear(dict(signing.headers(secrets, "m1", at, body)), body)


@pytest.mark.parametrize("secrets", [(OLD,), (NEW, OLD), (OLD, NEW)])
def test_one_signature_that_fits_will_do(rtas: StandIn, secrets: tuple[bytes, ...]) -> None:
    bank = bank_at(rtas)

    assert heard(bank, *secrets) == 204
    assert bank.devices == {"c"}


def test_what_is_not_signed_just_now_is_not_heard(rtas: StandIn) -> None:
    bank = bank_at(rtas)

    found = {heard(bank, NEW), heard(bank, NEW, NEW), heard(bank, OLD, age=timedelta(minutes=6))}

    assert (found, bank.devices, rtas.calls) == ({401}, set(), [])


@pytest.mark.parametrize("stamp", ["", "now", "-1", "1e9", "½", "٣", "9" * 5_000])
@pytest.mark.parametrize("signature", ["", "v1,", "v1,é", "v2,abc", " "])
def test_junk_in_the_headers_is_no_signature(rtas: StandIn, stamp: str, signature: str) -> None:
    bank, body = bank_at(rtas), json.dumps(TOLD).encode()
    signed = signing._signature(OLD, b"m1." + stamp.encode() + b"." + body)
    known = {"webhook-id": "m1", "webhook-timestamp": stamp}

    for given in (signature, f"v1,{signed}"):
        assert bank.hear({**known, "webhook-signature": given}, body) == 401
    assert bank.hear({}, body) == 401


@pytest.mark.parametrize("other", ["app_user_unique_id", "register_code_unique_id"])
def test_a_device_that_nobody_asked_for_is_refused(rtas: StandIn, other: str) -> None:
    bank, another = bank_at(rtas), dict[str, Any]({other: "somebody-else"})

    assert heard(bank, OLD, **another) == 403
    assert (bank.devices, rtas.calls) == (set(), [])


def test_the_browser_is_told_of_the_device_that_it_is_once(rtas: StandIn) -> None:
    bank = bank_at(rtas)

    assert [heard(bank, OLD), heard(bank, OLD)] == [204, 204]

    ((path, said),) = rtas.calls
    assert (path, said["status"]) == (TELL, "REGISTRATION_SUCCESS_V2")
    assert (said["contract_key"], said["device_key"], said["device_info"]) == ("c", "d", DEVICE)


def test_what_the_browser_cannot_be_told_is_tried_again(rtas: StandIn) -> None:
    bank = bank_at(rtas)
    rtas.broken.add(TELL)
    with pytest.raises(urllib.error.HTTPError):
        heard(bank, OLD)
    rtas.broken.clear()

    assert (heard(bank, OLD), bank.devices) == (204, {"c"})


def test_a_token_is_renewed_in_time(rtas: StandIn) -> None:
    fresh = Rtas(rtas.base, "bank", "secret")
    late = Rtas(rtas.base, "bank", "secret", renew_seconds=0)
    rtas.calls.clear()

    late.reset("c")
    late.reset("c")

    assert rtas.paths == [RENEW, RESET, RENEW, RESET]
    fresh.reset("c")
    assert RENEW not in rtas.paths[4:]


@pytest.mark.parametrize("renew_seconds", [1_800, 0])
def test_a_token_that_opens_nothing_any_more_is_one_more_login(
    rtas: StandIn, renew_seconds: int
) -> None:
    client = Rtas(rtas.base, "bank", "secret", renew_seconds=renew_seconds)
    rtas.token = "another"  # noqa: S105 - no secret
    rtas.calls.clear()

    client.reset("c")

    assert rtas.paths == [RENEW if renew_seconds == 0 else RESET, LOGIN, RESET]


def test_a_wrong_device_can_be_removed_until_it_is_gone(rtas: StandIn) -> None:
    bank = bank_at(rtas)
    heard(bank, OLD)
    token = rtas.calls[-1][1]["wrong_device_token"]
    rtas.broken.add(RESET)
    with pytest.raises(urllib.error.HTTPError):
        bank.remove_wrong_device(token)
    rtas.broken.clear()

    removed = [bank.remove_wrong_device(token), bank.remove_wrong_device(token)]

    assert (removed, bank.devices) == ([True, False], set())
    assert rtas.paths.count(RESET) == 2


def test_its_server_says_that_another_has_failed(rtas: StandIn) -> None:
    served = Served()
    served.bank = bank_at(rtas)
    rtas.broken.add(CODES)
    asked = urllib.request.Request(f"{served.base}/tf/create-qr", b"")  # noqa: S310 - our own server

    with pytest.raises(urllib.error.HTTPError, match="502"):
        urllib.request.urlopen(asked, timeout=10)  # noqa: S310 - as above

    served.close()


def test_a_device_is_registered_while_the_secret_changes(hub: Hub, tmp_path: Path) -> None:
    served = Served(hub.trusted)
    made = hub.client("farol", served.base)
    rtas = Rtas(hub.base, made.client.name, made.secret, renew_seconds=0)
    secret = rtas.called_back_at(served.base + CALLBACK)
    served.bank = Bank(rtas, rtas_url=hub.base, secret=secret)
    rtas.called_back_at(served.base + CALLBACK)  # another secret, that this bank has not read yet
    served.bank.create_code()

    words = ["device", "register", served.bank.created[-1][1], "--yes", "--json"]
    runner = CliRunner(env={"TRUSTFLOW_DEVICES": str(tmp_path)})
    result = runner.invoke(Main("trustflow"), words)

    served.close()
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["status"] == "REGISTERED"
    assert served.bank.devices == {json.loads(result.stdout)["contractKey"]}


def test_it_runs_as_a_program_and_says_what_stands_in_its_way(hub: Hub) -> None:
    origin = f"http://127.0.0.1:{hub.trusted}"
    made = hub.client("harbour", origin)
    program = Path(__file__).with_name("bank.py")
    words = [sys.executable, str(program), hub.base, "harbour", "--port", str(hub.trusted)]

    def begun() -> subprocess.Popen[str]:  # without a terminal the secret is read as it comes
        return subprocess.Popen(
            words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            text=True, start_new_session=True,
        )  # fmt: skip

    wrong = begun().communicate("rs_wrong\n", timeout=60)[1]
    running = begun()
    assert running.stdin
    assert running.stdout
    running.stdin.write(f"{made.secret}\n")
    running.stdin.flush()
    line = running.stdout.readline()
    with urllib.request.urlopen(origin, timeout=10) as answer:
        page = answer.read().decode()
    running.send_signal(signal.SIGINT)
    running.communicate(timeout=60)

    assert "401" in wrong
    assert "client" in wrong
    assert line.startswith(f"{origin}/ is the page")
    assert f"{hub.base}/rtas/rtas-ui.js" in page
    assert running.returncode == 0
