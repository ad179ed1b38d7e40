"""`demo`: what a stranger's first minutes are like, in processes of their own."""

import json
import re
import signal
import socket
import ssl
import urllib.parse
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography import x509

from engine.app import DATABASE, KEYS
from engine.cli.demo.making import USES
from engine.cli.demo.welcome import Welcome
from engine.cli.terminal.page import Terminal
from engine.secret import Secret
from tests.cli.shell import LINK, Run, ended, link_in, passcode_in, started, surroundings

READY = "Ready."


def get(url: str, context: ssl.SSLContext | None = None) -> tuple[int, str]:
    """Ask for a page of our own server; give status and text."""
    with urllib.request.urlopen(url, timeout=30, context=context) as answer:  # noqa: S310 - our own server's link
        return int(answer.status), answer.read().decode()


def post(url: str, body: dict[str, object] | None = None, token: str = "") -> dict[str, object]:
    """Post JSON to our own server; give what it answers."""
    request = urllib.request.Request(  # noqa: S310 - our own server
        url, data=json.dumps(body or {}).encode(), method="POST",
        headers={"Content-Type": "application/json", "Authorization": f"Bearer {token}"},
    )  # fmt: skip
    with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 - our own server
        found: dict[str, object] = json.loads(answer.read())
    return found


def first_start(folder: Path, *more: str) -> tuple[str, str]:
    """Start a demo on a folder and end it; give its link and passcode."""
    with started("demo", "--data", folder, "--port", "0", *more) as demo:
        said = demo.wait_for(READY)
        code, _, errors = demo.interrupt()
    assert (code, errors) == (0, "")
    return link_in(said), passcode_in(said)


@pytest.mark.parametrize("width", [80, 40])
@pytest.mark.parametrize("start", ["first", "later", "lan"])
def test_terminal_tells_all_that_a_person_needs(
    golden: Callable[[str, str], None],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    start: str,
    width: int,
) -> None:
    monkeypatch.setattr("sys.argv", ["trustflow"])
    welcome = Welcome(
        link=f"https://192.0.2.7:8322/web/trustweb?pt=pt_{'x' * 43}",
        passcode=Secret("five-words-of-our-own") if start == "first" else None,
        folder=Path(".trustflow-demo"),
        fingerprint="AB12 " * 15 + "AB12" if start == "lan" else None,
        wanted_port=8321 if start == "later" else 8322,
        port=8322,
    )

    welcome.show(Terminal(width=width, coloured=False))

    golden(f"cli/demo.{start}.{width}.txt", capsys.readouterr().out)


def test_first_start_makes_everything_and_ctrl_c_ends_it_cleanly(tmp_path: Path) -> None:
    with started("demo", "--port", "0", cwd=tmp_path) as demo:
        said = demo.wait_for(READY)
        status, page = get(link_in(said))
        code, rest, errors = demo.interrupt()

    made = tmp_path / ".trustflow-demo"
    assert LINK.search(said)
    assert status == 200
    assert "Sign in with a passcode" in page
    assert (made / DATABASE).is_file()
    assert (made / ".gitignore").read_text() == "*\n"
    assert [path.name for path in tmp_path.iterdir()] == [".trustflow-demo"]
    assert [p.name for p in made.rglob("*") if p.is_dir() or p.name == DATABASE
            if p.stat().st_mode & 0o077] == []  # fmt: skip
    assert code == 0
    assert "The demo has ended" in rest
    assert errors == ""


def test_right_passcode_leads_to_accepted(tmp_path: Path, run: Run) -> None:
    with started("demo", "--data", tmp_path / "data", "--port", "0") as demo:
        said = demo.wait_for(READY)
        walk(link_in(said), passcode_in(said))
        listed = run("instance", "list", "--json")
        shown = run("user", "show", "ines.carvalho")

    (instance,) = json.loads(listed.stdout)["instances"]
    assert instance["label"] == "Accepted"
    assert "Registered Passcodes\npolicy" in shown.stdout
    assert passcode_in(said) not in listed.output + shown.output


def walk(link: str, passcode: str) -> None:
    """Go the apps' way from a link to the end."""
    base, _, secret = link.partition("/web/trustweb?pt=")
    created = post(f"{base}/api/process-manager/processInstances/create?pt={secret}")
    screen = post(urllib.parse.unquote(str(created["redirectUrl"]).partition("ps=")[2]))
    steps = f"{base}/api/process-server/processInstances/{screen['processInstanceId']}/steps"
    answer = {"revision": screen["revision"], "data": {"passcode": passcode}}
    post(f"{steps}/{screen['stepKey']}", answer, str(screen["sessionToken"]))


