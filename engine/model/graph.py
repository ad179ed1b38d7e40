"""A definition after compiling: nodes, flows and closures. It never changes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property
from typing import Literal

from msgspec import Struct

from engine.expressions import Expression
from engine.model.definition import Definition, FormRef
from engine.model.form import CompiledForm
from engine.model.names import Digest, JsonValue, NodeId
from engine.model.problem import Text
from engine.model.signature import Input, Signature


class Flow(Struct, frozen=True, kw_only=True):
    """One way on: the first whose condition is true; the last of a node's flows has none."""

    to: NodeId
    condition: Expression | None = None


class Timeout(Struct, frozen=True, kw_only=True):
    """The boundary timer: starts when the wait is committed."""

    after: timedelta
    to: NodeId
    extendable: bool = True


class ActionFlow(Struct, frozen=True, kw_only=True):
    """A button: where it leads, and how often it is offered per node and instance (1 to 100)."""

    to: NodeId
    limit: int = 10
    label: Text | None = None


class Fillable(Struct, frozen=True, kw_only=True):
    """A mapping whose values are literals or expressions; what is absent then is left out."""

    values: Mapping[str, JsonValue | Expression]


class ActivityNode(Struct, frozen=True, kw_only=True, dict=True):
    """An activity in its place.

    Attributes:
        inputs: Input name -> literal value or expression; defaults are filled in, key inputs hold
            slot names. An optional input that was not written and has no default is not there.
        check: Name the result is filed under, if the definition gives one.
        outputs: (variable, literal or expression), in order; declared outputs come first (see
            `declared`).
        declared: Declared output -> variable.
        result: Of an End: what it lowers the outcome to.
        forms: Every form that it may show.
        puts_in: Path in a default of its forms -> the variable and members that it reads; a path
            that is not here reads as it is written.
    """

    id: NodeId
    name: str
    signature: Signature
    inputs: Mapping[str, JsonValue | Expression | Fillable]
    flows: tuple[Flow, ...] = ()
    errors: Mapping[str, NodeId] = {}
    timeout: Timeout | None = None
    actions: Mapping[str, ActionFlow] = {}
    check: str | None = None
    declared: Mapping[str, str] = {}
    outputs: tuple[tuple[str, JsonValue | Expression], ...] = ()
    forms: tuple[FormRef, ...] = ()
    result: Literal["FAIL", "REVIEW"] | None = None
    puts_in: Mapping[str, tuple[str, ...]] = {}

    @cached_property
    def waits(self) -> bool:
        """Whether an instance stands still here."""
        return self.signature.waits(self.inputs)

    @cached_property
    def literals(self) -> Mapping[str, JsonValue]:
        """The inputs that are always the same."""
        return {
            name: written
            for name, written in self.inputs.items()
            if not isinstance(written, Expression | Fillable)
        }

    @cached_property
    def formulas(self) -> Mapping[str, Expression | Fillable]:
        """The inputs that are evaluated each time."""
        return {
            name: written
            for name, written in self.inputs.items()
            if isinstance(written, Expression | Fillable)
        }

    @cached_property
    def counted(self) -> tuple[str, ...]:
        """The variables that its inputs count up."""
        named = (self.inputs.get(one.name) for one in self._referring("counter"))
        return tuple(name for name in named if isinstance(name, str))

    @cached_property
    def cleared(self) -> tuple[str, ...]:
        """The variables that its inputs un-write."""
        named = (self.inputs.get(one.name) for one in self._referring("cleared"))
        return tuple(str(name) for names in named if isinstance(names, list) for name in names)

    def _referring(self, what: str) -> Iterator[Input]:
        return (one for one in self.signature.inputs if one.refers == what)

    @cached_property
    def slots(self) -> Mapping[str, str]:
        """Key input -> the name of its slot."""
        return {
            use.input: str(self.inputs.get(use.input, use.default)) for use in self.signature.keys
        }

    @cached_property
    def filed_under(self) -> str:
        """The name of its check: `check:`, else check and attempt key, else the node itself."""
        use = self.signature.settles or self.signature.opens
        return self.check or self.id if use is None else use.filed_under(self.slots, self.check)


class Gateway(Struct, frozen=True, kw_only=True):
    """An exclusive gateway: exactly one flow is taken.

    Attributes:
        outputs: (variable, literal or expression), in order, written before a flow is chosen; one
            that may be absent, and is, un-writes its variable.
    """

    id: NodeId
    name: str
    flows: tuple[Flow, ...]
    outputs: tuple[tuple[str, JsonValue | Expression], ...] = ()


Node = ActivityNode | Gateway


def ways_of(node: Node) -> Iterator[NodeId]:
    """Give where a node may lead: by a flow, an error event, its timer or a button."""
    yield from (flow.to for flow in node.flows)
    if isinstance(node, ActivityNode):
        yield from node.errors.values()
        yield from (action.to for action in node.actions.values())
        if node.timeout is not None:
            yield node.timeout.to


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessGraph:
    """One version of one definition, ready to run.

    Attributes:
        digest: Of the bundle it was compiled from.
        forms: Every form that a node shows.
        steps: Node -> (step number, total or None): the thread of the page, where the path is
            known.
        calls: Call -> what pictures and timelines call it; its nodes are named `<call>.<node>`.
    """

    definition: Definition
    digest: Digest
    start: NodeId
    nodes: Mapping[NodeId, Node]
    forms: Mapping[FormRef, CompiledForm]
    steps: Mapping[NodeId, tuple[int, int | None]] = field(default_factory=dict)
    calls: Mapping[NodeId, str] = field(default_factory=dict)
