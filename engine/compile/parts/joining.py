"""A definition and all that it calls, linked each by itself and joined to one flat graph."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from msgspec.structs import replace

from engine.compile.findings import Findings
from engine.compile.linking.head import head
from engine.compile.linking.link import Palette, link
from engine.compile.linking.outputs import Outputs
from engine.compile.linking.site import Called, Edge, Formula, Linked, Site
from engine.compile.parts.arguments import Arguments, Filling, by_itself, link_arguments
from engine.compile.parts.calls import (
    calls_of,
    is_called,
    judge_ends,
    judge_head,
    judge_variables,
    link_ends,
    link_handed,
)
from engine.compile.parts.finding import Finder, Part
from engine.compile.parts.heads import part_key
from engine.compile.parts.names import Names
from engine.compile.parts.volumes import Bound, Volume, bound
from engine.compile.reading.document import Document, Source, Spot
from engine.model.names import JsonValue, NodeId

LEFT_TO_CALLERS = frozenset({"P107", "P108", "P110", "P112", "P115"})
"""Proofs about checks, secrets and times that only hold, or fail, where a part is called."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaf:
    """One text in its place: the definition, or one copy of a part.

    Attributes:
        chain: The texts that lead here and this one, as `<name>.v<version>`.
        calls: Where they call one another.
    """

    findings: Findings
    spoilt: Collection[str]
    names: Names
    chain: Sequence[str]
    calls: Sequence[Spot] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Joined:
    """A leaf with all that it calls; `sites` and `start` by the names of the flat graph."""

    own: Linked
    sites: Mapping[NodeId, Site]
    start: NodeId | None
    whole: bool
    calls: Mapping[NodeId, Called]


@dataclass(frozen=True, slots=True, kw_only=True)
class Entered:
    """A part that a call found and copied in."""

    call: Site
    part: str
    inner: Joined
    names: Names
    arguments: Arguments
    ends: Mapping[str, Edge]
    outputs: Outputs

    @property
    def is_whole(self) -> bool:
        """Whether every way in the part and out of it is there."""
        ends = {site.id for site in self.inner.own.sites.values() if site.is_end}
        return self.inner.whole and ends <= self.ends.keys()


def opened(document: Document) -> Document:
    """Make room for the copies of parts beside a definition that calls some."""
    flow = document.root.entries.get("flow")
    return bound(document) if flow is not None and is_called(flow) else document


def link_all(
    findings: Findings, palette: Palette, spoilt: Collection[str], sources: Mapping[str, Source]
) -> Linked:
    """Link a definition, and copy in every part that it calls, and that those call.

    Args:
        findings: Of the definition; takes every problem, each at the text that it is in.
        palette: What all of them may name.
        spoilt: Nodes of the definition whose own shape is wrong.
        sources: The parts that are there, as `<name>.v<version>`.
    """
    root = findings.document.root
    kind = root.entries.get("type")
    is_part = kind is not None and kind.value == "part"
    judge_head(root, is_part=is_part, findings=findings)
    if is_part:
        spoilt = _put_in_defaults(findings, palette, spoilt)
    if not isinstance(findings.document, Bound):
        linked = link(findings, palette, spoilt)
        if is_part:
            judge_ends(linked, findings)
        return replace(linked, sound=linked.whole and not findings.has_errors)
    finder = Finder(sources)
    finder.begin(findings.document)
    own = head(Findings(findings.document))
    leaf = Leaf(
        findings=findings,
        spoilt=spoilt,
        names=Names(keys={}),
        chain=(part_key(own.process, own.version),),
    )
    joined = _Joiner(palette, finder).join(leaf)
    if is_part:
        judge_ends(joined.own, findings)
    return replace(
        joined.own,
        sites=joined.sites,
        whole=joined.whole,
        sound=joined.whole and not findings.has_errors,
        calls=joined.calls,
    )


def _put_in_defaults(
    findings: Findings, palette: Palette, spoilt: Collection[str]
) -> Collection[str]:
    """Prepare a part that nobody calls; give the nodes that cannot be judged then."""
    document = findings.document
    own = head(Findings(document))
    filling = Filling(
        labels=palette.labels, parameters=own.parameters, arguments=by_itself(own),
        site=None, findings=findings,
    )  # fmt: skip
    unknown = filling.unknown_forms(document.root)
    findings.turn_to(filling.filled(document.root))
    return frozenset(spoilt) | unknown


