"""`check`, `draw`, `deploy`: what a designer reads."""

import json
import os
import pty
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.shell import DEFINITION, ENTRY, ROOT, Run, surroundings

BAD = """\
process: sign-in
version: 1
title: Sign in
maxDuration: PT1H
retention: P30D
flow:
  start:
    activity: Start
    name: A name that goes on until no terminal has any room left for it at all, sorry
    next: bgin
  begin:
    activity: Start Passcode Authenticaton
    next: end
  end: {activity: End, name: "Já está", nmae: x}
"""
WARNED = """\
process: nothing
version: 1
title: Nothing asked
retention: P30D
flow:
  start: {activity: Start, next: end}
  end: {activity: End}
"""
BAD_FORM = '{"version": "1", "components": [{"type": "text", "id": "a"}]}'


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A designer's folder, in which we stand: definitions/ and forms/."""
    for folder in ("definitions", "forms"):
        shutil.copytree(ROOT / folder, tmp_path / "desk" / folder)
    monkeypatch.chdir(tmp_path / "desk")
    for name, text in (("bad.yaml", BAD), ("warned.yaml", WARNED)):
        (tmp_path / "desk" / "definitions" / name).write_text(text, encoding="utf-8")
    (tmp_path / "desk" / "forms" / "bad.v1.json").write_text(BAD_FORM)
    return tmp_path / "desk"


@pytest.mark.parametrize("width", [80, 40])
def test_every_problem_is_shown_like_a_good_compiler_does(
    desk: Path, run: Run, golden: Callable[[str, str], None], width: int
) -> None:
    done = run("check", "definitions/bad.yaml", "forms/bad.v1.json", width=width)

    golden(f"cli/check.{width}.txt", done.stdout)
    assert done.exit_code == 1
    assert done.stderr == ""


def test_reasons_are_given_when_asked_for(
    desk: Path, run: Run, golden: Callable[[str, str], None]
) -> None:
    golden("cli/check.why.txt", run("check", "--why", "definitions/bad.yaml").stdout)


def test_good_files_say_so_and_end_with_zero(desk: Path, run: Run) -> None:
    done = run("check", "definitions/passcode-authentication.yaml", "forms")

    assert done.exit_code == 2  # a folder is no file
    done = run("check", *Path().glob("*/passcode-authentication*"))
    assert (done.exit_code, done.stdout) == (0, "2 files checked: no problems\n")


def test_warnings_end_with_zero_unless_strict(desk: Path, run: Run) -> None:
    usual = run("check", "definitions/warned.yaml")
    strict = run("check", "definitions/warned.yaml", "--strict")

    assert "warning" in usual.stdout
    assert usual.stdout.endswith("1 file checked: 1 warning\n")
    assert (usual.exit_code, strict.exit_code) == (0, 1)


def test_json_is_one_document_with_every_problem(desk: Path, run: Run) -> None:
    done = run("check", "definitions/bad.yaml", "forms/bad.v1.json", "--json")

    told = json.loads(done.stdout)
    rules = {problem["rule"] for file in told["files"] for problem in file["problems"]}
    first = told["files"][0]["problems"][0]
    assert done.exit_code == 1
    assert {"L101", "L102", "S101"} <= rules
    assert [file["kind"] for file in told["files"]] == ["definition", "form"]
    assert told["errors"] == sum(len(file["problems"]) for file in told["files"])
    assert (first["file"], first["line"], first["column"]) == ("definitions/bad.yaml", 10, 11)
    assert first["nearest"] == "begin"


@pytest.mark.parametrize(
    ("folder", "name"),
    [("definitions", "passcode-authentication.yaml"), (".", "definitions/../definitions/bad.yaml")],
)
def test_forms_are_found_beside_the_definitions_folder_from_wherever_one_stands(
    desk: Path, run: Run, monkeypatch: pytest.MonkeyPatch, folder: str, name: str
) -> None:
    monkeypatch.chdir(desk / folder)

    assert "L113" not in run("check", name).stdout


def test_problem_of_a_form_that_is_named_too_is_told_once(desk: Path, run: Run) -> None:
    text = DEFINITION.read_text().replace(
        "dataFormName: passcode-authentication", "dataFormName: bad"
    )
    (desk / "definitions" / "uses.yaml").write_text(text)
    alone = json.loads(run("check", "forms/bad.v1.json", "--json").stdout)

    both = run("check", "definitions/uses.yaml", desk / "forms" / "bad.v1.json", "--json")

    definition, form = json.loads(both.stdout)["files"]
    rules = [one["rule"] for one in alone["files"][0]["problems"]]
    assert rules
    assert [one["rule"] for one in form["problems"]] == rules
    assert not any("bad.v1" in one["file"] for one in definition["problems"])


def test_file_of_another_kind_is_answered_with_the_one_to_name(desk: Path, run: Run) -> None:
    (desk / "notes.txt").write_text("notes")

    drawn, checked = run("draw", "forms/bad.v1.json"), run("check", "notes.txt")

    assert (drawn.exit_code, checked.exit_code) == (1, 1)
    assert "Forms are drawn with the definition that shows them: name that one." in drawn.stderr
    assert "notes.txt is neither a definition (YAML) nor a form (JSON)" in checked.stderr


def test_activities_are_listed_and_shown_as_their_signatures_say(run: Run) -> None:
    listed = run("activities", width=40)
    shown = run("activities", "complete passcode authentication").stdout
    (known,) = json.loads(run("activities", "Custom Data Form", "--json").stdout)["activities"]
    slip = run("activities", "Custm Data Form")

    assert max(map(len, listed.stdout.splitlines())) <= 60
    assert "maxAttempts  integer, else 3, at least 1" in shown
    assert "ExceededFailedPasscodeAuthentication" in shown
    assert "passcode-authentication  settles it" in shown
    assert known["keys"][0]["input"] == "formDataKey"
    assert "did you mean `Custom Data Form`?" in slip.stderr


