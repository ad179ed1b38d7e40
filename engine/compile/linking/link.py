"""All nodes of a definition: each linked by itself, then what only holds for all of them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from msgspec.structs import replace

from engine.compile.findings import Findings
from engine.compile.linking.catalogue import Labels
from engine.compile.linking.forms import Forms, link_form, worded
from engine.compile.linking.head import head
from engine.compile.linking.inputs import link_inputs, link_slots
from engine.compile.linking.outputs import link_outputs
from engine.compile.linking.site import Button, Linked, NodeForm, Site
from engine.compile.linking.ways import Ways, link_ways
from engine.compile.reading.document import Written
from engine.model.names import NodeId


@dataclass(frozen=True, slots=True, kw_only=True)
class Palette:
    """What a definition may name."""

    labels: Labels
    forms: Forms


def link(
    findings: Findings,
    palette: Palette,
    spoilt: Collection[str] = (),
    calls: Collection[str] = (),
) -> Linked:
    """Link a document of the right shape; every problem goes to `findings`.

    Nodes whose own shape is wrong (`spoilt`) are known by name and otherwise left alone, and so
    are the calls of parts.
    """
    definition = head(findings)
    flow = findings.document.root.entries["flow"]
    _similar(flow, findings)
    known = {
        name: None if name in spoilt else _begin(name, flow, palette, findings)
        for name in flow.entries
        if name not in calls
    }
    targets = {**dict.fromkeys(calls, True), **_targets(known)}
    before = findings.count
    ways = [(site, link_ways(site, targets, findings)) for site in known.values() if site]
    whole = len(ways) == len(known) and findings.count == before
    sites = {site.id: _finish(site, way, palette, findings) for site, way in ways}
    start = _start(flow, sites, whole, findings)
    return Linked(
        document=findings.document,
        definition=definition,
        sites=sites,
        start=start,
        whole=whole and start is not None,
        sound=not findings.has_errors,
    )


def _begin(name: str, flow: Written, palette: Palette, findings: Findings) -> Site | None:
    """Look up the activity; None where there is none of this label."""
    written, spot = flow.entries[name], flow.keys[name]
    called = written.entries.get("name")
    text = str(called.value) if called else name
    label = written.entries.get("activity")
    result = written.entries.get("result")
    site = Site(id=NodeId(name), spot=spot, written=written, name=text, signature=None)
    if label is None:
        return site
    signature = palette.labels.get(str(label.value))
    if signature is None:
        findings.add(
            "L101", label.spot, f"there is no activity `{label.value}`",
            "see which activities are installed", key=site.path("activity"),
            nearest=findings.nearest(str(label.value), palette.labels.names),
        )  # fmt: skip
        return None
    lowered = result.value if result else None
    return Site(
        id=NodeId(name), spot=spot, written=written, name=text, signature=signature,
        result=lowered if lowered in ("FAIL", "REVIEW") else None,  # type: ignore[arg-type]  # mypy does not narrow by `in`
    )  # fmt: skip


def _targets(known: Mapping[str, Site | None]) -> Mapping[str, bool]:
    """Give every node's name, and whether a way may lead there."""
    return {name: site is None or not site.is_start for name, site in known.items()}


def _finish(site: Site, ways: Ways, palette: Palette, findings: Findings) -> Site:
    """Put everything about a node together."""
    signature, check = site.signature, site.written.entries.get("check")
    if signature is None:
        return replace(site, edges=ways.edges, conditions=ways.conditions)
    inputs = link_inputs(site, palette.labels.inputs(signature), findings)
    declared, outputs = link_outputs(site, signature, findings)
    shown = None
    if signature.form is not None:
        shown = link_form(site, signature.form, inputs, palette.forms, findings)
    is_worded = signature.form is None or shown is not None
    is_choice = signature.form is not None and signature.form.choice_input in inputs
    there = palette.forms if is_choice and shown is not None else None
    return Site(
        id=site.id,
        spot=site.spot,
        written=site.written,
        name=site.name,
        signature=signature,
        result=site.result,
        inputs=inputs,
        slots=link_slots(site, signature, inputs, findings),
        edges=ways.edges,
        conditions=ways.conditions,
        timer=ways.timer,
        buttons=_worded(site, ways, shown, there, findings) if is_worded else ways.buttons,
        check=str(check.value) if check else None,
        declared=declared,
        outputs=outputs,
        form=shown,
        choosable=there,
    )


def _worded(
    site: Site, ways: Ways, shown: NodeForm | None, there: Forms | None, findings: Findings
) -> Mapping[str, Button]:
    return worded(replace(site, choosable=there), ways.buttons, shown, findings)


def _similar(flow: Written, findings: Findings) -> None:
    seen: dict[str, str] = {}
    for name, spot in flow.keys.items():
        other = seen.setdefault(name.casefold(), name)
        if other != name:
            findings.add(
                "L117", spot, f"`{name}` and `{other}` differ in capitals alone",
                "give one of them another name", key=f"flow.{name}", also=[flow.keys[other]],
            )  # fmt: skip


def _start(
    flow: Written, sites: Mapping[NodeId, Site], whole: bool, findings: Findings
) -> NodeId | None:
    """Find the one Start, and see that there is an End; unknown activities may be either."""
    starts = [site for site in sites.values() if site.is_start]
    for extra in starts[1:]:
        findings.add(
            "L107", extra.spot, "a second Start stands here", "keep one Start",
            key=extra.path(), also=[starts[0].spot],
        )  # fmt: skip
    if whole and not starts:
        message = "no node is a Start"
        findings.add("L107", flow.spot, message, "write a node with activity: Start", key="flow")
    if whole and not any(site.is_end for site in sites.values()):
        message = "no node is an End"
        findings.add("L108", flow.spot, message, "write a node with activity: End", key="flow")
    return starts[0].id if len(starts) == 1 else None
