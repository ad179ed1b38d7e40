"""What a call says by itself; and the words of calls and parts that mean nothing elsewhere."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from engine.compile.dataflow.scope import cleared, counted
from engine.compile.findings import Findings
from engine.compile.linking.outputs import Outputs, link_outputs
from engine.compile.linking.site import Edge, Linked, Site
from engine.compile.linking.ways import Targets, link_edge
from engine.compile.reading.document import Spot, Written
from engine.model.names import NodeId
from engine.model.signature import Signature

_OF_CALLS = ("version", "with", "ends")
_OF_NODES = ("inputs", "next", "errors", "timeout", "actions", "check", "result")
_OF_JOURNEYS = ("maxDuration", "retention")
_CALL = Signature(label="a call", version=1, kind="pure")
"""What `outputs:` of a call are linked against: it has no outputs of its own."""


def calls_of(flow: Written, spoilt: Collection[str], findings: Findings) -> Mapping[str, Site]:
    """Give every call of a flow that can be followed, and note words in a wrong place."""
    found: dict[str, Site] = {}
    for name, written in flow.entries.items():
        if name in spoilt:
            continue
        site = _site(name, written, flow.keys[name])
        is_call = "call" in written.entries
        for word, reason in _idle_words(is_call=is_call):
            if word in written.keys:
                _means_nothing(site, word, reason, findings)
        if is_call and _is_complete(site, findings):
            found[name] = site
    return found


def is_called(flow: Written) -> bool:
    """Say whether any node is a call, or uses the words of one."""
    words = {"call", *_OF_CALLS}
    return any(not words.isdisjoint(node.entries) for node in flow.entries.values())


def _site(name: str, written: Written, spot: Spot) -> Site:
    called = written.entries.get("name")
    text = str(called.value) if called else name
    return Site(id=NodeId(name), spot=spot, written=written, name=text, signature=None)


def _idle_words(*, is_call: bool) -> Iterator[tuple[str, str]]:
    if is_call:
        yield from ((word, "a call gives by `with:` and leads on by `ends:`") for word in _OF_NODES)
    else:
        yield from ((word, "only a call has it") for word in _OF_CALLS)


def _means_nothing(site: Site, word: str, reason: str, findings: Findings) -> None:
    findings.add(
        "C110", site.written.keys[word], f"`{word}` means nothing here: {reason}", "remove it",
        key=site.path(word),
    )  # fmt: skip


def _is_complete(site: Site, findings: Findings) -> bool:
    if "version" in site.written.keys:
        return True
    findings.add(
        "C102", site.spot_of("call"), "this call does not say which version of the part it means",
        "write `version:`", key=site.path("version"),
    )  # fmt: skip
    return False


def judge_head(root: Written, *, is_part: bool, findings: Findings) -> None:
    """Note what only parts, or only journeys, can say about themselves."""
    if is_part:
        for word in _OF_JOURNEYS:
            if word in root.keys:
                message = f"`{word}` means nothing in a part: its callers say it"
                findings.add("C110", root.keys[word], message, "remove it", key=word)
        return
    declared = root.entries.get("parameters")
    for name, parameter in declared.entries.items() if declared else ():
        kind = parameter.entries.get("type")
        if kind is not None and kind.value == "key":
            findings.add(
                "C110", kind.spot, "`key` means nothing here: a token carries no keys",
                "write another type, or `type: part` at the top", key=f"parameters.{name}.type",
            )  # fmt: skip


def judge_variables(linked: Linked, findings: Findings) -> None:
    """Note counters and cleared variables that could only be those of a copy."""
    for site in linked.sites.values():
        if any("." in name for name in (*counted(site), *cleared(site))):
            findings.add(
                "C110", site.spot_of("inputs"), "only the copies of parts have names with a dot",
                "write the name of a variable of this definition", key=site.path("inputs"),
            )  # fmt: skip


def judge_ends(linked: Linked, findings: Findings) -> None:
    """Note Ends of a part that would end the journey in some way of their own."""
    for site in linked.sites.values():
        if site.is_end and "result" in site.written.keys:
            _means_nothing(site, "result", "the caller's own End says it", findings)


def link_ends(
    call: Site, part: Linked, process: str, *, targets: Targets, findings: Findings
) -> Mapping[str, Edge]:
    """Lead every End of a part to a node of the caller."""
    ends = [site.id for site in part.sites.values() if site.is_end]
    block = call.written.entries.get("ends")
    written = block.entries if block else {}
    slips = set()
    for name in written:
        if name in ends or (name not in part.sites and not part.whole):
            continue
        near = findings.nearest(name, ends)
        slips.add(near)
        findings.add(
            "C106", call.spot_of("ends", name), f"the part `{process}` has no End `{name}`",
            "its Ends are: " + ", ".join(ends), nearest=near, key=call.path("ends", name),
        )  # fmt: skip
    for end in ends:
        if end not in written and end not in slips:
            findings.add(
                "C107", call.spot_of("ends"), f"the End `{end}` of `{process}` leads nowhere",
                f"write `{end}:` and a node under ends", key=call.path("ends", end),
            )  # fmt: skip
    found = {}
    for name, target in written.items():
        for edge in link_edge(call, target, targets, findings, kind="next"):
            found[name] = edge
    return found


def link_handed(call: Site, findings: Findings) -> Outputs:
    """Link what a call hands on of its part: `outputs:`, read by the names of the part."""
    return link_outputs(call, _CALL, findings)[1]
