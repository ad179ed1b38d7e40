"""What every ending of a node leaves behind (design 4.2): success, error event, timer, button."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from engine.compile.dataflow.choice import answers_read, readings_of
from engine.compile.dataflow.scope import Scopes, answer_key, cleared, counted
from engine.compile.dataflow.state import Held, Slot, State, either, join
from engine.compile.forms.form import FormReading
from engine.compile.linking.literals import type_of
from engine.compile.linking.site import Edge, Formula, Site
from engine.expressions import (
    DYNAMIC,
    INTEGER,
    STRING,
    Binding,
    Checked,
    EnumOf,
    Environment,
    ExpressionProblem,
    Member,
    Record,
    Type,
    check,
)
from engine.model.names import NodeId
from engine.model.signature import Decides, KeyUse, Promotion, Signature


def check_name(site: Site, *, settles: bool) -> str | None:
    """Name the check that a node opens or settles: its own `check:`, else by attempt."""
    signature = site.signature
    use = signature and (signature.settles if settles else signature.opens)
    if not use:
        return None
    return use.filed_under(site.slots, site.check)


Judged: TypeAlias = Checked | tuple[ExpressionProblem, ...]


class Completion(Struct, frozen=True, gc=False, kw_only=True):
    """A node's ordinary ending: the state before and after it, and its `outputs:`, checked.

    `scope` is what these may read.
    """

    before: State
    after: State
    checks: Mapping[str, Judged] = {}
    scope: Environment = {}


class Endings:
    """Gives the state behind each way out of a node, from the state in which it was entered."""

    def __init__(self, scopes: Scopes, shared: frozenset[str]) -> None:
        """Take where expressions look, and the form data keys that several nodes share."""
        self._scopes = scopes
        self._shared = shared
        self._known: dict[NodeId, Completion] = {}

    def behind(self, site: Site, edge: Edge, before: State) -> State:
        """Give the state at the end of one edge."""
        if site.signature is None:
            return self.onward(site, before)
        if edge.kind == "action":
            return _shown(site, before)
        if edge.kind == "timeout":
            return _timed_out(site, site.signature, _shown(site, before))
        if edge.kind == "error":
            return failed(site, site.signature, edge.name, before)
        return self.onward(site, before)

    def onward(self, site: Site, before: State) -> State:
        """Give the state in which `next` is judged: success, or an error event without an edge.

        An event of loops alone has its edge there, and does not happen elsewhere.
        """
        signature = site.signature
        if signature is None:
            return self.done(site, before) if site.outputs or site.promised else before
        state = self.done(site, before)
        handled = {edge.name for edge in site.edges_of("error")}
        for event in signature.errors:
            if event.code not in handled and not event.on_loop_only:
                state = join(state, _passed_over(site, signature, event.code, before))
        return state

    def done(self, site: Site, before: State) -> State:
        """Give the state after the ordinary ending, with all outputs written."""
        return self.outputs(site, before).after

    def outputs(self, site: Site, before: State) -> Completion:
        """Write a node's `outputs:`, which may read its declared outputs by their own names too.

        Worked out once for the state that the node is entered in: it is asked for again when
        its expressions are checked.
        """
        known = self._known.get(site.id)
        if known is None or known.before is not before:
            known = self._known[site.id] = self._write(site, before)
        return known

    def _write(self, site: Site, before: State) -> Completion:
        completed = self._completed(site, before)
        if not (site.outputs or site.promised):
            return Completion(before=before, after=completed)
        declared = site.signature.outputs if site.signature else ()
        local = {
            output.name: Binding(output.type, "always" if output.always else "maybe")
            for output in declared
        }
        scope = self._scopes.at(completed, local)
        checks: dict[str, Judged] = {}
        variables = dict(completed.variables)
        for name, value in site.outputs:
            if isinstance(value, Formula):
                judged = checks[value.key] = check(
                    value.tree, scope, value.expected,
                    may_be_absent=value.optional, search=_no_search,
                )  # fmt: skip
                type_ = judged.type if isinstance(judged, Checked) else DYNAMIC
            else:
                type_ = type_of(value)
            variables[name] = Binding(type_)
        after = replace(completed, variables={**variables, **site.promised})
        return Completion(before=before, after=after, checks=checks, scope=scope)

    def _completed(self, site: Site, before: State) -> State:
        """Give the state after the ordinary ending, before the node's own `outputs:`."""
        signature = site.signature
        if signature is None:
            return before
        slots = _keys(site, signature, before.slots, None)
        if signature.promotes is not None:
            slots = _promoted(site, signature.promotes, slots)
        opened = check_name(site, settles=False)
        known = _without_answers(site, before)
        form, scope = site.form, self._scopes.at(before)
        readings = readings_of(site, form, scope) if form is not None else ()
        answers, askers = self._answered(site, known, readings)
        return State(
            slots=slots,
            variables=_variables(site, signature, before.variables),
            answers=answers,
            askers=askers,
            passing=_passing(site, known, readings),
            opened=before.opened | {opened} if opened else before.opened,
            checked=before.checked or opened is not None,
            judged=before.judged or opened is not None or signature.decides is not None,
        )

    def _answered(
        self, site: Site, before: State, readings: Sequence[FormReading]
    ) -> tuple[Mapping[str, Member], Mapping[str, frozenset[NodeId]]]:
        """Give the answers with those of the form that a node shows, and who asked for them."""
        name = answer_key(site)
        if name is None or not readings:
            return before.answers, before.askers
        answers = {**before.answers, name: Member(_record(site, answers_read(readings)))}
        if name not in self._shared:
            return answers, before.askers
        askers = before.askers.get(name, frozenset()) | {site.id}
        return answers, {**before.askers, name: askers}


