"""What an operator may do to a journey by command: decide, end, let go on, send a link."""

import asyncio
import json
import re
from pathlib import Path

import pytest

from engine.app import Application, open_application
from engine.run.entry.answers import Begun, Landing
from engine.settings import Settings
from tests.cli.shell import Run, link_in
from tests.run.flows import NAME_FORM, PAUSED, REVIEWED


def visit(run: Run, data: Path, tmp_path: Path, text: str) -> str:
    """Deploy a definition, make its link and begin; give the instance's id."""
    (tmp_path / "forms").mkdir()
    (tmp_path / "definitions").mkdir()
    (tmp_path / "forms/name.v1.json").write_text(NAME_FORM, encoding="utf-8")
    definition = tmp_path / "definitions/visit.yaml"
    definition.write_text(text, encoding="utf-8")
    deployed = run("deploy", definition)
    assert deployed.exit_code == 0, deployed.output
    made = run("token", "create", "visit")
    assert made.exit_code == 0, made.output

    async def begin() -> str:
        application = await open_application(Settings(data=data))
        try:
            return await begun(application, link_in(made.stdout).partition("pt=")[2])
        finally:
            await application.close()

    return asyncio.run(begin())


async def begun(application: Application, secret: str) -> str:
    landing = await application.visits.landing(application.tenant, secret)
    assert isinstance(landing, Landing)
    found = await application.visits.begin(
        application.tenant, secret, begin_key=landing.begin_key, language="en"
    )
    assert isinstance(found, Begun)
    return found.instance


@pytest.mark.parametrize(("deed", "label"), [("accept", "Accepted"), ("decline", "Declined")])
def test_review_is_decided_with_its_reason(
    run: Run, data: Path, tmp_path: Path, deed: str, label: str
) -> None:
    id = visit(run, data, tmp_path, REVIEWED)

    done = run("instance", deed, id, "--comment", "spoke with her")
    shown = run("instance", "show", id)
    told = json.loads(run("instance", "show", id, "--json").stdout)
    again = run("instance", deed, id)

    assert done.exit_code == 0, done.output
    assert f"is {label}" in done.stdout
    assert f"review  {label.lower()} by cli" in shown.stdout
    assert "spoke with her" in shown.stdout
    assert told["review"]["comment"] == "spoke with her"
    assert any(line["outcome"] == f"{label.lower()} by cli" for line in told["timeline"])
    assert again.exit_code == 1
    assert "it is not in review" in again.stderr


@pytest.mark.parametrize("deed", ["accept", "decline"])
def test_comment_that_would_be_cut_is_refused(run: Run, deed: str) -> None:
    done = run("instance", deed, "TF-0000-0000", "--comment", "x" * 2_001)

    assert done.exit_code == 2
    assert "'--comment': 2,001 characters are too many; 2,000 at most" in done.stderr


def test_link_of_a_paused_journey_is_shown_with_its_code(
    run: Run, data: Path, tmp_path: Path
) -> None:
    id = visit(run, data, tmp_path, PAUSED)

    shown = run("instance", "link", id)
    told = json.loads(run("instance", "link", id, "--json").stdout)
    behind = run("instance", "link", id, "--url", "https://id.example.org/").stdout
    ended = run("instance", "cancel", id)
    late = run("instance", "link", id)

    assert re.search(rf"/web/trustweb\?rs={id}\.[\w-]{{43}}\n", shown.stdout)
    assert f"https://id.example.org/web/trustweb?rs={id}." in behind
    assert told["resumeUrl"] in shown.stdout
    assert "\N{UPPER HALF BLOCK}" in shown.stdout
    assert "is Abandoned" in ended.stdout
    assert late.exit_code == 1
    assert "no link leads back to it" in late.stderr


@pytest.mark.parametrize("deed", ["retry", "give-up"])
def test_only_what_an_incident_holds_can_go_on_or_be_given_up(
    run: Run, data: Path, tmp_path: Path, deed: str
) -> None:
    id = visit(run, data, tmp_path, PAUSED)

    done = run("instance", deed, id)

    assert done.exit_code == 1
    assert "no incident holds it" in done.stderr
    assert "It is Paused" in done.stderr


def test_what_is_not_there_is_an_answer(run: Run, data: Path, tmp_path: Path) -> None:
    visit(run, data, tmp_path, PAUSED)

    done = run("instance", "accept", "TF-0000-0000")

    assert done.exit_code == 1
    assert "There is no instance TF-0000-0000" in done.stderr
