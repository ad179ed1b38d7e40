"""Secrets at rest: what carries one is emptied before the instance waits, and before it ends."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from engine.compile.dataflow.spread import carrying
from engine.compile.dataflow.state import Held, State
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
    told: set[tuple[str, NodeId | None]] = set()
    for node in sorted(states, key=order.__getitem__):
        site = linked.sites[node]
        if not (site.waits or site.is_end):
            continue
        for slot, held in sorted(_carried(states[node], names), key=lambda pair: pair[0]):
            if (slot, held.carrier) in told or held.carrier is None:
                continue
            told.add((slot, held.carrier))
            rule, what = ("P111", "waits") if site.waits else ("P112", "ends")
            findings.add(
                rule, site.spot,
                f"the instance {what} at `{site.id}` while the key `{slot}` carries the secret "
                f"`{held.carried}`",
                "put the activity that takes it directly behind the one that asks for it",
                key=site.path(), also=[linked.sites[held.carrier].spot],
            )  # fmt: skip


def _carried(state: State, names: frozenset[str]) -> Iterator[tuple[str, Held]]:
    """Give every secret that some path brings along, and the slot it is in."""
    for name in names & state.slots.keys():
        for held in state.slots[name].held:
            if held.carried is not None:
                yield name, held
