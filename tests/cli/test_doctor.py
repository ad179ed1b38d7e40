"""`doctor`: each thing that may be wrong is found, explained, and not touched."""

import asyncio
import json
import socket
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import apsw
import pytest
from msgspec.structs import replace

from engine.app import DATABASE, Application, open_application
from engine.cli.opening import change
from engine.compile.bundling import digest_of
from engine.identity.policies import add_policy
from engine.model.definition import ActivityRef
from engine.ports.actor import Actor
from engine.ports.store import LARGEST_PAGE, PageQuery
from engine.records.deployments import Deployment
from engine.records.identity import IdentityStore, PasscodePolicy
from engine.records.record import Absent
from engine.run.unit import Unit
from engine.settings import Settings
from engine.testing import FrozenClock
from tests.cli.shell import DEFINITION, Run


def findings(run: Run) -> dict[str, list[tuple[str, str]]]:
    """Give what is found, per state: (what, told)."""
    found: dict[str, list[tuple[str, str]]] = {"fine": [], "warning": [], "bad": []}
    for one in json.loads(run("doctor", "--json").stdout)["findings"]:
        found[one["state"]].append((one["what"], one["told"]))
        assert one["state"] == "fine" or one["remedy"]
    return found


def in_data(data: Path, work: Callable[[Application], object]) -> None:
    """Do something with an opened data folder."""

    async def opened() -> None:
        application = await open_application(Settings(data=data))
        try:
            await work(application)  # type: ignore[misc]  # each piece of work is a coroutine
        finally:
            await application.close()

    asyncio.run(opened())


def test_healthy_folder_has_nothing_bad(house: Run) -> None:
    found = findings(house)

    names = [what for what, _ in found["fine"]]
    assert found["bad"] == []
    assert {"sqlite", "hashing", "keys", "schema", "clock", "definitions"} <= set(names)
    assert house("doctor").exit_code == 0


@pytest.mark.parametrize("width", [80, 40])
def test_every_line_that_is_not_fine_says_what_to_do(
    run: Run, data: Path, width: int, golden: Callable[[str, str], None]
) -> None:
    done = run("doctor", "--data", "nowhere", width=width)

    lines = done.stdout.splitlines()
    shown = "\n".join(line for line in lines if not line.startswith(("ok    python", "ok    sql")))
    assert done.exit_code == 1
    assert not data.exists()
    golden(f"cli/doctor.{width}.txt", "".join(shown.partition("BAD")[1:]) + "\n")


def test_folder_that_others_may_read_is_bad(house: Run, data: Path) -> None:
    data.chmod(0o755)
    (data / DATABASE).chmod(0o644)
    (data / "keys" / "1.key").chmod(0o644)

    bad = findings(house)["bad"]

    assert [what for what, _ in bad] == ["data folder", "database", "keys"]


def test_missing_keys_are_bad_and_stay_missing(house: Run, data: Path) -> None:
    (data / "keys" / "1.key").unlink()

    assert [what for what, _ in findings(house)["bad"]] == ["keys"]
    assert not list((data / "keys").iterdir())


@pytest.mark.parametrize(
    "change_schema",
    [
        "INSERT INTO schema_versions VALUES (99, 'later', 'x')",
        "UPDATE schema_versions SET checksum = 'another'",
        "DELETE FROM schema_versions",
        "DROP TABLE schema_versions",
    ],
)
def test_schema_that_is_not_todays_is_bad(house: Run, data: Path, change_schema: str) -> None:
    database = apsw.Connection(str(data / DATABASE))
    database.execute(change_schema)
    database.close()

    assert [what for what, _ in findings(house)["bad"]] == ["schema"]


def test_file_that_is_no_database_is_bad(house: Run, data: Path) -> None:
    for name in (DATABASE, f"{DATABASE}-wal", f"{DATABASE}-shm"):
        (data / name).unlink(missing_ok=True)
    (data / DATABASE).write_bytes(b"no database at all" * 500)
    (data / DATABASE).chmod(0o600)

    assert [what for what, _ in findings(house)["bad"]] == ["schema"]


def test_policy_that_accepts_a_risk_is_reported(house: Run, data: Path) -> None:
    async def weaken(application: Application) -> None:
        async def staged(unit: Unit, actor: Actor) -> PasscodePolicy:
            store = await unit.get(IdentityStore, "customers")
            assert store is not None
            made = await add_policy(
                unit, actor, store, "pin", min_length=6, character_set="NUMERIC", accept_risk=True
            )
            assert isinstance(made, PasscodePolicy)
            return made

        await change(application, staged)

    in_data(data, weaken)

    found = findings(house)
    told = [told for what, told in found["warning"] if what == "passcode policy"]
    assert found["bad"] == []
    assert len(told) == 3
    assert all(words.startswith("customers/pin: ") for words in told)


