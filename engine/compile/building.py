"""A proved definition to a process graph: closures, forms, and the thread of steps."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

from engine.compile.linking.site import Entries, Formula, Given, Linked, Site
from engine.compile.proving.formulas import Checks
from engine.expressions import Expression, compile_checked
from engine.model.definition import FormRef
from engine.model.form import CompiledForm
from engine.model.graph import (
    ActionFlow,
    ActivityNode,
    Fillable,
    Flow,
    Gateway,
    Node,
    ProcessGraph,
    Timeout,
)
from engine.model.names import Digest, JsonValue, NodeId

Steps: TypeAlias = Mapping[NodeId, tuple[int, int | None]]


def build(linked: Linked, checks: Checks, steps: Steps, digest: Digest) -> ProcessGraph:
    """Put the graph together; the definition has no problems."""
    return ProcessGraph(
        definition=linked.definition,
        digest=digest,
        start=linked.begin,
        nodes={site.id: _node(site, checks) for site in linked.sites.values()},
        forms=_forms(linked),
        steps=steps,
        calls={id: called.name for id, called in linked.calls.items()},
    )


def _node(site: Site, checks: Checks) -> Node:
    flows = _flows(site, checks)
    if site.signature is None:
        return Gateway(id=site.id, name=site.name, flows=flows, outputs=_outputs(site, checks))
    return ActivityNode(
        id=site.id,
        name=site.name,
        signature=site.signature,
        inputs={name: _input(given, checks) for name, given in site.inputs.items()},
        flows=flows,
        errors={edge.name: edge.target for edge in site.edges_of("error")},
        timeout=_timeout(site),
        actions=_actions(site),
        check=site.check,
        declared=dict(site.declared),
        outputs=_outputs(site, checks),
        forms=tuple(form.ref for form in site.forms),
        result=site.result,
        puts_in=_puts_in(site),
    )


def _puts_in(site: Site) -> Mapping[str, tuple[str, ...]]:
    """Give what the defaults of the node's forms read; other forms may have lain beside them."""
    paths = {default.path for form in site.forms for default in form.reading.defaults}
    return {
        path: tuple(map(str, tree.root.segments or ()))
        for path, tree in site.puts_in.items()
        if path in paths
    }


def _input(given: Given, checks: Checks) -> JsonValue | Expression | Fillable:
    if not isinstance(given, Entries):
        return _value(given, checks)
    return Fillable(values={name: _value(part, checks) for name, part in given.values.items()})


def _value(value: JsonValue | Formula, checks: Checks) -> JsonValue | Expression:
    return compile_checked(checks[value.key]) if isinstance(value, Formula) else value


def _outputs(site: Site, checks: Checks) -> tuple[tuple[str, JsonValue | Expression], ...]:
    return tuple((name, _value(value, checks)) for name, value in site.outputs)


def _flows(site: Site, checks: Checks) -> tuple[Flow, ...]:
    pairs = zip(site.edges_of("next"), site.conditions, strict=True)
    return tuple(
        Flow(to=edge.target, condition=compile_checked(checks[when.key]) if when else None)
        for edge, when in pairs
    )


def _timeout(site: Site) -> Timeout | None:
    edge = next(site.edges_of("timeout"), None)
    if edge is None or site.timer is None:
        return None
    return Timeout(after=site.timer.after, to=edge.target, extendable=site.timer.extendable)


def _actions(site: Site) -> Mapping[str, ActionFlow]:
    return {
        edge.name: ActionFlow(
            to=edge.target,
            limit=site.buttons[edge.name].limit,
            label=site.buttons[edge.name].label,
        )
        for edge in site.edges_of("action")
    }


def _forms(linked: Linked) -> Mapping[FormRef, CompiledForm]:
    shown = (form for site in linked.sites.values() for form in site.forms)
    return {form.ref: form.reading.compiled for form in shown if form.reading.compiled is not None}
