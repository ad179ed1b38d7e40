"""Deciders and Ends: nothing is accepted that nobody checked."""

from __future__ import annotations

from collections.abc import Mapping

from engine.compile.dataflow.state import State
from engine.compile.findings import Findings
from engine.compile.linking.site import Linked, Site
from engine.model.names import NodeId


def prove_failures(linked: Linked, findings: Findings) -> None:
    """Note deciders that would turn a failure into a pass."""
    for site in linked.sites.values():
        decides = site.signature.decides if site.signature else None
        if decides is None or site.inputs.get(decides.on_any_failure) != "PASS":
            continue
        findings.add(
            "P109", site.value_spot("inputs", decides.on_any_failure),
            "whoever fails a check would pass", "write FAIL or REVIEW",
            key=site.path("inputs", decides.on_any_failure),
        )  # fmt: skip


def prove_decisions(linked: Linked, states: Mapping[NodeId, State], findings: Findings) -> None:
    """Warn of deciders with nothing to decide, and of Ends that accept whoever comes."""
    for node, state in states.items():
        site = linked.sites[node]
        _decider(site, state, findings)
        if site.is_end and site.result is None and not state.judged:
            findings.add(
                "P110", site.spot, f"some path ends at `{site.id}` as a success, unchecked",
                "write `result: FAIL` or `result: REVIEW`, or lead the path past a check",
                key=site.path("result"),
            )  # fmt: skip


def _decider(site: Site, state: State, findings: Findings) -> None:
    decides = site.signature.decides if site.signature else None
    if decides is None or decides.derive in site.inputs or state.checked:
        return
    findings.add(
        "P108", site.spot, f"some path reaches `{site.id}` with no check opened",
        f"there it can only give `{decides.on_any_failure}`; open a check on every path before",
        key=site.path(),
    )  # fmt: skip
