"""What a program can ask for: an operation with its way in, permission, body and answer."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, Literal, TypeVar

from msgspec import Struct

from engine.access.keys import Caller
from engine.access.rtas_clients import Application
from engine.model.names import TenantId
from engine.model.problem import FieldProblem, Problems, Words
from engine.ports.actor import Actor
from engine.run.unit import Unit
from engine.web.answers import Kind
from engine.web.gate.door import Method, Needs
from engine.web.request import Ask, Offices
from engine.web.wire import BODY_BYTES

B = TypeVar("B")
Q = TypeVar("Q")
Detail = Mapping[str, object]
"""`{field, message}` and perhaps more: what is wrong, what would be right; never a value."""


class Nothing(Struct, forbid_unknown_fields=True, frozen=True):
    """What a call does not have: a body, or words behind the question mark."""


@dataclass(slots=True, kw_only=True)
class Call(Generic[B, Q]):
    """One call of an operation, and what may be done for it.

    Attributes:
        tenant: Of whoever asks, whose permission was looked at. All that is touched is of it.
        actor: How it is named in audit rows, and when it asks by the store's time.
        body, query: As they were checked.
        path: The parts of the path that are in braces.
        unit: What is staged here is written once the answer is known, or not at all. A call that
            somebody else was quicker than is done again from the start.
    """

    ask: Ask
    tenant: TenantId
    actor: Actor
    body: B
    query: Q
    path: Mapping[str, str]
    unit: Unit

    @property
    def caller(self) -> Caller:
        """Who asks, by API key."""
        return self.ask.known_caller

    @property
    def application(self) -> Application:
        """Who asks, by the token of an application server."""
        return self.ask.known_application

    @property
    def offices(self) -> Offices:
        """What the house can do."""
        return self.ask.web.journeys.offices


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """A good answer. `body` is of the operation's result type; None where it has none.

    Attributes:
        status: Other than the operation's usual one.
        after: Called once what was staged is durable: a hint, which may be lost.
    """

    body: object = None
    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    after: Callable[[], None] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Stopped:
    """Why a call goes no further.

    `keeps`: what was staged is written all the same: a failed try is a fact.
    """

    kind: Kind
    details: Sequence[Detail] = ()
    keeps: bool = False


MISSING = Stopped(kind="missing")
"""It is not there; or another tenant's, which is told in the same words (F7)."""


Security = Literal["apiKey", "bearer", "session", "application"]
"""What opens a way in for programs; none: what stands in its address."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Described:
    """A way in for programs, as OpenAPI tells of it.

    Attributes:
        name: Unique; generated clients name their method by it.
        path: With `{names}` in braces, each a key of `PATH_PARTS`.
        summary: One line, in the imperative.
        description: What a caller must know besides.
        security: What opens it; one of several will do.
        body, query: Structs; `Nothing` where there is none.
        example: A body, that is good.
        result: Struct of a good answer; None where it has no body.
        status: Of a good answer.
        others: Status -> when, of further answers that only this way in has.
        makes: It makes something, and takes an Idempotency-Key.
        own_key: It takes one, too, and keeps it by itself; its door is opened by a link as well.
        links: Operation -> its parameters, taken from this one's answer (OpenAPI's expressions).
    """

    name: str
    method: Method
    path: str
    summary: str
    description: str = ""
    security: tuple[Security, ...] = ()
    body: Any
    query: Any
    example: Mapping[str, Any] | None = None
    result: Any = None
    status: int = 200
    others: Mapping[int, str] = field(default_factory=dict)
    makes: bool = False
    own_key: bool = False
    links: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    @property
    def takes_key(self) -> bool:
        """Whether it takes an Idempotency-Key."""
        return self.makes or self.own_key


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation(Described, Generic[B, Q]):
    """One row of the API's table. OpenAPI and the door are made of it, and nothing else says it.

    Attributes:
        needs: The permission; or the token of an application server, for what is its own.
        answer: What does it.
        body_bytes: The longest body.
    """

    needs: Needs | Literal["application"]
    answer: Callable[[Call[B, Q]], Awaitable[Answered | Stopped]]
    body: type[B]
    query: type[Q]
    security: tuple[Security, ...] = ("bearer",)
    body_bytes: int = BODY_BYTES


def invalid(problems: Problems) -> Stopped:
    """Tell a program each value that cannot be taken."""
    return Stopped(kind="invalid", details=[_detail(problem) for problem in problems])


def exists(field: str, message: str) -> Stopped:
    """Say what is there already, or stands otherwise.

    Args:
        field: What was sent, or the field of what is there, that stands in the way.
        message: How it stands, and what could be done.
    """
    return Stopped(kind="exists", details=[{"field": field, "message": message}])


def _detail(problem: FieldProblem) -> Detail:
    text = problem.text
    said = text.values["en"] if isinstance(text, Words) else text.id
    return {"field": problem.field, "message": said}
