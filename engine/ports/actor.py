"""Who does it: an operator or a program by name, when, and the audit row that it leaves."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from engine.ports.outside import Chance
from engine.records.record import AuditRow


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Who does it (`cli`, `key:<id>`, ...), when (UTC), and where ids and secrets come from."""

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
