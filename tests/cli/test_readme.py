"""What README says of commands and definitions is true: its blocks are run, its tables compared."""

import re
from pathlib import Path

import click

from engine.cli.main import trustflow
from engine.compile import Source, check_definition, check_form, parts_among
from engine.run.catalogue import Catalogue

ROOT = Path(__file__).parent.parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def section(heading: str) -> str:
    """Give the text of README under a heading of the second level."""
    return README.split(f"\n## {heading}\n", 1)[1].split("\n## ", 1)[0]


def block(heading: str, language: str) -> bytes:
    """Give the only block of a language in a section."""
    (found,) = re.findall(rf"```{language}\n(.*?)```", section(heading), re.S)
    return str(found).encode()


def test_form_and_definition_of_the_readme_have_no_problems() -> None:
    form = Source(path="visit.v1.json", text=block("Write a definition", "json"))
    shipped = ROOT / "forms" / "passcode-authentication.v1.json"
    forms = {
        "visit.v1": form,
        "passcode-authentication.v1": Source(path=shipped.name, text=shipped.read_bytes()),
    }
    definition = Source(path="README.md", text=block("Write a definition", "yaml"))

    report = check_definition(definition, Catalogue.installed().signatures, forms)

    assert check_form(form).problems == ()
    assert report.problems == ()
    assert report.bundle is not None
    assert "visit.v1" in report.bundle.forms


CHOOSING = """\
process: sample
version: 1
title: Sample
maxDuration: PT1H
parameters: {kind: {type: string, required: true}}
flow:
  start:
    activity: Start
    next: about
  end:
    activity: End
    result: REVIEW
"""


def test_the_readmes_choice_of_a_form_has_no_problems() -> None:
    node = block("Choose a form", "yaml").decode()
    text = CHOOSING.replace("  end:\n", f"{node}  end:\n").encode()
    form = block("Write a definition", "json")
    forms = {f"{n}.v1": Source(path=f"{n}.v1.json", text=form) for n in ("person", "company")}

    report = check_definition(
        Source(path="README.md", text=text), Catalogue.installed().signatures, forms
    )

    assert report.problems == ()
    assert report.bundle is not None
    assert report.bundle.forms.keys() == forms.keys()


def test_the_readmes_caller_of_a_part_has_no_problems() -> None:
    files = {folder: sorted((ROOT / folder).iterdir()) for folder in ("definitions", "forms")}
    forms = {f.stem: Source(path=f.name, text=f.read_bytes()) for f in files["forms"]}
    parts = parts_among(Source(path=f.name, text=f.read_bytes()) for f in files["definitions"])
    definition = Source(path="README.md", text=block("Call a part", "yaml"))

    report = check_definition(definition, Catalogue.installed().signatures, forms, parts)

    assert report.problems == ()
    assert report.bundle is not None
    assert list(report.bundle.parts) == ["passcode-check.v1"]


TELLING = """\
process: sample
version: 1
title: Sample
maxDuration: PT1H
flow:
  start:
    activity: Start
    next: tell
  later:
    activity: End
    result: REVIEW
  end:
    activity: End
    result: REVIEW
"""


def test_the_readmes_webhook_has_no_problems() -> None:
    node = block("Tell another program", "yaml").decode()
    text = TELLING.replace("  later:\n", f"{node}  later:\n", 1).encode()

    report = check_definition(
        Source(path="README.md", text=text), Catalogue.installed().signatures, {}
    )

    assert report.problems == ()


def test_readme_lists_every_command() -> None:
    listed = set()
    for words in re.findall(r"^\| (`.+?) \|", section("Use"), re.M):
        first, *others = re.findall(r"`(.+?)`", words)
        name, *rest = first.split()
        subs = [word for word in rest if word.islower()] + others
        listed |= {f"{name} {sub}" for sub in subs} or {name}

    assert {name for name in listed if name.split()[0] in trustflow.list_commands(context())} == {
        *commands()
    }


def context() -> click.Context:
    """Make the context that a command line makes."""
    return click.Context(trustflow)


def commands() -> list[str]:
    """Name every command, those of groups with their group."""
    found = []
    for name in trustflow.list_commands(context()):
        command = trustflow.get_command(context(), name)
        subs = command.list_commands(context()) if isinstance(command, click.Group) else []
        found += [f"{name} {sub}" for sub in subs] or [name]
    return found
