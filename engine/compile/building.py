"""A proved definition to a process graph: closures, forms, and the thread of steps."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

from engine.compile.linking.site import Flow, Formula, Site
from engine.compile.proving.formulas import Checks
from engine.expressions import Expression, compile_checked
from engine.model.definition import FormRef
from engine.model.form import CompiledForm
from engine.model.graph import (
    ActionFlow,
    ActivityNode,
    Gateway,
    Node,
    ProcessGraph,
    Timeout,
)
from engine.model.graph import Flow as Way
from engine.model.names import Digest, JsonValue, NodeId

Steps: TypeAlias = Mapping[NodeId, tuple[int, int | None]]


def build(flow: Flow, checks: Checks, steps: Steps, digest: Digest) -> ProcessGraph:
    """Put the graph together; the flow has no problems."""
    if flow.start is None:
        raise AssertionError(flow.definition.process)
    return ProcessGraph(
        definition=flow.definition,
        digest=digest,
        start=flow.start,
        nodes={site.id: _node(site, checks) for site in flow.sites.values()},
        forms=_forms(flow),
        steps=steps,
    )


def _node(site: Site, checks: Checks) -> Node:
    ways = _ways(site, checks)
    if site.signature is None:
        return Gateway(id=site.id, name=site.name, flows=ways)
    return ActivityNode(
        id=site.id,
        name=site.name,
        signature=site.signature,
        inputs={name: _value(value, checks) for name, value in site.inputs.items()},
        flows=ways,
        errors={edge.name: edge.target for edge in site.edges_of("error")},
        timeout=_timeout(site),
        actions=_actions(site),
        check=site.check,
        declared=dict(site.declared),
        outputs=tuple((name, _value(value, checks)) for name, value in site.outputs),
        form=site.form.ref if site.form else None,
        result=site.result,
    )


def _value(value: JsonValue | Formula, checks: Checks) -> JsonValue | Expression:
    return compile_checked(checks[value.key]) if isinstance(value, Formula) else value


def _ways(site: Site, checks: Checks) -> tuple[Way, ...]:
    pairs = zip(site.edges_of("next"), site.conditions, strict=True)
    return tuple(
        Way(to=edge.target, condition=compile_checked(checks[when.key]) if when else None)
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


def _forms(flow: Flow) -> Mapping[FormRef, CompiledForm]:
    shown = (site.form for site in flow.sites.values() if site.form is not None)
    return {form.ref: form.reading.compiled for form in shown if form.reading.compiled is not None}
