"""THE MAIN LOOP: load, advance, perform, commit. Nothing is answered before the commit."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Final

from msgspec.structs import replace

from engine.errors import Busy, ProcessFault, UnknownOutcome
from engine.interpret import Read, advance, new_instance, read, typed
from engine.model.effect import Effect
from engine.model.event import (
    Broken,
    DeadlinePassed,
    Event,
    Extended,
    Finished,
    LanguageChosen,
    Pressed,
    Started,
    Submitted,
    TimerFired,
)
from engine.model.form import CompiledForm
from engine.model.graph import ActivityNode, ProcessGraph
from engine.model.instance import ProcessInstance
from engine.model.names import HopId, InstanceId, JsonObject, StepKey, TenantId
from engine.model.screen import FormPanel
from engine.model.turn import NotAwaited
from engine.ports.outside import Chance, HashPool, Vault
from engine.ports.store import ClaimKey, Committed, Conflict, Hop, Loaded, Redeem, Store
from engine.records.tokens import Session
from engine.run import journal, sessions
from engine.run.capabilities import HopContext, bind
from engine.run.catalogue import Catalogue
from engine.run.current import Current, InstanceRef, Invalid
from engine.run.library import Library
from engine.run.perform import StillChecking, call_of, perform
from engine.run.unit import Unit
from engine.secret import Bag

TRIES: Final = 3
MOST_TURNS: Final = 1_000
Probe = Callable[[str], None]
EMPTY: Final[Bag] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Outside:
    """Everything the loop needs from outside: made once by the wiring."""

    store: Store
    chance: Chance
    pool: HashPool
    vault: Vault
    catalogue: Catalogue
    library: Library
    probe: Probe = field(default=lambda name: None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """An instance after one hop's events, and what it wants written; nothing is committed yet."""

    instance: ProcessInstance
    events: tuple[Event, ...]
    claimed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Fresh:
    """An instance to be made. `language` None: it stays PENDING until somebody starts it."""

    id: InstanceId
    graph: ProcessGraph
    parameters: JsonObject
    at: datetime
    deadline: datetime
    language: str | None


