"""Secrets at rest: what carries one is emptied before the instance waits, and before it ends."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from engine.compile.dataflow.spread import carrying
from engine.compile.dataflow.state import State
from engine.compile.findings import Findings
from engine.compile.linking.site import Linked
from engine.model.names import NodeId


def prove_secrets(
    linked: Linked, states: Mapping[NodeId, State], order: Mapping[NodeId, int], findings: Findings
) -> None:
    """Note secrets that are still there at a wait or at End; each once, where it first rests."""
    names = carrying(linked)
    if not names:
        return
    told: set[tuple[str, str, NodeId]] = set()
    for node in sorted(states, key=order.__getitem__):
        site = linked.sites[node]
        if not (site.waits or site.is_end):
            continue
        for slot, component, carrier in sorted(_carried(states[node], names)):
            if (slot, component, carrier) in told:
                continue
            told.add((slot, component, carrier))
            rule, what = ("P111", "waits") if site.waits else ("P112", "ends")
            findings.add(
                rule, site.spot,
                f"the instance {what} at `{site.id}` while the key `{slot}` carries the secret "
                f"`{component}`",
                "put the activity that takes it directly behind the one that asks for it",
                key=site.path(), also=[linked.sites[carrier].spot],
            )  # fmt: skip


def prove_passing(linked: Linked, states: Mapping[NodeId, State], findings: Findings) -> None:
    """Note waits that store transient answers of another node (trustx-orchestration 5.6)."""
    for node, state in states.items():
        site = linked.sites[node]
        others = sorted(pair for pair in state.passing if pair[1] != node) if site.waits else ()
        for key, asker in others:
            findings.add(
                "P122", site.spot,
                f"the instance waits at `{node}` while `{key}` holds transient answers, which are "
                "stored meanwhile",
                f"put a Clear Variables before it with `variables: [{key}]`, once they were used",
                key=site.path(), also=[linked.sites[asker].spot],
            )  # fmt: skip


def _carried(state: State, names: frozenset[str]) -> Iterator[tuple[str, str, NodeId]]:
    """Give every secret that some path brings along: the slot it is in, its component, its node."""
    for name in names & state.slots.keys():
        for held in state.slots[name].held:
            for component, carrier in held.carried:
                yield name, component, carrier
