"""What a definition uses of the data: stores, policies and webhooks that it names must be there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from engine.identity.policies import policy_id
from engine.model.graph import ActivityNode, ProcessGraph
from engine.model.names import TenantId
from engine.model.signature import Reference
from engine.ports.store import Records
from engine.records.identity import IdentityStore, PasscodePolicy
from engine.records.trustfactor import EMBEDDED, Provider
from engine.run.unit import Unit
from engine.webhooks.definitions import newest


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """Something that a definition uses and the data do not have.

    Attributes:
        what: Its kind.
        name: What the definition calls it.
        of: The store of a policy, else empty.
    """

    what: Literal["store", "policy", "webhook", "provider"]
    name: str
    of: str = ""

    @property
    def told(self) -> str:
        """Say what is missing, behind the name of the definition."""
        if self.what == "policy":
            return f"uses passcode policy `{self.name}`, which `{self.of}` does not have"
        return f"uses {self.what} `{self.name}`, which does not exist"


async def unmet(records: Records, tenant: TenantId, graph: ProcessGraph) -> list[Need]:
    """Find the stores, policies and webhooks that a definition names and that do not exist."""
    found: dict[Need, None] = {}
    for node in graph.nodes.values():
        if isinstance(node, ActivityNode):
            found |= dict.fromkeys(await _of_node(Unit(records, tenant), node))
    return list(found)


def named(node: ActivityNode, what: Reference) -> Iterator[str]:
    """Give what a node's literal inputs name of one kind."""
    for input_ in node.signature.inputs:
        value = node.inputs.get(input_.name)
        if input_.refers == what and isinstance(value, str):
            yield value


async def _of_node(unit: Unit, node: ActivityNode) -> list[Need]:
    """Look for each; a store that is not there yet comes with its usual policy."""
    found = []
    for store in named(node, "store"):
        if await unit.get(IdentityStore, store) is None:
            found.append(Need(what="store", name=store))
        else:
            found += [
                Need(what="policy", name=policy, of=store)
                for policy in named(node, "policy")
                if await unit.get(PasscodePolicy, policy_id(store, policy)) is None
            ]
    webhooks = [one for one in named(node, "webhook") if await newest(unit, one) is None]
    providers = [
        one
        for one in named(node, "provider")
        if one != EMBEDDED and await unit.get(Provider, one) is None
    ]
    found += [Need(what="webhook", name=one) for one in webhooks]
    return [*found, *(Need(what="provider", name=one) for one in providers)]
