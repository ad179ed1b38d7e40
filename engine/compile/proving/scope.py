"""What an expression may read at a place: every name, as far as it is written there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import reduce

from engine.compile.linking.head import WELL_KNOWN
from engine.compile.linking.literals import parameter_type
from engine.compile.linking.site import Flow, Site
from engine.compile.proving.state import Members, Slot, State, union
from engine.expressions import DYNAMIC, STRING, Binding, Environment, Member, Record
from engine.model.definition import Definition


class Scopes:
    """Makes environments: the part that is the same everywhere is made once."""

    def __init__(self, flow: Flow) -> None:
        """Collect every name that some node of the flow writes."""
        self._fixed: dict[str, Binding] = {"_initVars": Binding(_parameters(flow.definition))}
        self._slots = slot_names(flow.sites.values()).keys()
        names = {*variable_names(flow.sites.values()), *self._slots}
        self._never = dict.fromkeys(names, Binding(DYNAMIC, "never"))
        self._never |= dict.fromkeys(("errorCode", "errorMessage"), Binding(STRING, "never"))
        self._made: dict[int, tuple[State, Environment]] = {}

    def at(self, state: State) -> Environment:
        """Give the environment of a state."""
        known = self._made.get(id(state))
        if known is not None:
            return known[1]
        answers = Record(state.answers, "_customFormData")
        made = {
            **self._never,
            **{name: _slot(name, slot) for name, slot in state.slots.items()},
            **state.variables,
            **self._fixed,
            "_customFormData": Binding(answers),
        }
        self._made[id(state)] = state, made
        return made

    def of_variables(self, state: State) -> Environment:
        """Give what a form's default may put in: variables alone."""
        return {
            name: binding for name, binding in self.at(state).items() if name not in self._slots
        }


def _slot(name: str, slot: Slot) -> Binding:
    members: Members = reduce(union, (held.members for held in slot.held))
    return Binding(Record(dict(members), f"the key {name}"), "always" if slot.always else "maybe")


def _parameters(definition: Definition) -> Record:
    members = {name: Member(STRING, optional=True) for name in WELL_KNOWN}
    for name, parameter in definition.parameters.items():
        given = parameter.required or parameter.default is not None
        members[name] = Member(parameter_type(parameter), optional=not given)
    return Record(members, "_initVars")


def variable_names(sites: Iterable[Site]) -> Mapping[str, Site]:
    """Give every variable that some node writes, and the first such node."""
    found: dict[str, Site] = {}
    for site in sites:
        for name in (*site.declared.values(), *(name for name, _ in site.outputs), *counted(site)):
            found.setdefault(name, site)
    return found


def slot_names(sites: Iterable[Site]) -> Mapping[str, Site]:
    """Give every slot that some node names, and the first such node."""
    found: dict[str, Site] = {}
    for site in sites:
        for name in site.slots.values():
            found.setdefault(name, site)
    return found


def counted(site: Site) -> tuple[str, ...]:
    """Give the variables that a node counts up."""
    return _named(site, "counter")


def cleared(site: Site) -> tuple[str, ...]:
    """Give the variables that a node un-writes."""
    return _named(site, "cleared")


def _named(site: Site, refers: str) -> tuple[str, ...]:
    if site.signature is None:
        return ()
    found: list[str] = []
    for declared in site.signature.inputs:
        value = site.inputs.get(declared.name) if declared.refers == refers else None
        if isinstance(value, str):
            found.append(value)
        elif isinstance(value, list):
            found += [str(item) for item in value]
    return tuple(found)
