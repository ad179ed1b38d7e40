"""A definition after compiling: nodes, flows and closures. It never changes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Literal

from engine.expressions import Expression
from engine.model.definition import Definition, FormRef
from engine.model.form import CompiledForm
from engine.model.names import Digest, JsonValue, NodeId
from engine.model.problem import Text
from engine.model.signature import Signature


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """One way on: the first whose condition is true; the last of a node's flows has none."""

    to: NodeId
    condition: Expression | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeout:
    """The boundary timer: starts when the wait is committed."""

    after: timedelta
    to: NodeId
    extendable: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionFlow:
    """A button: where it leads, and how often it is offered per node and instance (1 to 100)."""

    to: NodeId
    limit: int = 10
    label: Text | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ActivityNode:
    """An activity in its place.

    Attributes:
        inputs: Input name -> literal value or expression; defaults are filled in, key inputs hold
            slot names. An optional input that was not written and has no default is not there.
        check: Name the result is filed under, if the definition gives one.
        outputs: (variable, literal or expression), in order; declared outputs come first (see
            `declared`).
        declared: Declared output -> variable.
        result: Of an End: what it lowers the outcome to.
    """

    id: NodeId
    name: str
    signature: Signature
    inputs: Mapping[str, JsonValue | Expression]
    flows: tuple[Flow, ...] = ()
    errors: Mapping[str, NodeId] = field(default_factory=dict)
    timeout: Timeout | None = None
    actions: Mapping[str, ActionFlow] = field(default_factory=dict)
    check: str | None = None
    declared: Mapping[str, str] = field(default_factory=dict)
    outputs: tuple[tuple[str, JsonValue | Expression], ...] = ()
    form: FormRef | None = None
    result: Literal["FAIL", "REVIEW"] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Gateway:
    """An exclusive gateway: exactly one flow is taken."""

    id: NodeId
    name: str
    flows: tuple[Flow, ...]


Node = ActivityNode | Gateway


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessGraph:
    """One version of one definition, ready to run.

    Attributes:
        digest: Of the bundle it was compiled from.
        forms: Every form that a node shows.
        steps: Node -> (step number, total or None): the thread of the page, where the path is
            known.
    """

    definition: Definition
    digest: Digest
    start: NodeId
    nodes: Mapping[NodeId, Node]
    forms: Mapping[FormRef, CompiledForm]
    steps: Mapping[NodeId, tuple[int, int | None]] = field(default_factory=dict)
