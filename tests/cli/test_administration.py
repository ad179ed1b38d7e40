"""Stores, users, passcodes, tokens, instances: what an operator does, and what is never shown."""

import asyncio
import hashlib
import json
import os
import pty
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import apsw
import click
import pytest
from msgspec.structs import replace

from engine.adapters.encoding import pack, unpack
from engine.app import DATABASE, Application, open_application
from engine.cli.main import trustflow
from engine.cli.prompt import confirm_name
from engine.ports.store import AuditQuery
from engine.run.current import Current, InstanceRef
from engine.run.entry.answers import Begun, Landing
from engine.settings import Settings
from tests.cli.shell import DEFINITION, ENTRY, LINK, Run, link_in, passcode_in, surroundings

WRONG = "not the passcode at all, sorry"
TYPED = "four unrelated words here"
COUNTED = """
process: counted
version: 1
title: Counted
languages: [en]
maxDuration: PT1H
retention: P30D
parameters:
  n: {type: number}
  k: {type: integer}
flow:
  start:
    activity: Start
    next: end
  end:
    activity: End
"""


def suggested(house: Run, *more: str) -> str:
    """Register a suggested passcode for ines; give it."""
    done = house("passcode", "register", "ines", "--suggest", "--json", *more)
    assert done.exit_code == 0, done.output
    return str(json.loads(done.stdout)["passcode"])


def link(house: Run, *more: str) -> str:
    """Make a token for ines; give its link."""
    words = ("passcode-authentication", "--param", "userExternalId=ines", *more)
    done = house("token", "create", *words)
    assert done.exit_code == 0, done.output
    return link_in(done.stdout)


def reference_of(id: str) -> str:
    """Write what the pages of an instance show of its id."""
    return f"TF-{id[-8:-4]}-{id[-4:]}"


def journey(data: Path, opened: str, *passcodes: str) -> str:
    """Walk through the shipped definition with these passcodes; give the instance's id."""

    async def walk() -> str:
        application = await open_application(Settings(data=data))
        try:
            return await steps(application)
        finally:
            await application.close()

    async def steps(application: Application) -> str:
        secret = opened.partition("pt=")[2]
        landing = await application.visits.landing(application.tenant, secret)
        assert isinstance(landing, Landing)
        begun = await application.visits.begin(
            application.tenant, secret, begin_key=landing.begin_key, language="en"
        )
        assert isinstance(begun, Begun)
        ref = InstanceRef(tenant=application.tenant, id=begun.instance)
        for passcode in passcodes:
            now = await application.loop.current(ref)
            assert now.instance.wait is not None
            done = await application.loop.submit(
                ref, step=now.instance.wait.step, revision=now.instance.revision,
                body={"passcode": [passcode]}, session=None,
            )  # fmt: skip
            assert isinstance(done, Current)
        return begun.instance

    return asyncio.run(walk())


def test_slip_in_the_folders_name_makes_nothing(run: Run, data: Path) -> None:
    done = run("user", "list")

    assert done.exit_code == 1
    assert "There are no data in" in done.stderr
    assert "store add customers" in done.stderr
    assert not data.exists()


def test_first_command_that_keeps_something_makes_the_folder_for_its_owner_alone(
    run: Run, data: Path
) -> None:
    run("store", "add", "customers")

    folders = [data, *(path for path in data.rglob("*"))]
    assert [path.name for path in folders if path.stat().st_mode & 0o077] == []


def test_database_without_its_keys_is_refused_and_no_other_keys_are_made(
    house: Run, data: Path
) -> None:
    (data / "keys").rename(data / "elsewhere")

    done = house("user", "list")

    assert done.exit_code == 1
    assert "no key" in done.stderr
    assert not list(data.glob("keys/*"))


def test_store_and_user_are_there_once(house: Run) -> None:
    store, user = house("store", "add", "customers"), house("user", "add", "ines")

    assert (store.exit_code, user.exit_code) == (1, 1)
    assert "Error: there is a store customers already" in store.stderr
    assert "There is a user ines in customers already." in user.stderr


