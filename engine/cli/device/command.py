"""`device`: register this machine's agent with a link or a picture, and answer what is asked."""

from __future__ import annotations

import re
import ssl
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click

from engine.cli.command import Documented, Group, Length, fail, json_option, misused
from engine.cli.hints import hint
from engine.cli.terminal.page import Terminal, clean, counted, say_json

if TYPE_CHECKING:
    from engine.cli.device.agent import Agent, Link, Question
    from engine.cli.device.agent_file import HeldContract
    from engine.cli.device.calling import Refused

F = TypeVar("F", bound=Callable[..., object])
NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,39}")
FOLDER: Final = Path.home() / ".trustflow-devices"
LOOK_SECONDS: Final = 1.0
FINAL: Final = frozenset({404, 409, 410})
"""What a server answers where nothing will come of a code any more."""


def agent_options(command: F) -> F:
    """Add what says which agent is meant."""
    for option in (
        click.option(
            "--ca-file",
            type=click.Path(exists=True, dir_okay=False, path_type=Path),
            help="Certificates to trust besides; that of `demo --lan` is one.",
        ),
        click.option(
            "--folder",
            type=click.Path(file_okay=False, path_type=Path),
            envvar="TRUSTFLOW_DEVICES",
            default=FOLDER,
            show_default="~/.trustflow-devices",
            help="Where agents are kept (TRUSTFLOW_DEVICES).",
        ),
        click.option("--agent", "name", default="phone", show_default=True, help="Which agent."),
    ):
        command = option(command)
    return command


@click.group(cls=Group, short_help="Be a phone: register it, and answer what it is asked.")
def device() -> None:
    """A virtual agent: the app that registers a device and approves requests, on this machine."""


@device.command(
    cls=Documented,
    examples=(
        "trustflow device register 'https://.../web/device?payload=v2...'",
        "trustflow device register code.png --agent tablet --yes",
    ),
)
@click.argument("link_or_picture")
@click.option("--yes", is_flag=True, help="Confirm without asking.")
@click.option("--decline", is_flag=True, help="Say that it is not for you.")
@click.option(
    "--wait", "patience", type=Length(), default="PT3M", show_default=True,
    help="How long to wait for the application to agree.",
)  # fmt: skip
@agent_options
@json_option
def register(
    *,
    link_or_picture: str,
    yes: bool,
    decline: bool,
    patience: timedelta,
    name: str,
    folder: Path,
    ca_file: Path | None,
    as_json: bool,
) -> int:
    """Scan a code, as a link or in a picture, and register this device with it."""
    from engine.cli.device.calling import Refused

    link = _link(link_or_picture)
    agent = _agent(folder, name, ca_file, begins=True)
    try:
        scanned = agent.scan(link)
        who = f"{clean(scanned.user_name)} at {clean(scanned.application_name)}"
        wants = (
            yes
            or decline
            or click.confirm(f"Register this device for {who}, on {link.origin}?", err=True)
        )
        if decline or not wants:
            agent.reject(link)
            return _told({"status": "REJECTED"}, f"Declined: nothing is registered for {who}.",
                         as_json=as_json)  # fmt: skip
        held = agent.make_contract_key(link, scanned)
        status = _settled(agent, link, held, patience)
    except Refused as refused:
        fail(f"It is not registered: {_sentence(refused)}")
    sentences = {
        "REGISTERED": f"This device is registered for {who}.",
        "CONFIRMED": f"It is confirmed here; {clean(held.application)} has not agreed yet. Press"
        " Continue on its page where it shows one; the same command says how far it is.",
    }
    facts = {"status": status, "agent": name, "contractKey": held.public}
    return _told(facts, sentences.get(status, f"It is {clean(status)}."), as_json=as_json)


