"""What compiles never meets a missing node or an unknown name; what it did can be replayed."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Any

import msgspec
from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st

from engine.adapters.encoding import pack, unpack
from engine.compile import Source, check_definition
from engine.compile.definition import Report
from engine.interpret import advance, new_instance
from engine.interpret.submission import Read, read
from engine.model.effect import Answered, Decided, Effect, Enter, Resume, Returned, Woken
from engine.model.event import (
    DeadlinePassed,
    Ended,
    Event,
    Finished,
    Outcome,
    Pressed,
    Resumed,
    Reviewed,
    Shown,
    Started,
    Submission,
    Submitted,
    TimerFired,
)
from engine.model.graph import ActivityNode, ProcessGraph
from engine.model.instance import ProcessInstance, Wait
from engine.model.names import MAIN_TENANT, InstanceId, JsonObject
from engine.model.screen import FormPanel, Screen
from engine.model.signature import Signature
from engine.model.turn import NotAwaited, Turn
from engine.run.catalogue import Catalogue
from engine.run.hop.journal import broken_at, event_of, rows
from engine.secret import SecretRef
from engine.testing import NOON, SeededChance
from tests.bench import shipped_forms
from tests.generated.definitions import MIXED, NOTE, definitions

SIGNATURES = Catalogue.installed().signatures
FORMS = shipped_forms() | {
    f"{name}.v1": Source(path=f"{name}.v1.json", text=text.encode())
    for name, text in {"note": NOTE, **MIXED}.items()
}
MANY = 200
SENT = {"amount": ("many", "", "1", "7,5"), "box": ("", "on"), "why": ("", "any", "xyz")}
"""What may be sent for a form of many parts."""


def compiled(text: str) -> Report:
    """Check a made definition."""
    return check_definition(Source(path="made.yaml", text=text.encode()), SIGNATURES, FORMS)


def _panels(node: ActivityNode, effect: Enter) -> tuple[FormPanel, ...]:
    """Show the forms that are read part by part."""
    if not node.forms or node.forms[0].name not in MIXED:
        return ()
    read_only = effect.inputs["readOnlyForm"] is True
    key = str(effect.inputs["formDataKey"])
    return (FormPanel(form=node.forms[0], form_data_key=key, read_only=read_only),)


class Wanderer:
    """Walks a graph by chance: every ending of every activity, answers, buttons, timers."""

    def __init__(self, graph: ProcessGraph, data: st.DataObject) -> None:
        self.graph, self.data = graph, data
        self.seen: Counter[str] = Counter()
        self.events: list[Event] = []
        self.now = NOON
        parameters: JsonObject = {
            "userExternalId": "ines",
            "kind": self.pick("a", "b", "c"),
        } | ({"extra": self.pick("x", "y")} if self.pick(True, False) else {})
        self.first = new_instance(
            graph, tenant=MAIN_TENANT, id=InstanceId("I" * 26), parameters=parameters,
            at=NOON, deadline=NOON + timedelta(hours=1),
        )  # fmt: skip
        self.instance = self.first
        self.take(
            Started(at=NOON, deadline=self.first.deadline, language="en", parameters=parameters)
        )

    def pick(self, *choices: Any) -> Any:
        return self.data.draw(st.sampled_from(choices))

    def wander(self) -> ProcessInstance:
        """Go on until it is over; a journey whose loops are bounded ends."""
        for _ in range(400):
            wait = self.instance.wait
            if wait is None:
                break
            self.take(self.next_event(wait))
        if self.instance.status == "REVIEW":
            self.seen["review"] += 1
            self.take(Reviewed(at=self.now, accepted=self.pick(True, False), by="ops"))
        return self.instance

    def next_event(self, wait: Wait) -> Event:
        node = self.graph.nodes[wait.node]
        assert isinstance(node, ActivityNode)
        kind = self.pick("answer", "wait", "answer", "deadline")
        if node.actions and self.pick(True, True, False):
            self.seen["press"] += 1
            name = str(self.pick(*node.actions))
            return Pressed(at=self.now, step=wait.step, action=name)
        if kind == "wait" and wait.due is not None:
            self.now = max(self.now, wait.due)
            self.seen["timeout"] += 1
            return TimerFired(at=self.now, node=wait.node, visit=wait.visit)
        if kind == "deadline" and self.pick(*range(20)) == 0:
            self.now = self.instance.deadline
            return DeadlinePassed(at=self.now)
        if wait.awaits != "answer":
            return self.from_elsewhere(wait)
        return Submitted(at=self.now, step=wait.step, submission=self.answer(node))

    def from_elsewhere(self, wait: Wait) -> Event:
        """Come back by the link, or decide as an operator does."""
        self.seen[wait.awaits] += 1
        if wait.awaits == "resume":
            return Resumed(at=self.now, key=str(wait.key))
        return Reviewed(at=self.now, accepted=self.pick(True, False), by="ops")

    def answer(self, node: ActivityNode) -> Submission:
        if node.signature.form is not None and node.signature.form.components:
            return Submission(secrets={"passcode": SecretRef(name="x.passcode")})
        panels = self.instance.wait.screen.panels if self.instance.wait else ()
        if panels and isinstance(panels[-1], FormPanel):
            return self.filled_in(panels[-1])
        values: JsonObject = {"choice": self.pick("again", "left", "right")}
        words = self.pick(None, "no", "many words")
        return Submission(values=values | ({"words": words} if words else {}))

    def filled_in(self, panel: FormPanel) -> Submission:
        """Send a form by chance, and once more what every form takes if it was refused."""
        form = self.graph.forms[panel.form]
        sent = read(panel, form, {name: [self.pick(*texts)] for name, texts in SENT.items()})
        if not isinstance(sent, Read):
            self.seen["refused"] += 1
            sent = read(panel, form, {"amount": ["7,5"], "box": ["on"], "why": ["any"]})
        assert isinstance(sent, Read), sent
        self.seen["read-only"] += panel.read_only
        return sent.submission

    def take(self, event: Event) -> None:
        queue = [event]
        while queue:
            turn = advance(self.graph, self.instance, queue[0])
            if isinstance(turn, NotAwaited):
                assert turn.reason in ("not offered", "late"), turn
                return
            self.events.append(queue.pop(0))
            self.instance = turn.instance
            queue += [
                Finished(at=self.now, node=e.node, visit=e.visit, outcome=self.outcome(e))
                for e in turn.effects
            ]

    def outcome(self, effect: Effect) -> Outcome:
        node = self.graph.nodes[effect.node]
        assert isinstance(node, ActivityNode)
        signature, bound = node.signature, node.signature.bounded_by
        self.seen["counted"] += any(one.refers == "counter" for one in signature.inputs)
        self.seen["loop"] += self.instance.visits[effect.node] == 2
        if bound is not None:
            most: Any = node.inputs[bound.input]
            if effect.visit >= most + isinstance(effect, Enter):
                return self.raised(signature, bound.code)
        if isinstance(effect, Enter):
            screen = Screen(step_id="x", screen_id="x", panels=_panels(node, effect))
            return Shown(screen=screen, wait_key="k" if signature.awaits == "resume" else None)
        if isinstance(effect, Resume):
            return _woken(signature, effect.woken)
        codes = [e.code for e in signature.errors if bound is None or e.code != bound.code]
        code = self.pick(None, None, *codes)
        if code is not None:
            return self.raised(signature, str(code))
        if signature.decides is not None:
            on_failure: Any = node.inputs[signature.decides.on_any_failure]
            passes = self.instance.checks and all(c.state == "PASS" for c in self.instance.checks)
            return Ended(outputs={"decision": "PASS" if passes else on_failure})
        links: JsonObject = {one.name: {"resume": "k"} for one in signature.outputs if one.link}
        return Ended(outputs=links, result="PASS" if signature.settles else None)

    def raised(self, signature: Signature, code: str) -> Ended:
        self.seen["error"] += 1
        return Ended(error=code, result="FAIL" if signature.settles else None)


def _woken(signature: Signature, woken: Woken) -> Ended:
    """End a wait as its activity does."""
    if isinstance(woken, Decided):
        status, decision = ("ACCEPTED", "PASS") if woken.accepted else ("DECLINED", "FAIL")
        return Ended(outputs={"reviewStatus": status, "decision": decision})
    if isinstance(woken, Returned):
        return Ended()
    assert isinstance(woken, Answered)
    outputs: JsonObject = {"cdfContinue": True} if signature.outputs else {}
    return Ended(submission=woken.submission, outputs=outputs)


def replayed(wanderer: Wanderer) -> ProcessInstance:
    """Take the same events again, as they lie in a store: rows of bytes, packed."""
    first = wanderer.first
    journal = unpack(pack(rows(first, wanderer.events, SeededChance())))
    assert broken_at(journal) is None
    events = [event_of(row) for row in journal]
    assert events == wanderer.events
    instance = first
    for event in events:
        assert event is not None
        turn = advance(wanderer.graph, instance, event)
        assert isinstance(turn, Turn)
        instance = turn.instance
    return instance


def walked(made: st.SearchStrategy[str], many: int) -> Counter[str]:
    """Walk many definitions, each to its end, and count what happened on the way."""
    walks: Counter[str] = Counter()

    @settings(
        max_examples=many,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )
    @given(made, st.data())
    def every(text: str, data: st.DataObject) -> None:
        report = compiled(text)
        walks["made"] += 1
        if report.graph is None:
            walks.update({p.rule for p in report.problems})
            return
        note(text)
        wanderer = Wanderer(report.graph, data)

        instance = wanderer.wander()

        assert instance.incident is None, instance.incident
        assert instance.is_over, instance.wait
        assert replayed(wanderer) == instance
        assert msgspec.json.decode(msgspec.json.encode(instance), type=ProcessInstance) == instance
        if instance.status == "COMPLETED_ENDED_SUCCESS" and instance.decision is None:
            assert all(check.state == "PASS" for check in instance.checks)
        walks["walked"] += 1
        walks.update(kind for kind, count in wanderer.seen.items() if count)

    every()
    return walks


def test_made_definitions_run_to_an_end_and_replay() -> None:
    walks = walked(definitions(), MANY)

    assert walks["walked"] >= walks["made"] / 3, walks
    for kind in ("review", "loop", "error", "timeout", "press"):
        assert walks[kind] >= walks["walked"] / 10, (kind, walks)
    for kind in ("resume", "counted"):
        assert walks[kind] >= walks["walked"] / 50, (kind, walks)


def test_parts_that_are_read_only_hidden_or_filled_in_never_stop_a_journey() -> None:
    walks = walked(definitions(("mixed", "mixed", "form", "mixed", "branch")), MANY)

    assert walks["walked"] >= walks["made"] / 5, walks
    assert walks["X112"], walks
    for kind in ("refused", "read-only"):
        assert walks[kind] >= walks["walked"] / 50, (kind, walks)
