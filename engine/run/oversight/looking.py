"""One instance looked at whole: its journal, what its nodes are called, whether the chain holds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from msgspec.structs import replace

from engine.errors import ActivityMissing, UnknownBundle, UnknownInstance
from engine.model.graph import ActivityNode, Node
from engine.model.instance import ProcessInstance
from engine.model.names import InstanceId, TenantId
from engine.ports.store import Store
from engine.records.journal import JournalRow
from engine.run.hop.journal import broken_at
from engine.run.library import Library
from engine.run.oversight.timeline import Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """An instance, its journal, and what its nodes are called. `broken`: the first bad row."""

    instance: ProcessInstance
    journal: Sequence[JournalRow]
    places: Mapping[str, Place]
    broken: int | None


async def look(store: Store, library: Library, tenant: TenantId, id: InstanceId) -> Seen:
    """Look at an instance as it is kept. Raises `UnknownInstance`."""
    loaded = await store.load(tenant, id)
    found = await with_incident(library, loaded.instance)
    journal = await _journal(store, tenant, id)
    try:
        graph = await library.graph(tenant, found.bundle)
        places = {str(id): _place(node) for id, node in graph.nodes.items()}
    except (ActivityMissing, UnknownBundle):
        places = {}  # the timeline can be read without the pictures' names
    broken = broken_at(journal) or _loose_end(found, journal)
    return Seen(instance=found, journal=journal, places=places, broken=broken)


async def with_incident(library: Library, instance: ProcessInstance) -> ProcessInstance:
    """Give an instance with what holds it: its own incident, or a missing activity's."""
    try:
        held = await library.incident(instance)
    except UnknownBundle:  # `doctor` tells of it
        return instance
    return instance if held is instance.incident else replace(instance, incident=held)


async def _journal(store: Store, tenant: TenantId, id: InstanceId) -> Sequence[JournalRow]:
    """Read a journal; one that is gone from under its instance is empty, and its chain broken."""
    try:
        return await store.journal(tenant, id)
    except UnknownInstance:
        return ()


def _place(node: Node) -> Place:
    label = node.signature.label if isinstance(node, ActivityNode) else "gateway"
    return Place(name=node.name, activity=label)


def _loose_end(found: ProcessInstance, journal: Sequence[JournalRow]) -> int | None:
    """Find where a chain ends that is whole and yet not the instance's: rows were cut off."""
    last = journal[-1].chain.hex() if journal else ""
    return None if last == found.chain else len(journal) + 1
