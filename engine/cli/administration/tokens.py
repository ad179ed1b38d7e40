"""`token`: making the links that start journeys, and listing them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from engine.cli.administration.finding import no_process
from engine.cli.administration.mistakes import told
from engine.cli.administration.needs import Lack, lacks, lacks_json, show_lacks
from engine.cli.command import (
    Documented,
    Group,
    Length,
    data_option,
    fail,
    is_given,
    json_option,
    misused,
    url_option,
)
from engine.cli.hints import hint
from engine.cli.opening import acting, change, with_application
from engine.cli.origin import origin_of
from engine.cli.terminal.page import Terminal, clean, say_json
from engine.model.names import REDIRECT_URL
from engine.model.problem import FieldProblem, wrong

if TYPE_CHECKING:
    from engine.app import Application
    from engine.model.definition import Definition, Parameter
    from engine.model.names import JsonObject, JsonValue
    from engine.ports.actor import Actor
    from engine.records.tokens import ProcessToken, TokenType
    from engine.run.entry.tokens import Minted
    from engine.run.unit import Unit

TYPES: Final[Mapping[str, TokenType]] = {
    "count": "MULTI_USE_COUNT_LIMITED",
    "time": "MULTI_USE_TIME_LIMITED",
    "unlimited": "UNLIMITED",
}
OPTIONS: Final[Mapping[str, str]] = {
    "process": "",
    "name": "--name",
    "maxCount": "--uses",
    "maxProcessDuration": "--max-duration",
    "notAfterDtm": "--life",
    REDIRECT_URL: "--redirect",
}
"""What a person types for a field of a token."""
SHORT: Final = 10
"""Characters of an id that make a name: 50 bits of chance."""


@click.group(cls=Group, short_help="Make the links that start journeys.")
def token() -> None:
    """Process tokens: the links that start a journey."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The options as they were typed."""

    process: str
    version: int | None
    name: str | None
    given: Sequence[str]
    uses: int
    life: timedelta | None
    kind: str
    redirect: str | None
    max_duration: timedelta | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A token, the link that a person opens, and what its definition uses and is not there."""

    minted: Minted
    link: str = field(repr=False)
    missing: Sequence[Lack]


@token.command(
    cls=Documented,
    examples=(
        "trustflow token create passcode-authentication --param userExternalId=ines",
        "trustflow token create book-a-visit --uses 50 --life P7D --name newsletter",
        "trustflow token create book-a-visit --type time --life PT1H --json",
    ),
)
@click.argument("process")
@click.option("--version", type=click.IntRange(1), help="Of the definition (else the newest).")
@click.option("--name", help="1 to 50 characters, used once (else one is made).")
@click.option(
    "--param", "given", multiple=True, metavar="NAME=VALUE", help="A start parameter; repeat it."
)
@click.option("--uses", type=click.IntRange(1), default=1, show_default=True, help="How often.")
@click.option(
    "--life",
    type=Length(unlimited=True),
    default="PT24H",
    show_default=True,
    help="How long it may be used.",
)
@click.option(
    "--type",
    "kind",
    type=click.Choice(list(TYPES)),
    default="count",
    show_default=True,
    help="What limits it.",
)
@click.option("--redirect", metavar="URL", help="Where the journey leads in the end.")
@click.option("--max-duration", type=Length(), help="How long an instance may take.")
@url_option
@data_option
@json_option
def create(
    *,
    process: str,
    version: int | None,
    name: str | None,
    given: tuple[str, ...],
    uses: int,
    life: timedelta | None,
    kind: str,
    redirect: str | None,
    max_duration: timedelta | None,
    url: str | None,
    data: Path | None,
    as_json: bool,
) -> int:
    """Make a process token and show its link: once, for its secret is kept nowhere."""
    if kind != "count" and is_given("uses"):
        misused(f"--uses goes with --type count: --type {kind} does not count uses.")
    asked = Asked(
        process=process, version=version, name=name, given=given, uses=uses, life=life, kind=kind,
        redirect=redirect, max_duration=max_duration,
    )  # fmt: skip

    async def work(application: Application) -> Made | tuple[FieldProblem, ...]:
        from engine.web.links import TokenLink

        base = url or origin_of(application.settings)
        graph = await application.library.named(application.tenant, process, version)
        if graph is None:
            return (wrong("process", await no_process(application, process, version)),)
        minted = await _mint(application, asked, graph.definition)
        if isinstance(minted, tuple):
            return minted
        link = TokenLink(secret=minted.secret).address_at(base.rstrip("/"))
        return Made(minted=minted, link=link, missing=await lacks(application, graph))

    made = with_application(data, work)
    if isinstance(made, tuple):
        return told(made, as_json=as_json, options=OPTIONS, others="--param ")
    _tell(made, as_json)
    return 0


async def _mint(
    application: Application, asked: Asked, definition: Definition
) -> Minted | tuple[FieldProblem, ...]:
    from engine.run.entry.tokens import TokenRequest

    parameters = _parameters(definition, asked)
    if isinstance(parameters, tuple):
        return parameters
    request = TokenRequest(
        name=asked.name or f"cli-{application.chance.id()[-SHORT:]}",
        process=asked.process,
        process_version=asked.version,
        type=TYPES[asked.kind],
        max_count=asked.uses,
        life=asked.life,
        max_process_duration=asked.max_duration,
        parameters=parameters,
    )
    actor = await acting(application)
    done = await application.office.create(application.tenant, request, by=actor)
    if isinstance(done, tuple):
        allowed = application.settings.allowed_redirects
        return tuple(_with_setting(problem, parameters, allowed) for problem in done)
    return done


def _with_setting(
    problem: FieldProblem, parameters: JsonObject, allowed: Sequence[str]
) -> FieldProblem:
    """Name the setting, where an address is refused that it does not allow."""
    from engine.run.redirects import REDIRECTS, is_allowed

    if problem.field not in REDIRECTS or is_allowed(str(parameters.get(problem.field)), allowed):
        return problem
    now = ", ".join(allowed) or "none"
    return wrong(
        problem.field,
        f"the setting `allowed_redirects` does not allow this address (it allows: {now}); add the"
        " address to it in trustflow.toml",
    )


def _parameters(definition: Definition, asked: Asked) -> JsonObject | tuple[FieldProblem, ...]:
    """Read `NAME=VALUE`s into the types that the definition declares; unknown ones stay texts."""
    declared = definition.parameters
    found: JsonObject = {}
    if asked.redirect is not None:
        found[REDIRECT_URL] = asked.redirect
    for pair in asked.given:
        name, equals, text = pair.partition("=")
        if not equals or not name:
            return (wrong(pair, "write it as NAME=VALUE"),)
        before = found.get(name)
        found[name] = typed(declared.get(name), text, before)
    return found


def typed(parameter: Parameter | None, text: str, before: JsonValue) -> JsonValue:
    """Turn a word into what a parameter takes; what cannot be stays a text and is refused later.

    `before`: the list so far, of a parameter that takes several.
    """
    kind = "string" if parameter is None else parameter.type
    if kind == "list<string>":
        return [*(before if isinstance(before, list) else []), text]
    if kind == "boolean":
        return {"true": True, "false": False}.get(text, text)
    if kind == "integer" and _WHOLE.fullmatch(text):
        return int(text)
    if kind == "number" and _NUMBER.fullmatch(text):
        return float(text)
    return text


_WHOLE: Final = re.compile(r"-?(?:0|[1-9][0-9]{0,16})")
_NUMBER: Final = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
"""As JSON writes them: Python reads `nan`, `1_0` and digits of any script as well (G2)."""


def _tell(done: Made, as_json: bool) -> None:
    made, link = done.minted.token, done.link
    if as_json:
        missing = lacks_json(done.missing)
        secret = done.minted.secret
        known = {**_known(made), "secret": secret, "link": link, "missing": missing}
        say_json(known, shown_once=(link,))
        return
    from engine.cli.terminal.code import show_code

    terminal = Terminal.here()
    terminal.say()
    terminal.show_once(link, "link")
    terminal.say()
    show_code(terminal, link)
    terminal.say()
    terminal.facts(
        [
            ("token", made.name),
            ("starts", _process(made)),
            ("uses", uses_of(made)),
            ("until", _when(made.not_after)),
        ]
    )
    terminal.say()
    terminal.write("Copy the link now: it is shown this once, its secret is kept nowhere.")
    show_lacks(terminal, done.missing)


@token.command(cls=Documented, examples=("trustflow token revoke newsletter",))
@click.argument("name")
@data_option
def revoke(*, name: str, data: Path | None) -> int:
    """Revoke a token for good, by its name or id: its link starts nothing any more.

    Journeys that began with it go on.
    """

    async def staged(unit: Unit, actor: Actor) -> ProcessToken:
        from engine.records.tokens import ProcessToken
        from engine.run.entry.tokens import set_status

        found = await unit.find(ProcessToken, "name", name) or await unit.get(ProcessToken, name)
        if found is None:
            fail(f"There is no token {clean(name)}. `{hint('token', 'list')}` shows them.")
        set_status(unit, found, "INACTIVE", by=actor)
        return found

    before = with_application(data, lambda application: change(application, staged))
    assert not isinstance(before, tuple)  # noqa: S101 - this change has no problems to tell
    was = "is revoked" if before.status == "ACTIVE" else "was revoked already"
    Terminal.here().say(f"The token {clean(before.name)} {was}: its link starts nothing.")
    return 0


@token.command(
    "list",
    cls=Documented,
    examples=("trustflow token list", "trustflow token list --process book-a-visit --json"),
)
@click.option("--process", help="Of this process alone.")
@data_option
@json_option
def list_tokens(data: Path | None, *, process: str | None, as_json: bool) -> int:
    """List process tokens: what they start and for how long, never their secret."""

    async def work(application: Application) -> list[ProcessToken]:
        from engine.ports.paging import every
        from engine.records.tokens import ProcessToken

        by = "process" if process else None
        rows = every(application.store, application.tenant, ProcessToken, by, process)
        return [row async for row in rows]

    rows = with_application(data, work)
    if as_json:
        say_json({"tokens": [_known(row) for row in rows]})
    elif not rows:
        Terminal.here().say(f"No tokens yet. Make one: {hint('token', 'create', 'PROCESS')}")
    else:
        head = ("name", "starts", "uses", "until", "status", "hash")
        Terminal.here().table(head, [_row(row) for row in rows])
    return 0


def _row(made: ProcessToken) -> tuple[str, ...]:
    until = _when(made.not_after)
    return made.name, _process(made), uses_of(made), until, made.status, made.prefix


def _process(made: ProcessToken) -> str:
    return (
        made.process if made.process_version is None else f"{made.process} {made.process_version}"
    )


def uses_of(made: ProcessToken) -> str:
    """Say how often it was used, and how often it may be."""
    return (
        f"{made.counter} of {made.max_count}" if made.max_count else f"{made.counter}, any number"
    )


def _when(at: datetime | None) -> str:
    return "no end" if at is None else f"{at:%Y-%m-%d %H:%M} UTC"


def _known(made: ProcessToken) -> dict[str, object]:
    """Write a token for a program: everything but what opens it."""
    return {
        "id": made.id,
        "name": clean(made.name),
        "process": made.process,
        "processVersion": made.process_version,
        "type": made.type,
        "status": made.status,
        "counter": made.counter,
        "maxCount": made.max_count,
        "notAfterDtm": made.not_after.isoformat() if made.not_after else None,
        "parameters": made.parameters,
        "prefix": made.prefix,
    }
