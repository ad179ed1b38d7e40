"""`check`, `draw`, `deploy`: what a designer does with a definition and its forms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import click
from msgspec import structs

from engine.adapters.folder import FolderShelf
from engine.cli.administration.needs import Lack, lacks, lacks_json, risky, show_lacks
from engine.cli.command import PROBLEMS, Documented, data_option, fail, json_option
from engine.cli.opening import acting, with_application
from engine.cli.terminal.page import Terminal, clean, say_json
from engine.cli.terminal.problems import TONES, problem_json, show_problems
from engine.compile import Report, Source, check_definition, check_form, may_call, parts_among
from engine.model.names import Digest
from engine.model.problem import Problem
from engine.run.catalogue import Catalogue

if TYPE_CHECKING:
    from engine.app import Application
    from engine.run.library import Deployed

FORM_ENDING = ".json"
DEFINITION_ENDINGS = (".yaml", ".yml", "")

file_argument = click.argument(
    "file", type=click.Path(exists=True, dir_okay=False, path_type=Path), metavar="FILE"
)
forms_option = click.option(
    "--forms",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Where the forms are (else: forms/ beside definitions/).",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What was found in one file. `texts`: file -> its text, also of the forms it names."""

    path: str
    kind: str
    problems: tuple[Problem, ...]
    texts: Mapping[str, str]

    def count(self, severity: str) -> int:
        """Count the problems of one severity."""
        return sum(problem.severity == severity for problem in self.problems)


def refuse_other_kinds(file: Path, *, done: str = "") -> None:
    """Say which file to name instead of one of another kind. Raises `Failed`.

    Args:
        file: What was named.
        done: What is done with definitions alone (`deployed`); empty: forms are as good.
    """
    if file.suffix == FORM_ENDING:
        if done:
            fail(f"Forms are {done} with the definition that shows them: name that one.")
    elif file.suffix not in DEFINITION_ENDINGS:
        kinds = "no definition (YAML)" if done else "neither a definition (YAML) nor a form (JSON)"
        fail(f"{clean(str(file))} is {kinds}: its name would end so.")


def source_of(file: Path) -> Source:
    """Read a file under the name it was given by."""
    return Source(path=str(file), text=file.read_bytes())


def forms_beside(file: Path, forms: Path | None) -> dict[str, Source]:
    """Find the forms for a definition: in `forms`, else in `forms/` beside its `definitions/`.

    A definition that lies in no folder of that name has them in `forms/` beside itself.
    """
    folder = forms or _beside(file)
    shelf = FolderShelf(file.parent, folder).forms()
    return {key: Source(path=text.path, text=text.text) for key, text in shelf.items()}


def parts_beside(file: Path, source: Source) -> Mapping[str, Source]:
    """Find the parts for a definition in its own folder; none where it calls none."""
    if not may_call(source):
        return {}
    shelf = FolderShelf(file.parent, file.parent).definitions()
    return parts_among(Source(path=text.path, text=text.text) for text in shelf)


def _beside(file: Path) -> Path:
    if file.parent.name == "definitions":
        return file.parent.parent / "forms"
    if file.resolve().parent.name == "definitions":
        return Path("..") / "forms" if file.parent == Path() else file.parent / ".." / "forms"
    return file.parent / "forms"


def report_on(file: Path, forms: Path | None, catalogue: Catalogue) -> tuple[Report, Checked]:
    """Check one definition."""
    source, known = source_of(file), forms_beside(file, forms)
    parts = parts_beside(file, source)
    report = check_definition(source, catalogue.signatures, known, parts)
    texts = {text.path: _text(text) for text in (source, *known.values(), *parts.values())}
    kind = "part" if report.is_part else "definition"
    checked = Checked(path=source.path, kind=kind, problems=report.problems, texts=texts)
    return report, checked


