"""Walk a graph with plain values: each effect is answered by a prepared outcome."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from functools import lru_cache

from engine.compile import Source, check_definition
from engine.interpret import advance, new_instance
from engine.model.effect import Effect, Enter, Prepare, Resume, Run
from engine.model.event import Ended, Event, Finished, Handed, Outcome, Shown, Started
from engine.model.graph import ProcessGraph
from engine.model.instance import ProcessInstance
from engine.model.names import MAIN_TENANT, InstanceId, JsonObject, NodeId
from engine.model.screen import Screen
from engine.model.turn import NotAwaited, Turn
from engine.run.catalogue import Catalogue
from engine.testing import NOON
from tests.bench import shipped_forms

PAGE = Shown(screen=Screen(step_id="page", screen_id="page"))
DONE = Ended()
HEAD = """\
process: walk
version: 1
title: A walk
languages: [en, pt-PT]
maxDuration: PT1H
retention: P30D
"""


@lru_cache
def graph_of(flow: str, head: str = HEAD) -> ProcessGraph:
    """Compile a flow written under our own head; a problem fails the test with its words."""
    source = Source(path="walk.yaml", text=(head + flow).encode())
    report = check_definition(source, Catalogue.installed().signatures, shipped_forms())
    assert report.graph is not None, "\n".join(map(str, report.problems))
    return report.graph


class Walk:
    """One instance on its way. `answers`: node -> what its effects give, one after the other."""

    def __init__(
        self,
        graph: ProcessGraph,
        answers: Mapping[str, Sequence[Outcome]] | None = None,
        parameters: JsonObject | None = None,
        deadline: timedelta = timedelta(hours=1),
    ) -> None:
        self.graph = graph
        self.now = NOON
        self.events: list[Event] = []
        self.effects: list[Effect] = []
        self._answers = {node: list(given) for node, given in (answers or {}).items()}
        self.first = new_instance(
            graph,
            tenant=MAIN_TENANT,
            id=InstanceId("I" * 26),
            parameters=parameters or {},
            at=NOON,
            deadline=NOON + deadline,
        )
        self.instance: ProcessInstance = self.first
        begun = Started(
            at=NOON, deadline=NOON + deadline, language="en", parameters=parameters or {}
        )
        self.refused: NotAwaited | None = None
        self.take(begun)

    def take(self, event: Event) -> NotAwaited | None:
        """Take one event and all effects that follow; give why it was not awaited, if so."""
        queue = [event]
        while queue:
            turn = advance(self.graph, self.instance, queue[0])
            if isinstance(turn, NotAwaited):
                return turn
            assert isinstance(turn, Turn)
            self.events.append(queue.pop(0))
            self.instance = turn.instance
            for effect in turn.effects:
                self.effects.append(effect)
                queue.append(self._finished(effect))
        return None

    def later(self, **length: float) -> Walk:
        """Let time pass."""
        self.now += timedelta(**length)
        return self

    @property
    def node(self) -> NodeId:
        """Where the instance is."""
        return self.instance.node

    def _finished(self, effect: Effect) -> Finished:
        prepared = self._answers.get(effect.node)
        outcome = prepared.pop(0) if prepared else self._usual(effect)
        return Finished(at=self.now, node=effect.node, visit=effect.visit, outcome=outcome)

    def _usual(self, effect: Effect) -> Outcome:
        match effect:
            case Enter():
                return PAGE
            case Resume(woken=woken):
                return Ended(submission=getattr(woken, "submission", None))
            case Prepare():
                return Handed(waits=True)
            case Run():
                return DONE
