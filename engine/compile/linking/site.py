"""A node as it was written, with every name it uses looked up; and the edges between nodes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Literal, TypeAlias

from msgspec import Struct

from engine.compile.forms.form import FormReading
from engine.compile.reading.document import Document, Spot, Written
from engine.expressions import Binding, Tree, Type
from engine.model.definition import Definition, FormRef
from engine.model.names import JsonValue, NodeId
from engine.model.problem import Text
from engine.model.signature import Signature

EdgeKind: TypeAlias = Literal["next", "error", "timeout", "action"]


class Formula(Struct, frozen=True, gc=False, kw_only=True):
    """An expression that was parsed and not yet checked.

    Attributes:
        is_whole: It is one `${...}` and nothing else, so that its value keeps its type.
        expected: The type its place asks for, None for any.
        optional: Whether what it reads may be missing: *not given*.
    """

    tree: Tree
    written: Written
    key: str
    is_whole: bool = True
    expected: Type | None = None
    optional: bool = False


class Entries(Struct, frozen=True, gc=False, kw_only=True):
    """A mapping that was written out: each of its values by itself a literal or an expression."""

    values: Mapping[str, JsonValue | Formula]


Given: TypeAlias = JsonValue | Formula | Entries
"""What an input is given."""


class Edge(Struct, frozen=True, gc=False, kw_only=True):
    """One way from node to node.

    Attributes:
        name: Error code or action name.
        position: Of a `next`: its place in the list.
        spot: Where the target is written.
    """

    source: NodeId
    target: NodeId
    kind: EdgeKind
    spot: Spot
    name: str = ""
    position: int = 0


class Timer(Struct, frozen=True, gc=False, kw_only=True):
    """The boundary timer as written."""

    after: timedelta
    extendable: bool


class Button(Struct, frozen=True, gc=False, kw_only=True):
    """What an action says besides its target."""

    limit: int
    label: Text | None


class NodeForm(Struct, frozen=True, gc=False, kw_only=True):
    """A form that a node shows, and where it is named."""

    ref: FormRef
    reading: FormReading
    spot: Spot


class Site(Struct, frozen=True, gc=False, kw_only=True):
    """One node.

    Attributes:
        spot: Where its name stands under `flow`.
        signature: None for a gateway.
        inputs: Input -> literal value or expression, with defaults.
        slots: Key input -> name of the slot.
        conditions: Of each `next` in order; None for one without `when`.
        declared: Declared output -> variable.
        outputs: Further variables, in order.
        promised: Variable -> what is known of it behind the node, whatever was written to it.
        form: The form named outright.
        chosen: The others that an expression may name, once that is known.
        choosable: All forms that are there, where an expression names one.
        puts_in: Path in a default of its forms -> what it reads, where that is not as written.
    """

    id: NodeId
    spot: Spot
    written: Written
    name: str
    signature: Signature | None
    inputs: Mapping[str, Given] = {}
    slots: Mapping[str, str] = {}
    edges: tuple[Edge, ...] = ()
    conditions: tuple[Formula | None, ...] = ()
    timer: Timer | None = None
    buttons: Mapping[str, Button] = {}
    check: str | None = None
    declared: Mapping[str, str] = {}
    outputs: tuple[tuple[str, JsonValue | Formula], ...] = ()
    form: NodeForm | None = None
    chosen: tuple[NodeForm, ...] = ()
    choosable: Mapping[FormRef, FormReading] | None = None
    result: Literal["FAIL", "REVIEW"] | None = None
    promised: Mapping[str, Binding] = {}
    puts_in: Mapping[str, Tree] = {}

    @property
    def name_of_activity(self) -> str:
        """What messages call the activity."""
        return self.signature.label if self.signature else "a gateway"

    @property
    def waits(self) -> bool:
        """Whether an instance stands still here."""
        return self.signature is not None and self.signature.waits(self.inputs)

    @property
    def is_page(self) -> bool:
        """Whether a page is shown here that is a step of its own."""
        return self.signature is not None and self.signature.is_page

    @property
    def forms(self) -> tuple[NodeForm, ...]:
        """Every form that it may show, as far as they are known."""
        return (() if self.form is None else (self.form,)) + self.chosen

    @property
    def is_end(self) -> bool:
        """Whether an instance is over here."""
        return self.signature is not None and self.signature.kind == "end"

    @property
    def is_start(self) -> bool:
        """Whether instances begin here."""
        return self.signature is not None and self.signature.kind == "start"

    @property
    def formulas(self) -> Iterator[Formula]:
        """Give every expression of its inputs, in order."""
        for given in self.inputs.values():
            if isinstance(given, Formula):
                yield given
            elif isinstance(given, Entries):
                yield from (part for part in given.values.values() if isinstance(part, Formula))

    def spot_of(self, *keys: str) -> Spot:
        """Give the place of a key below the node, or of the nearest one above it that is there."""
        written, spot = self.written, self.spot
        for key in keys:
            if key not in written.keys:
                break
            written, spot = written.entries[key], written.keys[key]
        return spot

    def value_spot(self, *keys: str) -> Spot:
        """Give the place of a value below the node, or of the node's name if it is not there."""
        written = self.written
        for key in keys:
            if key not in written.entries:
                return self.spot
            written = written.entries[key]
        return written.spot

    def edges_of(self, kind: EdgeKind) -> Iterator[Edge]:
        """Give the edges of one kind, in order."""
        return (edge for edge in self.edges if edge.kind == kind)

    def path(self, *keys: str) -> str:
        """Name a value below the node as problems do."""
        return ".".join(("flow", self.id, *keys))


class Called(Struct, frozen=True, gc=False, kw_only=True):
    """A part that was copied in: what its call is named, and the part as `<name>.v<version>`."""

    name: str
    part: str


class Linked(Struct, frozen=True, gc=False, kw_only=True):
    """All of a definition, linked.

    Attributes:
        start: None when there is not exactly one.
        whole: Every node and edge that was written is here, so that graph proofs make sense.
        sound: Nothing at all is wrong yet, so that proofs about keys and variables make sense.
        calls: Call -> the part that was copied in for it.
    """

    document: Document
    definition: Definition
    sites: Mapping[NodeId, Site]
    start: NodeId | None
    whole: bool
    sound: bool
    calls: Mapping[NodeId, Called] = {}

    @property
    def begin(self) -> NodeId:
        """Give Start. To be asked only where all is `whole`: there is exactly one."""
        if self.start is None:
            raise AssertionError(self.definition.process)
        return self.start
