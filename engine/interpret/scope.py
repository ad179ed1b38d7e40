"""What expressions see: the process variables, and each key slot's plain members under its name."""

from __future__ import annotations

from collections.abc import Mapping

from engine.expressions import Expression
from engine.model.instance import ProcessInstance
from engine.model.names import JsonObject, JsonValue


def scope(instance: ProcessInstance, local: Mapping[str, JsonValue] | None = None) -> JsonObject:
    """Give the names an expression may read. `local`: an activity's own outputs, which win."""
    slots = {name: slot.value for name, slot in instance.keys.items()}
    return {**slots, **instance.variables, **(local or {})}


def value(written: JsonValue | Expression, known: Mapping[str, JsonValue]) -> JsonValue:
    """Give a literal as it is, an expression evaluated.

    Raises:
        ExpressionFault: It reads what is not there.
    """
    return written.evaluate(known) if isinstance(written, Expression) else written