@device.command("list", cls=Documented, examples=("trustflow device list --agent tablet",))
@agent_options
@json_option
def list_contracts(*, name: str, folder: Path, ca_file: Path | None, as_json: bool) -> int:
    """List for whom this device answers."""
    rows = _agent(folder, name, ca_file).contracts()
    if as_json:
        say_json({"agent": name, "contracts": [_known(held) for held in rows]})
    elif not rows:
        Terminal.here().say(f"It is registered nowhere. {hint('device', 'register', 'LINK')}")
    else:
        table = [(held.application, held.user, held.origin, held.public[:12]) for held in rows]
        Terminal.here().table(("application", "user", "server", "key"), table)
    return 0


@device.command(cls=Documented, examples=("trustflow device transactions --json",))
@agent_options
@json_option
def transactions(*, name: str, folder: Path, ca_file: Path | None, as_json: bool) -> int:
    """List what this device is asked now."""
    import msgspec

    found = _questions(_agent(folder, name, ca_file))
    if as_json:
        say_json({"transactions": [msgspec.to_builtins(one.said) for one in found]})
        return 0
    terminal = Terminal.here()
    for number, question in enumerate(found):
        if number:
            terminal.say()
        _show(terminal, question)
    if not found:
        terminal.say("Nothing is asked of this device now.")
    return 0


@device.command(
    cls=Documented,
    examples=("trustflow device accept 01J9...", "trustflow device accept --wait PT1M"),
)
@click.argument("transaction", required=False)
@click.option("--wait", "patience", type=Length(), help="Wait so long for something to be asked.")
@agent_options
@json_option
def accept(
    *, transaction: str | None, patience: timedelta | None, name: str, folder: Path,
    ca_file: Path | None, as_json: bool,
) -> int:  # fmt: skip
    """Accept a transaction; without its id the one that is asked."""
    agent = _agent(folder, name, ca_file)
    return _decided(agent, transaction, patience, accepts=True, as_json=as_json)


@device.command(cls=Documented, examples=("trustflow device decline 01J9...",))
@click.argument("transaction", required=False)
@click.option("--wait", "patience", type=Length(), help="Wait so long for something to be asked.")
@agent_options
@json_option
def decline(
    *, transaction: str | None, patience: timedelta | None, name: str, folder: Path,
    ca_file: Path | None, as_json: bool,
) -> int:  # fmt: skip
    """Decline a transaction; without its id the one that is asked."""
    agent = _agent(folder, name, ca_file)
    return _decided(agent, transaction, patience, accepts=False, as_json=as_json)


@device.command(cls=Documented, examples=("trustflow device forget --agent tablet",))
@agent_options
def forget(*, name: str, folder: Path, ca_file: Path | None) -> int:
    """Forget an agent with its keys; servers keep its contracts until they are reset there."""
    from engine.cli.device.agent_file import remove

    if not remove(_file(folder, name)):
        fail(f"There is no agent {clean(name)} in {clean(str(folder))}.")
    Terminal.here().say(f"The agent {clean(name)} is forgotten, with its keys.")
    return 0


def _file(folder: Path, name: str) -> Path:
    if NAME.fullmatch(name) is None:
        misused("--agent takes letters of ASCII, digits, - and _, 40 at most")
    return folder / f"{name}.json"


def _agent(folder: Path, name: str, ca_file: Path | None, *, begins: bool = False) -> Agent:
    """Open the agent that is meant; one that begins is written down."""
    from engine.adapters.signatures.ed25519 import Ed25519Keys
    from engine.adapters.system import SystemClock
    from engine.cli.device.agent import Agent

    trust = None if ca_file is None else _trust(ca_file)
    opened = Agent.begin if begins else Agent.open
    agent = opened(_file(folder, name), name, keys=Ed25519Keys(), clock=SystemClock())
    agent.trust = trust
    return agent


def _trust(ca_file: Path) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=str(ca_file))
    except ssl.SSLError:
        fail(f"{clean(str(ca_file))} holds no certificates in PEM.")


