"""One person's run of one graph. Holds no secret, only references to them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Literal, get_args

from engine.model.names import (
    Digest,
    InstanceId,
    JsonObject,
    NodeId,
    StepKey,
    TenantId,
    step_key,
)
from engine.model.screen import Screen, TextPanel
from engine.model.value import Value
from engine.secret import SecretRef

Status = Literal[
    "PENDING", "ACTIVE", "REVIEW", "PAUSED",
    "COMPLETED_ENDED_SUCCESS", "COMPLETED_ENDED_ERROR",
    "COMPLETED_TERMINATED", "COMPLETED_PROCESS_ERROR",
]  # fmt: skip
Decision = Literal["PASS", "FAIL", "REVIEW"]
DECISIONS: tuple[Decision, ...] = get_args(Decision)

LABELS: dict[Status, str] = {
    "PENDING": "Pending",
    "ACTIVE": "In Progress",
    "REVIEW": "Review",
    "PAUSED": "Paused",
    "COMPLETED_ENDED_SUCCESS": "Accepted",
    "COMPLETED_ENDED_ERROR": "Declined",
    "COMPLETED_TERMINATED": "Abandoned",
    "COMPLETED_PROCESS_ERROR": "Error",
}
"""What operators read (trustx-orchestration 8.3)."""


CheckState = Literal["OPEN", "PASS", "FAIL"]


class Check(Value, frozen=True, kw_only=True):
    """The recorded result of a verifying activity.

    Filed under the node's `check:` name, else under `<check>/<attempt key>`.
    """

    name: str
    state: CheckState
    at: datetime


class KeySlot(Value, frozen=True, kw_only=True):
    """What activities share under a key: type, state, plain value, and names of secrets it carries.

    Attributes:
        links: key input -> slot name, as the signature's `links` says.
        secrets: component id -> reference into the hop's bag.
    """

    type: str
    state: str
    value: JsonObject = {}
    links: dict[str, str] = {}
    secrets: dict[str, SecretRef] = {}


Awaited = Literal["answer", "signal", "resume", "review", "result"]
"""Who ends a wait besides time.

The person here, a signal from elsewhere while the person looks on, the person by a link, an
operator, or what an external activity has done.
"""
STATUS_OF: Mapping[Awaited, Status] = {
    "answer": "ACTIVE", "signal": "ACTIVE", "result": "ACTIVE",
    "resume": "PAUSED", "review": "REVIEW",
}  # fmt: skip
"""The status of an instance that waits for this."""


class Wait(Value, frozen=True, kw_only=True):
    """Where an instance stands still.

    Attributes:
        awaits: Who ends it.
        key: What the link was made for that may end it, or what the signal names.
        due: When the boundary timer fires, None without one.
        expires: When the activity itself wants to be woken (`Expired`), None without.
        length_seconds: The timer's own length, which an extension adds again.
    """

    node: NodeId
    visit: int
    screen: Screen
    since: datetime
    awaits: Awaited = "answer"
    key: str | None = None
    due: datetime | None = None
    expires: datetime | None = None
    length_seconds: float = 0
    extended: int = 0

    @property
    def step(self) -> StepKey:
        """The name of this wait inside its instance."""
        return step_key(self.node, self.visit)

    @property
    def ends_at(self) -> datetime | None:
        """When it ends by itself: its timer's time or the activity's, whichever comes first."""
        if self.due is None or self.expires is None:
            return self.due or self.expires
        return min(self.due, self.expires)


class Pending(Value, frozen=True, kw_only=True):
    """The effect whose result the instance waits for inside a hop; None whenever it is stored."""

    node: NodeId
    visit: int
    step: Literal["run", "enter", "resume", "prepare"]


class Incident(Value, frozen=True, kw_only=True):
    """A fault nobody at the keyboard can answer: held for an operator."""

    code: str
    node: NodeId
    reason: str
    at: datetime


class Review(Value, frozen=True, kw_only=True):
    """What an operator decided, and why (`by`: who)."""

    accepted: bool
    comment: str = ""
    by: str
    at: datetime


class ProcessInstance(Value, frozen=True, kw_only=True):
    """All that is known of one run.

    Attributes:
        revision: Commits so far; a submission names it.
        visits: Node -> times entered.
        variables: Process variables, `_initVars` among them.
        checks: In the order in which they were opened.
        presses: `<node>/<action>` -> times pressed.
        notices: What the next screen says first: the words of the error event that led there.
        left: The node left by a button, until another one waits: entered again, its visit goes on.
        leads_to: Where the next page that asks nothing leads the person.
        rested: Inside a hop the instance as it last stood still, to go back to if the hop breaks;
            None whenever it is stored.
        sequence: Journal rows so far; `chain` is the last row's chain value (hex).
        ending: The last screen, once the instance is over for the person.
        kept_until: When all of it is erased; None while it is not over, or still in review.
    """

    tenant: TenantId
    id: InstanceId
    bundle: Digest
    process: str
    version: int
    revision: int = 0
    status: Status = "PENDING"
    language: str
    node: NodeId
    visits: dict[NodeId, int] = {}
    variables: JsonObject = {}
    keys: dict[str, KeySlot] = {}
    checks: tuple[Check, ...] = ()
    decision: Decision | None = None
    wait: Wait | None = None
    pending: Pending | None = None
    notices: tuple[TextPanel, ...] = ()
    presses: dict[str, int] = {}
    left: NodeId | None = None
    created_at: datetime
    deadline: datetime
    last_at: datetime
    ended_at: datetime | None = None
    kept_until: datetime | None = None
    last_wait_timed_out: bool = False
    leads_to: str | None = None
    ending: Screen | None = None
    review: Review | None = None
    incident: Incident | None = None
    rested: ProcessInstance | None = None
    sequence: int = 0
    chain: str = ""

    @property
    def reference(self) -> str:
        """The last eight of its id, in a form to be read aloud: `TF-7K2M-94QX`."""
        return f"TF-{self.id[-8:-4]}-{self.id[-4:]}"

    @property
    def is_over(self) -> bool:
        """Whether nothing a person does, and no time, moves it any more."""
        return self.ended_at is not None

    @property
    def is_held(self) -> bool:
        """Whether it stands still until an operator looks at it: no time moves it either."""
        return self.incident is not None

    @property
    def due_at(self) -> datetime | None:
        """When time moves it: its wait's end or its deadline; None once it is over or held."""
        if self.is_over or self.is_held:
            return None
        ends = self.wait.ends_at if self.wait is not None else None
        return self.deadline if ends is None else min(ends, self.deadline)

    @property
    def asked(self) -> Wait | None:
        """The wait before which a person stands, and may press its buttons; None: there is none.

        What awaits a signal has nothing to be answered, and a page all the same.
        """
        wait = None if self.is_held else self.wait
        return wait if wait is not None and wait.awaits in ("answer", "signal") else None

    @property
    def works_on(self) -> bool:
        """Whether nothing is asked and it goes on by itself, once something is done outside."""
        return not self.is_held and self.wait is not None and self.wait.awaits == "result"

    @property
    def step(self) -> StepKey | None:
        """The step a person may answer now; None where nothing is asked of them."""
        return self.asked.step if self.asked is not None else None

    def stands_at(self, step: StepKey, revision: int) -> bool:
        """Whether an answer to this step, as it was shown at this revision, is awaited."""
        return self.step == step and self.revision == revision

    @property
    def screen(self) -> Screen | None:
        """What the person sees now."""
        return self.wait.screen if self.wait is not None and not self.is_held else self.ending