def _check_one(file: Path, forms: Path | None, catalogue: Catalogue) -> Checked:
    if file.suffix != FORM_ENDING:
        return report_on(file, forms, catalogue)[1]
    source = source_of(file)
    problems = check_form(source).problems
    texts = {source.path: _text(source)}
    return Checked(path=source.path, kind="form", problems=problems, texts=texts)


def told_once(found: Sequence[Checked]) -> list[Checked]:
    """Leave each problem to one file: its own where that was named, else the first with it.

    A definition has the problems of its forms, which may have been named as well.
    """
    owners: dict[Problem, str] = {}
    alike = [{_same(problem): problem for problem in one.problems} for one in found]
    pairs = list(zip(found, alike, strict=True))
    for one, problems in pairs:
        own = str(Path(one.path).resolve())
        owners |= {same: one.path for same in problems if same.place.file == own}
    for one, problems in pairs:
        owners = dict.fromkeys(problems, one.path) | owners
    return [replace(one, problems=_kept(one, problems, owners)) for one, problems in pairs]


def _kept(
    one: Checked, problems: Mapping[Problem, Problem], owners: dict[Problem, str]
) -> tuple[Problem, ...]:
    """Take a file's own out of `owners`, so that nobody else tells them."""
    return tuple(told for same, told in problems.items() if owners.get(same) == one.path
                 and owners.pop(same))  # fmt: skip


def _same(problem: Problem) -> Problem:
    """Write a problem as it is whoever found it: with the one name that its file has."""
    file = str(Path(problem.place.file).resolve())
    return structs.replace(problem, place=structs.replace(problem.place, file=file), also=())


def _text(source: Source) -> str:
    return source.text.decode("utf-8", errors="replace")


@click.command(
    cls=Documented,
    short_help="Find every mistake in definitions and forms.",
    examples=(
        "trustflow check definitions/*.yaml forms/*.json",
        "trustflow check passcode-authentication.yaml --forms shared/forms",
        "trustflow check --strict --json passcode-authentication.yaml",
    ),
)
@click.argument(
    "files",
    nargs=-1,
    required=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE...",
)
@forms_option
@click.option("--strict", is_flag=True, help="Warnings are problems, too.")
@click.option("--why", is_flag=True, help="Say of each rule why it is there.")
@json_option
def check(
    files: Sequence[Path], forms: Path | None, *, strict: bool, why: bool, as_json: bool
) -> int:
    """Check definitions (YAML) and forms (JSON): every mistake at once, each with its remedy.

    Exit code 0: nothing, or warnings alone. 1: problems. 2: wrong usage.
    """
    for file in files:
        refuse_other_kinds(file)
    catalogue = Catalogue.installed()
    found = told_once([_check_one(file, forms, catalogue) for file in files])
    errors, warnings = (sum(one.count(kind) for one in found) for kind in ("error", "warning"))
    if as_json:
        say_json(_as_json(found, errors, warnings))
    else:
        _show(Terminal.here(), found, why=why)
    return PROBLEMS if errors or (strict and warnings) else 0


def _as_json(found: Sequence[Checked], errors: int, warnings: int) -> dict[str, object]:
    files = [
        {
            "file": one.path,
            "kind": one.kind,
            "problems": [problem_json(problem) for problem in one.problems],
        }
        for one in found
    ]
    return {"files": files, "errors": errors, "warnings": warnings}


def _show(terminal: Terminal, found: Sequence[Checked], *, why: bool) -> None:
    for one in found:
        show_problems(terminal, one.problems, one.texts, with_reason=why)
    errors, warnings = (sum(one.count(kind) for one in found) for kind in ("error", "warning"))
    what = f"{_counted(len(found), 'file')} checked: "
    if not errors and not warnings:
        terminal.say(f"{what}{terminal.tone('no problems', 'good')}")
        return
    counts = ((errors, "error"), (warnings, "warning"))
    told = [terminal.tone(_counted(count, kind), TONES[kind]) for count, kind in counts if count]
    terminal.say(what + ", ".join(told))


