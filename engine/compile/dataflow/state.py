"""What is known where a node is entered, over all paths: slots, variables, checks, answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

from msgspec import Struct

from engine.expressions import DYNAMIC, Binding, Member, Record, Secret, Type
from engine.expressions.types import join as join_types
from engine.model.names import NodeId

Members = tuple[tuple[str, Member], ...]
V = TypeVar("V")


class Held(Struct, frozen=True, gc=False, kw_only=True):
    """One thing a slot may hold.

    Attributes:
        links: (link, slot) pairs that the slot remembers.
        carried: Form components whose secrets are with it, each with the node that took it in,
            in order.
    """

    type: str
    state: str
    links: tuple[tuple[str, str], ...] = ()
    carried: tuple[tuple[str, NodeId], ...] = ()
    members: Members = ()


class Slot(Struct, frozen=True, gc=False, kw_only=True):
    """All that a slot may hold; `always`: on every path something is in it."""

    held: frozenset[Held]
    always: bool


class State(Struct, frozen=True, gc=False, kw_only=True):
    """What holds at one place.

    Attributes:
        variables: Variable -> type and presence; one that no path wrote is not there.
        answers: Form data key -> what it reads, and whether every path wrote it.
        askers: Form data key of several nodes -> those whose forms were answered on some path.
        passing: Form data keys that hold transient answers on some path, each with who asked.
        opened: Checks opened on every path.
        checked: Every path opened some check, or failed one.
        judged: Every path opened or failed some check, or passed a decider.
    """

    slots: Mapping[str, Slot] = {}
    variables: Mapping[str, Binding] = {}
    answers: Mapping[str, Member] = {}
    askers: Mapping[str, frozenset[NodeId]] = {}
    passing: frozenset[tuple[str, NodeId]] = frozenset()
    opened: frozenset[str] = frozenset()
    checked: bool = False
    judged: bool = False


def join(one: State, other: State) -> State:
    """Give what holds whichever of two ways was taken."""
    if one is other or one == other:
        return one
    return State(
        slots=_joined(one.slots, other.slots, _some_slot, _either_slot),
        variables=_joined(one.variables, other.variables, _some_variable, either),
        answers=_joined(one.answers, other.answers, _some_answer, _either_answer),
        askers=_joined(one.askers, other.askers, _some_askers, _either_askers),
        passing=one.passing | other.passing,
        opened=one.opened & other.opened,
        checked=one.checked and other.checked,
        judged=one.judged and other.judged,
    )


def _joined(
    one: Mapping[str, V],
    other: Mapping[str, V],
    alone: Callable[[V], V],
    both: Callable[[V, V], V],
) -> Mapping[str, V]:
    """Join name by name; what both ways share is taken as it is: nearly all, on long ways."""
    if one is other:
        return one
    joined = dict(one)
    for name, right in other.items():
        left = joined.get(name)
        if left is not right:
            joined[name] = alone(right) if left is None else both(left, right)
    for name in one.keys() - other.keys():
        joined[name] = alone(one[name])
    return joined


def _some_slot(slot: Slot) -> Slot:
    return Slot(held=slot.held, always=False) if slot.always else slot


def _either_slot(one: Slot, other: Slot) -> Slot:
    held = one.held if one.held is other.held else one.held | other.held
    always = one.always and other.always
    is_one = always == one.always and len(held) == len(one.held)
    return one if is_one else Slot(held=held, always=always)


def _some_variable(binding: Binding) -> Binding:
    return binding if binding.presence == "maybe" else Binding(binding.type, "maybe")


def _some_answer(member: Member) -> Member:
    return member if member.optional else Member(member.type, optional=True)


def _either_answer(one: Member, other: Member) -> Member:
    type_ = one.type if one.type is other.type else merged(one.type, other.type)
    optional = one.optional or other.optional
    is_one = type_ is one.type and optional == one.optional
    return one if is_one else Member(type_, optional=optional)


def _some_askers(nodes: frozenset[NodeId]) -> frozenset[NodeId]:
    return nodes


def _either_askers(one: frozenset[NodeId], other: frozenset[NodeId]) -> frozenset[NodeId]:
    return one if other <= one else one | other


def either(one: Binding, other: Binding) -> Binding:
    """Give what is known of a variable that one of two ways wrote."""
    if one == other:
        return one
    both = one.presence == other.presence == "always"
    return Binding(mixed(one.type, other.type), "always" if both else "maybe")


def mixed(one: Type, other: Type) -> Type:
    """Give the type of a value that has one of two; any, where they have nothing in common."""
    joined = join_types(one, other)
    return DYNAMIC if joined is None else joined


def merged(one: Type, other: Type) -> Type:
    """Join two records member by member: one that only one of them has becomes optional."""
    if one == other or not (isinstance(one, Record) and isinstance(other, Record)):
        return mixed(one, other)
    members = union(tuple(one.members.items()), tuple(other.members.items()))
    return Record(dict(members), one.name if one.name == other.name else "the form")


def union(one: Members, other: Members) -> Members:
    """Join two lists of members."""
    left, right = dict(one), dict(other)
    joined: dict[str, Member] = {}
    for name in {**left, **right}:
        a, b = left.get(name), right.get(name)
        if a is None or b is None:
            only = a or b
            joined[name] = Member(only.type if only else DYNAMIC, optional=True)
        else:
            joined[name] = Member(_secret_first(a.type, b.type), optional=a.optional or b.optional)
    return tuple(joined.items())


def _secret_first(one: Type, other: Type) -> Type:
    """Join two types; what is secret on one path is secret on both."""
    for type_ in (one, other):
        if isinstance(type_, Secret):
            return type_
    return mixed(one, other)