def test_mistakes_are_told_per_field(run: Run) -> None:
    done = run("store", "add", "no spaces", "--locale", "english", "--json")

    fields = [one["field"] for one in json.loads(done.stdout)["problems"]]
    assert done.exit_code == 1
    assert fields == ["storeName", "locale"]


def test_lists_are_json_for_scripts(house: Run) -> None:
    stores = json.loads(house("store", "list", "--json").stdout)["stores"]
    users = json.loads(house("user", "list", "--json").stdout)

    assert [store["name"] for store in stores] == ["customers"]
    assert [user["extId"] for user in users["users"]] == ["ines"]
    assert users["total"] == 1


def test_user_is_shown_with_registered_passcodes(
    house: Run, golden: Callable[[str, str], None]
) -> None:
    house("user", "add", "rui", "--attribute", "email=rui@example.org")
    house("passcode", "register", "rui", "--suggest")

    for width in (80, 40):
        shown = house("user", "show", "rui", width=width).stdout
        shown = re.sub(r"[0-9A-Z]{26}", "0" * 26, re.sub(r"\d{4}-\d\d-\d\d", "2026-01-15", shown))
        golden(f"cli/user.{width}.txt", shown)


def test_hints_name_the_same_store_and_folder(run: Run, data: Path) -> None:
    run("store", "add", "staff")
    added = run("user", "add", "the boss", "--store", "staff", "--data", data)
    unknown = run("user", "add", "ines", "--data", data)

    hint = f"trustflow passcode register 'the boss' --store staff --data {data}"
    assert hint in added.stdout.splitlines()[-1]
    assert f"Make it: trustflow store add customers --data {data}" in unknown.stderr


def test_a_hint_about_a_name_that_looks_like_an_option_can_be_followed(
    run: Run, data: Path
) -> None:
    run("store", "add", "customers")
    run("store", "add", "staff")
    usual = run("user", "add", "--", "-x").stdout.splitlines()[-1]
    elsewhere = run("user", "add", "--store", "staff", "--data", data, "--", "--json")

    assert usual == "  trustflow passcode register -- -x"
    hint = f"  trustflow passcode register --store staff --data {data} -- --json"
    assert elsewhere.stdout.splitlines()[-1] == hint
    for line in (usual, hint):
        followed = run(*shlex.split(line)[1:3], "--suggest", *shlex.split(line)[3:])
        assert followed.exit_code == 0, followed.output


@pytest.mark.parametrize("command", ["instance", "user"])
def test_pages_have_a_last_one(house: Run, command: str) -> None:
    last = house(command, "list", "--page", "1000000")
    beyond = house(command, "list", "--page", "999999999999999999999")

    assert last.exit_code == 0
    assert beyond.exit_code == 2
    assert "999999999999999999999 is not in the range" in " ".join(beyond.stderr.split())


