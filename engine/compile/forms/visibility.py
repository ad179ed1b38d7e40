"""`visibleWhen`: a condition over the answers of the questions that stand before."""

from __future__ import annotations

from engine.compile.findings import Findings
from engine.compile.forms.answers import member_of
from engine.expressions import (
    BOOLEAN,
    Binding,
    Checked,
    Environment,
    ExpressionProblem,
    Whole,
    check,
    compile_checked,
    parse_template,
)
from engine.model.form import INPUT_TYPES, Form, Visibility


def visibility_of(form: Form, position: int, findings: Findings) -> Visibility | None:
    """Compile the condition of the component at `position`; None, and a problem, if it is none."""
    key = f"components.{position}.visibleWhen"
    written = findings.document.find(["components", position, "visibleWhen"])
    checked = _checked(str(written.value), _environment(form, position))
    if isinstance(checked, Checked):
        evaluate = compile_checked(checked).evaluate
        return lambda answers: evaluate(answers) is True
    if checked is None:
        message = "this condition is not one `${...}`"
        findings.add("F108", written.spot, message, 'write "${...}"', key=key)
    else:
        findings.expression(written, checked, key=key)
    return None


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