def _no_search(name: str, known: Collection[str]) -> None:
    """Look for no other name: nobody is told of problems while states spread."""


def failed(site: Site, signature: Signature, code: str, before: State) -> State:
    """Give the state at the end of an error event's edge.

    One that fails files a failed check, so that no path behind it is unchecked.
    """
    fails = any(event.code == code and event.fails for event in signature.errors)
    told = {"errorCode": Binding(EnumOf((code,))), "errorMessage": Binding(STRING)}
    return replace(
        before,
        slots=_keys(site, signature, before.slots, code),
        variables={**before.variables, **told},
        checked=before.checked or fails,
        judged=before.judged or fails,
    )


def _passed_over(site: Site, signature: Signature, code: str, before: State) -> State:
    """Give the state after an error event without an edge; its code may be an earlier one's."""
    after = failed(site, signature, code, before)
    told = dict(after.variables)
    for name in ("errorCode", "errorMessage"):
        earlier = before.variables.get(name)
        told[name] = either(told[name], earlier or Binding(told[name].type, "maybe"))
    return replace(after, variables=told)


def _shown(site: Site, before: State) -> State:
    """Give the state of a page that was shown and not answered: the check that it opens is open."""
    opened = check_name(site, settles=False)
    if opened is None:
        return before
    return replace(before, opened=before.opened | {opened}, checked=True, judged=True)


def _timed_out(site: Site, signature: Signature, before: State) -> State:
    changed: dict[str, Slot] = {}
    for use in signature.keys:
        name = site.slots.get(use.input)
        if use.on_timeout is not None and name is not None:
            slot = changed.get(name, before.slots.get(name))
            changed[name] = _written(site, use, slot, use.on_timeout, carries=False)
    return replace(before, slots={**before.slots, **changed}) if changed else before


def _keys(
    site: Site, signature: Signature, before: Mapping[str, Slot], code: str | None
) -> Mapping[str, Slot]:
    slots = dict(before)
    for use in signature.keys:
        name = site.slots[use.input]
        after = use.after if code is None else use.on.get(code, use.after)
        slot = slots.get(name)
        if after:
            slot = _written(site, use, slot, after, carries=after == use.after)
        if slot is not None:
            slots[name] = _taken(use, slot)
    return slots


