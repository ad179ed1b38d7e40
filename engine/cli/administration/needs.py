"""What a definition uses of the data: stores, policies and webhooks that it names must be there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.cli.hints import hint
from engine.cli.terminal.page import Terminal, clean
from engine.identity.policies import DEFAULT, policy_id, risks
from engine.model.graph import ActivityNode, ProcessGraph
from engine.records.identity import IdentityStore, PasscodePolicy
from engine.run.unit import Unit
from engine.webhooks.definitions import newest

if TYPE_CHECKING:
    from engine.app import Application
    from engine.model.signature import Reference


@dataclass(frozen=True, slots=True, kw_only=True)
class Lack:
    """Something that a definition uses and the data do not have; and what mends it."""

    told: str
    remedy: str


async def lacks(application: Application, graph: ProcessGraph) -> list[Lack]:
    """Find the stores, policies and webhooks that a definition names and that do not exist."""
    name = f"{graph.definition.process} {graph.definition.version}"
    found: dict[str, Lack] = {}
    for node in graph.nodes.values():
        if isinstance(node, ActivityNode):
            for lack in await _of_node(application, name, node):
                found.setdefault(lack.told, lack)
    return list(found.values())


async def _of_node(application: Application, name: str, node: ActivityNode) -> list[Lack]:
    keeper, tenant, found = application.store, application.tenant, []
    for store in _named(node, "store"):
        if await keeper.get(tenant, IdentityStore, store) is None:
            told = f"{name} uses store `{store}`, which does not exist"
            found.append(Lack(told=told, remedy=hint("store", "add", named=store)))
            continue  # a store that is added comes with its usual policy
        for policy in _named(node, "policy"):
            if await keeper.get(tenant, PasscodePolicy, policy_id(store, policy)) is None:
                told = f"{name} uses passcode policy `{policy}`, which `{store}` does not have"
                remedy = f"Name one that it has in the definition, such as `{DEFAULT}`."
                found.append(Lack(told=told, remedy=remedy))
    return [*found, *await _webhooks(application, name, node)]


async def _webhooks(application: Application, name: str, node: ActivityNode) -> list[Lack]:
    unit = Unit(application.store, application.tenant)
    missing = [one for one in _named(node, "webhook") if await newest(unit, one) is None]
    return [
        Lack(
            told=f"{name} uses webhook `{one}`, which does not exist",
            remedy=hint("webhook", "add", one, "https://HOST/PATH"),
        )
        for one in missing
    ]


async def risky(application: Application, graph: ProcessGraph) -> list[Lack]:
    """Find the passcode policies that a definition names and that accept a risk."""
    found: dict[str, Lack] = {}
    for node in graph.nodes.values():
        if isinstance(node, ActivityNode):
            for store in _named(node, "store"):
                for name in _named(node, "policy"):
                    await _weigh(application, policy_id(store, name), found)
    return list(found.values())


async def _weigh(application: Application, id: str, found: dict[str, Lack]) -> None:
    policy = await application.store.get(application.tenant, PasscodePolicy, id)
    for risk in risks(policy) if policy is not None else ():
        told = f"the passcode policy {id} accepts a risk: {risk}"
        found.setdefault(told, Lack(told=told, remedy="A safer one is better."))


def _named(node: ActivityNode, what: Reference) -> Iterator[str]:
    """Give what a node's literal inputs name of one kind."""
    for input_ in node.signature.inputs:
        value = node.inputs.get(input_.name)
        if input_.refers == what and isinstance(value, str):
            yield value


def show_lacks(terminal: Terminal, found: Sequence[Lack]) -> None:
    """Write a warning for each."""
    for lack in found:
        terminal.write(f"Warning: {clean(lack.told)}.", indent="  ", tone="warning")
        terminal.say(f"  -> {clean(lack.remedy)}")


def lacks_json(found: Sequence[Lack]) -> list[dict[str, str]]:
    """Write them for a program."""
    return [{"message": lack.told, "remedy": lack.remedy} for lack in found]