def _link(text: str) -> Link:
    """Read a link, or the one code of a picture that is a link."""
    from engine.cli.device.agent import Link, link_of
    from engine.cli.device.picture import codes_in

    read = [link_of(one) for one in ([text] if "://" in text else codes_in(Path(text)))]
    links = [one for one in read if isinstance(one, Link)]
    if len(links) > 1:
        fail(f"{clean(text)} shows {len(links)} links of registrations: cut one out.")
    if not links:
        whys = [one for one in read if isinstance(one, str)] or ["no square code is found in it"]
        fail(
            f"This is no link of a registration: {whys[0]}. Give"
            " https://HOST/web/device?payload=..., or a picture of its square code."
        )
    return links[0]


def _settled(agent: Agent, link: Link, held: HeldContract, patience: timedelta) -> str:
    """Wait until the application has agreed; what it refuses is given up. Raises `Refused`."""
    from engine.cli.device.calling import Refused

    until = agent.clock.now() + patience
    while True:
        try:
            status = agent.confirm(link, held)
        except Refused as refused:
            if refused.status in FINAL:
                agent.forget(held)
                raise
            if agent.clock.now() >= until:
                raise
            status = "CONFIRMED"  # it may have been heard: the key is kept, and it is asked again
        if status != "CONFIRMED" or agent.clock.now() >= until:
            return status
        time.sleep(LOOK_SECONDS)


def _questions(agent: Agent) -> list[Question]:
    """List what is asked, by every application; one that does not answer is told, not fatal."""
    from engine.cli.device.calling import Refused

    found: dict[tuple[str, str, str], Question] = {}
    for held in agent.contracts():
        try:
            for one in agent.questions(held):  # several contracts may be asked the same
                found[held.origin, held.tenant, one.id] = one
        except Refused as refused:
            told = f"{clean(held.application)}: {clean(refused.reason)}"
            Terminal.here(to_errors=True).say(told, "warning")
    return list(found.values())


def _decided(
    agent: Agent, id: str | None, patience: timedelta | None, *, accepts: bool, as_json: bool
) -> int:
    from engine.cli.device.calling import Refused

    question = _meant(_awaited(agent, id, patience), id)
    if not as_json:
        _show(Terminal.here(), question)
    try:
        status = agent.decide(question, accepts=accepts)
    except Refused as refused:
        fail(f"It is not decided: {_sentence(refused)}")
    facts = {"transaction": question.id, "status": status}
    return _told(facts, f"It is {clean(status.lower())}.", as_json=as_json)


def _awaited(agent: Agent, id: str | None, patience: timedelta | None) -> Sequence[Question]:
    until = agent.clock.now() + (patience or timedelta())
    while True:
        found = _questions(agent)
        if any(id in (None, one.id) for one in found) or agent.clock.now() >= until:
            return found
        time.sleep(LOOK_SECONDS)


def _meant(found: Sequence[Question], id: str | None) -> Question:
    fitting = [one for one in found if id in (None, one.id)]
    if not fitting:
        fail("Nothing such is asked of this device now.")
    if len(fitting) > 1:
        count = counted(len(fitting), "transaction")
        fail(f"There are {count}; say which. `{hint('device', 'transactions')}` shows them.")
    return fitting[0]


def _show(terminal: Terminal, question: Question) -> None:
    said = question.said
    ends = datetime.fromtimestamp(said.expires_at, UTC)
    terminal.heading(f"{said.application_name}: {said.action}")
    terminal.write(clean(said.message))
    terminal.facts(
        [
            *said.parameters.items(),
            ("until", ends.strftime("%H:%M:%S UTC")),
            ("id", question.id),
        ]
    )


def _sentence(refused: Refused) -> str:
    """Write why a server refuses as the end of a sentence; what it says is its own text."""
    return f"{clean(refused.reason).rstrip('.')}."


def _told(facts: dict[str, Any], sentence: str, *, as_json: bool) -> int:
    if as_json:
        say_json(facts)
    else:
        Terminal.here().say(sentence)
    return 0


def _known(held: HeldContract) -> dict[str, str]:
    """Write a contract for a program: everything but what signs."""
    return {
        "application": clean(held.application),
        "user": clean(held.user),
        "server": held.origin,
        "tenant": held.tenant,
        "contractKey": held.public,
        "uniqueId": held.unique_id,
    }
