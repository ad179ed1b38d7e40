"""`provider`: another server is logged in at, told where to call us back, listed and forgotten."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from click.testing import CliRunner, Result

from engine.records.trustfactor import CallbackAddresses
from tests.cli.shell import Main
from tests.clients.conftest import Hub

Command = Callable[..., Result]


@pytest.fixture
def run(hub: Hub, tmp_path: Path) -> Command:
    def command(*words: str, typed: str | None = None) -> Result:
        environment = {
            "TRUSTFLOW_DATA": str(tmp_path / "data"), "COLUMNS": "100",
            "TRUSTFLOW_HTTP_TRUSTED": urlsplit(hub.base).netloc,
            "TRUSTFLOW_PUBLIC_URL": "https://id.example",
        }  # fmt: skip
        return CliRunner(env=environment).invoke(Main("trustflow"), list(words), input=typed)

    begun = command("store", "add", "customers")
    assert begun.exit_code == 0, begun.output
    return command


def test_a_provider_is_logged_in_at_listed_and_forgotten(
    hub: Hub, run: Command, tmp_path: Path
) -> None:
    made = hub.client("us")
    secret = tmp_path / "secret"
    secret.write_text(made.secret + "\n")

    empty = run("provider", "list")
    added = run("provider", "add", "vendor", hub.base, "us", "--secret-file", str(secret))
    twice = run("provider", "add", "vendor", hub.base, "us", "--secret-file", str(secret))
    listed = json.loads(run("provider", "list", "--json").stdout)["providers"]
    removed = run("provider", "remove", "vendor")
    again = run("provider", "remove", "vendor")

    assert empty.stdout.startswith("No providers yet.")
    assert added.stdout == "Journeys may use vendor: provider: vendor\n"
    assert (twice.exit_code, "known already" in twice.output) == (1, True)
    assert [(one["name"], one["address"], one["clientId"]) for one in listed] == [
        ("vendor", hub.base, "us")
    ]
    assert made.secret not in json.dumps(listed)
    assert (removed.stdout, again.exit_code) == ("vendor is forgotten.\n", 1)
    kept = hub.run(
        hub.application.store.get(hub.application.tenant, CallbackAddresses, made.client.id)
    )
    assert kept is not None
    assert kept.registration_url == (
        "https://id.example/trustfactor/v1/provided/main/vendor/registration"
    )


def test_a_secret_that_opens_nothing_adds_nothing(hub: Hub, run: Command) -> None:
    hub.client("them")

    refused = run("provider", "add", "vendor", hub.base, "them", typed="rs_wrong\n")

    assert (refused.exit_code, "it answered 401" in refused.output) == (1, True)
    assert "rs_wrong" not in refused.output
    assert json.loads(run("provider", "list", "--json").stdout)["providers"] == []


def test_a_file_that_holds_no_text_is_said_to_hold_none(run: Command, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_bytes(b"rs_\xff\xfe")

    refused = run("provider", "add", "vendor", "http://x", "us", "--secret-file", str(secret))

    told = " ".join(refused.stderr.split())
    assert (refused.exit_code, refused.stdout) == (1, ""), refused.output
    assert "secret is no text of UTF-8" in told
    assert "xff" not in told
