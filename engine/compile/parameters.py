"""What a process token carries, against the parameters a definition declares."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from engine.compile.linking.head import WELL_KNOWN
from engine.compile.linking.literals import fits, parameter_type, wanted
from engine.expressions import STRING
from engine.model.definition import Definition, Parameter
from engine.model.names import JsonObject, JsonValue
from engine.model.problem import FieldProblem, wrong
from engine.nearest import nearest

LONGEST_TEXT = 2_000
MOST_ITEMS = 1_000


def check_parameters(
    definition: Definition, given: JsonObject
) -> JsonObject | tuple[FieldProblem, ...]:
    """Check start parameters and complete them.

    Args:
        definition: Says which there are; the well-known ones (`_redirectUrl`, `firstName`, ...)
            are texts that every token may carry.
        given: Parameter -> value, already of the JSON type that the declaration asks for.

    Returns:
        What was given, whole numbers made floats where a number is declared, defaults filled in;
        or every problem, with the parameter's name as its field and no value in it.
    """
    problems = tuple(_problems(definition.parameters, given))
    if problems:
        return problems
    complete: JsonObject = {name: _typed(definition, name, value) for name, value in given.items()}
    for name, parameter in definition.parameters.items():
        if parameter.default is not None:
            complete.setdefault(name, _typed(definition, name, parameter.default))
    return complete


def _typed(definition: Definition, name: str, value: JsonValue) -> JsonValue:
    declared = definition.parameters.get(name)
    if declared is not None and declared.type == "number" and isinstance(value, int):
        return float(value)
    return value


def _problems(declared: Mapping[str, Parameter], given: JsonObject) -> Iterator[FieldProblem]:
    for name, value in given.items():
        if name not in declared and name not in WELL_KNOWN:
            yield _unknown(name, declared)
            continue
        type_ = parameter_type(declared[name]) if name in declared else STRING
        if not fits(value, type_):
            yield wrong(name, f"expected: {wanted(type_)}")
        elif _size(value) > LONGEST_TEXT:
            yield wrong(name, f"at most {LONGEST_TEXT} characters")
    for name, parameter in declared.items():
        if parameter.required and name not in given:
            yield wrong(name, "this parameter is required")


def _size(value: JsonValue) -> int:
    """Give the length of the longest text in a value; a list that is too long counts as one."""
    if isinstance(value, list):
        longest = max((len(str(item)) for item in value), default=0)
        return longest if len(value) <= MOST_ITEMS else LONGEST_TEXT + 1
    return len(value) if isinstance(value, str) else 0


def _unknown(name: str, declared: Mapping[str, Parameter]) -> FieldProblem:
    near = nearest(name, [*declared, *WELL_KNOWN])
    hint = f"; did you mean {near}?" if near else ""
    return wrong(name, f"this definition takes no such parameter{hint}")
