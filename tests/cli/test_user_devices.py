"""`user devices` and `remove-device`: the phones that approve for a user, and one less."""

import asyncio
import json
from pathlib import Path

from engine.adapters.signatures.ed25519 import Ed25519Keys
from engine.app import open_application
from engine.identity.users import by_ext_id
from engine.model.names import MAIN_TENANT
from engine.ports.actor import Actor
from engine.records.trustfactor import Contract
from engine.run.unit import Unit
from engine.settings import Settings
from tests.cli.shell import Run
from tests.phones import registered


def with_phone(data: Path) -> Contract:
    """Give ines a phone."""

    async def work() -> Contract:
        application = await open_application(Settings(data=data))
        store = application.store
        unit, keys = Unit(store, MAIN_TENANT), Ed25519Keys()
        actor = Actor(name="test", at=await store.now(), chance=application.chance)
        user = await by_ext_id(unit, "customers", "ines")
        assert user is not None
        made = await registered(unit, actor, user, keys.make()[1], keys.make()[1])
        await store.write(MAIN_TENANT, unit.staged())
        await application.close()
        return made

    return asyncio.run(work())


def test_a_users_phones_are_listed_and_one_is_removed(house: Run, data: Path) -> None:
    before = house("user", "devices", "ines")
    contract = with_phone(data)

    listed = house("user", "devices", "ines")
    known = json.loads(house("user", "devices", "ines", "--json").stdout)["devices"]
    removed = house("user", "remove-device", "ines", contract.id)
    again = house("user", "remove-device", "ines", contract.id)

    assert before.stdout == "ines has no phone.\n"
    assert ("Pixel" in listed.stdout, contract.id in listed.stdout) == (True, True)
    assert known[0]["contractKey"] == contract.contract_key
    assert removed.stdout == "Pixel approves nothing any more.\n"
    assert (again.exit_code, "ines has no phone" in again.stderr) == (1, True)
    assert house("user", "devices", "ines").stdout == "ines has no phone.\n"


def test_what_journeys_act_as_can_be_seen_and_nobody_can_log_in_as_it(
    house: Run, data: Path
) -> None:
    with_phone(data)

    listed = house("rtas", "list")
    made = house("rtas", "add", "-journeys")

    assert "-journeys" in listed.stdout
    assert made.exit_code != 0
