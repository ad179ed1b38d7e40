"""What an operator does: who, when, and the audit row it leaves; and how a mistake is told."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from engine.model.problem import FieldProblem, Message, wrong
from engine.ports.outside import Chance
from engine.records.record import AuditRow

NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,49}")
Problems = tuple[FieldProblem, ...]


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


def misnamed(field: str, name: str) -> Problems:
    """Tell what is wrong with the name that a store or policy is to be found by."""
    if NAME.fullmatch(name):
        return ()
    return (wrong(field, "use letters, digits, _ and -, 50 at most, a letter or digit first"),)


def asked(field: str, id: str, **values: str) -> FieldProblem:
    """Tell whoever chooses a passcode how to make it right, in their language."""
    return FieldProblem(field=field, text=Message(id=id, values=values))