class _Joiner:
    """Goes down the calls."""

    def __init__(self, palette: Palette, finder: Finder) -> None:
        self._palette = palette
        self._finder = finder

    def join(self, leaf: Leaf) -> Joined:
        """Link a text, then enter each of its calls, then put all of them into one graph."""
        flow = leaf.findings.document.root.entries["flow"]
        calls = calls_of(flow, leaf.spoilt, leaf.findings)
        broken = {name for name, node in flow.entries.items() if "call" in node.entries}
        spoilt = frozenset(leaf.spoilt) | (broken - calls.keys())
        own = link(leaf.findings, self._palette, spoilt, calls.keys())
        judge_variables(own, leaf.findings)
        targets = {
            name: name not in own.sites or not own.sites[NodeId(name)].is_start
            for name in flow.entries
        }
        found = {name: self._enter(site, leaf, targets) for name, site in calls.items()}
        entered = {name: one for name, one in found.items() if one is not None}
        return _flat(leaf.names, own, flow.entries, entered, whole=len(entered) == len(calls))

    def _enter(self, call: Site, leaf: Leaf, targets: Mapping[str, bool]) -> Entered | None:
        calls = (*leaf.calls, call.value_spot("call"))
        part = self._finder.find(call, leaf.chain, calls, leaf.findings)
        if part is None or part.document is None:
            return None
        names = leaf.names
        prefix = f"{names.prefix}{call.id}."
        inside = self._bound_in(part, part.document, leaf, prefix=prefix, calls=calls)
        own = head(Findings(inside.document))
        arguments = link_arguments(call, own, leaf.findings)
        filling = Filling(
            labels=self._palette.labels, parameters=own.parameters, arguments=arguments,
            site=call, findings=leaf.findings,
        )  # fmt: skip
        inside.turn_to(filling.filled(inside.document.root))
        judge_head(inside.document.root, is_part=True, findings=inside)
        copy = Leaf(
            findings=inside,
            spoilt=part.spoilt | filling.unnamed(inside.document.root),
            names=Names(
                prefix=prefix,
                label=names.title(call),
                keys={name: names.of(key) for name, key in arguments.keys.items()},
            ),
            chain=(*leaf.chain, part.key),
            calls=calls,
        )
        inner = self.join(copy)
        judge_ends(inner.own, inside)
        leaf.findings.take(inside)
        return Entered(
            call=call, part=part.key, inner=inner, names=copy.names, arguments=arguments,
            ends=link_ends(
                call, inner.own, own.process, targets=targets, findings=leaf.findings
            ),
            outputs=link_handed(call, leaf.findings),
        )  # fmt: skip

    @staticmethod
    def _bound_in(
        part: Part, document: Document, leaf: Leaf, *, prefix: str, calls: Sequence[Spot]
    ) -> Findings:
        home = leaf.findings.document
        if not isinstance(home, Bound):
            raise AssertionError(part.key)
        volume = Volume(document=document, prefix=prefix, calls=calls)
        return leaf.findings.within(home.with_volume(volume))


# one graph --------------------------------------------------------------------------------------


def _flat(
    names: Names,
    own: Linked,
    order: Collection[str],
    entered: Mapping[str, Entered],
    *,
    whole: bool,
) -> Joined:
    """Put the nodes of a text and of the parts it calls into one graph, in the text's order."""
    starts = {name: one.inner.start for name, one in entered.items() if one.inner.start is not None}
    sites: dict[NodeId, Site] = {}
    calls: dict[NodeId, Called] = {}
    for name in order:
        if name in own.sites:
            site = names.site(own.sites[NodeId(name)], starts)
            sites[site.id] = site
        if name in entered:
            one = entered[name]
            sites |= {site.id: site for site in _copied(one, names, starts)}
            calls[names.node(name)] = Called(name=one.names.label, part=one.part)
            calls |= one.inner.calls
    return Joined(
        own=own,
        sites=sites,
        start=None if own.start is None else names.node(own.start),
        whole=whole and own.whole and all(one.is_whole for one in entered.values()),
        calls=calls,
    )


def _copied(entered: Entered, caller: Names, starts: Mapping[str, NodeId]) -> Iterator[Site]:
    """Give the nodes of a part: its Start takes what it is given, its Ends hand on and lead on."""
    inner, names = entered.inner, entered.names
    ends = {names.node(site.id): site.id for site in inner.own.sites.values() if site.is_end}
    for site in inner.sites.values():
        if site.id == inner.start:
            yield _taking(site, entered, caller)
        elif site.id in ends:
            edge = entered.ends.get(ends[site.id])
            yield _handing(site, entered, caller, edge and caller.edge(edge, starts))
        else:
            yield site


def _taking(site: Site, entered: Entered, caller: Names) -> Site:
    """Make a gateway of a part's Start that writes down what the part is given."""
    given = entered.arguments
    values = {
        entered.names.given(name): caller.value(value) for name, value in given.values.items()
    }
    promised = {entered.names.given(name): binding for name, binding in given.promised.items()}
    return replace(
        site, signature=None, inputs={}, slots={}, declared={}, outputs=tuple(values.items()),
        promised=promised,
    )  # fmt: skip


def _handing(site: Site, entered: Entered, caller: Names, edge: Edge | None) -> Site:
    """Make a gateway of a part's End that leads on, and writes what the call hands on."""
    edges = () if edge is None else (replace(edge, source=site.id),)
    outputs = tuple(
        (caller.of(name), _read_inside(value, entered.names, site.id))
        for name, value in entered.outputs
    )
    return replace(
        site, signature=None, inputs={}, slots={}, declared={}, result=None, edges=edges,
        conditions=(None,) * len(edges), outputs=outputs,
    )  # fmt: skip


def _read_inside(value: JsonValue | Formula, names: Names, end: NodeId) -> JsonValue | Formula:
    """Let an output read the part's names; each End judges it by itself."""
    if not isinstance(value, Formula):
        return value
    return replace(value, tree=names.tree(value.tree), key=f"{value.key}@{end}")
