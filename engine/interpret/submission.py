"""What a person sent for a form: read against its checks, secrets put in a bag."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set

from engine.model.event import Submission
from engine.model.form import DATE_PARTS, SECRET_TYPES, CompiledForm, Component, Refused
from engine.model.names import JsonObject, JsonValue
from engine.model.problem import FieldProblem, Message
from engine.model.screen import DEVICE_ANSWERS, FormPanel
from engine.model.value import Passing
from engine.secret import Bag, Secret, SecretRef

Body = Mapping[str, Sequence[str]]
"""Field name -> the strings sent under it. A date has `<id>-day`, `-month`, `-year`, or `<id>`."""


class Read(Passing, frozen=True, kw_only=True):
    """A submission without secrets, and the secrets by their references: local to one hop."""

    submission: Submission
    bag: Bag


def read_device(body: Body) -> Read | tuple[FieldProblem, ...]:
    """Read whether a device is the person's: `device`, `mine` or `wrong`, and nothing else (G6)."""
    said = body.get("device", ())
    if set(body) != {"device"} or len(said) != 1 or said[0] not in DEVICE_ANSWERS:
        return (FieldProblem(field="", text=Message(id="form.unread")),)
    return Read(submission=Submission(values={"device": said[0]}), bag={})


def read(panel: FormPanel, form: CompiledForm, body: Body) -> Read | tuple[FieldProblem, ...]:
    """Check a body against a form.

    Args:
        panel: The form in its place: limits and answers known at run time.
        form: The compiled form.
        body: What was sent. A field the form does not have is refused (G6).

    Returns:
        The submission and its bag, or every problem, in the form's order.
    """
    if not form.names.issuperset(body):
        return (FieldProblem(field="", text=Message(id="form.unread")),)
    values: JsonObject = {}
    secrets: dict[str, str] = {}
    problems: dict[str, FieldProblem] = {}
    for part in form.inputs:
        if part.read_only or panel.read_only:
            values[part.id] = kept(panel, form, part)
            continue
        told = form.checks[part.id](
            sent(part, body), panel.limits.get(part.id), panel.options.get(part.id, part.options)
        )
        if isinstance(told, Refused):
            problems[part.id] = FieldProblem(field=part.id, text=told.text)
        elif part.type in SECRET_TYPES:
            secrets[part.id] = str(told.value or "")
        else:
            values[part.id] = told.value
    hidden, unsure = _hidden(form, values)
    if panel.same:
        problems |= _unlike(panel, {**values, **secrets}, problems.keys() | hidden)
    left = tuple(problems[p.id] for p in form.inputs if p.id in problems and p.id not in hidden)
    # Of a part that may not be shown at all nothing is told, as long as there is something else.
    sure = tuple(problem for problem in left if problem.field not in unsure)
    return sure or left or _accepted(panel, values, secrets, hidden)


def _unlike(panel: FormPanel, given: JsonObject, but: Set[str]) -> dict[str, FieldProblem]:
    """Tell which answers do not repeat the one they must; `but`: those that are no answers."""
    return {
        id: FieldProblem(field=id, text=Message(id="passcode.differ"))
        for id, other in panel.same.items()
        if but.isdisjoint((id, other)) and given.get(id) != given.get(other)
    }


def kept(panel: FormPanel, form: CompiledForm, part: Component) -> JsonValue:
    """Give the value of a part that takes no answer, from what it shows.

    Text, as defaults are, goes through the part's own check, so that nothing is recorded of a type
    that no answer has; None where it does not pass, or nothing is shown.
    """
    shown = panel.values.get(part.id)
    if not isinstance(shown, str):
        return shown if isinstance(shown, _TYPED.get(part.type, ())) else None
    told = form.checks[part.id](
        [shown], panel.limits.get(part.id), panel.options.get(part.id, part.options)
    )
    return None if isinstance(told, Refused) else told.value


_TYPED: Mapping[str, tuple[type, ...]] = {"number": (int, float), "checkbox": (bool,)}
"""Component type -> the types of its answers, where they are no texts."""


def _accepted(
    panel: FormPanel, values: JsonObject, secrets: dict[str, str], hidden: frozenset[str]
) -> Read:
    refs = {id: SecretRef(name=f"{panel.form_data_key}.{id}") for id in secrets if id not in hidden}
    plain: JsonObject = {id: v for id, v in values.items() if id not in hidden and v is not None}
    bag = {ref: Secret(secrets[id]) for id, ref in refs.items()}
    return Read(submission=Submission(values=plain, secrets=refs), bag=bag)


def _hidden(form: CompiledForm, values: JsonObject) -> tuple[frozenset[str], frozenset[str]]:
    """Decide again, whatever the page did, which parts are not shown, and which may not be.

    A hidden question has no answer. Conditions ask earlier questions only: one pass settles all.
    """
    if not form.visible:
        return frozenset(), frozenset()
    known = {id: value for id, value in values.items() if value is not None}
    hidden, unsure = set(), set()
    for part in form.form.components:
        visible = form.visible.get(part.id)
        shown = True if visible is None else visible(known)
        if shown is None:
            unsure.add(part.id)
        elif not shown:
            hidden.add(part.id)
            known.pop(part.id, None)
    return frozenset(hidden), frozenset(unsure)


def sent(part: Component, body: Body) -> list[str]:
    """Give the strings sent for a component: one, or the three of a date."""
    if part.type == "date" and part.id not in body:
        return [_one(body, f"{part.id}-{piece}") for piece in DATE_PARTS]
    return list(body.get(part.id, ()))


def typed(form: CompiledForm, body: Body) -> JsonObject:
    """Give back what was typed, to be shown again next to the problems; secrets are left out."""
    shown: JsonObject = {}
    for part in form.shown:
        pieces = sent(part, body)
        shown[part.id] = list(pieces) if part.type == "date" else "".join(pieces[:1])
    return shown


def _one(body: Body, name: str) -> str:
    found = body.get(name, ())
    return found[0] if found else ""
