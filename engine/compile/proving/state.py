"""What is known where a node is entered, over all paths: slots, variables, checks, answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from engine.expressions import DYNAMIC, Binding, Member, Record, Secret, Type
from engine.expressions.types import join as join_types
from engine.model.names import NodeId

Members = tuple[tuple[str, Member], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """One thing a slot may hold.

    Attributes:
        links: (link, slot) pairs that the slot remembers.
        carried: Form component whose secret is with it; `carrier` is the node that took it in.
    """

    type: str
    state: str
    links: tuple[tuple[str, str], ...] = ()
    carried: str | None = None
    carrier: NodeId | None = None
    members: Members = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """All that a slot may hold; `always`: on every path something is in it."""

    held: frozenset[Held]
    always: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """What holds at one place.

    Attributes:
        variables: Variable -> type and presence; one that no path wrote is not there.
        answers: Form data key -> what it reads, and whether every path wrote it.
        askers: (form data key, node) of every form answered on some path.
        opened: Checks opened on every path.
        checked: Every path opened some check.
        judged: Every path opened some check or passed a decider.
    """

    slots: Mapping[str, Slot] = field(default_factory=dict)
    variables: Mapping[str, Binding] = field(default_factory=dict)
    answers: Mapping[str, Member] = field(default_factory=dict)
    askers: frozenset[tuple[str, NodeId]] = frozenset()
    opened: frozenset[str] = frozenset()
    checked: bool = False
    judged: bool = False


def join(one: State, other: State) -> State:
    """Give what holds whichever of two ways was taken."""
    if one is other or one == other:
        return one
    return State(
        slots=_join_slots(one.slots, other.slots),
        variables=_join_variables(one.variables, other.variables),
        answers=_join_answers(one.answers, other.answers),
        askers=one.askers | other.askers,
        opened=one.opened & other.opened,
        checked=one.checked and other.checked,
        judged=one.judged and other.judged,
    )


def _join_slots(one: Mapping[str, Slot], other: Mapping[str, Slot]) -> Mapping[str, Slot]:
    if one is other:
        return one
    joined: dict[str, Slot] = {}
    for name in one.keys() | other.keys():
        left, right = one.get(name), other.get(name)
        if left is None or right is None:
            only = left or right
            joined[name] = Slot(held=only.held if only else frozenset(), always=False)
        else:
            joined[name] = left if left == right else Slot(
                held=left.held | right.held, always=left.always and right.always
            )  # fmt: skip
    return joined


def _join_variables(
    one: Mapping[str, Binding], other: Mapping[str, Binding]
) -> Mapping[str, Binding]:
    if one is other:
        return one
    joined: dict[str, Binding] = {}
    for name in one.keys() | other.keys():
        left, right = one.get(name), other.get(name)
        if left is None or right is None:
            only = left or right
            joined[name] = Binding(only.type if only else DYNAMIC, "maybe")
        else:
            joined[name] = left if left == right else either(left, right)
    return joined


def either(one: Binding, other: Binding) -> Binding:
    """Give what is known of a variable that one of two ways wrote."""
    both = one.presence == other.presence == "always"
    return Binding(mixed(one.type, other.type), "always" if both else "maybe")


def mixed(one: Type, other: Type) -> Type:
    """Give the type of a value that has one of two; any, where they have nothing in common."""
    joined = join_types(one, other)
    return DYNAMIC if joined is None else joined


def _join_answers(one: Mapping[str, Member], other: Mapping[str, Member]) -> Mapping[str, Member]:
    if one is other or one == other:
        return one
    joined: dict[str, Member] = {}
    for name in one.keys() | other.keys():
        left, right = one.get(name), other.get(name)
        if left is None or right is None:
            only = left or right
            joined[name] = Member(only.type if only else DYNAMIC, optional=True)
        else:
            type_ = merged(left.type, right.type)
            joined[name] = Member(type_, optional=left.optional or right.optional)
    return joined


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
