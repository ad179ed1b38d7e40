"""What expressions may read of a form's answers: a type for every question."""

from __future__ import annotations

from engine.expressions import (
    BOOLEAN,
    DATE,
    INTEGER,
    NUMBER,
    STRING,
    EnumOf,
    Member,
    Record,
    Secret,
    Type,
)
from engine.model.form import INPUT_TYPES, SECRET_TYPES, Component, Form


def type_of(component: Component) -> Type:
    """Give the type of an answer; a secret's has no value anybody may read."""
    if component.type in SECRET_TYPES:
        return Secret(f"a person types it into the field `{component.id}`")
    if component.type == "number":
        return INTEGER if component.whole else NUMBER
    if component.type in ("select", "radio") and component.options:
        return EnumOf(tuple(option.value for option in component.options))
    return {"date": DATE, "checkbox": BOOLEAN}.get(component.type, STRING)


def member_of(component: Component) -> Member:
    """Give type and presence: it may be missing if it is not required, or not always shown."""
    always = component.type == "checkbox" or component.required
    hidden = component.visible_when is not None or component.read_only
    return Member(type_of(component), optional=hidden or not always)


def record_of(form: Form) -> Record:
    """Give what `_customFormData.<formDataKey>` reads once the form was answered."""
    members = {c.id: member_of(c) for c in form.components if c.type in INPUT_TYPES}
    return Record(members, f"the form {form.name}")
