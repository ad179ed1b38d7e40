"""`serve`: where it listens, what it refuses, what its logs say, how it ends."""

import json
import signal
import ssl
import urllib.request
from pathlib import Path

import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from engine.adapters.system import SystemClock
from engine.cli.serving.certificate import LIFE, local_certificate
from tests.cli.shell import DEFINITION, Run, Started, ended, started

HOST = "127.0.0.1"


@pytest.fixture
def kept(run: Run, data: Path) -> Path:
    """Give a data folder with something to serve."""
    assert run("deploy", DEFINITION).exit_code == 0
    return data


def url_of(server: Started) -> str:
    """Wait for the first log line, which says that it is ready and where."""
    assert server.process.stderr is not None
    line = json.loads(server.process.stderr.readline())
    assert (line["event"], line["level"]) == ("ready", "info")
    return str(line["url"])


def test_server_says_where_it_is_ready_and_shows_nothing_of_itself(kept: Path) -> None:
    with started("serve", "--data", kept, "--port", "0") as server:
        url = url_of(server)
        with urllib.request.urlopen(f"{url}/readyz", timeout=30) as answer:  # noqa: S310 - our own server
            status, names = answer.status, {name.lower() for name, _ in answer.getheaders()}
        code, said, log = server.interrupt(signal.SIGTERM)

    lines = [json.loads(line) for line in log.splitlines()]
    assert status == 200
    assert "server" not in names
    assert url.startswith(f"http://{HOST}:")
    assert [line["event"] for line in lines] == ["request", "ended"]
    assert lines[0]["route"] == "/readyz"
    assert (code, said) == (0, "")


def test_a_refused_socket_is_one_line_and_no_error(kept: Path) -> None:
    with started("serve", "--data", kept, "--port", "0") as server:
        url = url_of(server)
        with pytest.raises(InvalidStatus, match="401"):
            connect(f"{url.replace('http', 'ws', 1)}/rtas")
        _, _, log = server.interrupt()

    lines = [json.loads(line) for line in log.splitlines()]
    assert [(line["event"], line["level"]) for line in lines] == [
        ("request", "info"),
        ("ended", "info"),
    ]


def test_no_log_line_holds_a_links_secret(kept: Path) -> None:
    with started("serve", "--data", kept, "--port", "0") as server:
        url = url_of(server)
        secret = "pt_" + "s" * 43
        request = f"{url}/web/trustweb?pt={secret}"
        with pytest.raises(OSError, match="HTTP Error 4"):
            urllib.request.urlopen(request, timeout=30)  # noqa: S310 - our own server
        _, _, log = server.interrupt()

    assert "/web/trustweb" in log
    assert secret not in log


@pytest.mark.parametrize("is_there", [False, True], ids=["no folder", "an empty one"])
def test_slip_in_the_folders_name_serves_nothing_and_makes_nothing(
    tmp_path: Path, is_there: bool
) -> None:
    slip = tmp_path / "dta"
    if is_there:
        slip.mkdir()

    code, errors = ended("serve", "--data", slip, "--port", "0")

    assert code == 1
    assert "There are no data in" in errors
    assert f"deploy definitions/passcode-authentication.yaml --data {slip}" in errors
    assert list(tmp_path.rglob("*")) == [slip] * is_there


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--host", "0.0.0.0"), "http shows them everything"),  # noqa: S104 - refused
        (("--host", "192.0.2.7"), "http shows them everything"),
        (("--host", "192.0.2.7", "--public-url", "http://id.example.org"), "http shows them"),
        (("--certificate", __file__), "given together"),
        (("--host", "::", "--certificate", __file__, "--key", __file__), "say --public-url"),
        (("--port", "70000"), "70000 is not in the range"),
    ],
)
def test_whatever_would_go_in_the_clear_is_wrong_usage(
    tmp_path: Path, words: tuple[str, ...], told: str
) -> None:
    code, errors = ended("serve", "--data", tmp_path, *words)

    assert code == 2
    assert told in " ".join(errors.split())


@pytest.mark.parametrize("url", ["ftp://a.example", "https://a.example/path", "http://a.example"])
def test_public_address_is_an_origin_that_browsers_may_trust(kept: Path, url: str) -> None:
    code, errors = ended("serve", "--data", kept, "--port", "0", "--public-url", url)

    assert code == 2
    assert "public_url" in errors


def test_files_that_are_no_certificate_are_an_answer(kept: Path) -> None:
    words = ("--port", "0", "--certificate", __file__, "--key", __file__)
    code, errors = ended("serve", "--data", kept, *words)

    assert code == 1
    assert "are not a certificate in PEM and its key" in errors


def test_certificate_and_key_serve_https(tmp_path: Path, kept: Path) -> None:
    own = local_certificate(tmp_path / "tls", HOST, SystemClock().now()).tls
    words = ("--certificate", own.certificate, "--key", own.key, "--port", "0")
    with started("serve", "--data", kept, *words) as server:
        url = url_of(server)
        trusting = ssl.create_default_context(cafile=own.certificate)
        with urllib.request.urlopen(f"{url}/healthz", timeout=30, context=trusting) as answer:  # noqa: S310 - our own server
            hsts = answer.headers["strict-transport-security"]

    assert url.startswith(f"https://{HOST}:")
    assert "max-age=31536000" in hsts


def test_taken_port_is_an_answer(kept: Path) -> None:
    with started("serve", "--data", kept, "--port", "0") as server:
        port = url_of(server).rpartition(":")[2]
        code, errors = ended("serve", "--data", kept, "--port", port)

    assert code == 1
    assert "is taken" in errors
    assert "Links follow TRUSTFLOW_PORT, or `port` in trustflow.toml" in errors


def test_certificate_is_kept_until_it_runs_out_or_the_address_is_another(tmp_path: Path) -> None:
    now = SystemClock().now()
    first = local_certificate(tmp_path, HOST, now)

    again = local_certificate(tmp_path, HOST, now)
    later = local_certificate(tmp_path, HOST, now + LIFE)
    elsewhere = local_certificate(tmp_path, "192.0.2.7", now + LIFE)

    prints = [one.fingerprint for one in (first, again, later, elsewhere)]
    assert prints[0] == prints[1]
    assert len(set(prints)) == 3
