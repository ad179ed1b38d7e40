"""All proofs of design 4.4 over one linked definition; or only what running it needs of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from engine.compile.dataflow.endings import Endings
from engine.compile.dataflow.scope import Scopes, names_of
from engine.compile.dataflow.spread import spread, walk_order
from engine.compile.findings import Findings
from engine.compile.linking.site import Linked
from engine.compile.proving.choices import resolved
from engine.compile.proving.decisions import prove_decisions, prove_failures
from engine.compile.proving.formulas import (
    Checks,
    check_formulas,
    prove_branches,
    prove_defaults,
)
from engine.compile.proving.keys import prove_keys, prove_names
from engine.compile.proving.loops import prove_loops
from engine.compile.proving.network import all_edges, circles, network, prove_paths
from engine.compile.proving.secrets import prove_passing, prove_secrets
from engine.compile.proving.steps import steps
from engine.compile.proving.waits import (
    prove_answers,
    prove_chosen_languages,
    prove_ends,
    prove_languages,
)
from engine.model.names import NodeId


@dataclass(frozen=True, slots=True, kw_only=True)
class Proved:
    """What compiling needs of the proofs: expressions, checked; the thread of steps; all forms."""

    linked: Linked
    checks: Checks = field(default_factory=dict)
    steps: Mapping[NodeId, tuple[int, int | None]] = field(default_factory=dict)


def prove(linked: Linked, findings: Findings) -> Proved:
    """Prove what can be proved; every problem goes to `findings`.

    Proofs about paths need every edge, those about keys and variables need everything: a slip in
    a name is one problem and not also ten that follow from it.
    """
    prove_ends(linked, findings)
    prove_languages(linked, findings)
    prove_failures(linked, findings)
    if linked.whole:
        graph = network(linked.sites, all_edges(linked))
        trapped = prove_paths(linked, graph, findings)
        looping = (node for group in circles(graph) for node in group)
        prove_loops(linked, frozenset(looping) - trapped, findings)
    return _prove_contents(linked, findings) if linked.sound else Proved(linked=linked)


def typed(linked: Linked, findings: Findings) -> Proved:
    """Type every expression and number the steps; leave out all proofs that end in problems alone.

    For what was proved when it was deployed: rules that came later do not stop it.
    """
    names = names_of(linked)
    scopes = Scopes(linked.definition, names)
    order = walk_order(linked)
    endings = Endings(scopes, names.shared)
    states = spread(linked, order, endings)
    checks = check_formulas(linked, states, scopes, endings, findings)
    linked = resolved(linked, states, scopes, findings)
    return Proved(linked=linked, checks=checks, steps=steps(linked, order))


def _prove_contents(linked: Linked, findings: Findings) -> Proved:
    """Prove what depends on what is in keys and variables, on every path."""
    names = names_of(linked)
    prove_names(linked, names, findings)
    scopes = Scopes(linked.definition, names)
    order = walk_order(linked)
    endings = Endings(scopes, names.shared)
    states = spread(linked, order, endings)
    checks = check_formulas(linked, states, scopes, endings, findings)
    prove_branches(linked, checks, findings)
    linked = resolved(linked, states, scopes, findings)
    prove_chosen_languages(linked, findings)
    prove_defaults(linked, states, scopes, findings)
    keys_are_right = prove_keys(linked, states, checks, findings)
    prove_answers(linked, states, order, findings)
    prove_secrets(linked, states, order, findings)
    prove_passing(linked, states, findings)
    if keys_are_right:
        prove_decisions(linked, states, findings)
    return Proved(linked=linked, checks=checks, steps=steps(linked, order))
