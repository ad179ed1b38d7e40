"""The part that a call names: there, in that version, readable, within the limits, no circle."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from msgspec import structs

from engine.compile.findings import Findings
from engine.compile.linking.site import Site
from engine.compile.parts.heads import part_key
from engine.compile.parts.volumes import Bound, counted
from engine.compile.reading.document import LARGEST_TEXT_BYTES, Document, Source, Spot
from engine.compile.reading.yaml_text import MOST_NODES, read_yaml
from engine.compile.shape import shape_problems, spoilt_nodes
from engine.model.problem import Problem

DEEPEST = 4
"""Calls of calls: what lies deeper cannot be followed any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A part as it was read.

    Attributes:
        wrong: Problems of its text and shape.
        document: None where it cannot be used at all.
        spoilt: Nodes whose own shape is wrong.
        size: Values in it.
    """

    key: str
    wrong: tuple[Problem, ...]
    document: Document | None = None
    spoilt: frozenset[str] = frozenset()
    size: int = 0


@dataclass(slots=True)
class Finder:
    """Reads each part once, and adds up what is copied in."""

    sources: Mapping[str, Source]
    _read: dict[str, Part] = field(default_factory=dict)
    _values: int = 0
    _bytes: int = 0

    def begin(self, document: Document) -> None:
        """Take the definition itself, which counts as well."""
        self._values = counted(document.root)
        self._bytes = len(document.text.encode())

    def find(self, call: Site, chain: Sequence[str], calls: Sequence[Spot], findings: Findings) -> (
        Part | None
    ):  # fmt: skip
        """Find the part of a call; None, and a problem, where it cannot be copied in.

        Args:
            call: The node that calls.
            chain: The texts that lead here, as `<name>.v<version>`, the outermost first.
            calls: Where they call one another, this call the last.
            findings: Of the text that the call is in.
        """
        name, version = call.written.entries["call"], call.written.entries["version"]
        key = part_key(str(name.value), int(float(str(version.value))))
        if key not in self.sources:
            self._unknown(call, findings)
            return None
        if not _leads_on(call, key, chain, findings):
            return None
        part = self._part(key)
        document = findings.document
        led = document.led(calls) if isinstance(document, Bound) else ()
        for problem in part.wrong:
            findings.keep(structs.replace(problem, also=(*problem.also, *led)))
        return part if part.document is not None and self._fits(call, part, findings) else None

    def _unknown(self, call: Site, findings: Findings) -> None:
        name, version = call.written.entries["call"], call.written.entries["version"]
        names = [tuple(key.rsplit(".v", 1)) for key in self.sources]
        versions = sorted(int(other[1]) for other in names if other[0] == name.value)
        if versions:
            findings.add(
                "C102", version.spot, f"there is no version {version.value} of `{name.value}`",
                "there are: " + ", ".join(map(str, versions)), key=call.path("version"),
            )  # fmt: skip
            return
        near = findings.nearest(str(name.value), dict.fromkeys(other[0] for other in names))
        findings.add(
            "C101", name.spot, f"there is no part `{name.value}`",
            f"put a definition with `process: {name.value}` and `type: part` beside this one",
            nearest=near, key=call.path("call"),
        )  # fmt: skip

    def _part(self, key: str) -> Part:
        if key not in self._read:
            self._read[key] = _read(key, self.sources[key])
        return self._read[key]

    def _fits(self, call: Site, part: Part, findings: Findings) -> bool:
        """Count a copy; say whether all together still keeps the limits of one text."""
        self._values += part.size
        self._bytes += len(self.sources[part.key].text)
        if self._values <= MOST_NODES and self._bytes <= LARGEST_TEXT_BYTES:
            return True
        findings.add(
            "C111", call.value_spot("call"),
            f"with this copy there are more than {MOST_NODES:,} values or "
            f"{LARGEST_TEXT_BYTES // 1024} KiB", "call fewer parts, or shorter ones",
            key=call.path("call"),
        )  # fmt: skip
        return False


def _leads_on(call: Site, key: str, chain: Sequence[str], findings: Findings) -> bool:
    spot, path = call.value_spot("call"), call.path("call")
    if key in chain:
        around = " -> ".join((*chain[chain.index(key) :], key))
        message = f"this call closes a circle: {around}"
        findings.add("C108", spot, message, "lead the way back by an End", key=path)
        return False
    if len(chain) > DEEPEST:
        message = f"this call lies more than {DEEPEST} calls deep"
        findings.add("C109", spot, message, "call it further out", key=path)
        return False
    return True


def _read(key: str, source: Source) -> Part:
    document = read_yaml(source)
    if not isinstance(document, Document):
        return Part(key=key, wrong=document)
    wrong = shape_problems(document, "process-definition")
    spoilt = spoilt_nodes(document, wrong)
    if spoilt is None:
        return Part(key=key, wrong=wrong)
    size = counted(document.root)
    return Part(key=key, wrong=wrong, document=document, spoilt=spoilt, size=size)
