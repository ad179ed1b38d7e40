"""What is inside a value, by its type: members of records and maps, items of lists."""

from itertools import islice

from engine.expressions.checking.operators import Complaint
from engine.expressions.syntax.tree import Literal, Node
from engine.expressions.types import (
    DYNAMIC,
    INTEGER,
    Binding,
    Environment,
    ListOf,
    MapOf,
    Member,
    Record,
    Scalar,
    Secret,
    Type,
    describe,
    is_text,
)

UNSURE = Scalar("dynamic")
"""The type of a value about which a problem was already found; told from DYNAMIC by identity."""
_MOST_LOOKED_AT = 200
_MOST_NAMED = 5
"""So many names are looked at, and so many named, where one is not known."""


def unknown_name(name: str, environment: Environment, remedy: str) -> Complaint:
    """Say that there is no such top-level name."""
    return Complaint(
        rule="X108",
        message=f"there is no `{name}` here",
        remedy=remedy,
        unknown=name,
        known=environment,
    )


def presence_of(name: str, binding: Binding) -> Member | Complaint:
    """Give what a top-level name holds; one that only some paths wrote counts as optional."""
    if binding.presence == "never":
        return Complaint(
            rule="X114",
            message=f"no path to this place writes `{name}`",
            remedy=f"write `{name}` on a path that leads here, or read something else",
        )
    return Member(binding.type, optional=binding.presence == "maybe")


def some_names(environment: Environment) -> str:
    """Say which names may be read here instead: some of them."""
    known = (name for name in islice(environment, _MOST_LOOKED_AT) if _is_set(environment[name]))
    names = list(islice(known, _MOST_NAMED))
    if not names:
        return "use a name that is set on the way to this place"
    return "use a name that is set on the way to this place, such as " + ", ".join(
        f"`{name}`" for name in names
    )


def _is_set(binding: Binding) -> bool:
    return binding.presence != "never" and not isinstance(binding.type, Secret)


def member_of(operand: Type, name: str) -> Member | Complaint:
    """Find a member by its name; whatever a map may hold counts as optional."""
    match operand:
        case Record(members=members) if name in members:
            return members[name]
        case Record():
            return _no_member(operand, name)
        case MapOf(value=value):
            return Member(value, optional=True)
        case _:
            return _member_of_other(operand, name)


def _no_member(record: Record, name: str) -> Complaint:
    remedy = "it has no members to read"
    if record.members:
        remedy = f"its members are {record.listing}"
    if record.answers:
        remedy = f"answers are read as `${{{record.answers}.{name}}}`"
    return Complaint(
        rule="X109",
        message=f"{record.name} has no member `{name}`",
        remedy=remedy,
        unknown=name,
        known=record.members,
    )


def _member_of_other(operand: Type, name: str) -> Member | Complaint:
    if operand is UNSURE:
        return Member(UNSURE)
    if operand == DYNAMIC:
        return Member(DYNAMIC, optional=True)
    if isinstance(operand, Secret):
        return secret_read(operand)
    hint = "use an index such as [0]" if isinstance(operand, ListOf) else "end the path before it"
    return Complaint(
        rule="X109",
        message=f"there is no member `{name}` in a value of type {describe(operand)}",
        remedy=hint,
    )


def item_of(operand: Type, index: Node, index_type: Type) -> Type | Complaint:
    """Find the type of `operand[index]` where the index is not the name of a member."""
    if operand is UNSURE or index_type is UNSURE:
        return UNSURE
    if isinstance(operand, ListOf) or (operand == DYNAMIC and index_type == INTEGER):
        return _item(operand, index_type)
    if isinstance(operand, Record | MapOf) or operand == DYNAMIC:
        return _unwritten_index(operand, index, index_type)
    return Complaint(
        rule="X110",
        message=f"a value of type {describe(operand)} has no items",
        remedy="an index stands behind a list or behind named members",
    )


def _item(operand: Type, index_type: Type) -> Type | Complaint:
    if index_type not in (INTEGER, DYNAMIC):
        return Complaint(
            rule="X110",
            message=f"{describe(index_type)} is no position in a list",
            remedy="positions are integers, the first is [0]",
        )
    return operand.item if isinstance(operand, ListOf) else DYNAMIC


def _unwritten_index(operand: Type, index: Node, index_type: Type) -> Complaint:
    is_wrong = not (is_text(index_type) or index_type == DYNAMIC)
    return Complaint(
        rule="X110" if is_wrong or isinstance(index, Literal) else "X123",
        message=f"{describe(operand)} has named members, and this index is not a name written out",
        remedy='write the name of the member as a text: x["name"]',
    )


def secret_read(secret: Secret) -> Complaint:
    """Say that a secret may not be read, and why it is one."""
    return Complaint(
        rule="X115",
        message=f"this value is secret: {secret.reason}",
        remedy="give it to the activity that takes it by its key; no expression may read it",
    )
