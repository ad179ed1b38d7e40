"""`visibleWhen`: a condition over the answers of the questions that stand before."""

from __future__ import annotations

from collections.abc import Mapping

from engine.compile.findings import Findings
from engine.compile.forms.answers import member_of
from engine.errors import ExpressionFault
from engine.expressions import (
    BOOLEAN,
    Binding,
    Checked,
    Environment,
    Expression,
    ExpressionProblem,
    Whole,
    check,
    compile_checked,
    parse_template,
)
from engine.model.form import INPUT_TYPES, Form, Visibility
from engine.model.names import JsonValue


def visibility_of(form: Form, position: int, findings: Findings) -> Visibility | None:
    """Compile the condition of the component at `position`; None, and a problem, if it is none."""
    key = f"components.{position}.visibleWhen"
    written = findings.document.find(["components", position, "visibleWhen"])
    checked = _checked(str(written.value), _environment(form, position))
    if isinstance(checked, Checked):
        return _shown_when(compile_checked(checked))
    if checked is None:
        message = "this condition is not one `${...}`"
        findings.add("F108", written.spot, message, 'write "${...}"', key=key)
    else:
        findings.expression(written, checked, key=key)
    return None


def _shown_when(condition: Expression) -> Visibility:
    """Hide only what is decided: while an answer that it asks for is missing, nothing is."""

    def visible(answers: Mapping[str, JsonValue]) -> bool | None:
        try:
            return condition.evaluate(answers) is True
        except ExpressionFault:
            return None

    return visible


def _checked(text: str, environment: Environment) -> Checked | tuple[ExpressionProblem, ...] | None:
    read = parse_template(text)
    if isinstance(read, tuple):
        return read
    return check(read.tree, environment, BOOLEAN) if isinstance(read, Whole) else None


def _environment(form: Form, position: int) -> Environment:
    """Bind the questions before the component: later ones are not answered when it is shown."""
    found = {}
    for component in form.components[:position]:
        if component.type in INPUT_TYPES:
            member = member_of(component)
            found[component.id] = Binding(member.type, "maybe" if member.optional else "always")
    return found
