"""Where an instance stands: what is answered with, until when, what is due, how it is answered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from engine.interpret import Read, more_time, read, read_device, typed
from engine.model.event import DeadlinePassed, TimerFired
from engine.model.graph import ProcessGraph
from engine.model.instance import ProcessInstance
from engine.model.names import InstanceId, JsonObject, StepKey, TenantId
from engine.model.problem import FieldProblem
from engine.model.screen import Screen, TimeLimit
from engine.model.value import Passing
from engine.ports.store import Loaded


class InstanceRef(Passing, frozen=True, kw_only=True):
    """An instance of a tenant."""

    tenant: TenantId
    id: InstanceId


@dataclass(frozen=True, slots=True, kw_only=True)
class Current:
    """Where an instance stands now.

    Attributes:
        now: The store's time.
        already_answered: It was for another step or revision; nothing was changed.
        still_checking: Another request of this step is being verified; nothing was changed.
        session: The new session value after a PASS, to be handed out at once; shown nowhere else.
        device: What the browser or app is known by from now on, likewise.
    """

    instance: ProcessInstance
    graph: ProcessGraph
    now: datetime
    already_answered: bool = False
    still_checking: bool = False
    session: str | None = None
    device: str | None = None

    @property
    def has_failed(self) -> bool:
        """Whether the last hop settled a check with FAIL: a failed try of its source (C4)."""
        moved = not self.already_answered and not self.still_checking
        instance = self.instance
        return moved and any(
            check.state == "FAIL" and check.at == instance.last_at for check in instance.checks
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Invalid:
    """What was sent cannot be taken: nothing stored. `values`: what was typed, without secrets."""

    current: Current
    problems: tuple[FieldProblem, ...]
    values: JsonObject


def time_limit(current: Current) -> TimeLimit | None:
    """Tell until when the current step must be answered; None where nothing waits."""
    instance = current.instance
    if instance.asked is None:
        return None
    due = min(instance.asked.ends_at or instance.deadline, instance.deadline)
    return TimeLimit(due=due, extendable=more_time(current.graph, instance) is not None)


def typed_so_far(current: Current, body: Mapping[str, Sequence[str]]) -> JsonObject:
    """Give back what was typed into the current form, to be shown again; secrets are left out."""
    wait = current.instance.asked
    panel = wait.screen.form if wait is not None else None
    return typed(current.graph.forms[panel.form], body) if panel is not None else {}


def stamp(loaded: Loaded) -> datetime:
    """Give the time of the next event: the store's, and never before the instance's last."""
    return max(loaded.now, loaded.instance.last_at)


def due_event(loaded: Loaded) -> DeadlinePassed | TimerFired | None:
    """Tell what has come due, the instance's deadline first."""
    instance, at = loaded.instance, stamp(loaded)
    due, wait = instance.due_at, instance.wait
    if due is None or at < due:
        return None
    if at >= instance.deadline or wait is None:
        return DeadlinePassed(at=at)
    return TimerFired(at=at, node=wait.node, visit=wait.visit)


def screen_at(instance: ProcessInstance, step: StepKey, revision: int) -> Screen | None:
    """Give the screen a submission answers, or None when the instance stands elsewhere."""
    return instance.screen if instance.stands_at(step, revision) else None


def answer_to(
    graph: ProcessGraph, screen: Screen, body: Mapping[str, Sequence[str]]
) -> Read | tuple[FieldProblem, ...] | None:
    """Read the answer to a screen; None where it asks nothing."""
    if screen.form is not None:
        return read(screen.form, graph.forms[screen.form.form], body)
    return read_device(body) if screen.device is not None else None