@dataclass(slots=True)
class Loop:
    """Moves instances. Holds no state of its own."""

    outside: Outside

    async def current(self, ref: InstanceRef) -> Current:
        """Give where an instance stands, after what is due has been fired.

        Raises:
            UnknownInstance, StoreUnavailable, Busy.
        """
        loaded, graph = await self._fresh(ref)
        return Current(instance=loaded.instance, graph=graph, now=loaded.now)

    async def submit(
        self,
        ref: InstanceRef,
        *,
        step: StepKey,
        revision: int,
        body: Mapping[str, Sequence[str]],
        session: Session | None = None,
    ) -> Current | Invalid:
        """Answer the form of a step.

        Args:
            ref: The instance.
            step: What the person saw. Another one than the current changes nothing.
            revision: The same.
            body: Field name -> strings sent.
            session: The session it came with; a PASS rotates it.

        Returns:
            Where the instance stands now, or what was wrong with the answer.

        Raises:
            UnknownInstance, StoreUnavailable, Busy.
        """
        self.outside.probe("before-load")
        loaded, graph = await self._fresh(ref)
        panel = _panel(loaded.instance, step, revision)
        if panel is None:
            return _current(loaded, graph, already_answered=True)
        form: CompiledForm = graph.forms[panel.form]
        found = read(panel, form, body)
        if not isinstance(found, Read):
            now = _current(loaded, graph)
            return Invalid(current=now, problems=found, values=typed(form, body))
        return await self._accept(
            ref,
            lambda at: Submitted(at=at, step=step, submission=found.submission),
            bag=found.bag,
            session=session,
            loaded=loaded,
        )

    async def press(
        self, ref: InstanceRef, *, step: StepKey, revision: int, action: str
    ) -> Current:
        """Press a button besides the main one."""
        loaded, graph = await self._fresh(ref)
        if not _stands_at(loaded.instance, step, revision):
            return _current(loaded, graph, already_answered=True)
        return await self._accept(
            ref, lambda at: Pressed(at=at, step=step, action=action), loaded=loaded
        )

    async def extend(self, ref: InstanceRef, *, step: StepKey, revision: int) -> Current:
        """Ask for more time."""
        loaded, graph = await self._fresh(ref)
        if not _stands_at(loaded.instance, step, revision):
            return _current(loaded, graph, already_answered=True)
        return await self._accept(ref, lambda at: Extended(at=at, step=step), loaded=loaded)

    async def choose_language(self, ref: InstanceRef, *, language: str) -> Current:
        """Choose another language of the definition; one it does not have changes nothing."""
        loaded, _ = await self._fresh(ref)
        return await self._accept(
            ref, lambda at: LanguageChosen(at=at, language=language), loaded=loaded
        )

    async def create(
        self, tenant: TenantId, fresh: Fresh, unit: Unit, redeem: Redeem
    ) -> Current | Conflict:
        """Commit a new instance, its first hop, the token's use and what `unit` holds, or nothing.

        A conflict (the token was used up, the begin key was redeemed by a twin) is the caller's to
        look at.
        """
        owner = HopId(self.outside.chance.id())
        instance = new_instance(
            fresh.graph, tenant=tenant, id=fresh.id, parameters=fresh.parameters,
            at=fresh.at, deadline=fresh.deadline,
        )  # fmt: skip
        moved: Moved | NotAwaited | StillChecking = Moved(
            instance=instance, events=(), claimed=False
        )
        if fresh.language is not None:
            event = _started(instance, fresh.language, fresh.at)
            moved = await self._move(fresh.graph, instance, event, unit, owner)
        if not isinstance(moved, Moved):
            raise ProcessFault(reason="a new instance takes its first event", instance=instance.id)
        hop = self._hop(owner, None, instance, moved, unit, redeem)
        found = await self._commit(hop)
        if isinstance(found, Conflict):
            return found
        return Current(instance=hop.instance, graph=fresh.graph, now=fresh.at)

    async def begin(self, ref: InstanceRef, language: str, unit: Unit) -> Current | Conflict:
        """Start a PENDING instance: its first hop and what `unit` holds, all or nothing."""
        owner = HopId(self.outside.chance.id())
        loaded, graph = await self._fresh(ref)
        event = _started(loaded.instance, language, _stamp(loaded))
        moved = await self._move(graph, loaded.instance, event, unit, owner)
        if not isinstance(moved, Moved):
            return Conflict(what="revision")
        hop = self._hop(owner, loaded.instance.revision, loaded.instance, moved, unit, None)
        found = await self._commit(hop)
        if isinstance(found, Conflict):
            return found
        return Current(instance=hop.instance, graph=graph, now=loaded.now)

    async def _fresh(self, ref: InstanceRef) -> tuple[Loaded, ProcessGraph]:
        """Load, and first accept what is due by the store's time.

        The same event the pump would send.
        """
        for _ in range(MOST_TURNS):
            loaded = await self.outside.store.load(ref.tenant, ref.id)
            due = _due(loaded)
            if due is None:
                graph = await self.outside.library.graph(ref.tenant, loaded.instance.bundle)
                return loaded, graph
            await self._accept(ref, partial(_at, due), loaded=loaded)
        raise ProcessFault(reason="more than 1,000 timers in a row", instance=ref.id)

    async def _accept(
        self,
        ref: InstanceRef,
        event_at: Callable[[datetime], Event],
        *,
        loaded: Loaded | None = None,
        bag: Bag = EMPTY,
        session: Session | None = None,
    ) -> Current:
        """Move an instance by one event from outside and all that follows inside the hop."""
        owner = HopId(self.outside.chance.id())
        for _ in range(TRIES):
            if loaded is None:
                loaded = await self.outside.store.load(ref.tenant, ref.id)
            graph = await self.outside.library.graph(ref.tenant, loaded.instance.bundle)
            unit = Unit(self.outside.store, ref.tenant)
            moved = await self._move(
                graph, loaded.instance, event_at(_stamp(loaded)), unit, owner, bag
            )
            if isinstance(moved, NotAwaited):
                return _current(loaded, graph, already_answered=True)
            if isinstance(moved, StillChecking):
                return _current(loaded, graph, still_checking=True)
            value = self._rotate(loaded, moved, unit, session)
            hop = self._hop(owner, loaded.instance.revision, loaded.instance, moved, unit, None)
            if isinstance(await self._commit(hop), Committed):
                self.outside.probe("after-commit")
                return Current(instance=hop.instance, graph=graph, now=loaded.now, session=value)
            loaded = None
        raise Busy(retry_after=1)

    async def _move(
        self,
        graph: ProcessGraph,
        instance: ProcessInstance,
        event: Event,
        unit: Unit,
        owner: HopId,
        bag: Bag = EMPTY,
    ) -> Moved | NotAwaited | StillChecking:
        """Turn after turn until the instance waits or ends.

        Each effect's result is the next event.
        """
        context = HopContext(
            unit=unit,
            ledger=self.outside.store,
            step=ClaimKey(tenant=instance.tenant, instance=instance.id, revision=instance.revision),
            owner=owner,
            pool=self.outside.pool,
            vault=self.outside.vault,
            at=event.at,
        )
        events: list[Event] = []
        while len(events) < MOST_TURNS:
            events.append(event)
            turn = advance(graph, instance, event)
            if isinstance(turn, NotAwaited):
                return turn
            instance = turn.instance
            if not turn.effects:
                return Moved(instance=instance, events=tuple(events), claimed=context.claimed)
            outcome = await self._perform(graph, instance, turn.effects[0], context, bag)
            if isinstance(outcome, StillChecking):
                return outcome
            event = outcome
        raise ProcessFault(reason="more than 1,000 turns in one hop", instance=instance.id)

    async def _perform(
        self,
        graph: ProcessGraph,
        instance: ProcessInstance,
        effect: Effect,
        context: HopContext,
        bag: Bag,
    ) -> Finished | StillChecking:
        node = graph.nodes[effect.node]
        if not isinstance(node, ActivityNode):
            raise ProcessFault(reason="an effect of a gateway", node=effect.node)
        signature = node.signature
        activity = self.outside.catalogue.activity(signature.label, signature.version)
        call = call_of(
            node,
            effect,
            instance,
            at=context.at,
            capabilities=bind(context, signature.uses),
            bag=bag,
        )
        mark = context.unit.mark()
        outcome = await perform(activity, effect, call)
        if isinstance(outcome, StillChecking):
            return outcome
        if isinstance(outcome, Broken):
            context.unit.back_to(mark)
        return Finished(at=context.at, node=effect.node, visit=effect.visit, outcome=outcome)

    def _rotate(
        self, loaded: Loaded, moved: Moved, unit: Unit, session: Session | None
    ) -> str | None:
        """Stage a new session value after a PASS (E3)."""
        before = {check.name for check in loaded.instance.checks if check.state == "PASS"}
        after = {check.name for check in moved.instance.checks if check.state == "PASS"}
        if session is None or not after - before:
            return None
        return sessions.rotate(unit, session, _stamp(loaded), self.outside.chance)

    def _hop(
        self,
        owner: HopId,
        before: int | None,
        instance: ProcessInstance,
        moved: Moved,
        unit: Unit,
        redeem: Redeem | None,
    ) -> Hop:
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
            owned=moved.claimed,
            redeem=redeem,
        )

    async def _commit(self, hop: Hop) -> Committed | Conflict:
        """Commit; a lost answer is looked up by the hop's id, never guessed."""
        self.outside.probe("before-commit")
        try:
            return await self.outside.store.commit(hop)
        except UnknownOutcome:
            known = await self.outside.store.has_hop(hop.instance.tenant, hop.id)
            return Committed() if known else Conflict(what="unknown")


