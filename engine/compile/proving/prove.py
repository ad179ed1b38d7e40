"""All proofs of design 4.4 over one linked definition."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from engine.compile.dataflow.endings import Endings
from engine.compile.dataflow.scope import Scopes, names_of
from engine.compile.dataflow.spread import spread, walk_order
from engine.compile.findings import Findings
from engine.compile.linking.site import Flow
from engine.compile.proving.decisions import prove_decisions, prove_failures
from engine.compile.proving.formulas import Checks, check_formulas
from engine.compile.proving.keys import prove_keys, prove_names
from engine.compile.proving.loops import prove_loops
from engine.compile.proving.network import all_edges, circles, network, prove_paths
from engine.compile.proving.secrets import prove_secrets
from engine.compile.proving.steps import steps
from engine.compile.proving.waits import prove_answers, prove_ends, prove_languages
from engine.model.names import NodeId


@dataclass(frozen=True, slots=True, kw_only=True)
class Proved:
    """What compiling needs of the proofs: every expression, checked, and the thread of steps."""

    checks: Checks = field(default_factory=dict)
    steps: Mapping[NodeId, tuple[int, int | None]] = field(default_factory=dict)


def prove(flow: Flow, findings: Findings) -> Proved:
    """Prove what can be proved; every problem goes to `findings`.

    Proofs about paths need every edge, those about keys and variables need everything: a slip in
    a name is one problem and not also ten that follow from it.
    """
    prove_ends(flow, findings)
    prove_languages(flow, findings)
    prove_failures(flow, findings)
    if flow.whole:
        graph = network(flow, all_edges(flow))
        trapped = prove_paths(flow, graph, findings)
        looping = (node for group in circles(graph) for node in group)
        prove_loops(flow, frozenset(looping) - trapped, findings)
    return _prove_contents(flow, findings) if flow.sound else Proved()


def _prove_contents(flow: Flow, findings: Findings) -> Proved:
    """Prove what depends on what is in keys and variables, on every path."""
    names = names_of(flow)
    prove_names(flow, names, findings)
    scopes = Scopes(flow.definition, names)
    order = walk_order(flow)
    endings = Endings(scopes, names.shared)
    states = spread(flow, order, endings)
    checks = check_formulas(flow, states, scopes, endings, findings)
    keys_are_right = prove_keys(flow, states, checks, findings)
    prove_answers(flow, states, order, findings)
    prove_secrets(flow, states, order, findings)
    if keys_are_right:
        prove_decisions(flow, states, findings)
    return Proved(checks=checks, steps=steps(flow, order))