def test_forms_can_lie_elsewhere(desk: Path, run: Run) -> None:
    (desk / "forms").rename(desk / "others")

    assert "L113" in run("check", "definitions/passcode-authentication.yaml").stdout
    found = run("check", "definitions/passcode-authentication.yaml", "--forms", "others")
    assert found.exit_code == 0


def test_control_characters_of_a_file_never_reach_the_terminal(desk: Path, run: Run) -> None:
    text = WARNED.replace("next: end}", 'nxet: "\\u001b", "\\u202e": 1}\n  # \x1b[2J\u202e')
    (desk / "definitions" / "bad.yaml").write_text(text, encoding="utf-8")

    done = run("check", "definitions/bad.yaml")

    assert done.exit_code == 1
    assert "\x1b" not in done.stdout
    assert "\u202e" not in done.stdout


def in_a_terminal(*arguments: str, **environment: str) -> str:
    """Run a command in a terminal of its own; give what it wrote, colours and all."""
    leader, follower = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-c", ENTRY, *arguments],
        env=surroundings(TERM="xterm-256color", **environment),
        stdin=follower, stdout=follower, stderr=follower,
    ) as process:  # fmt: skip
        os.close(follower)
        written = b""
        while True:
            try:
                piece = os.read(leader, 4096)
            except OSError:  # how a terminal says that nobody writes any more
                break
            if not piece:
                break
            written += piece
    os.close(leader)
    assert process.returncode == 1
    return written.decode()


def test_colours_are_for_terminals_that_want_them(desk: Path, run: Run) -> None:
    wanted = in_a_terminal("check", "definitions/bad.yaml")
    unwanted = in_a_terminal("check", "definitions/bad.yaml", NO_COLOR="1")
    piped = run("check", "definitions/bad.yaml").stdout

    assert "\x1b[31m" in wanted
    assert re.sub(r"\x1b\[[0-9;]*m", "", wanted).splitlines() == piped.splitlines()
    assert unwanted.splitlines() == piped.splitlines()


def test_picture_is_mermaid(run: Run) -> None:
    done = run("draw", DEFINITION)

    assert done.exit_code == 0
    assert done.stdout.startswith("flowchart TD\n")
    assert "after PT4M30S" in done.stdout


def test_what_does_not_compile_has_no_picture(desk: Path, run: Run) -> None:
    done = run("draw", "definitions/bad.yaml")

    assert done.exit_code == 1
    assert done.stdout == ""
    assert "L101" in done.stderr


def test_deploying_twice_changes_nothing_and_another_text_needs_another_version(
    desk: Path, run: Run
) -> None:
    name = "definitions/passcode-authentication.yaml"

    first, again = run("deploy", name, "--json"), run("deploy", name, "--json")
    (desk / name).write_text((desk / name).read_text() + "# more\n")
    other = run("deploy", name)

    told = [json.loads(done.stdout) for done in (first, again)]
    assert [(one["deployed"], one["new"]) for one in told] == [(True, True), (True, False)]
    assert told[0]["digest"] == told[1]["digest"]
    assert other.exit_code == 1
    assert "version: 2" in other.stdout
    assert other.stdout.endswith("Not deployed.\n")


def test_what_has_problems_is_not_deployed(desk: Path, run: Run) -> None:
    done = run("deploy", "definitions/bad.yaml", "--json")
    form = run("deploy", "forms/bad.v1.json")

    assert done.exit_code == 1
    assert json.loads(done.stdout)["deployed"] is False
    assert form.exit_code == 1
    assert "with the definition that shows them" in form.stderr


def test_a_part_is_found_beside_its_callers_and_checked_by_itself(desk: Path, run: Run) -> None:
    part = desk / "definitions" / "passcode-check.yaml"
    part.write_text(part.read_text(encoding="utf-8").replace("next: verify", "next: verfy"))
    callers = ("definitions/sign-in-with-review.yaml", "definitions/contact-details.yaml")

    called = run("check", "--json", *callers)
    alone = run("check", "--json", "definitions/passcode-check.yaml")

    first, second = json.loads(called.stdout)["files"]
    (problem,) = first["problems"]
    assert problem["file"].endswith("passcode-check.yaml")
    assert (problem["rule"], problem["nearest"]) == ("L102", "verify")
    assert [place["file"] for place in problem["also"]] == [callers[0]]
    assert second["problems"] == []  # it is told once
    told = json.loads(alone.stdout)["files"][0]
    assert (told["kind"], told["problems"][0]["line"]) == ("part", problem["line"])
    assert "identify" not in called.stdout


def test_a_part_is_drawn_and_not_deployed(desk: Path, run: Run) -> None:
    drawn = run("draw", "definitions/sign-in-with-review.yaml")
    alone = run("draw", "definitions/passcode-check.yaml")
    refused = run("deploy", "definitions/passcode-check.yaml")
    kept = run("deploy", "definitions/sign-in-with-review.yaml")
    token = run("token", "create", "passcode-check")

    assert 'subgraph c0["Who is it?"]' in drawn.stdout
    assert alone.exit_code == 0
    assert refused.exit_code == 1
    assert ":8:1: error D102" in refused.stdout
    assert kept.exit_code == 0
    assert token.exit_code != 0
    assert "is a part, where nobody begins" in " ".join(token.output.split())
    assert "`sign-in-with-review`" in token.output