def _at(event: DeadlinePassed | TimerFired, at: datetime) -> Event:
    return replace(event, at=at)


def _started(instance: ProcessInstance, language: str, at: datetime) -> Started:
    """Say that an instance begins, with all that a replay needs."""
    given = instance.variables["_initVars"]
    return Started(
        at=at,
        deadline=instance.deadline,
        language=language,
        parameters=given if isinstance(given, dict) else {},
    )


def _stamp(loaded: Loaded) -> datetime:
    """Give the time of the next event: the store's, and never before the instance's last."""
    return max(loaded.now, loaded.instance.last_at)


def _due(loaded: Loaded) -> DeadlinePassed | TimerFired | None:
    """Tell what has come due, the instance's deadline first."""
    instance, at = loaded.instance, _stamp(loaded)
    if instance.is_over:
        return None
    if at >= instance.deadline:
        return DeadlinePassed(at=at) if instance.incident is None else None
    wait = instance.wait
    if wait is None:
        return None
    ends = [end for end in (wait.due, wait.expires) if end is not None]
    if ends and at >= min(ends):
        return TimerFired(at=at, node=wait.node, visit=wait.visit)
    return None


def _stands_at(instance: ProcessInstance, step: StepKey, revision: int) -> bool:
    wait = instance.wait
    return wait is not None and wait.step == step and instance.revision == revision


def _panel(instance: ProcessInstance, step: StepKey, revision: int) -> FormPanel | None:
    """Give the form a submission answers, or None when the instance stands elsewhere."""
    if not _stands_at(instance, step, revision) or instance.screen is None:
        return None
    return next((p for p in instance.screen.panels if isinstance(p, FormPanel)), None)


def _current(
    loaded: Loaded,
    graph: ProcessGraph,
    *,
    already_answered: bool = False,
    still_checking: bool = False,
) -> Current:
    return Current(
        instance=loaded.instance,
        graph=graph,
        now=loaded.now,
        already_answered=already_answered,
        still_checking=still_checking,
    )
