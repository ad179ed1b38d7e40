"""What an expression may read at a place: every name, as far as it is written there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from functools import cached_property, reduce
from types import MappingProxyType
from typing import NamedTuple

from msgspec.structs import replace

from engine.compile.dataflow.state import Members, Slot, State, union
from engine.compile.linking.head import WELL_KNOWN
from engine.compile.linking.literals import parameter_type
from engine.compile.linking.site import Linked, Site
from engine.expressions import DYNAMIC, STRING, Binding, Environment, Member, Record
from engine.model.definition import Definition
from engine.model.names import FORM_DATA, INIT_VARS


class Scope(Mapping[str, Binding]):
    """The environment of one place. What it gives is made when asked for: most of it never is."""

    def __init__(self, state: State, fixed: Environment, local: Environment | None = None) -> None:
        """Take what holds at the place, what is the same everywhere, and names of its own."""
        self._layers = (local or {}, fixed, state.variables)
        self._state = state

    def __getitem__(self, name: str) -> Binding:
        for layer in self._layers:
            if name in layer and layer[name].presence != "never":
                return layer[name]
        if name == FORM_DATA:
            return self._answers
        slot = self._state.slots.get(name)
        if slot is None:
            return self._layers[1][name]
        return _slot(name, slot, f"{FORM_DATA}.{name}" if name in self._state.answers else "")

    @cached_property
    def _answers(self) -> Binding:
        return Binding(Record(MappingProxyType(self._state.answers), FORM_DATA))

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)

    @cached_property
    def _names(self) -> Collection[str]:
        return dict.fromkeys((*self._layers[0], *self._layers[1], FORM_DATA))


class Scopes:
    """Makes environments: the part that is the same everywhere is made once."""

    def __init__(self, definition: Definition, names: Names) -> None:
        """Take the head of a definition, and every name that some node of it writes."""
        self._slots = names.keys.keys()
        written = (*names.variables, *names.keys)  # in order: messages name the first of them
        self._fixed: dict[str, Binding] = dict.fromkeys(written, Binding(DYNAMIC, "never"))
        self._fixed |= dict.fromkeys(("errorCode", "errorMessage"), Binding(STRING, "never"))
        self._fixed[INIT_VARS] = Binding(_parameters(definition))
        self._variables = {n: b for n, b in self._fixed.items() if n not in self._slots}

    def at(self, state: State, local: Environment | None = None) -> Environment:
        """Give the environment of a state, with names that only hold at one node (`local`)."""
        return Scope(state, self._fixed, local)

    def of_variables(self, state: State) -> Environment:
        """Give what a form's default may put in: variables alone."""
        return Scope(replace(state, slots={}), self._variables)


def _slot(name: str, slot: Slot, answers: str) -> Binding:
    members: Members = reduce(union, (held.members for held in slot.held))
    record = Record(dict(members), f"the key {name}", answers)
    return Binding(record, "always" if slot.always else "maybe")


def _parameters(definition: Definition) -> Record:
    known = () if definition.type == "part" else WELL_KNOWN
    members = {name: Member(STRING, optional=True) for name in known}
    for name, parameter in definition.parameters.items():
        if parameter.type == "key":
            continue
        given = parameter.required or parameter.default is not None
        members[name] = Member(parameter_type(parameter), optional=not given)
    return Record(members, INIT_VARS)


class Names(NamedTuple):
    """What the nodes of a flow name.

    Attributes:
        keys: Every key, and the first node that names it.
        variables: Every variable that some node writes, and the first such node.
        shared: The form data keys of more than one node.
    """

    keys: Mapping[str, Site]
    variables: Mapping[str, Site]
    shared: frozenset[str]


def names_of(linked: Linked) -> Names:
    """Collect the names of all nodes, reached or not."""
    keys: dict[str, Site] = {}
    variables: dict[str, Site] = {}
    for site in linked.sites.values():
        for name in site.slots.values():
            keys.setdefault(name, site)
        for name in (*site.declared.values(), *(name for name, _ in site.outputs), *counted(site)):
            variables.setdefault(name, site)
        for name in site.promised:
            variables.setdefault(name, site)
    asked = Counter(filter(None, map(answer_key, linked.sites.values())))
    shared = frozenset(name for name, nodes in asked.items() if nodes > 1)
    return Names(keys=keys, variables=variables, shared=shared)


def answer_key(site: Site) -> str | None:
    """Give the form data key under which a node keeps the answers to its form."""
    use = site.signature and site.signature.form
    return site.slots.get(use.key_input) if use else None


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
        if declared.refers != refers:
            continue
        value = site.inputs.get(declared.name)
        if isinstance(value, str):
            found.append(value)
        elif isinstance(value, list):
            found += [str(item) for item in value]
    return tuple(found)
