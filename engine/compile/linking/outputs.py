"""What a node writes into process variables: declared outputs, renamed ones, further ones."""

from __future__ import annotations

from collections.abc import Mapping

from engine.compile.findings import Findings
from engine.compile.linking.inputs import RESERVED, formula
from engine.compile.linking.site import Formula, Site
from engine.compile.reading.document import Written
from engine.expressions import reads
from engine.model.names import JsonValue
from engine.model.signature import Signature

Outputs = tuple[tuple[str, JsonValue | Formula], ...]
"""(variable, value or expression), in order."""


def link_outputs(
    site: Site, signature: Signature, findings: Findings
) -> tuple[Mapping[str, str], Outputs]:
    """Link `outputs:` to the variables of declared outputs, and further ones.

    `verdict: "${decision}"`, where `decision` is a declared output, gives that output another
    variable; everything else is a further one, written after them.
    """
    declared = {output.name: output.variable for output in signature.outputs}
    further: list[tuple[str, JsonValue | Formula]] = []
    block = site.written.entries.get("outputs")
    for name, written in (block.entries if block else {}).items():
        if name in RESERVED:
            spot = site.spot_of("outputs", name)
            message = f"`{name}` is written by the engine itself"
            findings.add("L116", spot, message, "use another name", key=site.path("outputs", name))
            continue
        value = _value(site, name, written, findings)
        local = _renamed(value, signature)
        if local is not None:
            declared[local] = name
        elif value is not None:
            further.append((name, value))
    return declared, tuple(further)


def _value(site: Site, name: str, written: Written, findings: Findings) -> JsonValue | Formula:
    """Link one value; None where it is wrong."""
    key = site.path("outputs", name)
    if written.value is None:
        message = "this output has no value"
        findings.add("L112", written.spot, message, "write a value or an expression", key=key)
        return None
    if isinstance(written.value, str) and "${" in written.value:
        return formula(written, key, findings)
    return written.value


def _renamed(value: JsonValue | Formula, signature: Signature) -> str | None:
    """Give the declared output that an expression is nothing but the name of."""
    if not isinstance(value, Formula) or not value.is_whole:
        return None
    paths = reads(value.tree)
    names = {output.name for output in signature.outputs}
    if len(paths) == 1 and len(paths[0].segments) == 1 and paths[0].segments[0] in names:
        is_bare = value.tree.root.span == (paths[0].offset, paths[0].length)
        return str(paths[0].segments[0]) if is_bare else None
    return None
