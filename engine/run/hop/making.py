"""One hop: turn after turn until the instance waits or ends, then one commit (design 3.3, 3.4)."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Final

from msgspec.structs import replace

from engine.activity import HandOver
from engine.errors import ProcessFault, UnknownOutcome
from engine.identity import devices
from engine.identity.authentication import Verifier
from engine.interpret import advance
from engine.model.effect import Effect
from engine.model.event import Broken, Event, Finished, Handed
from engine.model.graph import ActivityNode, ProcessGraph
from engine.model.instance import Incident, ProcessInstance
from engine.model.names import HopId
from engine.model.turn import NotAwaited
from engine.model.value import Passing
from engine.ports.actor import Actor
from engine.ports.outside import Chance, HashPool, Probe, Vault, no_probe
from engine.ports.store import ClaimKey, Committed, Conflict, Hop, Redeem, Store
from engine.records.record import Absent
from engine.run.catalogue import Catalogue
from engine.run.hop import journal
from engine.run.hop.capabilities import Lent, bind
from engine.run.hop.handing import job_of
from engine.run.hop.perform import StillChecking, call_of, perform
from engine.run.library import Library
from engine.run.trustfactor.notifier import Notifier
from engine.run.trustfactor.provider_endings import end_all
from engine.run.unit import Unit
from engine.secret import Bag

log = logging.getLogger("trustflow.run")
MOST_TURNS: Final = 1_000
EMPTY: Final[Bag] = {}
NOTHING_LENT: Final[Mapping[str, object]] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Outside:
    """Everything the loop needs from outside: made once by the wiring."""

    store: Store
    chance: Chance
    pool: HashPool
    vault: Vault
    catalogue: Catalogue
    library: Library
    allowed_redirects: Sequence[str] = ()
    probe: Probe = no_probe


class Moved(Passing, frozen=True, kw_only=True):
    """An instance after one hop's events, and what it wants written; nothing is committed yet."""

    instance: ProcessInstance
    events: tuple[Event, ...]


