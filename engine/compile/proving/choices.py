"""Forms that an expression names: each of them known, there, and as good as one named outright."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec.structs import replace

from engine.compile.dataflow.choice import names_of_forms
from engine.compile.dataflow.scope import Scopes
from engine.compile.dataflow.state import State
from engine.compile.findings import Findings
from engine.compile.linking.forms import link_chosen
from engine.compile.linking.site import Linked, Site
from engine.model.names import NodeId


def resolved(
    linked: Linked, states: Mapping[NodeId, State], scopes: Scopes, findings: Findings
) -> Linked:
    """Put the forms to the nodes that choose one; a choice among any number is a problem."""
    if all(site.choosable is None for site in linked.sites.values()):
        return linked
    sites = {
        id: _resolved(site, states[id], scopes, findings) if id in states else site
        for id, site in linked.sites.items()
    }
    return replace(linked, sites=sites)


def _resolved(site: Site, state: State, scopes: Scopes, findings: Findings) -> Site:
    use = site.signature.form if site.signature else None
    if use is None or site.form is None or site.choosable is None:
        return site
    names = names_of_forms(site, scopes.at(state))
    if names is None:
        findings.add(
            "L119", site.value_spot("inputs", use.choice_input),
            f"`{use.choice_input}` may give any text, so that nobody knows which forms to check",
            "read a parameter with `enum:` or the answer of a select, or choose with `?:` between "
            "names that are written out",
            key=site.path("inputs", use.choice_input),
        )  # fmt: skip
        return site
    return replace(site, chosen=link_chosen(site, use, names, findings, named=site.form))
