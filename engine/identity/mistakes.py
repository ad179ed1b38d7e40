"""How a mistake is told to whoever names a store or policy, or chooses a passcode."""

from __future__ import annotations

import re
from typing import Final

from engine.model.problem import FieldProblem, Message, Problems, wrong

NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,49}")


def misnamed(field: str, name: str) -> Problems:
    """Tell what is wrong with the name that a store or policy is to be found by."""
    if NAME.fullmatch(name):
        return ()
    return (wrong(field, "use letters, digits, _ and -, 50 at most, a letter or digit first"),)


def asked(field: str, id: str, **values: str) -> FieldProblem:
    """Tell whoever chooses a passcode how to make it right, in their language."""
    return FieldProblem(field=field, text=Message(id=id, values=values))
