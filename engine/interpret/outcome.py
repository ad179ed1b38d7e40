"""What an outcome changes: slots, checks, variables, decision, and which way it leaves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import assert_never

from msgspec.structs import replace

from engine.interpret import checks, screens, slots
from engine.interpret.scope import scope, value
from engine.interpret.trouble import hold
from engine.model.event import Broken, Ended, Finished, Handed, Shown
from engine.model.graph import ActivityNode, Flow, ProcessGraph
from engine.model.instance import ProcessInstance
from engine.model.names import FORM_DATA, JsonObject, JsonValue, NodeId
from engine.model.problem import Message, Text
from engine.model.screen import TextPanel
from engine.model.value import Passing


class Moved(Passing, frozen=True, kw_only=True):
    """The instance afterwards, and its way on: a node, a list of flows, or None where it stands."""

    instance: ProcessInstance
    to: NodeId | Sequence[Flow] | None


def apply(
    graph: ProcessGraph, node: ActivityNode, instance: ProcessInstance, event: Finished
) -> Moved:
    """Apply the result of an effect at `node`."""
    outcome = event.outcome
    match outcome:
        case Shown():
            return Moved(instance=screens.waits(graph, node, instance, event, outcome), to=None)
        case Broken():
            held = hold(instance, outcome.code, outcome.reason, event.at)
            return Moved(instance=held, to=None)
        case Handed():
            return _handed(graph, node, instance, event)
        case Ended():
            return _ended(node, instance, event, outcome)
    assert_never(outcome)


def _handed(
    graph: ProcessGraph, node: ActivityNode, instance: ProcessInstance, event: Finished
) -> Moved:
    """Stand still until the result is there, or go on as if it were done."""
    if node.waits:
        return Moved(instance=screens.stands(graph, node, instance, event), to=None)
    return _ended(node, instance, event, Ended())


def _ended(node: ActivityNode, instance: ProcessInstance, event: Finished, outcome: Ended) -> Moved:
    if outcome.error is not None and outcome.error not in node.signature.codes:
        reason = f"it raised {outcome.error}, which its signature does not declare"
        return Moved(instance=hold(instance, "activity", reason, event.at), to=None)
    redirects = node.signature.redirects
    changed = replace(
        instance,
        keys=slots.after(node, instance, outcome),
        checks=checks.after(node, instance, outcome, event.at),
        variables=_variables(node, instance, outcome),
        decision=checks.decision(node, instance, outcome),
        leads_to=_text(outcome.outputs.get(redirects)) if redirects else instance.leads_to,
        pending=None,
        last_at=event.at,
    )
    changed = _extra_outputs(node, changed, outcome)
    if outcome.error is None and outcome.told is not None:
        changed = replace(changed, notices=(TextPanel(kind="success", text=outcome.told),))
    if outcome.error is None or outcome.error not in node.errors:
        return Moved(instance=changed, to=node.flows)
    told = replace(changed, notices=_words(node, outcome.error, event.visit, outcome.told))
    return Moved(instance=told, to=node.errors[outcome.error])


def _variables(node: ActivityNode, instance: ProcessInstance, outcome: Ended) -> JsonObject:
    variables = dict(instance.variables)
    for name, variable in node.declared.items():
        if name in outcome.outputs:
            variables[variable] = outcome.outputs[name]
    if outcome.submission is not None and node.signature.form is not None:
        forms = variables.get(FORM_DATA)
        key = str(node.inputs[node.signature.form.key_input])
        known = forms if isinstance(forms, dict) else {}
        variables[FORM_DATA] = {**known, key: dict(outcome.submission.values)}
    if outcome.error is not None:
        variables["errorCode"] = outcome.error
        variables["errorMessage"] = outcome.message
    else:
        _count(node, variables)
    return variables


def _count(node: ActivityNode, variables: JsonObject) -> None:
    """Count up and un-write what the inputs name, also answers; changes the copy it is given."""
    for name in node.counted:
        before = variables.get(name)
        variables[name] = before + 1 if isinstance(before, int) else 1
    forms = variables.get(FORM_DATA)
    for name in node.cleared:
        variables.pop(name, None)
    if node.cleared and isinstance(forms, dict):
        variables[FORM_DATA] = {k: v for k, v in forms.items() if k not in node.cleared}


def _text(value: JsonValue) -> str | None:
    return value if isinstance(value, str) else None


def _extra_outputs(
    node: ActivityNode, instance: ProcessInstance, outcome: Ended
) -> ProcessInstance:
    """Copy what the definition's `outputs:` name; only the ordinary ending reaches them."""
    if not node.outputs or outcome.error is not None:
        return instance
    variables = dict(instance.variables)
    for variable, written in node.outputs:
        variables[variable] = value(written, scope(instance, outcome.outputs))
    return replace(instance, variables=variables)


def _words(node: ActivityNode, code: str, visit: int, told: Text | None) -> tuple[TextPanel, ...]:
    """Say what stands above the next form: what was told, else the event's words; visits left."""
    event = next(error for error in node.signature.errors if error.code == code)
    said = []
    if told is not None or event.words is not None:
        text = told or Message(id=event.words or "")
        title = None if event.title is None else Message(id=event.title)
        said.append(TextPanel(kind="error", text=text, title=title))
    bound = node.signature.bounded_by
    if bound is not None and bound.words is not None and bound.code != code:
        most = node.inputs.get(bound.input)
        left = most - visit if isinstance(most, int) else 0
        if left > 0:
            said.append(TextPanel(kind="info", text=Message(id=bound.words, count=left)))
    return tuple(said)