def test_each_first_start_makes_another_passcode_and_other_keys(tmp_path: Path) -> None:
    one, other = (first_start(tmp_path / name) for name in ("one", "other"))

    keys = {(tmp_path / name / KEYS / "1.key").read_text() for name in ("one", "other")}
    assert one[1] != other[1]
    assert one[0].partition("pt=")[2] != other[0].partition("pt=")[2]
    assert len(keys) == 2


def test_passcode_is_shown_once_and_each_start_makes_a_fresh_link(tmp_path: Path) -> None:
    link, passcode = first_start(tmp_path)

    with started("demo", "--data", tmp_path, "--port", "0") as demo:
        said = demo.wait_for(READY)

    files = [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()]
    assert passcode not in said
    assert "as shown at the first start" in said
    assert "passcode register ines.carvalho --suggest --replace" in said
    assert link_in(said).partition("pt=")[2] != link.partition("pt=")[2]
    assert not any(passcode.encode() in content for content in files)


def test_fresh_begins_anew_and_leaves_what_is_not_its_own(tmp_path: Path) -> None:
    _, passcode = first_start(tmp_path)
    (tmp_path / "notes.txt").write_text("mine")

    _, other = first_start(tmp_path, "--fresh")

    assert passcode != other
    assert (tmp_path / "notes.txt").read_text() == "mine"


@pytest.mark.parametrize("more", [(), ("--fresh",)])
def test_second_demo_leaves_the_folder_of_one_that_runs(tmp_path: Path, more: tuple[str]) -> None:
    with started("demo", "--data", tmp_path, "--port", "0") as demo:
        link = link_in(demo.wait_for(READY))
        key = (tmp_path / KEYS / "1.key").read_bytes()
        code, errors = ended("demo", "--data", tmp_path, "--port", "0", *more)
        status, _ = get(link)

    assert code == 1
    assert "A demo already runs in" in errors
    assert "--data" in errors
    assert (tmp_path / KEYS / "1.key").read_bytes() == key
    assert status == 200


@pytest.mark.parametrize("more", [(), ("--fresh",)])
def test_folder_that_no_demo_made_is_left_alone(house: Run, data: Path, more: tuple[str]) -> None:
    before = (data / DATABASE).read_bytes()

    code, errors = ended("demo", "--data", data, "--port", "0", *more)

    assert code == 1
    assert "holds data that no demo made" in errors
    assert (data / DATABASE).read_bytes() == before


def test_taken_port_leads_to_the_next_one_and_is_said(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        number = taken.getsockname()[1]
        with started("demo", "--data", tmp_path, "--port", str(number)) as demo:
            said = demo.wait_for(READY)

    (port,) = re.findall(r"http://127\.0\.0\.1:(\d+)/", said)
    assert int(port) > number
    assert f"Port {number} is taken; this is port {port}." in said


def test_terminate_signal_ends_it_as_cleanly(tmp_path: Path) -> None:
    with started("demo", "--data", tmp_path, "--port", "0") as demo:
        demo.wait_for(READY)
        code, _, errors = demo.interrupt(signal.SIGTERM)

    assert (code, errors) == (0, "")


def test_lan_serves_https_with_a_certificate_of_its_own(tmp_path: Path) -> None:
    words = ("demo", "--data", tmp_path, "--port", "0", "--lan", "--address", "127.0.0.1")
    with started(*words) as demo:
        said = demo.wait_for(READY)
        pem = tmp_path / "tls" / "certificate.pem"
        trusting = ssl.create_default_context(cafile=pem)
        status, _ = get(link_in(said), trusting)
        with pytest.raises(OSError, match="certificate verify failed"):
            get(link_in(said))
        code, _, errors = demo.interrupt()

    kept = x509.load_pem_x509_certificate(pem.read_bytes())
    names = kept.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert link_in(said).startswith("https://127.0.0.1:")
    assert status == 200
    assert [str(name) for name in names.get_values_for_type(x509.IPAddress)] == ["127.0.0.1"]
    assert [p.name for p in (tmp_path / "tls").iterdir() if p.stat().st_mode & 0o077] == []
    assert "\N{UPPER HALF BLOCK}" in said
    assert "will warn" in said
    assert (code, errors) == (0, "")


def test_address_goes_with_lan(run: Run) -> None:
    done = run("demo", "--address", "127.0.0.1")

    assert done.exit_code == 2
    assert "--address goes with --lan" in done.stderr


def test_readiness_is_said_once_the_port_answers(tmp_path: Path) -> None:
    with started("demo", "--data", tmp_path, "--port", "0", env=surroundings(COLUMNS="40")) as demo:
        said = demo.wait_for(READY)
        with socket.create_connection(("127.0.0.1", port_of(link_in(said))), timeout=5):
            pass

    assert f"Good for {USES} visits" in said


def port_of(link: str) -> int:
    """Give the port of a link."""
    return int(link.split("/")[2].rpartition(":")[2])
