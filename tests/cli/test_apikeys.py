"""`apikey`: a key is shown once, blocked, let in again and ended; what it may do is said."""

from __future__ import annotations

import json
import re

import pytest

from tests.cli.shell import Run

SECRET = re.compile(r"ak_[A-Za-z0-9_-]{43}")


def made(house: Run, *words: str) -> dict[str, object]:
    done = house("apikey", "add", *words, "--json")
    assert done.exit_code == 0, done.output
    return dict(json.loads(done.stdout))


def listed(house: Run) -> list[dict[str, object]]:
    return list(json.loads(house("apikey", "list", "--json").stdout)["apiKeys"])


def test_a_key_is_shown_once_and_never_listed(house: Run) -> None:
    done = house("apikey", "add", "shop", "--permission", "IdentityStore:listUsers")

    (secret,) = SECRET.findall(done.stdout)
    told = house("apikey", "list").output + house("apikey", "list", "--json").output
    assert secret not in told
    assert "TNT#main#IdentityStore:listUsers" in done.stdout
    assert "IdentityStore:listUsers" in told


def test_a_key_may_do_what_was_said(house: Run) -> None:
    some = made(house, "a", "--permission", "ProcessManager:*", "--permission",
                "TNT#main#completePasscodeAuthentication")  # fmt: skip
    everything = made(house, "b", "--all", "--session", "PT1H")

    assert some["permissions"] == [
        "TNT#main#IdentityStore:completePasscodeAuthentication", "TNT#main#ProcessManager:*"
    ]  # fmt: skip
    assert everything["permissions"] == ["TNT#main#*:*"]
    assert (some["type"], everything["type"]) == ("PERMANENT", "SESSION")
    assert everything["expiresDtm"] is not None


@pytest.mark.parametrize("words", [(), ("--all", "--permission", "IdentityStore:*")])
def test_what_it_may_do_must_be_said_in_one_way(house: Run, words: tuple[str, ...]) -> None:
    done = house("apikey", "add", "shop", *words)

    assert done.exit_code == 2
    assert "--permission SERVICE:OPERATION, or --all" in done.output


def test_a_star_alone_is_told_of_all(house: Run) -> None:
    done = house("apikey", "add", "shop", "--permission", "*")

    assert done.exit_code == 2
    assert "SERVICE:*" in done.output
    assert "--all" in done.output


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("x", "--permission", "IdentityStore:fly"), "--permission permissions.0"),
        (("x", "--permission", "TNT#other#IdentityStore:listUsers"), "TNT#main#Service:operation"),
        (("x" * 51, "--all"), "use 1 to 50 printable characters"),
        (("x", "--all", "--session", "P2D"), "--session"),
    ],
)
def test_a_key_that_cannot_be_is_told(house: Run, words: tuple[str, ...], said: str) -> None:
    done = house("apikey", "add", *words)

    assert done.exit_code == 1
    assert said in " ".join(done.output.split())
    assert listed(house) == []


def test_a_key_is_blocked_let_in_again_and_ended(house: Run) -> None:
    made(house, "shop", "--all")

    states = []
    for act in ("block", "block", "unblock", "end"):
        assert house("apikey", act, "shop").exit_code == 0
        states.append(listed(house)[0]["status"])
    back = house("apikey", "unblock", str(listed(house)[0]["id"]))

    assert states == ["BLOCKED", "BLOCKED", "ACTIVE", "ARCHIVED"]
    assert back.exit_code == 1
    assert "has ended for good" in back.output
    assert made(house, "shop", "--all")["name"] == "shop", "the name is free again"


def test_a_key_that_is_not_there_is_told(house: Run) -> None:
    done = house("apikey", "block", "nothing")

    assert done.exit_code == 1
    assert "There is no API key nothing." in done.output


def test_permissions_are_listed(house: Run) -> None:
    lines = house("apikey", "permissions").stdout.split()
    program = json.loads(house("apikey", "permissions", "--json").stdout)["permissions"]

    assert "IdentityStore:*" in lines
    assert "IdentityStore:completePasscodeAuthentication" in lines
    assert "listTenantApiKeys" in program["ArthrServer"]


def test_no_keys_yet_says_how_to_make_one(house: Run) -> None:
    assert "apikey add NAME --all" in house("apikey", "list").stdout
