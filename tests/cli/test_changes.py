"""What is there is changed and removed: stores, policies, users and their passcodes."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.cli.shell import Run


def shown(house: Run, *words: str) -> Any:
    done = house(*words, "--json")
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def last(house: Run) -> tuple[str, str]:
    row = shown(house, "audit", "list")["audit"][0]
    return row["action"], row["actor"]


def test_a_store_is_changed_and_what_is_not_named_stays(house: Run) -> None:
    first = house(
        "store", "change", "customers", "--time-zone", "Europe/Lisbon",
        "--max-failed-attempts", "5", "--temp-lock", "PT15M", "--hide-unknown-users",
    )  # fmt: skip
    locked = shown(house, "store", "list")["stores"][0]
    second = house("store", "change", "customers", "--no-lock")
    free = shown(house, "store", "list")["stores"][0]

    assert (first.exit_code, second.exit_code) == (0, 0)
    assert (locked["timeZone"], locked["maxFailedAttempts"]) == ("Europe/Lisbon", 5)
    assert locked["hideUnknownUsers"] is True
    assert (free["timeZone"], free["maxFailedAttempts"]) == ("Europe/Lisbon", None)
    assert (free["hideUnknownUsers"], free["locale"]) == (True, locked["locale"])
    assert last(house) == ("store.change", "cli")


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("store", "change", "customers"), 2, "say what is to be otherwise"),
        (("store", "change", "customers", "--no-lock", "--temp-lock", "PT1M"), 2, "--no-lock, or"),
        (("store", "change", "customers", "--temp-lock", "PT1M"), 1, "say maxFailedAttempts too"),
        (("store", "change", "customers", "--time-zone", "Mars"), 1, "Europe/Lisbon"),
        (("store", "change", "none", "--locale", "en"), 1, "There is no store none"),
        (("store", "remove", "none"), 1, "There is no store none"),
        (("store", "remove", "customers"), 1, "There is 1 user in customers"),
        (("policy", "remove", "default"), 1, "stays as long as its store"),
        (("policy", "remove", "none"), 1, "has no passcode policy none"),
        (("user", "change", "ines"), 2, "say what is to be otherwise"),
        (("user", "change", "ines", "--attribute", "email"), 2, "NAME=VALUE"),
        (("user", "change", "ines", "--locale", "!"), 1, "language tag"),
        (("user", "change", "rui", "--locale", "pt"), 1, "There is no user rui"),
        (("user", "change", "ines", "--status", "GONE"), 2, "DISABLED"),
        (("passcode", "block", "ines"), 1, "ines has no passcode"),
        (("passcode", "expire", "ines"), 2, "--at or --never"),
        (("passcode", "expire", "ines", "--at", "soon"), 2, "2026-11-27"),
    ],
)
def test_what_cannot_be_is_told_and_nothing_is_changed(
    house: Run, words: tuple[str, ...], code: int, said: str
) -> None:
    before = shown(house, "audit", "list")["total"]

    done = house(*words)

    assert done.exit_code == code
    assert said in " ".join(done.output.split())
    assert shown(house, "audit", "list")["total"] == before


def test_an_empty_store_goes_with_its_policies(house: Run) -> None:
    house("store", "add", "staff")

    done = house("store", "remove", "staff")

    assert done.exit_code == 0
    assert [store["name"] for store in shown(house, "store", "list")["stores"]] == ["customers"]
    assert house("policy", "list", "--store", "staff").exit_code == 1
    assert last(house) == ("store.remove", "cli")


def test_a_policy_is_removed(house: Run) -> None:
    house("policy", "add", "second", "--second-factor")

    done = house("policy", "remove", "second")

    assert done.exit_code == 0, done.output
    assert [one["name"] for one in shown(house, "policy", "list")["policies"]] == ["default"]
    assert last(house) == ("policy.remove", "cli")


def test_a_user_is_changed_over_what_is_there(house: Run) -> None:
    house("user", "change", "ines", "--attribute", "email=a@example.org", "--attribute", "x=1")
    done = house(
        "user", "change", "ines", "--attribute", "x=", "--locale", "pt-PT", "--status", "DISABLED"
    )

    user = shown(house, "user", "show", "ines")
    assert done.exit_code == 0
    assert user["attributes"] == {"email": "a@example.org"}
    assert (user["locale"], user["status"]) == ("pt-PT", "DISABLED")
    acts = [row["action"] for row in shown(house, "audit", "list")["audit"][:3]]
    assert sorted(acts) == ["user.status", "user.update", "user.update"]


def test_a_passcode_is_blocked_let_open_again_and_given_an_end(house: Run) -> None:
    assert house("passcode", "register", "ines", "--suggest", "--json").exit_code == 0

    def state() -> tuple[str, str]:
        (one,) = shown(house, "user", "show", "ines")["registeredPasscodes"]
        return one["status"], one["expires"]

    seen = []
    for words in (
        ("block",),
        ("unblock",),
        ("expire", "--at", "2020-01-01"),
        ("expire", "--never"),
    ):
        assert house("passcode", words[0], "ines", *words[1:]).exit_code == 0
        seen.append(state())

    assert seen == [("blocked", "-"), ("active", "-"), ("expired", "2020-01-01"), ("active", "-")]
    assert last(house) == ("passcode.change", "cli")
