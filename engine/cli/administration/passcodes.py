"""`passcode`: registering one for a user, and removing it. Never as an argument (J6)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click
from msgspec import structs

from engine.cli import prompt
from engine.cli.administration.finding import policy_named, store_option, user_named
from engine.cli.administration.mistakes import told
from engine.cli.command import (
    Documented,
    Group,
    Moment,
    Refused,
    data_option,
    fail,
    json_option,
    misused,
)
from engine.cli.opening import change, with_application
from engine.cli.terminal.page import Terminal, clean, say_json
from engine.model.form import CharacterSet
from engine.model.problem import FieldProblem, wrong
from engine.records.identity import Passcode, PasscodePolicy, PasscodeStatus, use_key
from engine.secret import Secret

if TYPE_CHECKING:
    from datetime import datetime

    from engine.app import Application
    from engine.ports.actor import Actor
    from engine.run.unit import Unit

Kept = tuple[Secret, Passcode | tuple[FieldProblem, ...]]
"""A passcode, and its row or why it cannot be one."""
TRIES: Final = 3
SETS: Final[Mapping[CharacterSet, str]] = {
    "ANY": "of any kind",
    "ALPHANUMERIC": "letters and digits",
    "NUMERIC": "digits",
}
"""What a policy's characters are called."""

policy_option = click.option(
    "--policy", default="default", show_default=True, help="The passcode policy."
)


@click.group(cls=Group, short_help="Register and remove passcodes.")
def passcode() -> None:
    """Passcodes of users: typed where nobody sees them, or suggested."""


@passcode.command(
    cls=Documented,
    examples=(
        "trustflow passcode register ines.carvalho",
        "trustflow passcode register ines.carvalho --suggest --replace",
    ),
)
@click.argument("name")
@click.option("--suggest", is_flag=True, help="Draw five words and show them, this once.")
@click.option("--replace", is_flag=True, help="Instead of the one that is registered.")
@policy_option
@store_option
@data_option
@json_option
def register(
    *,
    name: str,
    suggest: bool,
    replace: bool,
    policy: str,
    store: str,
    data: Path | None,
    as_json: bool,
) -> int:
    """Register a passcode for a user: typed twice at a hidden prompt, or five words of ours."""
    if as_json and not suggest:
        misused("--json goes with --suggest: a prompt needs a person.")

    rules = with_application(
        data,
        lambda house: _refuse_early(house, name, store, policy, replace=replace, suggest=suggest),
    )

    def keep(typed: Secret | None) -> Kept:
        async def work(application: Application) -> Kept:
            secret = prompt.suggested(application.chance) if typed is None else typed
            new = _Registering(application, name=name, store=store, policy=policy, replace=replace)
            return secret, await new.commit(secret)

        return with_application(data, work)

    if not suggest:
        _say_rules(rules)
    secret, made = keep(None) if suggest else _typed(keep)
    if isinstance(made, tuple):
        return told(made, as_json=as_json)
    if as_json:
        known = {"id": made.id, "policy": made.policy}
        prompt.show_once(secret, lambda words: say_json({**known, "passcode": words}))
        return 0
    terminal = Terminal.here()
    if suggest:
        prompt.show_once(secret, lambda words: terminal.say(words, "strong"))
        terminal.write("Shown this once: it is kept as a hash alone.", tone="quiet")
    terminal.write(f"Registered for {clean(name)} under the policy {clean(policy)}.")
    return 0


def _refuse_words(policy: PasscodePolicy) -> None:
    """Say that no suggestion of ours can be taken: all are words with hyphens between them."""
    if policy.character_set != "ANY":
        fail(
            f"--suggest draws words with hyphens, and the policy {clean(policy.name)} wants"
            f" {SETS[policy.character_set]} alone. Leave --suggest away and type one, or name"
            " another policy with --policy."
        )


def _say_rules(policy: PasscodePolicy) -> None:
    """Say what may be chosen before anybody has thought of something else."""
    words = f"{policy.min_length} to {policy.max_length} characters, {SETS[policy.character_set]}."
    advice = " A few unrelated words are good." if policy.character_set == "ANY" else ""
    Terminal.here(to_errors=True).write(words + advice)


def _typed(keep: Callable[[Secret], Kept]) -> Kept:
    """Ask until a passcode is kept, three times at most; a refusal says what would be right.

    Outside any event loop: Ctrl-C must end the prompt.
    """
    secret, made = _asked_once(keep)
    for _ in range(TRIES - 1):
        if not isinstance(made, tuple):
            break
        told(made, as_json=False)
        secret, made = _asked_once(keep)
    return secret, made


def _asked_once(keep: Callable[[Secret], Kept]) -> Kept:
    try:
        typed = prompt.ask_twice("New passcode")
    except prompt.NoTerminal as error:
        message = "a passcode needs a terminal to be typed at; a script uses --suggest --json"
        raise Refused(message) from error
    if typed is None:
        return Secret(""), (wrong("passcode", "the two were not the same"),)
    return keep(typed)


