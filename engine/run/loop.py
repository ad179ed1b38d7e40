"""THE MAIN LOOP: load, advance, perform, commit. Nothing is answered before the commit."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial

from msgspec.structs import replace

from engine.errors import Busy, ProcessFault, UnknownOutcome
from engine.interpret import Read, new_instance
from engine.model.event import (
    Broken,
    ByOperator,
    DeadlinePassed,
    Ended,
    Event,
    Extended,
    Finished,
    LanguageChosen,
    Pressed,
    Resumed,
    Signalled,
    Started,
    Submitted,
    TimerFired,
)
from engine.model.graph import ProcessGraph
from engine.model.instance import ProcessInstance
from engine.model.names import (
    INIT_VARS,
    HopId,
    InstanceId,
    JsonObject,
    NodeId,
    StepKey,
    TenantId,
)
from engine.model.turn import NotAwaited
from engine.model.value import Passing
from engine.ports.store import Committed, Conflict, Loaded, Redeem
from engine.records.tokens import Session
from engine.records.work import Signal
from engine.run import sessions
from engine.run.current import (
    Current,
    InstanceRef,
    Invalid,
    answer_to,
    due_event,
    screen_at,
    stamp,
    typed_so_far,
)
from engine.run.hop.making import EMPTY, MOST_TURNS, Hops, Moved, Outside
from engine.run.hop.perform import StillChecking
from engine.run.unit import TRIES, Unit
from engine.secret import Bag

Stage = Callable[[Unit, ProcessInstance], Awaitable[None]]
"""Stages what commits with a hop: asked again whenever the hop is run again."""


class Fresh(Passing, frozen=True, kw_only=True):
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
    hops: Hops = field(init=False)

    def __post_init__(self) -> None:
        """Make hops with the same outside."""
        self.hops = Hops(self.outside)

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
        device: str | None = None,
    ) -> Current | Invalid:
        """Answer the form of a step.

        Args:
            ref: The instance.
            step: What the person saw. Another one than the current changes nothing.
            revision: The same.
            body: Field name -> strings sent.
            session: The session it came with; a PASS rotates it.
            device: The value that the browser or app was given to be known by, unproven.

        Returns:
            Where the instance stands now, or what was wrong with the answer.

        Raises:
            UnknownInstance, StoreUnavailable, Busy.
        """
        self.outside.probe("before-load")
        loaded, graph = await self._fresh(ref)
        screen = screen_at(loaded.instance, step, revision)
        found = None if screen is None else answer_to(graph, screen, body)
        if found is None:
            return _current(loaded, graph, already_answered=True)
        if not isinstance(found, Read):
            now = _current(loaded, graph)
            return Invalid(current=now, problems=found, values=typed_so_far(now, body))
        return await self._accept(
            ref,
            lambda at: Submitted(at=at, step=step, submission=found.submission),
            bag=found.bag,
            session=session,
            device=device,
            loaded=loaded,
        )

    async def press(
        self, ref: InstanceRef, *, step: StepKey, revision: int, action: str
    ) -> Current:
        """Press a button besides the main one."""
        loaded, graph = await self._fresh(ref)
        if not loaded.instance.stands_at(step, revision):
            return _current(loaded, graph, already_answered=True)
        return await self._accept(
            ref, lambda at: Pressed(at=at, step=step, action=action), loaded=loaded
        )

    async def extend(self, ref: InstanceRef, *, step: StepKey, revision: int) -> Current:
        """Ask for more time."""
        loaded, graph = await self._fresh(ref)
        if not loaded.instance.stands_at(step, revision):
            return _current(loaded, graph, already_answered=True)
        return await self._accept(ref, lambda at: Extended(at=at, step=step), loaded=loaded)

    async def choose_language(self, ref: InstanceRef, *, language: str) -> Current:
        """Choose another language of the definition; one it does not have changes nothing."""
        loaded, _ = await self._fresh(ref)
        return await self._accept(
            ref, lambda at: LanguageChosen(at=at, language=language), loaded=loaded
        )

    async def resume(self, ref: InstanceRef, *, key: str, stage: Stage) -> Current:
        """Let the person come back by a resume link that was made for `key`."""
        loaded, _ = await self._fresh(ref)
        return await self._accept(
            ref, lambda at: Resumed(at=at, key=key), loaded=loaded, stage=stage
        )

    async def finish(
        self, ref: InstanceRef, *, node: NodeId, visit: int, outcome: Ended | Broken
    ) -> Current:
        """Tell an instance what became of what it has handed over; told twice it is told once.

        Raises:
            UnknownInstance, StoreUnavailable, Busy.
        """
        loaded, _ = await self._fresh(ref)
        return await self._accept(
            ref,
            lambda at: Finished(at=at, node=node, visit=visit, outcome=outcome),
            loaded=loaded,
        )

    async def operate(self, ref: InstanceRef, event: ByOperator, *, stage: Stage) -> Current:
        """Do what an operator wants; `stage` what goes with it. Its time is the store's."""
        loaded, _ = await self._fresh(ref)
        return await self._accept(ref, lambda at: replace(event, at=at), loaded=loaded, stage=stage)

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
        moved: Moved | NotAwaited | StillChecking = Moved(instance=instance, events=())
        if fresh.language is not None:
            event = _started(instance, fresh.language, fresh.at)
            moved = await self.hops.move(fresh.graph, instance, event, unit=unit, owner=owner)
        if not isinstance(moved, Moved):
            raise ProcessFault(reason="a new instance takes its first event", instance=instance.id)
        hop = self.hops.hop(instance, moved, owner=owner, before=None, unit=unit, redeem=redeem)
        found = await self.hops.commit(hop)
        if isinstance(found, Conflict):
            return found
        return Current(instance=hop.instance, graph=fresh.graph, now=fresh.at)

    async def begin(self, ref: InstanceRef, language: str, unit: Unit) -> Current | Conflict:
        """Start a PENDING instance: its first hop and what `unit` holds, all or nothing."""
        owner = HopId(self.outside.chance.id())
        loaded, graph = await self._fresh(ref)
        event = _started(loaded.instance, language, stamp(loaded))
        moved = await self.hops.move(graph, loaded.instance, event, unit=unit, owner=owner)
        if not isinstance(moved, Moved):
            return Conflict(what="revision")
        hop = self.hops.hop(
            loaded.instance, moved, owner=owner, before=loaded.instance.revision, unit=unit
        )
        found = await self.hops.commit(hop)
        if isinstance(found, Conflict):
            return found
        return Current(instance=hop.instance, graph=graph, now=loaded.now)

    async def _fresh(self, ref: InstanceRef) -> tuple[Loaded, ProcessGraph]:
        """Load, and first accept what is due by the store's time.

        The same event the pump would send.
        """
        for _ in range(MOST_TURNS):
            loaded = await self.outside.store.load(ref.tenant, ref.id)
            due = due_event(loaded)
            signal = None if due is not None else await self._signal(ref, loaded.instance)
            if due is not None:
                await self._accept(ref, partial(_at, due), loaded=loaded)
            elif signal is not None:
                heard = Signalled(at=stamp(loaded), key=signal.id)
                await self._accept(ref, partial(_at, heard), loaded=loaded, stage=_taking(signal))
            else:
                graph = await self.outside.library.graph(ref.tenant, loaded.instance.bundle)
                return loaded, graph
        raise ProcessFault(reason="more than 1,000 timers in a row", instance=ref.id)

    async def _signal(self, ref: InstanceRef, instance: ProcessInstance) -> Signal | None:
        """Find the signal that an instance stands and waits for."""
        wait = None if instance.is_held or instance.is_over else instance.wait
        if wait is None or wait.awaits != "signal" or wait.key is None:
            return None
        signal = await self.outside.store.get(ref.tenant, Signal, wait.key)
        return signal if signal is not None and signal.instance == instance.id else None

    async def _accept(
        self,
        ref: InstanceRef,
        event_at: Callable[[datetime], Event],
        *,
        loaded: Loaded | None = None,
        bag: Bag = EMPTY,
        session: Session | None = None,
        device: str | None = None,
        stage: Stage | None = None,
    ) -> Current:
        """Move an instance by one event from outside and all that follows inside the hop.

        `stage` stages what commits with it.
        """
        owner = HopId(self.outside.chance.id())
        for _ in range(TRIES):
            if loaded is None:
                loaded = await self.outside.store.load(ref.tenant, ref.id)
            unit = Unit(self.outside.store, ref.tenant)
            if stage is not None:
                await stage(unit, loaded.instance)
            try:
                found = await self._tried(
                    loaded,
                    event_at,
                    unit=unit,
                    owner=owner,
                    bag=bag,
                    session=session,
                    device=device,
                )
            except UnknownOutcome:  # a claim's answer was lost: its owner is not charged twice
                found = None
            if found is not None:
                return found
            loaded = None
        raise Busy(retry_after=1)

    async def _tried(
        self,
        loaded: Loaded,
        event_at: Callable[[datetime], Event],
        *,
        unit: Unit,
        owner: HopId,
        bag: Bag,
        session: Session | None,
        device: str | None,
    ) -> Current | None:
        """Run one hop and commit it; None where somebody was quicker: load it anew."""
        graph = await self.outside.library.graph(loaded.instance.tenant, loaded.instance.bundle)
        moved = await self.hops.move(
            graph, loaded.instance, event_at(stamp(loaded)),
            unit=unit, owner=owner, bag=bag, device=device,
        )  # fmt: skip
        if isinstance(moved, NotAwaited):
            return _current(loaded, graph, already_answered=True)
        if isinstance(moved, StillChecking):
            return None if moved.moved_on else _current(loaded, graph, still_checking=True)
        value = self._rotate(loaded, moved, unit, session)
        hop = self.hops.hop(
            loaded.instance, moved, owner=owner, before=loaded.instance.revision, unit=unit
        )
        if not isinstance(await self.hops.commit(hop), Committed):
            return None
        self.outside.probe("after-commit")
        return Current(
            instance=hop.instance, graph=graph, now=loaded.now,
            session=value, device=unit.device,
        )  # fmt: skip

    def _rotate(
        self, loaded: Loaded, moved: Moved, unit: Unit, session: Session | None
    ) -> str | None:
        """Stage a new session value after a PASS (E3)."""
        if session is None or moved.instance.checks == loaded.instance.checks:
            return None
        before = {check.name for check in loaded.instance.checks if check.state == "PASS"}
        after = {check.name for check in moved.instance.checks if check.state == "PASS"}
        if not after - before:
            return None
        return sessions.rotate(unit, session, stamp(loaded), self.outside.vault)


def _at(event: DeadlinePassed | TimerFired | Signalled, at: datetime) -> Event:
    return replace(event, at=at)


def _taking(signal: Signal) -> Stage:
    """Take a signal away with the hop that has heard it: it is heard once."""

    async def stage(unit: Unit, instance: ProcessInstance) -> None:
        unit.delete(signal)

    return stage


def _started(instance: ProcessInstance, language: str, at: datetime) -> Started:
    """Say that an instance begins, with all that a replay needs."""
    given = instance.variables[INIT_VARS]
    return Started(
        at=at,
        deadline=instance.deadline,
        language=language,
        parameters=given if isinstance(given, dict) else {},
    )


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
