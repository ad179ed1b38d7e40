"""What the loop answers with: where an instance stands, or what was wrong with an answer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from engine.model.graph import ProcessGraph
from engine.model.instance import ProcessInstance
from engine.model.names import InstanceId, JsonObject, TenantId
from engine.model.problem import FieldProblem
from engine.model.value import Passing


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
