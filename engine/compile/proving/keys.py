"""Keys: written, and in a state the activity takes, on every path before they are read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property

from engine.compile.dataflow.endings import check_name
from engine.compile.dataflow.scope import Names
from engine.compile.dataflow.state import Held, State
from engine.compile.findings import Findings
from engine.compile.linking.site import Formula, Linked, Site
from engine.compile.proving.formulas import Checks
from engine.expressions import Secret
from engine.expressions.types import hides_secret
from engine.model.names import NodeId
from engine.model.signature import CheckUse, KeyUse


def prove_names(linked: Linked, names: Names, findings: Findings) -> None:
    """Note names that are a key and a variable, and outputs that would write a secret."""
    keys, variables = names.keys, names.variables
    for name in sorted(keys.keys() & variables.keys()):
        site, other = variables[name], keys[name]
        findings.add(
            "P118", _written(site, name), f"`{name}` is a variable here and a key elsewhere",
            "give one of them another name", key=site.path(), also=[other.spot],
        )  # fmt: skip
    for site in linked.sites.values():
        for output in site.signature.outputs if site.signature else ():
            if isinstance(hides_secret(output.type), Secret) and not output.link:
                findings.add(
                    "P120", site.value_spot("activity"),
                    f"{site.name_of_activity} would write a secret to `{output.variable}`",
                    "use an activity that hands secrets on by a key", key=site.path("activity"),
                )  # fmt: skip


def _written(site: Site, name: str) -> tuple[int, int]:
    """Give the place where a node names a variable."""
    return site.spot_of("outputs", name) if site.written.entries.get("outputs") else site.spot


def prove_keys(
    linked: Linked, states: Mapping[NodeId, State], checks: Checks, findings: Findings
) -> bool:
    """Note keys that are not there, or not ready, and checks that are settled unopened.

    Returns:
        Whether all keys are right.
    """
    wrong: set[str] = set()
    sources = _Sources(linked, states)
    for node, state in states.items():
        site = linked.sites[node]
        for use in site.signature.keys if site.signature else ():
            slot = site.slots.get(use.input)
            if slot is None or not use.reads:
                continue
            is_written = _is_written(site, use, slot, state, findings)
            if not (is_written and _is_fit(site, use, state, sources, findings)):
                wrong.add(slot)
    for node, state in states.items():
        site = linked.sites[node]
        _settled(site, state, wrong, findings)
        _grouped(site, state, checks, findings, wrong=wrong)
    return not wrong


def _is_written(site: Site, use: KeyUse, slot: str, state: State, findings: Findings) -> bool:
    known = state.slots.get(slot)
    if known is not None and known.always:
        return True
    said = "no path to here writes" if known is None else "not every path to here writes"
    findings.add(
        "P105", site.value_spot("inputs", use.input), f"{said} the key `{slot}`",
        "put an activity that writes it before this one, on every path",
        key=site.path("inputs", use.input),
        nearest=findings.nearest(slot, _other_slots(state, slot)),
    )  # fmt: skip
    return False


def _is_fit(site: Site, use: KeyUse, state: State, sources: _Sources, findings: Findings) -> bool:
    slot = site.slots[use.input]
    held = state.slots[slot].held
    unfit = sorted({_describe(one) for one in held if not _takes(use, one)})
    if not unfit:
        return True
    source = sources.of(site, use)
    remedy = f"{site.name_of_activity} takes {_wanted(use)}"
    if source is not None:
        remedy += f": lead that path through `{source.id}` first, which leaves it so"
    findings.add(
        "P106", site.value_spot("inputs", use.input),
        f"on some path the key `{slot}` is {' or '.join(unfit)}", remedy,
        key=site.path("inputs", use.input),
    )  # fmt: skip
    return False


class _Sources:
    """Which nodes bring a key into which state, worked out when it is first asked for.

    Of those that leave the same in the same key two are kept: one of them is another node.
    """

    def __init__(self, linked: Linked, states: Mapping[NodeId, State]) -> None:
        self._linked = linked
        self._states = states

    def of(self, site: Site, use: KeyUse) -> Site | None:
        """Find a node that brings a key into a state in which another node takes it."""
        brought = self._brought.get(site.slots[use.input], {})
        fit = (other for held, sites in brought.items() if _takes(use, held) for other in sites)
        return min((s for s in fit if s.id != site.id), key=lambda s: s.spot, default=None)

    @cached_property
    def _brought(self) -> Mapping[str, Mapping[Held, list[Site]]]:
        found: dict[str, dict[Held, list[Site]]] = {}
        for site in self._linked.sites.values():
            for slot, held in _brings(site, self._states):
                sites = found.setdefault(slot, {}).setdefault(held, [])
                if len(sites) < 2 and (not sites or sites[0] is not site):
                    sites.append(site)
        return found


def _brings(site: Site, states: Mapping[NodeId, State]) -> Iterator[tuple[str, Held]]:
    """Give what a node's ordinary ending may leave, and in which key."""
    signature = site.signature
    for other in signature.keys if signature else ():
        slot = site.slots.get(other.input)
        if other.after and slot is not None:
            carried = tuple((component, site.id) for component in other.carries)
            yield slot, Held(type=other.type, state=other.after, carried=carried)
    promotion = signature.promotes if signature else None
    if promotion is None or site.id not in states:
        return
    through = states[site.id].slots.get(site.slots.get(promotion.through, ""))
    for held in through.held if through else ():
        slot = dict(held.links).get(promotion.link)
        if slot is not None:
            yield slot, Held(type=promotion.type, state=promotion.state)


