"""The ways out of one node: next, error events, timer, buttons; each to a node that is there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from msgspec import Struct

from engine.compile.durations import duration
from engine.compile.findings import Findings
from engine.compile.linking.inputs import formula
from engine.compile.linking.site import Button, Edge, EdgeKind, Formula, Site, Timer
from engine.compile.reading.document import Written
from engine.expressions import BOOLEAN
from engine.model.names import NodeId
from engine.model.signature import Signature

Targets = Mapping[str, bool]
"""Every node's name -> whether a way may lead there."""
_LIMIT = 10
_ONLY_ACTIVITIES = ("inputs", "errors", "timeout", "actions", "check", "result", "outputs")


class Ways(Struct, frozen=True, gc=False, kw_only=True):
    """The ways out of one node, as `Site` keeps them."""

    edges: tuple[Edge, ...]
    conditions: tuple[Formula | None, ...]
    timer: Timer | None
    buttons: Mapping[str, Button]


def link_ways(site: Site, targets: Targets, findings: Findings) -> Ways:
    """Link every way out of a node, and see that each part of it means something there."""
    _misplaced(site, findings)
    _error_codes(site, findings)
    edges, conditions = _next(site, targets, findings)
    for code, written in _entries(site, "errors"):
        edges += link_edge(site, written, targets, findings, kind="error", name=code)
    timer = site.written.entries.get("timeout")
    if timer is not None:
        edges += link_edge(site, timer.entries["to"], targets, findings, kind="timeout")
    buttons = {}
    for name, written in _entries(site, "actions"):
        target = written.entries.get("to", written)
        edges += link_edge(site, target, targets, findings, kind="action", name=name)
        buttons[name] = Button(limit=_whole(written.entries.get("limit")), label=None)
    return Ways(
        edges=tuple(edges),
        conditions=tuple(conditions),
        timer=_timer(timer) if timer else None,
        buttons=buttons,
    )


def _entries(site: Site, key: str) -> Iterator[tuple[str, Written]]:
    written = site.written.entries.get(key)
    return iter(written.entries.items()) if written else iter(())


def _whole(limit: Written | None) -> int:
    value = limit.value if limit else _LIMIT
    return int(value) if isinstance(value, int | float) else _LIMIT


def _timer(written: Written) -> Timer:
    extendable = written.entries.get("extendable")
    return Timer(
        after=duration(str(written.entries["after"].value)),
        extendable=extendable is None or extendable.value is True,
    )


def _misplaced(site: Site, findings: Findings) -> None:
    for key, reason in _idle(site):
        if key in site.written.keys:
            findings.add(
                "L109", site.written.keys[key], f"`{key}` means nothing here: {reason}",
                "remove it", key=site.path(key),
            )  # fmt: skip
    if not site.is_end and "next" not in site.written.keys:
        message = "this node leads nowhere"
        findings.add("L110", site.spot, message, "write `next:` and a node", key=site.path("next"))


def _idle(site: Site) -> Iterator[tuple[str, str]]:
    signature = site.signature
    if signature is None:
        yield from ((key, "a gateway only has ways on") for key in _ONLY_ACTIVITIES)
        return
    if not _waits(site, signature):
        yield from ((key, "the node never waits") for key in ("timeout", "actions"))
    elif not site.is_page:
        yield "actions", "the node shows no page of its own"
    if site.is_end:
        yield "next", "an instance is over here"
    else:
        yield "result", "only an End has a result"
    if signature.opens is None and signature.settles is None:
        yield "check", "the activity opens and settles no check"


def _waits(site: Site, signature: Signature) -> bool:
    """Whether the instance stands still here, as far as is written; its inputs are linked later."""
    written = site.written.entries.get("inputs")
    given = {name: one.value for name, one in (written.entries if written else {}).items()}
    return signature.waits({one.name: one.default for one in signature.inputs} | given)


def _error_codes(site: Site, findings: Findings) -> None:
    signature = site.signature
    if signature is None:
        return
    known = {event.code for event in signature.errors}
    handled = site.written.entries.get("errors")
    codes = handled.keys if handled else {}
    slips: set[str | None] = set()
    for code, spot in codes.items():
        if code not in known:
            near = findings.nearest(code, known)
            slips.add(near)
            findings.add(
                "L105", spot, f"{signature.label} raises no error event `{code}`",
                "it raises: " + (", ".join(sorted(known)) or "none at all"),
                key=site.path("errors", code), nearest=near,
            )  # fmt: skip
    for event in signature.errors:
        is_demanded = event.demanded and not event.on_loop_only
        if is_demanded and event.code not in codes and event.code not in slips:
            missing_edge(site, event.code, findings)


def missing_edge(site: Site, code: str, findings: Findings) -> None:
    """Say that a demanded error event has no edge."""
    findings.add(
        "L106", site.spot_of("errors"),
        f"{site.name_of_activity} asks for an edge for its error event `{code}`",
        f"write `{code}:` and a node under errors", key=site.path("errors", code),
    )  # fmt: skip


def link_edge(
    site: Site, target: Written, targets: Targets, findings: Findings, *,
    kind: EdgeKind, name: str = "", position: int = 0,
) -> list[Edge]:  # fmt: skip
    """Make one edge; none, and a problem, where it leads to no node."""
    wanted = str(target.value)
    if not targets.get(wanted, False):
        others = (other for other, is_open in targets.items() if is_open)
        said = "no way leads back to Start" if wanted in targets else f"there is no node `{wanted}`"
        near = None if wanted in targets else findings.nearest(wanted, others)
        findings.add("L102", target.spot, said, "name a node of this flow", nearest=near,
                     key=site.path(kind))  # fmt: skip
        return []
    return [
        Edge(source=site.id, target=NodeId(wanted), kind=kind, spot=target.spot, name=name,
             position=position)
    ]  # fmt: skip


def _next(
    site: Site, targets: Targets, findings: Findings
) -> tuple[list[Edge], list[Formula | None]]:
    written = site.written.entries.get("next")
    if written is None or site.is_end:
        return [], []
    if not isinstance(written.value, list):
        return link_edge(site, written, targets, findings, kind="next"), [None]
    edges: list[Edge] = []
    conditions: list[Formula | None] = []
    for position, way in enumerate(written.items):
        to = way.entries["to"]
        edges += link_edge(site, to, targets, findings, kind="next", position=position)
        is_last = position == len(written.items) - 1
        conditions.append(_condition(site, way, position, findings, is_last=is_last))
    return edges, conditions


def _condition(
    site: Site, way: Written, position: int, findings: Findings, *, is_last: bool
) -> Formula | None:
    when = way.entries.get("when")
    key = site.path("next", str(position), "when")
    if when is None:
        if not is_last:
            message = "ways behind one without a condition are never taken"
            findings.add("P104", way.spot, message, "put it last, or write `when:`", key=key)
        return None
    if is_last:
        message = "the last way has a condition, so that there may be no way on"
        remedy = "close the list with `- to:` and a node, without `when:`"
        findings.add("P103", when.spot, message, remedy, key=key)
    is_plain = "${" not in str(when.value)
    found = None if is_plain else formula(when, key, findings, expected=BOOLEAN)
    if found is None or not found.is_whole:
        if is_plain or found is not None:
            message = "this condition is not one `${...}`"
            findings.add("X119", when.spot, message, 'write "${...}"', key=key)
        return None
    return found
