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


def test_two_choices_at_once_are_refused(house: Run) -> None:
    done = house("audit", "list", "--action", "user.add", "--subject", "user:x")

    assert done.exit_code == 2
    assert "not both" in done.output
