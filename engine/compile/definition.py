"""From texts to a graph: read, shape, link, prove, build; and again for a stored bundle."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from msgspec.structs import replace

from engine.compile.building import build
from engine.compile.bundling import bundle_of, digest_of
from engine.compile.dataflow.spread import walk_order
from engine.compile.findings import Findings
from engine.compile.forms.form import FormReading, name_and_version, read_form
from engine.compile.linking.catalogue import Labels, newest, pinned
from engine.compile.linking.link import Palette
from engine.compile.linking.site import Linked
from engine.compile.parts.joining import LEFT_TO_CALLERS, link_all, opened
from engine.compile.proving.prove import Proved, prove, typed
from engine.compile.reading.document import Document, Source
from engine.compile.reading.yaml_text import read_yaml
from engine.compile.shape import shape_problems, spoilt_nodes
from engine.errors import ActivityMissing, UnknownBundle
from engine.model.definition import ActivityRef, Bundle, FormRef
from engine.model.graph import ProcessGraph
from engine.model.names import Digest
from engine.model.problem import Problem
from engine.model.signature import Signature


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Everything that was found; bundle and graph are None when any problem is an error.

    A part has a graph, to be drawn, and no bundle: nobody begins there.
    """

    problems: tuple[Problem, ...]
    is_part: bool = False
    bundle: Bundle | None = None
    graph: ProcessGraph | None = None


class Forms(Mapping[FormRef, FormReading]):
    """Forms by reference, each read when a node first shows it."""

    def __init__(self, sources: Mapping[str, Source]) -> None:
        """Take the texts by `<name>.v<version>`."""
        self._sources = {_ref(key): source for key, source in sources.items()}
        self._read: dict[FormRef, FormReading] = {}

    def __getitem__(self, ref: FormRef) -> FormReading:
        if ref not in self._read:
            self._read[ref] = read_form(self._sources[ref], ref.name, ref.version)
        return self._read[ref]

    def __iter__(self) -> Iterator[FormRef]:
        return iter(self._sources)

    def __len__(self) -> int:
        return len(self._sources)

    def __contains__(self, ref: object) -> bool:
        return ref in self._sources


def _ref(key: str) -> FormRef:
    name, version = name_and_version(key)
    return FormRef(name=name, version=version)


def check_definition(
    source: Source,
    signatures: Sequence[Signature],
    forms: Mapping[str, Source],
    parts: Mapping[str, Source] = MappingProxyType({}),
) -> Report:
    """Check a definition against the activities, forms and parts that are there, and compile it.

    Args:
        source: The YAML text.
        signatures: All that is installed; the newest version of each label is taken.
        forms: `<name>.v<version>` -> the JSON text. Only those that a node shows are read.
        parts: `<name>.v<version>` -> the YAML text (see `parts_among`). Only those that are called
            are read. One that is itself `source` is checked as far as that is possible.

    Returns:
        All problems by file and place. Without an error also the bundle to deploy, and its graph.
    """
    return _compile(source, newest(signatures), forms, parts)


def load(bundle: Bundle, signatures: Sequence[Signature]) -> ProcessGraph:
    """Compile a stored bundle again, with exactly the activity versions it was deployed with.

    What was proved when it was deployed is not proved again.

    Raises:
        ActivityMissing: One of them is not installed (`label`, `version`).
        UnknownBundle: The texts do not give the digest they are kept under (`digest`), or no
            longer compile.
    """
    if digest_of(bundle) != bundle.digest:
        raise UnknownBundle(digest=bundle.digest)
    chosen = pinned(signatures, bundle.activities)
    if isinstance(chosen, ActivityRef):
        raise ActivityMissing(label=chosen.label, version=chosen.version)
    source = Source(path=f"{bundle.process}.yaml", text=bundle.definition.encode())
    forms = {
        key: Source(path=f"{key}.json", text=text.encode()) for key, text in bundle.forms.items()
    }
    parts = {
        key: Source(path=f"{key}.yaml", text=text.encode()) for key, text in bundle.parts.items()
    }
    palette = Palette(labels=Labels(chosen), forms=Forms(forms))
    graph = _rebuilt(source, palette, parts, Digest(bundle.digest))
    if graph is None:
        raise UnknownBundle(digest=bundle.digest)
    return graph


def _rebuilt(
    source: Source, palette: Palette, parts: Mapping[str, Source], digest: Digest
) -> ProcessGraph | None:
    """Read, link and build once more; None for a text that cannot be linked or typed today."""
    document = read_yaml(source)
    if not isinstance(document, Document):
        return None
    findings = Findings(opened(document))
    wrong = shape_problems(document, "process-definition")
    if spoilt_nodes(document, wrong) is None or "title" not in document.root.entries:
        return None
    linked = link_all(findings, palette, (), parts)
    if not (linked.whole and linked.sound):
        return None
    reached = _reached(linked)
    known = typed(reached, findings)
    return None if findings.has_errors else build(known.linked, known.checks, known.steps, digest)


def _reached(linked: Linked) -> Linked:
    """Leave out the nodes that Start does not lead to: nobody ever enters them."""
    order = walk_order(linked)
    return replace(linked, sites={id: site for id, site in linked.sites.items() if id in order})


def _compile(
    source: Source,
    signatures: Sequence[Signature],
    forms: Mapping[str, Source],
    parts: Mapping[str, Source],
) -> Report:
    document = read_yaml(source)
    if not isinstance(document, Document):
        return Report(problems=document)
    wrong = shape_problems(document, "process-definition")
    spoilt = spoilt_nodes(document, wrong)
    if spoilt is None:
        return Report(problems=wrong)
    findings = Findings(opened(document))
    for problem in wrong:
        findings.keep(problem)
    palette = Palette(labels=Labels(signatures), forms=Forms(forms))
    linked = link_all(findings, palette, spoilt, parts)
    proved = prove(linked, findings)
    linked = proved.linked
    if linked.definition.type == "part":
        return _part(linked, proved, findings)
    if findings.has_errors:
        return Report(problems=findings.problems)
    bundle = bundle_of(linked, source, forms, parts)
    graph = build(linked, proved.checks, proved.steps, Digest(bundle.digest))
    return Report(problems=findings.problems, bundle=bundle, graph=graph)


def _part(linked: Linked, proved: Proved, findings: Findings) -> Report:
    """Finish a part that is checked by itself: what only callers can answer is left to them."""
    findings.leave_out(LEFT_TO_CALLERS)
    graph = None
    if linked.whole and not findings.has_errors:
        graph = build(linked, proved.checks, proved.steps, Digest(""))
    return Report(problems=findings.problems, is_part=True, graph=graph)
