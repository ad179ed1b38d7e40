"""What a definition uses of the data: stores, policies and webhooks that it names must be there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, assert_never

from engine.cli.hints import hint
from engine.cli.terminal.page import Terminal, clean
from engine.identity.policies import DEFAULT, policy_id, risks
from engine.model.graph import ActivityNode, ProcessGraph
from engine.records.identity import PasscodePolicy
from engine.run.oversight.needs import Need, named, unmet

if TYPE_CHECKING:
    from engine.app import Application


@dataclass(frozen=True, slots=True, kw_only=True)
class Lack:
    """Something that a definition uses and the data do not have; and what mends it."""

    told: str
    remedy: str


async def lacks(application: Application, graph: ProcessGraph) -> list[Lack]:
    """Find the stores, policies and webhooks that a definition names and that do not exist."""
    name = f"{graph.definition.process} {graph.definition.version}"
    found = await unmet(application.store, application.tenant, graph)
    return [Lack(told=f"{name} {need.told}", remedy=_remedy(need)) for need in found]


def _remedy(need: Need) -> str:
    match need.what:
        case "store":
            return hint("store", "add", named=need.name)
        case "policy":
            return f"Name one that it has in the definition, such as `{DEFAULT}`."
        case "provider":
            return hint("provider", "add", need.name, "https://HOST", "CLIENT")
        case "webhook":
            return hint("webhook", "add", need.name, "https://HOST/PATH")
        case _:
            assert_never(need.what)


async def risky(application: Application, graph: ProcessGraph) -> list[Lack]:
    """Find the passcode policies that a definition names and that accept a risk."""
    found: dict[str, Lack] = {}
    for node in graph.nodes.values():
        if isinstance(node, ActivityNode):
            for store in named(node, "store"):
                for name in named(node, "policy"):
                    await _weigh(application, policy_id(store, name), found)
    return list(found.values())


async def _weigh(application: Application, id: str, found: dict[str, Lack]) -> None:
    policy = await application.store.get(application.tenant, PasscodePolicy, id)
    for risk in risks(policy) if policy is not None else ():
        told = f"the passcode policy {id} accepts a risk: {risk}"
        found.setdefault(told, Lack(told=told, remedy="A safer one is better."))


def show_lacks(terminal: Terminal, found: Sequence[Lack]) -> None:
    """Write a warning for each."""
    for lack in found:
        terminal.write(f"Warning: {clean(lack.told)}.", indent="  ", tone="warning")
        terminal.say(f"  -> {clean(lack.remedy)}")


def lacks_json(found: Sequence[Lack]) -> list[dict[str, str]]:
    """Write them for a program."""
    return [{"message": lack.told, "remedy": lack.remedy} for lack in found]