@dataclass(slots=True)
class Hops:
    """Makes hops and commits them. Holds no state of its own."""

    outside: Outside

    async def move(
        self,
        graph: ProcessGraph,
        instance: ProcessInstance,
        event: Event,
        *,
        unit: Unit,
        owner: HopId,
        bag: Bag = EMPTY,
        device: str | None = None,
    ) -> Moved | NotAwaited | StillChecking:
        """Turn after turn until the instance waits or ends.

        Each effect's result is the next event. What the activities of a hop that breaks have staged
        is not kept: the instance goes on from before it.
        """
        at, was_over = event.at, instance.is_over
        lend = partial(self._lent, graph, unit=unit, owner=owner, at=at, device=device)
        events: list[Event] = []
        mark = unit.mark()
        while True:
            events.append(event)
            turn = advance(graph, instance, event)
            if isinstance(turn, NotAwaited):
                return turn
            instance = turn.instance
            if not turn.effects:
                if instance.is_held:
                    unit.back_to(mark)
                if instance.is_over and not was_over:
                    await end_all(self._notifier(unit, instance, at), instance)
                return Moved(instance=instance, events=tuple(events))
            if len(events) == MOST_TURNS:
                event = _too_many(turn.effects[0], event.at)
                continue
            finished = await self._performed(
                graph, instance, turn.effects[0], at=at, lend=lend, unit=unit, bag=bag
            )
            if isinstance(finished, StillChecking):
                return finished
            event = finished

    async def _performed(
        self,
        graph: ProcessGraph,
        instance: ProcessInstance,
        effect: Effect,
        *,
        at: datetime,
        lend: Callable[[ProcessInstance], Lent],
        unit: Unit,
        bag: Bag,
    ) -> Finished | StillChecking:
        node = graph.nodes[effect.node]
        if not isinstance(node, ActivityNode):
            raise ProcessFault(reason="an effect of a gateway", node=effect.node)
        signature = node.signature
        activity = self.outside.catalogue.activity(signature.label, signature.version)
        lent = bind(lend(instance), signature.uses) if signature.uses else NOTHING_LENT
        call = call_of(node, effect, instance, at=at, capabilities=lent, bag=bag)
        outcome = await perform(activity, effect, call)
        if isinstance(outcome, StillChecking):
            return outcome
        if isinstance(outcome, HandOver):
            job = job_of(instance, node, effect, outcome, at=at, vault=self.outside.vault)
            unit.put(job, Absent())
            outcome = Handed(waits=job.waits)
        return Finished(at=at, node=effect.node, visit=effect.visit, outcome=outcome)

    def _notifier(self, unit: Unit, instance: ProcessInstance, at: datetime) -> Notifier:
        outside = self.outside
        actor = Actor(name=f"instance:{instance.id}", at=at, chance=outside.chance)
        return Notifier(unit=unit, records=outside.store, vault=outside.vault, actor=actor)

    def _lent(
        self,
        graph: ProcessGraph,
        instance: ProcessInstance,
        *,
        unit: Unit,
        owner: HopId,
        at: datetime,
        device: str | None,
    ) -> Lent:
        """Put together what a hop lends; its step is the same all through the hop."""
        verifier = Verifier(
            unit=unit,
            ledger=self.outside.store,
            step=ClaimKey(tenant=instance.tenant, instance=instance.id, revision=instance.revision),
            owner=owner,
            name=f"instance:{instance.id}",
            pool=self.outside.pool,
            vault=self.outside.vault,
            at=at,
            chance=self.outside.chance,
            device=devices.read(device),
        )
        return Lent(
            verifier=verifier,
            records=self.outside.store,
            allowed_redirects=self.outside.allowed_redirects,
            graph=graph,
            instance=instance,
        )

    def hop(
        self,
        instance: ProcessInstance,
        moved: Moved,
        *,
        owner: HopId,
        before: int | None,
        unit: Unit,
        redeem: Redeem | None = None,
    ) -> Hop:
        """Put together what one commit writes.

        Args:
            instance: As it was before.
            moved: What the turns gave.
            owner: The hop's id, the same for all tries.
            before: The revision it was made from; None creates the instance.
            unit: Staged records.
            redeem: The token it uses up.
        """
        rows = journal.rows(instance, moved.events, self.outside.chance)
        after = replace(
            moved.instance,
            revision=instance.revision + 1,
            sequence=instance.sequence + len(rows),
            chain=rows[-1].chain.hex() if rows else instance.chain,
        )
        return Hop(
            id=owner,
            instance=after,
            before=before,
            rows=rows,
            staged=unit.staged(),
            redeem=redeem,
        )

    async def commit(self, hop: Hop) -> Committed | Conflict:
        """Commit; a lost answer is looked up by the hop's id, never guessed."""
        self.outside.probe("before-commit")
        found: Committed | Conflict
        try:
            found = await self.outside.store.commit(hop)
        except UnknownOutcome:
            known = await self.outside.store.has_hop(hop.instance.tenant, hop.id)
            found = Committed() if known else Conflict(what="unknown")
        if isinstance(found, Committed):
            _tell(hop)
        return found


def _too_many(effect: Effect, at: datetime) -> Finished:
    """Say that a hop took too many turns: the instance is held, with the history that led there."""
    broken = Broken(code="process", reason=f"more than {MOST_TURNS:,} turns in one hop")
    return Finished(at=at, node=effect.node, visit=effect.visit, outcome=broken)


def _tell(hop: Hop) -> None:
    """Write the lines of what a commit has made of an instance: begun, over, or held."""
    instance = hop.instance
    if hop.before is None or instance.is_over:
        facts = {"instance": instance.id, "process": instance.process, "status": instance.status}
        log.info("instance", extra={"facts": facts})
    if instance.incident is not None:
        _tell_operator(instance, instance.incident)


def _tell_operator(instance: ProcessInstance, incident: Incident) -> None:
    """Say which instance is held now, where and why; never a value."""
    facts = {"instance": instance.id, "process": instance.process, "node": incident.node}
    why = {"code": incident.code, "reason": incident.reason}
    log.error("incident", extra={"facts": facts | why})
