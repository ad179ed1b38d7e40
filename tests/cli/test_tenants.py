"""`tenant` and `--tenant`: each customer of an installation has its own of everything."""

from __future__ import annotations

import json

import pytest

from tests.cli.shell import Run


def test_tenants_have_stores_of_their_own(run: Run) -> None:
    assert run("store", "add", "customers").exit_code == 0
    added = run("tenant", "add", "acme")
    assert added.exit_code == 0, added.output
    assert "--tenant acme store add customers" in " ".join(added.stdout.split())

    assert run("--tenant", "acme", "store", "add", "customers").exit_code == 0
    assert run("--tenant", "acme", "user", "add", "ines").exit_code == 0
    made = run("--tenant", "acme", "apikey", "add", "shop", "--all", "--json")

    assert json.loads(made.stdout)["apiKey"].startswith("ak_acme.")
    assert json.loads(made.stdout)["permissions"] == ["TNT#acme#*:*"]
    assert json.loads(run("user", "list", "--json").stdout)["total"] == 0
    assert json.loads(run("--tenant", "acme", "user", "list", "--json").stdout)["total"] == 1
    assert json.loads(run("tenant", "list", "--json").stdout) == {"tenants": ["main", "acme"]}
    assert run("tenant", "list").stdout.split() == ["main", "acme"]


def test_a_tenant_that_is_not_there_is_told(run: Run) -> None:
    run("store", "add", "customers")

    done = run("--tenant", "nobody", "store", "list")

    assert done.exit_code == 1
    assert "There is no tenant nobody." in done.output


def test_the_environment_names_a_tenant(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    run("store", "add", "customers")
    run("tenant", "add", "acme")
    monkeypatch.setenv("TRUSTFLOW_TENANT", "acme")

    assert "No stores yet" in run("store", "list").output


@pytest.mark.parametrize("name", ["Acme", "main", "1st", "a" * 31])
def test_a_tenant_that_cannot_be_is_told(run: Run, name: str) -> None:
    run("store", "add", "customers")

    done = run("tenant", "add", name)

    assert done.exit_code == 1
    assert "Error: " in done.output