def _other_slots(state: State, but: str) -> Iterator[str]:
    return (name for name, slot in state.slots.items() if slot.always and name != but)


def _takes(use: KeyUse, held: Held) -> bool:
    is_fit = held.type in use.reads and (not use.before or held.state in use.before)
    return is_fit and dict(held.carried).keys() >= set(use.takes)


def _describe(held: Held) -> str:
    return f"a {held.type} in the state {held.state}"


def _wanted(use: KeyUse) -> str:
    types = " or ".join(sorted(use.reads))
    states = " or ".join(sorted(use.before))
    named = " and ".join(f"`{component}`" for component in use.takes)
    secret = f", with the secret {named}" if use.takes else ""
    return (f"{types} in the state {states}" if states else types) + secret


def _settled(site: Site, state: State, wrong: set[str], findings: Findings) -> None:
    name = check_name(site, settles=True)
    use: CheckUse | None = site.signature.settles if site.signature else None
    if use is None or name is None or name in state.opened:
        return
    if site.slots.get(use.key) in wrong:
        return
    findings.add(
        "P107", site.spot_of("check"), f"not every path to here opens the check `{name}`",
        "open it before, with the same key and the same `check:` name", key=site.path("check"),
    )  # fmt: skip


def _grouped(
    site: Site, state: State, checks: Checks, findings: Findings, *, wrong: set[str]
) -> None:
    for group in site.signature.one_of if site.signature else ():
        if any(_is_usable(site, name, state, checks) for name in group):
            continue
        if not wrong.isdisjoint(site.slots.get(name, "") for name in group):
            continue
        findings.add(
            "P119", site.spot_of("inputs"),
            f"{site.name_of_activity} needs one of: {', '.join(group)}",
            "give one of them that is always there, or write the key on every path before",
            key=site.path("inputs"),
        )  # fmt: skip


def _is_usable(site: Site, name: str, state: State, checks: Checks) -> bool:
    """Say whether an input is there on every path; a wrong expression is told already."""
    if name in site.slots:
        slot = state.slots.get(site.slots[name])
        return slot is not None and slot.always
    value = site.inputs.get(name)
    if not isinstance(value, Formula):
        return value is not None
    checked = checks.get(value.key)
    return checked is None or not (checked.may_be_absent and checked.missable)