def test_policy_behind_the_first_page_is_reported_too(house: Run, data: Path) -> None:
    async def add(application: Application) -> None:
        usual = await application.store.get(application.tenant, PasscodePolicy, "customers/default")
        assert usual is not None

        async def staged(unit: Unit, actor: Actor) -> str:
            for name in (f"p{number:03}" for number in range(LARGEST_PAGE)):
                unit.put(replace(usual, id=f"customers/{name}", name=name, version=1), Absent())
            risky = replace(usual, id="customers/z", name="z", version=1, min_length=6)
            unit.put(replace(risky, character_set="NUMERIC"), Absent())
            return ""

        await change(application, staged)

    in_data(data, add)

    told = [told for what, told in findings(house)["warning"] if what == "passcode policy"]
    assert told
    assert all(words.startswith("customers/z: ") for words in told)


def test_clock_behind_what_was_done_is_bad(house: Run, data: Path) -> None:
    async def in_the_future() -> None:
        clock = FrozenClock()
        clock.move(timedelta(days=36_500))
        application = await open_application(Settings(data=data), clock=clock)
        try:

            async def staged(unit: Unit, actor: Actor) -> str:
                unit.audit(actor.did("test", "test:1"))
                return ""

            await change(application, staged)
        finally:
            await application.close()

    asyncio.run(in_the_future())

    assert [what for what, _ in findings(house)["bad"]] == ["clock"]


def test_definition_whose_texts_were_changed_is_bad(house: Run, data: Path) -> None:
    database = apsw.Connection(str(data / DATABASE))
    tables = database.execute("SELECT name FROM sqlite_schema WHERE name = 'deployments'")
    assert tables.fetchall()
    database.execute("UPDATE deployments SET body = replace(body, 'PT4M30S', 'PT9M30S')")
    database.close()

    (found,) = findings(house)["bad"]

    assert found == ("definitions", "the stored texts of passcode-authentication 1 were changed")


def test_definition_whose_store_is_missing_is_found(run: Run) -> None:
    run("deploy", DEFINITION)
    before = findings(run)["warning"]
    run("store", "add", "customers")
    after = findings(run)["warning"]

    lack = "passcode-authentication 1 uses store `customers`, which does not exist"
    assert ("definitions", lack) in before
    assert after == []


def test_versions_behind_the_first_page_are_named_where_one_is_missing(
    house: Run, data: Path
) -> None:
    async def add(application: Application) -> None:
        (kept,) = (await application.store.page(application.tenant, Deployment, PageQuery())).rows

        async def staged(unit: Unit, actor: Actor) -> str:
            for number in range(2, LARGEST_PAGE + 2):
                bundle = replace(kept.bundle, version=number)
                bundle = replace(bundle, digest=digest_of(bundle))
                unit.put(replace(kept, id=bundle.digest, bundle=bundle, version=1), Absent())
            return ""

        await change(application, staged)

    in_data(data, add)
    done = house("token", "create", "passcode-authentication", "--version", "999")

    every = ", ".join(str(number) for number in range(1, LARGEST_PAGE + 2))
    assert f"deployed: {every}" in " ".join(done.stderr.split())


def test_taken_port_open_address_and_redirects_are_found(house: Run, data: Path, port: str) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", int(port)))
        taken.listen()
        text = 'allowed_redirects = ["http://a.example/", "a.example"]\n'
        (data / "trustflow.toml").write_text(text)
        found = findings(house)
    (data / "trustflow.toml").write_text('host = "0.0.0.0"\n')
    opened = findings(house)

    assert [what for what, _ in found["warning"]] == ["port", "redirects"]
    assert [what for what, _ in found["bad"]] == ["redirects"]
    assert "address" in [what for what, _ in opened["bad"]]


def test_settings_that_are_refused_are_told_one_by_one(house: Run, data: Path) -> None:
    (data / "trustflow.toml").write_text("prot = 1\nargon_passes = 1\n")

    assert [what for what, _ in findings(house)["bad"]] == ["settings", "settings"]


def test_definition_that_lacks_an_activity_names_it(house: Run, data: Path) -> None:
    async def add(application: Application) -> None:
        (kept,) = (await application.store.page(application.tenant, Deployment, PageQuery())).rows
        strange = ActivityRef(label="Ask a Crystal Ball", version=2)
        bundle = replace(kept.bundle, version=7, activities=(*kept.bundle.activities, strange))
        bundle = replace(bundle, digest=digest_of(bundle))

        async def staged(unit: Unit, actor: Actor) -> Deployment:
            row = replace(kept, id=bundle.digest, bundle=bundle, version=1)
            unit.put(row, Absent())
            return row

        await change(application, staged)

    in_data(data, add)

    (found,) = findings(house)["bad"]

    assert found[0] == "definitions"
    assert "needs the activity Ask a Crystal Ball version 2, which is not installed" in found[1]
