"""What an operator sees of journeys whose activity is not installed any more."""

import asyncio
import json
from pathlib import Path

from engine.app import open_application
from engine.compile import Source
from engine.ports.actor import Actor
from engine.run.entry.answers import Begun, Landing
from engine.run.entry.tokens import Minted, TokenRequest
from engine.run.library import Deployed
from engine.settings import Settings
from tests.cli.shell import Run
from tests.run.ages import DEFINITION, WITH
from tests.web.surface import PERSON


def begun_with_the_package(data: Path) -> str:
    """Deploy and begin as a program that has the package; give the instance's id."""

    async def work() -> str:
        application = await open_application(Settings(data=data))
        try:
            application.library.catalogue = WITH
            by = Actor(name="test", at=application.clock.now(), chance=application.chance)
            tenant, visits = application.tenant, application.visits
            source = Source(path="of-age.yaml", text=DEFINITION.encode())
            forms = {"person.v1": Source(path="person.v1.json", text=PERSON.encode())}
            deployed = await application.library.deploy(tenant, source, forms, by=by)
            assert isinstance(deployed, Deployed), deployed
            request = TokenRequest(name="t", process="of-age", parameters={})
            minted = await application.office.create(tenant, request, by=by)
            assert isinstance(minted, Minted)
            landing = await visits.landing(tenant, minted.secret)
            assert isinstance(landing, Landing)
            key = landing.begin_key
            begun = await visits.begin(tenant, minted.secret, begin_key=key, language="en")
            assert isinstance(begun, Begun)
            return begun.instance
        finally:
            await application.close()

    return asyncio.run(work())


def test_an_instance_whose_activity_is_missing_is_an_incident_that_names_it(
    run: Run, data: Path
) -> None:
    id = begun_with_the_package(data)

    shown = " ".join(run("instance", "show", id).stdout.split())
    told = json.loads(run("instance", "show", id, "--json").stdout)
    listed = run("instance", "list").stdout
    advice = " ".join(run("doctor").stdout.split())

    reason = "Check Age 3 of the package farol-ages 1.4 is missing"
    assert f"incident activity-missing at who: {reason}" in shown
    assert "-> install that package, and start `serve` anew" in shown
    assert (told["incident"]["code"], told["incident"]["reason"]) == ("activity-missing", reason)
    assert (told["status"], told["chain"]["whole"]) == ("ACTIVE", True)
    assert "incident" in listed
    assert "Install the package that brings it (farol-ages 1.4)" in advice
