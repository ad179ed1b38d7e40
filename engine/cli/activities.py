"""`activities`: what a definition can be made of, as the signatures say it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Final

import click

from engine.cli.command import Documented, fail, json_option
from engine.cli.hints import hint
from engine.cli.terminal.page import GAP, Terminal, clean, say_json
from engine.expressions import describe
from engine.model.signature import ErrorEvent, Input, KeyUse, Signature
from engine.nearest import nearest
from engine.run.catalogue import Catalogue

REFERS: Final = {
    "form-name": "a form",
    "form-version": "a form's version",
    "counter": "counts up from 1",
    "cleared": "variables that are un-written",
    "store": "an identity store",
    "policy": "a passcode policy",
    "duration": "a length such as PT15M",
    "webhook": "a webhook",
    "provider": "a provider",
}


@click.command(
    cls=Documented,
    short_help="List what a definition can be made of.",
    examples=(
        "trustflow activities",
        'trustflow activities "Custom Data Form"',
        "trustflow activities --json",
    ),
)
@click.argument("name", required=False)
@json_option
def activities(name: str | None, *, as_json: bool) -> int:
    """List the installed activities; with a NAME, what that one takes, leaves and raises."""
    signatures = Catalogue.installed().signatures
    chosen = signatures if name is None else _named(signatures, name)
    if as_json:
        say_json({"activities": [signature_json(one) for one in chosen]})
        return 0
    terminal = Terminal.here()
    if name is None:
        _list(terminal, chosen)
        return 0
    for number, one in enumerate(chosen):
        if number:
            terminal.say()
        _show(terminal, one)
    return 0


def _named(signatures: Sequence[Signature], name: str) -> list[Signature]:
    """Find an activity by its label or another spelling of it, all its versions."""
    meant = name.casefold()
    found = [s for s in signatures if meant in map(str.casefold, (s.label, *s.aliases))]
    if not found:
        near = nearest(name, [signature.label for signature in signatures])
        more = f"did you mean `{near}`?" if near else f"`{hint('activities')}` lists them."
        fail(f"There is no activity `{clean(name)}`; {more}")
    return found


def _list(terminal: Terminal, signatures: Sequence[Signature]) -> None:
    for signature in sorted(signatures, key=lambda one: (one.label, one.version)):
        name = f"{clean(signature.label)}, version {signature.version}"
        terminal.say(f"{name}, {signature.kind}", "strong")
        terminal.write(clean(signature.summary), indent=GAP)


def _show(terminal: Terminal, signature: Signature) -> None:
    title = f"{signature.label}, version {signature.version}, {signature.kind}"
    terminal.heading(title)
    terminal.write(clean(signature.summary))
    others = ", ".join(signature.aliases)
    if others:
        terminal.write(f"Also spelled: {clean(others)}")
    keys = {key.input for key in signature.keys}
    inputs = [(one.name, _input(one)) for one in signature.inputs if one.name not in keys]
    outputs = [(one.name, _output(one.variable, describe(one.type), one.always))
               for one in signature.outputs]  # fmt: skip
    _section(terminal, "Inputs", inputs)
    _section(terminal, "Keys", [(key.input, _key(key)) for key in signature.keys])
    _section(terminal, "Outputs", outputs)
    _section(terminal, "Error Events", [(one.code, _error(one)) for one in signature.errors])
    _section(terminal, "Checks", _checks(signature))


def _section(terminal: Terminal, title: str, facts: Sequence[tuple[str, str]]) -> None:
    if facts:
        terminal.say()
        terminal.heading(title)
        terminal.facts(facts, indent=GAP)


def _input(one: Input) -> str:
    parts = [f"one of {', '.join(one.choices)}" if one.choices else describe(one.type)]
    parts += ["required"] if one.required else []
    parts += [f"else {json.dumps(one.default)}"] if one.default is not None else []
    parts += [f"at least {one.at_least}"] if one.at_least is not None else []
    parts += [f"at most {one.at_most}"] if one.at_most is not None else []
    parts += [REFERS[one.refers]] if one.refers else []
    parts += ["written out, no ${}"] if one.literal else []
    return ", ".join(parts)


def _key(key: KeyUse) -> str:
    taken = " or ".join(sorted(key.reads))
    before = f" ({', '.join(sorted(key.before))})" if key.before else ""
    after = f" ({key.after})" if key.after else ""
    reads = f"takes {taken}{before}, " if taken else ""
    members = ", ".join(sorted(key.members))
    carried = f"; members: {members}" if members else ""
    return f"{reads}leaves {key.type}{after}, else `{key.default}`{carried}"


def _output(variable: str, kind: str, always: bool) -> str:
    return f"{kind}, to `{variable}`" + ("" if always else ", not at every ending")


def _error(event: ErrorEvent) -> str:
    if not event.demanded:
        return "an edge is optional"
    return "needs an edge on a loop" if event.on_loop_only else "needs an edge"


def _checks(signature: Signature) -> list[tuple[str, str]]:
    uses = (("opens", signature.opens), ("settles", signature.settles))
    return [(use.name, f"{what} it, filed by {use.key}") for what, use in uses if use is not None]


def signature_json(signature: Signature) -> dict[str, object]:
    """Write a signature for a program: what an author of definitions needs of it."""
    keys = {key.input for key in signature.keys}
    inputs = [one for one in signature.inputs if one.name not in keys]
    return {
        "label": signature.label,
        "version": signature.version,
        "kind": signature.kind,
        "summary": signature.summary,
        "aliases": list(signature.aliases),
        "inputs": [_input_json(one) for one in inputs],
        "keys": [_key_json(key) for key in signature.keys],
        "outputs": [
            {"name": o.name, "variable": o.variable, "type": describe(o.type), "always": o.always}
            for o in signature.outputs
        ],
        "errors": [
            {"code": e.code, "demanded": e.demanded, "onLoopOnly": e.on_loop_only}
            for e in signature.errors
        ],
        "checks": {
            what: use.name
            for what, use in (("opens", signature.opens), ("settles", signature.settles))
            if use is not None
        },
    }


def _input_json(one: Input) -> dict[str, object]:
    return {
        "name": one.name,
        "type": describe(one.type),
        "required": one.required,
        "default": one.default,
        "literal": one.literal,
        "refers": one.refers,
        "choices": list(one.choices),
        "atLeast": one.at_least,
        "atMost": one.at_most,
    }


def _key_json(key: KeyUse) -> dict[str, object]:
    return {
        "input": key.input,
        "type": key.type,
        "default": key.default,
        "reads": sorted(key.reads),
        "before": sorted(key.before),
        "after": key.after,
        "members": {name: describe(member.type) for name, member in key.members.items()},
    }
