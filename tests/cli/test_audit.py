"""`audit list`: what commands and people did, the newest first, chosen by act or by subject."""

from __future__ import annotations

import json

from tests.cli.shell import Run


def listed(house: Run, *words: str) -> list[dict[str, str]]:
    done = house("audit", "list", "--json", *words)
    assert done.exit_code == 0, done.output
    return list(json.loads(done.stdout)["audit"])


def test_what_was_done_is_listed_the_newest_first(house: Run) -> None:
    house("user", "add", "rui")
    house("user", "lock", "rui")

    rows = listed(house)

    assert rows[0]["action"] == "user.lock"
    assert rows[1]["action"] == "user.add"
    assert {row["actor"] for row in rows} == {"cli"}
    shown = house("audit", "list").stdout
    assert "user.lock" in shown
    assert "to what" in shown


def test_rows_are_chosen_by_act_or_by_subject(house: Run) -> None:
    house("user", "add", "rui")
    (row,) = [row for row in listed(house, "--action", "user.add") if row == listed(house)[0]]

    assert {one["action"] for one in listed(house, "--action", "user.add")} == {"user.add"}
    assert [one["action"] for one in listed(house, "--subject", row["subject"])] == ["user.add"]
    assert listed(house, "--action", "user.fly") == []
    assert "Nothing was done." in house("audit", "list", "--action", "user.fly").stdout
    assert house("audit", "list", "--page", "99").stdout.strip() == "Nothing on this page."


def test_all_that_is_said_holds_of_what_is_listed(house: Run) -> None:
    house("user", "add", "rui")
    row = listed(house)[0]

    told = ("--actor", "cli", "--action", "user.add", "--subject", row["subject"])
    assert [one["id"] for one in listed(house, *told, "--since", "2020-01-01")] == [row["id"]]
    assert listed(house, *told, "--until", "2020-01-01") == []
    assert listed(house, "--actor", "key:x") == []
    done = house("audit", "list", "--since", "yesterday")
    assert done.exit_code == 2
    assert "2026-11-27T08:00" in done.output