async def _refuse_early(
    application: Application, name: str, store: str, policy: str, *, replace: bool, suggest: bool
) -> PasscodePolicy:
    """Say what cannot be before anybody has typed a passcode for nothing; give the rules."""
    from engine.run.unit import Unit

    unit = Unit(application.store, application.tenant)
    found = await user_named(unit, store, name)
    rules = await policy_named(unit, store, policy)
    there = await unit.find(Passcode, "by_use", use_key(found.id, policy))
    if there is not None and not replace:
        fail(f"{clean(name)} has a passcode already. To set another one: --replace")
    if suggest:
        _refuse_words(rules)
    return rules


class _Registering:
    """One registration, as often as its commit takes."""

    def __init__(
        self, application: Application, *, name: str, store: str, policy: str, replace: bool
    ) -> None:
        self._application = application
        self._name, self._store, self._policy, self._replace = name, store, policy, replace

    async def commit(self, secret: Secret) -> Passcode | tuple[FieldProblem, ...]:
        """Stage and write it: the old one goes and the new one comes in one transaction."""
        from engine.identity.passcodes import register as register_passcode

        async def staged(unit: Unit, actor: Actor) -> Passcode | tuple[FieldProblem, ...]:
            found = await user_named(unit, self._store, self._name)
            policy = await policy_named(unit, self._store, self._policy)
            return await register_passcode(
                unit, actor, found, policy=policy, passcode=secret,
                pool=self._application.pool, replaces=self._replace,
            )  # fmt: skip

        return await change(self._application, staged)


@passcode.command(
    cls=Documented,
    examples=("trustflow passcode remove ines.carvalho", "trustflow passcode remove ines --yes"),
)
@click.argument("name")
@click.option("--yes", is_flag=True, help="Do not ask.")
@policy_option
@store_option
@data_option
def remove(*, name: str, yes: bool, policy: str, store: str, data: Path | None) -> int:
    """Remove a user's passcode, hash and all. It cannot be brought back."""
    if not yes:
        prompt.confirm_name(f"Remove the passcode of {name} for good?", name)

    async def staged(unit: Unit, actor: Actor) -> Passcode:
        from engine.identity.passcodes import unregister

        found = await user_named(unit, store, name)
        old = await unit.find(Passcode, "by_use", use_key(found.id, policy))
        if old is None:
            fail(f"{clean(name)} has no passcode under the policy {clean(policy)}.")
        await unregister(unit, actor, old)
        return old

    with_application(data, lambda application: change(application, staged))
    Terminal.here().say(f"{clean(name)} has no passcode under {clean(policy)} any more.")
    return 0


@passcode.command(cls=Documented, examples=("trustflow passcode block ines.carvalho",))
@click.argument("name")
@policy_option
@store_option
@data_option
def block(*, name: str, policy: str, store: str, data: Path | None) -> int:
    """Block a passcode: it opens nothing until it is unblocked. Nobody signing in can tell."""
    return _put(name, store, policy, data, lambda row: (_as(row, "BLOCKED"), "is blocked"))


@passcode.command(cls=Documented, examples=("trustflow passcode unblock ines.carvalho",))
@click.argument("name")
@policy_option
@store_option
@data_option
def unblock(*, name: str, policy: str, store: str, data: Path | None) -> int:
    """Let a blocked passcode open again."""
    return _put(name, store, policy, data, lambda row: (_as(row, "ACTIVE"), "opens again"))


@passcode.command(
    cls=Documented,
    examples=(
        "trustflow passcode expire ines.carvalho --at 2026-12-31",
        "trustflow passcode expire ines.carvalho --never",
    ),
)
@click.argument("name")
@click.option("--at", type=Moment(), help="From then on it opens nothing (UTC).")
@click.option("--never", is_flag=True, help="It has no end.")
@policy_option
@store_option
@data_option
def expire(
    *, name: str, at: datetime | None, never: bool, policy: str, store: str, data: Path | None
) -> int:
    """Give a user's passcode another end, or none."""
    if (at is None) != never:
        misused("say --at or --never.")
    end = "has no end" if at is None else f"ends at {at:%Y-%m-%d %H:%M} UTC"
    return _put(name, store, policy, data, lambda row: (structs.replace(row, expires_at=at), end))


def _as(row: Passcode, status: PasscodeStatus) -> Passcode:
    return structs.replace(row, status=status)


def _put(
    name: str,
    store: str,
    policy: str,
    data: Path | None,
    how: Callable[[Passcode], tuple[Passcode, str]],
) -> int:
    said = ""

    async def staged(unit: Unit, actor: Actor) -> Passcode | tuple[FieldProblem, ...]:
        nonlocal said
        from engine.identity.passcodes import change_passcode

        found = await user_named(unit, store, name)
        row = await unit.find(Passcode, "by_use", use_key(found.id, policy))
        if row is None:
            fail(f"{clean(name)} has no passcode under the policy {clean(policy)}.")
        after, said = how(row)
        return change_passcode(unit, actor, row, status=after.status, expires_at=after.expires_at)

    changed = with_application(data, lambda application: change(application, staged))
    if isinstance(changed, tuple):
        return told(changed, as_json=False, options={})
    Terminal.here().say(f"The passcode of {clean(name)} {said}.")
    return 0
