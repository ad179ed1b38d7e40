"""What an operator does: who, when, and the audit row it leaves; and how a mistake is told."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from engine.model.problem import FieldProblem, Message
from engine.ports.outside import Chance
from engine.records.record import AuditRow

Problems = tuple[FieldProblem, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Who does it (`cli`, `key:<id>`, ...), when (UTC), and where ids come from."""

    name: str
    at: datetime
    chance: Chance

    def did(self, action: str, subject: str, **facts: str) -> AuditRow:
        """Write down what was done to `subject` (`<kind>:<id>`)."""
        return AuditRow(
            id=self.chance.id(),
            at=self.at,
            actor=self.name,
            action=action,
            subject=subject,
            facts=facts,
        )


def asked(field: str, id: str, **values: str) -> FieldProblem:
    """Tell whoever chooses a passcode how to make it right, in their language."""
    return FieldProblem(field=field, text=Message(id=id, values=values))