def test_hints_of_a_clone_are_spelled_as_a_clone_calls_us(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("store", "add", "customers")
    monkeypatch.setattr(sys, "argv", ["/somewhere/engine/__main__.py", "user"])

    assert "  python3 -m engine passcode register ines\n" in run("user", "add", "ines").stdout


def test_lock_and_unlock_are_seen_in_the_status(house: Run) -> None:
    locked = house("user", "lock", "ines")
    seen = json.loads(house("user", "show", "ines", "--json").stdout)
    unlocked = house("user", "unlock", "ines")

    assert (locked.stdout, unlocked.stdout) == ("ines is LOCKED.\n", "ines is ACTIVE.\n")
    assert (seen["status"], seen["lockCount"]) == ("LOCKED", 1)


@pytest.mark.parametrize(
    "words",
    [
        ("user", "show", "nobody"),
        ("user", "show", "ines", "--store", "nowhere"),
        ("user", "lock", "nobody"),
        ("passcode", "register", "nobody"),
        ("passcode", "register", "ines", "--policy", "none", "--suggest"),
        ("passcode", "remove", "ines", "--yes"),
        ("instance", "show", "0" * 26),
    ],
)
def test_what_is_not_there_is_an_answer(house: Run, words: tuple[str, ...]) -> None:
    done = house(*words)

    assert done.exit_code == 1
    assert re.match(r"Error: (There is no|The store|ines has no)", done.stderr)


def options() -> list[tuple[str, click.Parameter]]:
    """Give every parameter of every command."""
    left: list[tuple[str, click.Command]] = [("", trustflow)]
    found = []
    while left:
        name, command = left.pop()
        found += [(name, parameter) for parameter in command.params]
        if isinstance(command, click.Group):
            context = click.Context(command)
            subs = [(s, command.get_command(context, s)) for s in command.list_commands(context)]
            left += [(f"{name} {sub}", below) for sub, below in subs if below is not None]
    return found


def test_no_command_takes_a_passcode_as_an_argument() -> None:
    named = [(name, p.name) for name, p in options() if "passcode" in (p.name or "")]

    assert named == []
    with_passcodes = {p.name for name, p in options() if name.startswith(" passcode ")}
    known = {"name", "suggest", "replace", "yes", "policy", "store", "data", "as_json"}
    known |= {"at", "never"}
    assert with_passcodes == known


def test_typed_passcode_opens_the_journey_and_is_never_shown(house: Run, data: Path) -> None:
    typed = house("passcode", "register", "ines", typed=f"{TYPED}\n{TYPED}\n")

    id = journey(data, link(house), TYPED)

    assert typed.exit_code == 0
    assert TYPED not in typed.output
    assert "Accepted" in house("instance", "show", id).stdout


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        (f"{TYPED}\n{TYPED}s\n", "not the same"),
        ("short\nshort\n", "Use at least 15 characters"),
        ("\n\n", "Choose a new passcode"),
        ("passwordpassword\npasswordpassword\n", "harder to guess"),
        ("", "no answer was given"),
    ],
)
def test_passcode_that_cannot_be_is_told_and_nothing_is_kept(
    house: Run, typed: str, told: str
) -> None:
    done = house("passcode", "register", "ines", typed=typed)

    seen = json.loads(house("user", "show", "ines", "--json").stdout)
    assert done.exit_code == 2  # what is asked for again after it, nobody answers
    assert told in done.output
    assert seen["registeredPasscodes"] == []


def test_another_passcode_needs_to_be_asked_for(house: Run, data: Path) -> None:
    first = suggested(house)
    refused = house("passcode", "register", "ines", "--suggest")
    second = suggested(house, "--replace")

    assert refused.exit_code == 1
    assert "--replace" in refused.stderr
    assert first != second
    assert "Declined" in house("instance", "show", journey(data, link(house), *[first] * 3)).stdout
    assert "Accepted" in house("instance", "show", journey(data, link(house), second)).stdout


def test_removing_a_passcode_asks_for_the_name(house: Run) -> None:
    suggested(house)

    refused = house("passcode", "remove", "ines", typed="rui\n")
    removed = house("passcode", "remove", "ines", typed="ines\n")

    assert (refused.exit_code, removed.exit_code) == (1, 0)
    assert "none" in house("user", "show", "ines").stdout


def test_what_was_erased_is_counted_as_people_count(house: Run, data: Path) -> None:
    journey(data, link(house), suggested(house))

    beyond = house("instance", "list", "--page", "7")
    erased = house("user", "erase", "ines", "--yes", width=200)
    purged = house("purge")

    assert "there is 1 page." in beyond.stdout
    assert "the answers of 1 journey, 1 token and 1 passcode." in erased.stdout
    assert purged.stdout == "No journey was to be erased.\n"


def test_ctrl_c_at_the_prompt_ends_it_at_once(house: Run, data: Path) -> None:
    words = [sys.executable, "-c", ENTRY, "passcode", "register", "ines", "--data", str(data)]
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        words, env=surroundings(), text=True, start_new_session=True,
        stdin=theirs, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    ) as process:  # fmt: skip
        assert process.stderr is not None
        said = ""
        while "(not shown)" not in said:
            said += (letter := process.stderr.read(1))
            assert letter, said
        process.send_signal(signal.SIGINT)
        try:
            code = process.wait(timeout=60)  # while the prompt could still be answered
        finally:
            process.kill()  # or leaving the block would wait for ever
        rest, errors = process.communicate()
    os.close(ours)
    os.close(theirs)

    assert code == 130
    assert "15 to 256 characters" in said
    assert "Stopped." in errors
    assert "Traceback" not in said + rest + errors


