"""`policy`: what passcodes a store accepts."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final, get_args

import click

from engine.cli.administration.finding import policy_named, store_named, store_option
from engine.cli.administration.mistakes import told
from engine.cli.command import (
    Documented,
    Group,
    Length,
    data_option,
    fail,
    json_option,
    misused,
)
from engine.cli.opening import change as committed
from engine.cli.opening import with_application
from engine.cli.terminal.page import Terminal, clean, say_json
from engine.compile.durations import duration_text
from engine.model.form import CharacterSet
from engine.records.identity import PasscodePolicy

if TYPE_CHECKING:
    from engine.app import Application
    from engine.model.problem import FieldProblem
    from engine.ports.actor import Actor
    from engine.run.unit import Unit

NOTHING: Final = timedelta()
OPTIONS: Final = {
    "policyName": "NAME",
    "minLength": "--min-length",
    "maxLength": "--max-length",
    "validity": "--validity",
    "renewableFor": "--renewable-for",
    "historySize": "--history-size",
    "sessionTtl": "--session-ttl",
    "acceptRisk": "--accept-risk",
}
"""What a person types for a field."""


@click.group(cls=Group, short_help="Say which passcodes a store accepts.")
def policy() -> None:
    """Passcode policies: what may be chosen, for how long, and which earlier ones may not."""


@policy.command(
    cls=Documented,
    examples=(
        "trustflow policy add second --second-factor --history-size 3",
        "trustflow policy add yearly --validity P365D --renewable-for P30D --accept-risk",
        "trustflow policy add pin --min-length 6 --character-set NUMERIC --accept-risk",
    ),
)
@click.argument("name")
@click.option("--min-length", type=int, help="In characters: 15; 8 with --second-factor.")
@click.option("--max-length", type=int, default=256, show_default=True, help="In characters.")
@click.option(
    "--character-set", type=click.Choice(get_args(CharacterSet)), default="ANY", show_default=True
)
@click.option("--history-size", type=int, default=0, help="Earlier ones not to choose, 0 to 10.")
@click.option("--validity", type=Length(), help="How long one is good for (else for ever).")
@click.option("--renewable-for", type=Length(), help="An expired one may be renewed so long.")
@click.option("--session-ttl", type=Length(), default="PT5M", show_default=True, help="By API.")
@click.option("--second-factor", is_flag=True, help="Something else is asked for too.")
@click.option("--accept-risk", is_flag=True, help="Take it though it is weaker than advised.")
@store_option
@data_option
@json_option
def add(
    *,
    name: str,
    min_length: int | None,
    max_length: int,
    character_set: CharacterSet,
    history_size: int,
    validity: timedelta | None,
    renewable_for: timedelta | None,
    session_ttl: timedelta,
    second_factor: bool,
    accept_risk: bool,
    store: str,
    data: Path | None,
    as_json: bool,
) -> int:
    """Add a policy to a store. What is weaker than advised needs --accept-risk; doctor tells it."""

    async def staged(unit: Unit, actor: Actor) -> PasscodePolicy | tuple[FieldProblem, ...]:
        from engine.identity.policies import add_policy

        return await add_policy(
            unit, actor, await store_named(unit, store), name,
            min_length=min_length, max_length=max_length, character_set=character_set,
            history_size=history_size, validity=validity, renewable_for=renewable_for or NOTHING,
            session_ttl=session_ttl, second_factor=second_factor, accept_risk=accept_risk,
        )  # fmt: skip

    made = with_application(data, lambda application: committed(application, staged))
    if isinstance(made, tuple):
        return told(made, as_json=as_json, options=OPTIONS)
    if as_json:
        say_json(_known(made))
        return 0
    terminal = Terminal.here()
    terminal.say(f"The policy {made.name} is there.")
    _warn(terminal, made)
    if made.validity is not None and not made.renewable_for:
        terminal.write("An expired passcode cannot be renewed; --renewable-for lets it be.")
    return 0


@policy.command(
    cls=Documented,
    examples=(
        "trustflow policy change default --history-size 3",
        "trustflow policy change default --validity P365D --renewable-for P30D --accept-risk",
        "trustflow policy change default --no-validity",
    ),
)
@click.argument("name")
@click.option("--min-length", type=int, help="In characters.")
@click.option("--max-length", type=int, help="In characters.")
@click.option("--character-set", type=click.Choice(get_args(CharacterSet)))
@click.option("--history-size", type=int, help="Earlier ones not to choose, 0 to 10.")
@click.option("--validity", type=Length(), help="How long one that is chosen now is good for.")
@click.option("--no-validity", is_flag=True, help="For ever.")
@click.option("--renewable-for", type=Length(), help="An expired one may be renewed so long.")
@click.option("--session-ttl", type=Length(), help="By API.")
@click.option("--second-factor/--only-factor", default=None, help="Is something else asked for?")
@click.option("--accept-risk/--no-risk", default=None, help="Though it is weaker than advised?")
@store_option
@data_option
@json_option
def change(
    *, name: str, no_validity: bool, store: str, data: Path | None, as_json: bool, **given: object
) -> int:
    """Change a policy: what is not named stays, and so does what is registered."""
    told_of = {field: value for field, value in given.items() if value is not None}
    _refuse_unclear(told_of, no_validity=no_validity)
    if no_validity:
        told_of |= {"validity": None, "renewable_for": NOTHING}

    async def staged(unit: Unit, actor: Actor) -> PasscodePolicy | tuple[FieldProblem, ...]:
        from msgspec.structs import replace

        from engine.identity.policies import change_policy

        await store_named(unit, store)
        before = await policy_named(unit, store, name)
        return change_policy(unit, actor, before, replace(before, **told_of))

    made = with_application(data, lambda application: committed(application, staged))
    if isinstance(made, tuple):
        return told(made, as_json=as_json, options=OPTIONS)
    if as_json:
        say_json(_known(made))
        return 0
    terminal = Terminal.here()
    terminal.say(f"The policy {made.name} is changed.")
    _warn(terminal, made)
    return 0


def _refuse_unclear(told_of: Mapping[str, object], *, no_validity: bool) -> None:
    """Refuse options that say nothing, or two things at once. Raises `click.UsageError`."""
    if not told_of and not no_validity:
        misused("Say what to change: --min-length, --max-length, --character-set, --history-size,"
                " --validity, --no-validity, --renewable-for, --session-ttl, --second-factor,"
                " --only-factor, --accept-risk or --no-risk.")  # fmt: skip
    for field in ("validity", "renewable_for"):
        if no_validity and field in told_of:
            misused(f"--{field.replace('_', '-')} does not go with --no-validity.")


def _warn(terminal: Terminal, shown: PasscodePolicy) -> None:
    from engine.identity.policies import risks

    for risk in risks(shown):
        terminal.write(f"Warning: {risk}.", indent="  ", tone="warning")


@policy.command(cls=Documented, examples=("trustflow policy remove second --store staff",))
@click.argument("name")
@store_option
@data_option
def remove(*, name: str, store: str, data: Path | None) -> int:
    """Remove a policy; `default` stays. Passcodes under it open nothing while it is not there."""

    async def staged(unit: Unit, actor: Actor) -> PasscodePolicy:
        from engine.identity.policies import DEFAULT, remove_policy

        await store_named(unit, store)
        found = await policy_named(unit, store, name)
        if found.name == DEFAULT:
            fail(f"The policy {DEFAULT} stays as long as its store; `policy change` changes it.")
        remove_policy(unit, actor, found)
        return found

    with_application(data, lambda application: committed(application, staged))
    Terminal.here().say(f"The store {clean(store)} has no policy {clean(name)} any more.")
    return 0


@policy.command("list", cls=Documented, examples=("trustflow policy list --store staff",))
@store_option
@data_option
@json_option
def list_policies(*, store: str, data: Path | None, as_json: bool) -> int:
    """List the policies of a store."""

    async def work(application: Application) -> list[PasscodePolicy]:
        from engine.ports.paging import every
        from engine.run.unit import Unit

        kept, tenant = application.store, application.tenant
        await store_named(Unit(kept, tenant), store)
        return [row async for row in every(kept, tenant, PasscodePolicy, "store", store)]

    rows = with_application(data, work)
    if as_json:
        say_json({"policies": [_known(row) for row in rows]})
        return 0
    head = ("policy", "length", "characters", "earlier", "valid for", "risks")
    Terminal.here().table(head, [_row(row) for row in rows])
    return 0


def _row(row: PasscodePolicy) -> tuple[str, ...]:
    from engine.identity.policies import risks

    valid = "-" if row.validity is None else duration_text(row.validity)
    length = f"{row.min_length} to {row.max_length}"
    earlier = str(row.history_size)
    return row.name, length, row.character_set, earlier, valid, str(len(risks(row)) or "-")


@policy.command(cls=Documented, examples=("trustflow policy show default --json",))
@click.argument("name")
@store_option
@data_option
@json_option
def show(*, name: str, store: str, data: Path | None, as_json: bool) -> int:
    """Show a policy, and in what it is weaker than advised."""

    async def work(application: Application) -> PasscodePolicy:
        from engine.run.unit import Unit

        unit = Unit(application.store, application.tenant)
        await store_named(unit, store)
        return await policy_named(unit, store, name)

    found = with_application(data, work)
    if as_json:
        say_json(_known(found))
        return 0
    terminal = Terminal.here()
    terminal.say(terminal.tone(f"Passcode policy  {clean(found.name)}", "strong"))
    terminal.facts(_facts(found), indent="  ")
    _warn(terminal, found)
    return 0


def _facts(found: PasscodePolicy) -> list[tuple[str, str]]:
    valid = found.validity
    grace = found.renewable_for
    return [
        ("store", found.store),
        ("length", f"{found.min_length} to {found.max_length} characters"),
        ("characters", found.character_set),
        ("valid for", "ever" if valid is None else duration_text(valid)),
        ("then renewable for", duration_text(grace) if grace else "-"),
        ("earlier ones refused", str(found.history_size)),
        ("API sessions live", duration_text(found.session_ttl)),
        ("second factor", "yes" if found.second_factor else "no"),
    ]


def _known(found: PasscodePolicy) -> dict[str, object]:
    from engine.identity.policies import risks

    return {
        "name": found.name,
        "store": found.store,
        "minLength": found.min_length,
        "maxLength": found.max_length,
        "characterSet": found.character_set,
        "validity": None if found.validity is None else duration_text(found.validity),
        "renewableFor": duration_text(found.renewable_for),
        "historySize": found.history_size,
        "sessionTtl": duration_text(found.session_ttl),
        "secondFactor": found.second_factor,
        "acceptRisk": found.accept_risk,
        "risks": list(risks(found)),
        "createdDtm": found.created_at.isoformat(),
    }