def _written(site: Site, use: KeyUse, slot: Slot | None, after: str, *, carries: bool) -> Slot:
    """Put a slot into a state; what an activity reads it goes on from, else it begins anew."""
    fresh = Held(type=use.type, state=after)
    earlier = slot.held if slot is not None and use.reads else frozenset({fresh})
    links = tuple((link, site.slots[link]) for link in use.links if link in site.slots)
    held = set()
    for one in earlier:
        kept = one.members if one.type == use.type else ()
        now = replace(
            one, type=use.type, state=after, links=links or one.links,
            members=tuple(use.members.items()) or kept,
        )  # fmt: skip
        if use.carries and carries:
            now = replace(now, carried=_carried(now, use.carries, site.id))
        held.add(now)
    return Slot(held=frozenset(held), always=True)


def _carried(
    held: Held, components: tuple[str, ...], carrier: NodeId
) -> tuple[tuple[str, NodeId], ...]:
    """Put secrets to those that are there already; one that is asked for again is the new one."""
    return tuple(sorted({**dict(held.carried), **dict.fromkeys(components, carrier)}.items()))


def _taken(use: KeyUse, slot: Slot) -> Slot:
    """Drop the secrets that the activity takes, whatever the ending."""
    if not use.takes:
        return slot
    held = frozenset(
        replace(one, carried=tuple(pair for pair in one.carried if pair[0] not in use.takes))
        for one in slot.held
    )
    return replace(slot, held=held)


def _promoted(site: Site, promotion: Promotion, slots: Mapping[str, Slot]) -> Mapping[str, Slot]:
    """Promote the slot that is linked; where it may be one of several, each may or may not be."""
    through = slots.get(site.slots.get(promotion.through, ""))
    if through is None:
        return slots
    linked = {dict(held.links).get(promotion.link) for held in through.held}
    promoted = Held(
        type=promotion.type, state=promotion.state, members=tuple(promotion.members.items())
    )
    found = dict(slots)
    for name in linked:
        known = slots.get(name) if name is not None else None
        if name is not None and known is not None:
            others = known.held if len(linked) > 1 else frozenset()
            found[name] = Slot(held=others | {promoted}, always=known.always)
    return found


def _without_answers(site: Site, before: State) -> State:
    """Drop the answers that a node un-writes by their form data key."""
    gone = before.answers.keys() & frozenset(cleared(site))
    if not gone:
        return before
    return replace(
        before,
        answers={key: known for key, known in before.answers.items() if key not in gone},
        askers={key: nodes for key, nodes in before.askers.items() if key not in gone},
        passing=frozenset(pair for pair in before.passing if pair[0] not in gone),
    )


def _passing(
    site: Site, before: State, readings: Sequence[FormReading]
) -> frozenset[tuple[str, NodeId]]:
    """Give who left transient answers: what a node asks for replaces what its key held."""
    key = answer_key(site)
    if key is None:
        return before.passing
    others = frozenset(pair for pair in before.passing if pair[0] != key)
    is_passing = any(one.compiled is not None and one.compiled.transient for one in readings)
    return others | {(key, site.id)} if is_passing else others


def _record(site: Site, record: Record) -> Record:
    """Give what the answers read; a form that may be read-only takes none, and may lack any."""
    use = site.signature and site.signature.form
    if not use or site.inputs.get(use.read_only_input, False) is False:
        return record
    members = {name: Member(m.type, optional=True) for name, m in record.members.items()}
    return Record(members, record.name)


def _variables(
    site: Site, signature: Signature, before: Mapping[str, Binding]
) -> Mapping[str, Binding]:
    gone = cleared(site)
    counters = counted(site)
    if not (gone or counters or signature.outputs):
        return before
    found = {name: binding for name, binding in before.items() if name not in gone}
    found |= {name: Binding(INTEGER) for name in counters}
    for output in signature.outputs:
        name = site.declared[output.name]
        type_ = decision_type(site, signature.decides, output.name) or output.type
        now = Binding(type_)
        if not output.always:
            now = either(now, before.get(name) or Binding(type_, "maybe"))
        found[name] = now
    return found


def decision_type(site: Site, decides: Decides | None, output: str) -> Type | None:
    """Narrow a decision to what this decider can give: PASS or its answer for failures."""
    if decides is None or decides.output != output or decides.derive in site.inputs:
        return None
    on_failure = site.inputs.get(decides.on_any_failure)
    if not isinstance(on_failure, str):
        return None
    return EnumOf(tuple(dict.fromkeys(("PASS", on_failure))))
