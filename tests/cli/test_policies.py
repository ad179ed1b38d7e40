"""Policies and keys by command: every field, what is refused, what is told, what a new key does."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.cli.shell import DEFINITION, Run, link_in
from tests.cli.test_administration import journey, suggested

YEARLY = (
    "policy", "add", "yearly", "--min-length", "16", "--max-length", "128", "--validity", "P365D",
    "--renewable-for", "P30D", "--history-size", "3", "--session-ttl", "PT2M", "--accept-risk",
)  # fmt: skip


def test_every_field_is_kept_and_shown(house: Run) -> None:
    added = house(*YEARLY)
    shown = house("policy", "show", "yearly")
    known = json.loads(house("policy", "show", "yearly", "--json").stdout)

    assert added.exit_code == 0, added.output
    del known["createdDtm"]
    assert known == {
        "name": "yearly", "store": "customers", "minLength": 16, "maxLength": 128,
        "characterSet": "ANY", "validity": "P365D", "renewableFor": "P30D", "historySize": 3,
        "sessionTtl": "PT2M", "secondFactor": False, "acceptRisk": True,
        "risks": ["a change at regular times makes people choose weaker ones (A2)"],
    }  # fmt: skip
    assert "16 to 128 characters" in shown.stdout
    assert "Warning: a change at regular times" in shown.stdout


@pytest.mark.parametrize(
    ("characters", "told"), [("NUMERIC", "digits"), ("ALPHANUMERIC", "letters and digits")]
)
def test_suggestion_that_the_policy_cannot_take_is_not_drawn(
    house: Run, characters: str, told: str
) -> None:
    house("policy", "add", "pin", "--min-length", "6", "--character-set", characters,
          "--accept-risk")  # fmt: skip

    done = house("passcode", "register", "ines", "--policy", "pin", "--suggest", width=200)

    assert done.exit_code == 1
    assert f"--suggest draws words with hyphens, and the policy pin wants {told} alone" in (
        done.stderr
    )


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ((), "Say what to change: --min-length"),
        (("--validity", "P1D", "--no-validity"), "--validity does not go with --no-validity"),
        (("--renewable-for", "P1D", "--no-validity"), "--renewable-for does not go with"),
    ],
)
def test_change_of_nothing_or_to_two_things_is_refused(
    run: Run, options: tuple[str], told: str
) -> None:
    done = run("policy", "change", "default", *options)

    assert done.exit_code == 2
    assert told in done.stderr


def test_what_is_named_is_changed_and_the_rest_stays(house: Run) -> None:
    house(*YEARLY)
    known = json.loads(house("policy", "show", "yearly", "--json").stdout)

    done = house("policy", "change", "yearly", "--history-size", "5", "--min-length", "20")
    after = json.loads(house("policy", "show", "yearly", "--json").stdout)
    ever = json.loads(
        house("policy", "change", "yearly", "--no-validity", "--no-risk", "--json").stdout
    )

    assert done.exit_code == 0, done.output
    assert after == {**known, "historySize": 5, "minLength": 20}
    assert ever == {
        **after, "validity": None, "renewableFor": "PT0S", "acceptRisk": False, "risks": [],
    }  # fmt: skip


def test_a_change_is_refused_as_a_new_policy_would_be(house: Run) -> None:
    weak = house("policy", "change", "default", "--min-length", "8")
    second = house("policy", "change", "default", "--min-length", "8", "--second-factor")
    unknown = house("policy", "change", "nothing", "--min-length", "20")

    assert (weak.exit_code, second.exit_code, unknown.exit_code) == (1, 0, 1)
    assert "Error: --accept-risk:" in weak.stderr
    assert "has no passcode policy nothing" in unknown.stderr


def test_a_risk_must_be_accepted_and_is_told_from_then_on(house: Run) -> None:
    pin = ("policy", "add", "pin", "--min-length", "6", "--character-set", "NUMERIC")

    refused, taken = house(*pin), house(*pin, "--accept-risk")

    assert refused.exit_code == 1
    assert refused.stderr.count("Error: --accept-risk:") == 3
    assert taken.stdout.count("Warning:") == 3
    assert "customers/pin" in house("doctor").stdout
    rows = json.loads(house("policy", "list", "--json").stdout)["policies"]
    assert {row["name"]: len(row["risks"]) for row in rows} == {"default": 0, "pin": 3}


def test_deploying_tells_the_risk_of_a_policy_that_is_used(house: Run, tmp_path: Path) -> None:
    house(*YEARLY)
    text = DEFINITION.read_text("utf-8").replace("passcodeKey: default", "passcodeKey: yearly")
    (tmp_path / "definitions").mkdir()
    file = tmp_path / "definitions" / "yearly.yaml"
    file.write_text(text.replace("process: passcode-authentication", "process: yearly"))

    done = house("deploy", file, "--forms", DEFINITION.parent.parent / "forms")

    assert done.exit_code == 0, done.output
    assert "the passcode policy customers/yearly accepts a risk" in done.stdout.replace("\n ", "")


def test_mistakes_name_the_option(house: Run) -> None:
    done = house("policy", "add", "a b", "--history-size", "11", "--renewable-for", "P1D")

    assert done.exit_code == 1
    assert re.findall(r"^Error: (\S+):", done.stderr, re.M) == [
        "NAME", "--history-size", "--renewable-for",
    ]  # fmt: skip


def test_who_cannot_be_renewed_is_told(house: Run) -> None:
    added = house("policy", "add", "strict", "--validity", "P90D", "--accept-risk")

    assert "cannot be renewed" in added.stdout


def test_expiry_is_shown_with_the_user(house: Run) -> None:
    house(*YEARLY)
    house("passcode", "register", "ines", "--suggest", "--policy", "yearly")

    (row,) = json.loads(house("user", "show", "ines", "--json").stdout)["registeredPasscodes"]

    assert re.fullmatch(r"\d{4}-\d\d-\d\d", row["expires"])
    assert row["status"] == "active"


def test_replacing_keeps_a_history_and_removing_leaves_none(house: Run) -> None:
    house(*YEARLY)
    for _ in range(5):
        more = ("--suggest", "--replace", "--policy", "yearly")
        assert house("passcode", "register", "ines", *more).exit_code == 0

    kept = json.loads(house("keys", "list", "--json").stdout)["keys"]
    house("passcode", "remove", "ines", "--policy", "yearly", "--yes")
    left = json.loads(house("keys", "list", "--json").stdout)["keys"]

    assert [one["passcodes"] for one in kept] == [4]
    assert [one["passcodes"] for one in left] == [0]


def test_a_new_key_seals_what_signs_in_from_then_on(house: Run, data: Path) -> None:
    passcode = suggested(house)
    house("deploy", DEFINITION)
    made = house("token", "create", "passcode-authentication", "--param", "userExternalId=ines")

    rotated = house("keys", "rotate")
    before = json.loads(house("keys", "list", "--json").stdout)["keys"]
    journey(data, link_in(made.stdout), passcode)
    after = json.loads(house("keys", "list", "--json").stdout)["keys"]

    assert rotated.exit_code == 0, rotated.output
    assert "started anew" in rotated.stdout
    assert [(one["passcodes"], one["current"]) for one in before] == [(1, False), (0, True)]
    assert [(one["passcodes"], one["current"]) for one in after] == [(0, False), (1, True)]
    assert "current" in house("keys", "list").stdout


def test_a_key_is_not_made_where_there_are_no_data(run: Run, data: Path) -> None:
    assert run("keys", "rotate").exit_code == 1
    assert not data.exists()