def test_passcode_without_a_terminal_is_refused_with_what_a_script_uses(
    house: Run, data: Path
) -> None:
    words = [sys.executable, "-c", ENTRY, "passcode", "register", "ines", "--data", str(data)]
    done = subprocess.run(
        words, env=surroundings(), text=True, start_new_session=True, capture_output=True,
        input=f"{TYPED}\n{TYPED}\n", check=False, timeout=60,
    )  # fmt: skip

    told = "Error: a passcode needs a terminal to be typed at; a script uses --suggest --json\n"
    assert done.returncode == 2
    assert done.stderr.endswith(told)
    assert "Warning" not in done.stderr
    assert json.loads(house("user", "show", "ines", "--json").stdout)["registeredPasscodes"] == []


@pytest.mark.parametrize(
    ("words", "option"),
    [
        (("user", "erase", "ines"), "--yes"),
        (("passcode", "remove", "ines"), "--yes"),
        (("passcode", "register", "ines"), "--suggest --json"),
    ],
)
def test_prompt_that_nobody_answers_names_what_a_script_says(
    house: Run, words: tuple[str], option: str
) -> None:
    done = house(*words, typed="")

    assert done.exit_code == 2
    assert done.stderr.endswith(f"Error: no answer was given; a script says {option}\n")