def _counted(count: int, name: str) -> str:
    return f"{count} {name}" if count == 1 else f"{count} {name}s"


@click.command(
    cls=Documented,
    short_help="Draw a definition as a picture in text.",
    examples=(
        "trustflow draw definitions/passcode-authentication.yaml > sign-in.mmd",
        "trustflow draw definitions/passcode-authentication.yaml --format mermaid",
    ),
)
@file_argument
@forms_option
@click.option(
    "--format", "kind", type=click.Choice(["mermaid"]), default="mermaid", show_default=True
)
def draw(file: Path, forms: Path | None, kind: str) -> int:
    """Draw a definition as a picture in text: Mermaid, as many editors and wikis show it."""
    from engine.compile import mermaid

    refuse_other_kinds(file, done="drawn")
    report, checked = report_on(file, forms, Catalogue.installed())
    if report.graph is None:
        terminal = Terminal.here(to_errors=True)
        show_problems(terminal, checked.problems, checked.texts)
        terminal.say("Not drawn: what does not compile has no picture.", "bad")
        return PROBLEMS
    click.echo(mermaid(report.graph), nl=False)
    return 0


@click.command(
    cls=Documented,
    short_help="Keep a definition, so that it can be run.",
    examples=(
        "trustflow deploy definitions/passcode-authentication.yaml",
        "trustflow deploy passcode-authentication.yaml --data /srv/trustflow",
    ),
)
@file_argument
@forms_option
@data_option
@json_option
def deploy(file: Path, forms: Path | None, data: Path | None, *, as_json: bool) -> int:
    """Check a definition and keep it, with its forms and parts: a version never changes.

    Deploying the same text again does nothing. Instances stay on the version they began with.
    """
    refuse_other_kinds(file, done="deployed")
    source, known = source_of(file), forms_beside(file, forms)
    parts = parts_beside(file, source)

    async def work(application: Application) -> tuple[Deployed | tuple[Problem, ...], list[Lack]]:
        actor = await acting(application)
        done = await application.library.deploy(
            application.tenant, source, known, by=actor, parts=parts
        )
        if isinstance(done, tuple):
            return done, []
        graph = await application.library.graph(application.tenant, Digest(done.bundle.digest))
        return done, [*await lacks(application, graph), *await risky(application, graph)]

    done, missing = with_application(data, work, makes=True)
    texts = {text.path: _text(text) for text in (source, *known.values(), *parts.values())}
    if isinstance(done, tuple):
        return _refused(done, texts, as_json)
    _told(done, missing, texts, as_json)
    return 0


def _refused(problems: tuple[Problem, ...], texts: Mapping[str, str], as_json: bool) -> int:
    if as_json:
        say_json({"deployed": False, "problems": [problem_json(p) for p in problems]})
    else:
        terminal = Terminal.here()
        show_problems(terminal, problems, texts)
        terminal.say("Not deployed.", "bad")
    return PROBLEMS


def _told(done: Deployed, missing: Sequence[Lack], texts: Mapping[str, str], as_json: bool) -> None:
    bundle = done.bundle
    if as_json:
        known = {"process": bundle.process, "version": bundle.version, "digest": bundle.digest}
        warnings = [problem_json(problem) for problem in done.warnings]
        say_json(
            {
                "deployed": True,
                "new": done.new,
                **known,
                "problems": warnings,
                "missing": lacks_json(missing),
            }
        )
        return
    terminal = Terminal.here()
    show_problems(terminal, done.warnings, texts)
    name = f"{clean(bundle.process)} version {bundle.version}"
    terminal.say(f"{name} is deployed." if done.new else f"{name} was deployed already.", "good")
    forms = ", ".join(bundle.forms) or "none"
    terminal.facts([("digest", bundle.digest[:16]), ("forms", forms)], indent="  ")
    show_lacks(terminal, missing)