def test_prompt_without_standard_input_names_what_a_script_says(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("sys.stdin", None)

    with pytest.raises(click.ClickException, match="a script says --yes") as refused:
        confirm_name("Erase ines?", "ines")

    assert refused.value.exit_code == 2


def test_refused_passcode_is_asked_for_again_three_times_at_most(house: Run, data: Path) -> None:
    second = house("passcode", "register", "ines", typed=f"short\nshort\n{TYPED}\n{TYPED}\n")
    fourth = house("passcode", "register", "ines", "--replace", typed="short\n" * 6)

    assert second.exit_code == 0
    assert "Error: Use at least 15 characters" in second.stderr
    assert fourth.exit_code == 1
    assert fourth.stderr.count("Use at least 15 characters") == 3


def test_link_is_shown_once_and_kept_nowhere(house: Run, data: Path) -> None:
    secret = link(house).partition("pt=")[2]

    listed = house("token", "list").output + house("token", "list", "--json").output

    assert secret.startswith("pt_")
    assert secret not in listed
    files = [path.read_bytes() for path in data.rglob("*") if path.is_file()]
    assert files
    assert not any(secret.encode() in content for content in files)


@pytest.mark.parametrize("kind", ["time", "unlimited"])
def test_uses_go_with_a_token_that_counts_them(run: Run, kind: str) -> None:
    done = run("token", "create", "visit", "--type", kind, "--uses", "1")

    assert done.exit_code == 2
    assert f"--uses goes with --type count: --type {kind} does not count uses" in done.stderr


def test_token_is_json_for_scripts(house: Run) -> None:
    words = ("passcode-authentication", "--param", "userExternalId=ines", "--uses", "3")
    made = json.loads(house("token", "create", *words, "--name", "letter", "--json").stdout)
    (listed,) = json.loads(house("token", "list", "--json").stdout)["tokens"]

    assert LINK.fullmatch(made["link"])
    assert made["link"].endswith(made["secret"])
    assert (listed["name"], listed["maxCount"], listed["counter"]) == ("letter", 3, 0)
    assert "secret" not in listed


@pytest.mark.parametrize(
    ("words", "field"),
    [
        (("nowhere",), "process"),
        (("passcode-authentication",), "userExternalId"),
        (("passcode-authentication", "--param", "userExternalID=ines"), "userExternalID"),
        (("passcode-authentication", "--param", "novalue"), "novalue"),
        (
            ("passcode-authentication", "--param", "userExternalId=ines",
             "--redirect", "https://evil.example/"),
            "_redirectUrl",
        ),
    ],
)  # fmt: skip
def test_token_that_cannot_be_is_told_per_field(
    house: Run, words: tuple[str, ...], field: str
) -> None:
    done = house("token", "create", *words, "--json")

    assert done.exit_code == 1
    assert field in [one["field"] for one in json.loads(done.stdout)["problems"]]


@pytest.mark.parametrize(
    "typed", ["nan", "NaN", "inf", "-Infinity", "\uff11", "1_0", " 1", "1e999"]
)
def test_what_is_no_number_is_refused(house: Run, tmp_path: Path, typed: str) -> None:
    counted = tmp_path / "counted.yaml"
    counted.write_text(COUNTED)
    assert house("deploy", counted).exit_code == 0

    real = house("token", "create", "counted", "--param", f"n={typed}", "--json")
    whole = house("token", "create", "counted", "--param", f"k={typed}", "--json")

    assert (real.exit_code, whole.exit_code) == (1, 1)
    assert [one["field"] for one in json.loads(real.stdout)["problems"]] == ["n"]
    assert [one["field"] for one in json.loads(whole.stdout)["problems"]] == ["k"]


def test_numbers_are_taken_as_they_are_written_in_a_definition(house: Run, tmp_path: Path) -> None:
    counted = tmp_path / "counted.yaml"
    counted.write_text(COUNTED)
    assert house("deploy", counted).exit_code == 0

    words = ("--param", "n=-1.5e3", "--param", "k=-12", "--json")
    made = json.loads(house("token", "create", "counted", *words).stdout)

    assert made["parameters"] == {"n": -1500.0, "k": -12}


@pytest.mark.parametrize("uses", ["1000001", "99999999999999999999"])
def test_uses_have_a_bound(house: Run, uses: str) -> None:
    words = ("passcode-authentication", "--param", "userExternalId=ines", "--json")
    most = house("token", "create", *words, "--uses", "1000000")
    more = house("token", "create", *words, "--uses", uses)

    assert (most.exit_code, more.exit_code) == (0, 1)
    assert json.loads(more.stdout)["problems"] == [
        {"field": "maxCount", "message": "Use 1 to 1,000,000"}
    ]


@pytest.mark.parametrize(
    "url",
    ["javascript:alert(1)", "ftp://a.example", "https://a.example/path", "https://", "a.example",
     "https://u@a.example", "https://a.example?x", "https://a b.example", "https://a.example:x"],
)  # fmt: skip
def test_link_begins_with_an_origin_of_the_web_alone(house: Run, url: str) -> None:
    words = ("passcode-authentication", "--param", "userExternalId=ines")
    done = house("token", "create", *words, "--url", url)

    assert done.exit_code == 2
    assert "Invalid value for '--url'" in done.stderr
    assert json.loads(house("token", "list", "--json").stdout)["tokens"] == []


def test_revoked_token_starts_nothing_and_is_audited(house: Run, data: Path) -> None:
    opened = link(house, "--name", "letter")

    revoked, again = house("token", "revoke", "letter"), house("token", "revoke", "letter")
    other = house("token", "revoke", "nothing")

    async def landing() -> tuple[object, list[str]]:
        application = await open_application(Settings(data=data))
        secret = opened.partition("pt=")[2]
        found = await application.visits.landing(application.tenant, secret)
        rows = (await application.store.audit(application.tenant, AuditQuery(size=5))).rows
        await application.close()
        return found, [row.action for row in rows]

    found, actions = asyncio.run(landing())
    (listed,) = json.loads(house("token", "list", "--json").stdout)["tokens"]
    assert (revoked.exit_code, again.exit_code, other.exit_code) == (0, 0, 1)
    assert "was revoked already" in again.stdout
    assert not isinstance(found, Landing)
    assert actions.count("token.revoke") == 1
    assert listed["status"] == "INACTIVE"


def test_slips_are_told_with_what_was_probably_meant(house: Run) -> None:
    near = house("token", "create", "passcode-authenticaton")
    version = house("token", "create", "passcode-authentication", "--version", "9")
    redirect = house(
        "token", "create", "passcode-authentication", "--param", "userExternalId=ines",
        "--redirect", "https://a.example/",
    )  # fmt: skip

    assert " ".join(near.stderr.split()) == (
        "Error: there is no process `passcode-authenticaton`; did you mean"
        " `passcode-authentication`?"
    )
    assert "there is no version 9 of `passcode-authentication`; deployed: 1" in version.stderr
    assert "Error: --redirect: the setting `allowed_redirects`" in redirect.stderr


def test_link_to_what_lacks_its_store_comes_with_a_warning(run: Run) -> None:
    deployed = run("deploy", DEFINITION)
    words = ("passcode-authentication", "--param", "userExternalId=ines")
    made = run("token", "create", *words)
    program = json.loads(run("token", "create", *words, "--json").stdout)

    lack = "passcode-authentication 1 uses store `customers`, which does not exist"
    for done in (deployed, made):
        assert f"Warning: {lack}." in " ".join(done.stdout.split())
        assert "-> trustflow store add customers" in done.stdout
    assert program["missing"] == [{"message": lack, "remedy": "trustflow store add customers"}]


@pytest.mark.parametrize("life", ["P1Y", "24", "PT0S", "forever"])
def test_life_that_is_no_duration_is_wrong_usage(house: Run, life: str) -> None:
    done = house("token", "create", "passcode-authentication", "--life", life)

    assert done.exit_code == 2
    assert "Invalid value for '--life'" in done.stderr


def test_link_begins_with_the_public_address(house: Run, data: Path) -> None:
    (data / "trustflow.toml").write_text('public_url = "https://id.example.org"\n')

    assert link(house).startswith("https://id.example.org/web/trustweb?pt=pt_")
    assert link(house, "--url", "https://other.example").startswith("https://other.example/web/")


def test_timeline_says_what_happened_and_holds_no_secret(house: Run, data: Path) -> None:
    right = suggested(house)
    id = journey(data, link(house), WRONG, right)

    shown = house("instance", "show", id)
    told = house("instance", "show", id, "--json")

    events = json.loads(told.stdout)
    assert shown.exit_code == 0
    assert "Accepted" in shown.stdout
    order = ["begun in en", "shown, waits", "answered", "FAIL", "FailedPasscodeAuthentication",
             "answered", "PASS", "decide", "Done"]  # fmt: skip
    position = 0
    for words in order:
        position = shown.stdout.index(words, position)
    assert "each linked to the one before" in shown.stdout
    assert events["chain"] == {"whole": True, "rows": len(events["events"]), "brokenAt": None}
    assert events["label"] == "Accepted"
    for secret in (right, WRONG, "***", "secrets"):
        assert secret not in shown.stdout + told.stdout


@pytest.mark.parametrize("width", [80, 40])
def test_timeline_is_readable_at_any_width(
    house: Run, data: Path, golden: Callable[[str, str], None], width: int
) -> None:
    id = journey(data, link(house), WRONG, WRONG, WRONG)

    shown = house("instance", "show", id, width=width).stdout

    shown = re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", "2026-01-15 12:00:00", shown)
    shown = re.sub(r"(?m)^\d\d:\d\d:\d\d", "12:00:00", shown).replace(id, "0" * 26)
    shown = shown.replace(reference_of(id), "TF-0000-0000")
    shown = re.sub(r"(?<=took )\d:\d\d|(?<=after )\d:\d\d|(?<=  )\d:\d\d(?=  )", "0:01", shown)
    golden(f"cli/instance.{width}.txt", shown)


def test_instances_are_listed_and_chosen(house: Run, data: Path) -> None:
    id = journey(data, link(house), WRONG, WRONG, WRONG)
    waiting = journey(data, link(house))

    every = json.loads(house("instance", "list", "--json").stdout)
    ended = house("instance", "list", "--status", "completed_ended_error")

    assert [row["id"] for row in every["instances"]] == [waiting, id]
    references = [row["reference"] for row in every["instances"]]
    assert references[1] in ended.stdout
    assert references[0] not in ended.stdout
    for words, there in (
        (("--parameter", "userExternalId=ines"), True),
        (("--parameter", "userExternalId=rui"), False),
        (("--parameter", "firstName=ines"), False),
        (("--since", "2020-01-01"), True),
        (("--until", "2020-01-01"), False),
        (("--incident",), False),
    ):
        assert (references[0] in house("instance", "list", *words).stdout) == there, words
    assert max(map(len, ended.stdout.splitlines())) <= 80


@pytest.mark.parametrize("spelled", ["TF-{0}-{1}", "tf-{0}-{1}", "{0}{1}"])
def test_instance_is_found_by_the_reference_that_its_pages_show(
    house: Run, data: Path, spelled: str
) -> None:
    id = journey(data, link(house))
    journey(data, link(house))

    shown = house("instance", "show", spelled.format(id[-8:-4], id[-4:]))
    other = house("instance", "show", "TF-0000-0000")

    assert id in shown.stdout
    assert reference_of(id) in shown.stdout
    assert other.exit_code == 1
    assert "There is no instance TF-0000-0000." in other.stderr


def test_incident_is_shown_with_its_cause_and_what_mends_it(run: Run, data: Path) -> None:
    run("deploy", DEFINITION)
    id = journey(data, link(run))

    shown = " ".join(run("instance", "show", id).stdout.split())
    incident = json.loads(run("instance", "show", id, "--json").stdout)["incident"]

    told = "there is no such store, store=customers, policy=default"
    assert f"activity at {incident['node']}: {told}" in shown
    assert f"broke: {told}" in shown
    assert "-> trustflow store add customers" in shown
    assert (incident["code"], incident["reason"]) == ("activity", told)
    assert incident["remedy"] == "trustflow store add customers"


def test_empty_lists_of_instances_say_why(house: Run, data: Path) -> None:
    before = house("instance", "list")
    journey(data, link(house), WRONG, WRONG, WRONG)

    shown = house("instance", "list", "--status", "declined")
    chosen = house("instance", "list", "--status", "In Progress")
    beyond = house("instance", "list", "--page", "7")
    unknown = house("instance", "list", "--process", "passcode-authenticaton")

    assert "They begin when" in before.stdout
    assert "1 of 1" in shown.stdout
    assert chosen.stdout == "No instance is as you asked for.\n"
    assert "Nothing on this page" in beyond.stdout
    assert "did you mean `passcode-authentication`?" in unknown.stderr


def change_last(database: apsw.Connection) -> None:
    """Change what the last hop says happened, digests and all; the chain cannot be made again."""
    ((number, packed),) = database.execute("SELECT max(rowid), rows FROM hops").fetchall()
    *rows, last = unpack(bytes(packed))  # type: ignore[arg-type]  # a column of bytes
    payload = (last.payload or b"").replace(b"PASS", b"FAIL").replace(b"ask", b"ASK")
    digest = hashlib.sha256((last.salt or b"") + payload).digest()
    changed = pack([*rows, replace(last, payload=payload, digest=digest)])
    database.execute("UPDATE hops SET rows = ? WHERE rowid = ?", (changed, number))


def cut_off(database: apsw.Connection) -> None:
    """Take the last hop away."""
    database.execute("DELETE FROM hops WHERE rowid = (SELECT max(rowid) FROM hops)")


@pytest.mark.parametrize("tamper", [change_last, cut_off])
def test_changed_journal_is_found(
    house: Run, data: Path, tamper: Callable[[apsw.Connection], None]
) -> None:
    id = journey(data, link(house), WRONG)
    database = apsw.Connection(str(data / DATABASE))
    tamper(database)
    database.close()

    done = house("instance", "show", id)

    assert done.exit_code == 1
    assert "The journal was changed" in done.stdout


def test_passcode_in_a_terminal_is_one_line(house: Run) -> None:
    done = house("passcode", "register", "ines", "--suggest")

    words = done.stdout.splitlines()[0]
    assert re.fullmatch(r"([a-z]+-){4}[a-z]+", words)
    assert passcode_in(f"  passcode  {words}") == words
