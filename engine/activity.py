"""THE DOOR: all an activity author needs, and all of `engine` an activity may import.

An activity is a signature (what it takes, leaves, raises and asks for) and code that answers with
an `Outcome`. Nothing is registered here: a package lists its activities as a value and names that
list under the entry-point group `engine.activities`.
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal, Protocol, TypedDict, TypeVar, Unpack, cast

from engine.compile.durations import duration
from engine.errors import ActivityFault, Busy
from engine.expressions import (
    BOOLEAN,
    DATE,
    DYNAMIC,
    INTEGER,
    NUMBER,
    STRING,
    EnumOf,
    ListOf,
    MapOf,
    Member,
    Record,
    Type,
)
from engine.expressions import Secret as Hidden
from engine.model.definition import FormRef
from engine.model.effect import Answered, Decided, Expired, Returned, Woken
from engine.model.event import Ended, Outcome, Shown, Submission
from engine.model.form import Limits, Option
from engine.model.instance import Awaited, Check, Decision, KeySlot
from engine.model.names import JsonObject, JsonValue, NodeId
from engine.model.problem import Message, Text, Words
from engine.model.screen import Action, FormPanel, Panel, RedirectPanel, Screen, TextPanel
from engine.model.signature import (
    Bound,
    CheckUse,
    Decides,
    ErrorEvent,
    FormUse,
    Input,
    KeyUse,
    Kind,
    Output,
    Promotion,
    Signature,
)
from engine.model.value import Passing
from engine.secret import Bag, Secret

__all__ = [
    "BOOLEAN", "DATE", "DYNAMIC", "INTEGER", "LINK", "NUMBER", "STRING", "Action", "Activity",
    "ActivityFault", "Answered", "Bound", "Busy", "Call", "Check", "CheckUse", "Decided", "Decides",
    "Ended", "EnumOf", "ErrorEvent", "Expired", "FormPanel", "FormRef", "FormUse", "Input",
    "JsonObject", "JsonValue", "KeySlot", "KeyUse", "Limits", "ListOf", "MapOf", "Member",
    "Message", "Option", "Outcome", "Output", "Panel", "PasscodeAttempt", "PasscodeVerdict",
    "Passcodes", "Promotion", "Record", "RedirectPanel", "Redirects", "Returned", "Screen",
    "Secret", "Shown", "Submission", "Text", "TextPanel", "Type", "UserProfile", "UserRefused",
    "Users", "Woken", "Words", "activity", "done", "failed", "passed", "raised",
]  # fmt: skip

C = TypeVar("C")

LINK: Type = Hidden("a link: what shows it makes it anew")
"""Of an output that is a link (`Output.link`)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UserRefused:
    """Why nothing was done about a user.

    `taken`: the store has a user of this external id; `unknown`: it has none such; `refused`:
    `reason` says what cannot be kept, never with its value.
    """

    why: Literal["taken", "unknown", "refused"]
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class UserProfile:
    """What may be written about a user; what is None is copied from the store, or stays."""

    attributes: Mapping[str, str] | None = None
    locale: str | None = None
    time_zone: str | None = None


class Users(Protocol):
    """Capability: read and change users of identity stores. What is changed commits with the hop.

    A user is `{id, extId?, status, locale, timeZone, attributes}`. What changes one raises
    `ActivityFault` when there is no such store: a mistake of the definition.
    """

    async def by_id(self, store: str, id: str) -> JsonObject | None:
        """Read a user by id; None when the store has none."""
        ...

    async def by_ext_id(self, store: str, ext_id: str) -> JsonObject | None:
        """Read a user by external id; None when the store has none."""
        ...

    async def add(
        self, store: str, *, ext_id: str | None, status: str | None, profile: UserProfile
    ) -> JsonObject | UserRefused:
        """Add a user; of several with one external id the first wins, the others are `taken`."""
        ...

    async def update(self, store: str, id: str, profile: UserProfile) -> JsonObject | UserRefused:
        """Change a user; attributes are put over those that are there."""
        ...

    async def lock(
        self, store: str, id: str, *, until: datetime | None
    ) -> JsonObject | UserRefused:
        """Lock a user until a time, or until somebody unlocks."""
        ...


class Redirects(Protocol):
    """Capability: where a person may be led."""

    def is_allowed(self, url: str) -> bool:
        """Whether the address is on the operator's list (security F4)."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class PasscodeAttempt:
    """What the two slots of a begun attempt hold; alike for unknown users.

    Attributes:
        attempt: Value of the attempt's slot; only `Passcodes` reads it.
        user: Value of the claimed user's slot: an id, true or made up, and nothing else.
    """

    attempt: JsonObject
    user: JsonObject


@dataclass(frozen=True, slots=True, kw_only=True)
class PasscodeVerdict:
    """What became of a new passcode.

    Attributes:
        answer: `kept`; `failed`: the old one was not proven, and nothing is said of the new one;
            `registered`: there is one already; `policy`, `common`, `used`: what refuses it.
        told: How to make a refused one right.
    """

    answer: Literal["kept", "failed", "registered", "policy", "common", "used"]
    told: Text | None = None


class Passcodes(Protocol):
    """Capability: passcode attempts, and choosing a passcode.

    Nothing it gives of an attempt tells whether a user exists (security B1, B2).
    """

    async def start(
        self, store: str, policy: str, *, user_id: str | None, ext_id: str | None
    ) -> PasscodeAttempt:
        """Begin an attempt for a claimed user; unknown users get one that looks the same.

        Raises `ActivityFault` when there is no such store or policy: a mistake of the definition.
        """
        ...

    async def start_first(self, store: str, policy: str, *, user_id: str) -> JsonObject | None:
        """Begin the registration of a user's first passcode; None: there is one already.

        Raises `ActivityFault` when there is no such store, policy or user.
        """
        ...

    async def bounds(self, attempt: JsonObject) -> Limits:
        """Give the policy's upper length; never its lower one."""
        ...

    async def rules(self, attempt: JsonObject) -> Limits:
        """Give what the policy asks of a new passcode."""
        ...

    async def verify(self, attempt: JsonObject, passcode: Secret) -> JsonObject | None:
        """Charge the account, hash once; give the user if it was right, shaped as in `Users`.

        Raises `Busy` when the pool is full.
        """
        ...

    async def register(self, attempt: JsonObject, passcode: Secret) -> PasscodeVerdict:
        """Judge a first passcode, hash it and stage it. Raises `Busy` when the pool is full."""
        ...

    async def renew(self, attempt: JsonObject, *, old: Secret, new: Secret) -> PasscodeVerdict:
        """Verify the old passcode as `verify` does; then judge the new one and stage it.

        Raises `Busy` when the pool is full.
        """
        ...


class Call(Passing, frozen=True, kw_only=True):
    """One call of an activity: inputs, slots, checks, time, and the capabilities it asked for.

    Attributes:
        visit: How often the node was entered (1, 2, ...).
        at: UTC, the event's time.
        effect_key: Stable across retries of this very call: `<instance>/<node>/<visit>`.
        inputs: Input name -> value, defaults filled in; an optional input that was not given is not
            there.
        slots: Key input -> the slot as it is now; a slot nobody wrote is not there.
        decision: What a decider has decided so far.
        language: The person's.
    """

    node: NodeId
    visit: int
    at: datetime
    effect_key: str
    inputs: Mapping[str, JsonValue]
    slots: Mapping[str, KeySlot] = {}
    checks: Sequence[Check] = ()
    decision: Decision | None = None
    language: str = "en"
    capabilities: Mapping[str, object] = {}
    bag: Bag = {}

    def text(self, name: str) -> str:
        """Give a string input. Raises `ActivityFault` if it is not one."""
        return self._typed(name, str)

    def integer(self, name: str) -> int:
        """Give an integer input."""
        return self._typed(name, int)

    def length(self, name: str) -> timedelta | None:
        """Give a duration input; None when it was not given."""
        text = self.optional_text(name)
        return None if text is None else duration(text)

    def flag(self, name: str) -> bool:
        """Give a boolean input."""
        return self._typed(name, bool)

    def optional_text(self, name: str) -> str | None:
        """Give a string input, or None when it was not given."""
        return self._typed(name, str) if self.inputs.get(name) is not None else None

    def texts(self, name: str) -> tuple[str, ...]:
        """Give a list of strings."""
        return tuple(str(item) for item in self._typed(name, list))

    def slot(self, key_input: str) -> KeySlot:
        """Give the slot under a key input. Raises `ActivityFault` when nothing wrote it."""
        try:
            return self.slots[key_input]
        except KeyError:
            reason = f"nothing is in the slot of {key_input}"
            raise ActivityFault(node=self.node, reason=reason) from None

    def secret(self, key_input: str, component: str) -> Secret:
        """Give the secret that a slot carries.

        Raises `ActivityFault` when the bag has none: the hop is another.
        """
        ref = self.slot(key_input).secrets.get(component)
        if ref is None or ref not in self.bag:
            raise ActivityFault(node=self.node, reason=f"no secret {component} in this hop")
        return self.bag[ref]

    def form(self) -> FormRef:
        """Give the form named by `dataFormName` and `dataFormVersion`."""
        return FormRef(name=self.text("dataFormName"), version=self.integer("dataFormVersion"))

    def use(self, capability: Callable[..., C]) -> C:
        """Give a capability (a Protocol of this door) that the signature asks for.

        Raises `ActivityFault` for another one. Not typed `type[C]`: checkers refuse Protocols
        there.
        """
        try:
            return cast(C, self.capabilities[capability.__name__])
        except KeyError:
            reason = f"{capability.__name__} is not in uses"
            raise ActivityFault(node=self.node, reason=reason) from None

    def _typed(self, name: str, kind: type[C]) -> C:
        value = self.inputs.get(name)
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            raise ActivityFault(node=self.node, reason=f"input {name} is not {kind.__name__}")
        return value


def done(
    *,
    outputs: JsonObject | None = None,
    keys: Mapping[str, JsonObject] | None = None,
    submission: Submission | None = None,
) -> Ended:
    """End in the ordinary way. `keys`: key input -> the slot's new value."""
    return Ended(outputs=outputs or {}, keys=dict(keys or {}), submission=submission)


def passed(
    *,
    keys: Mapping[str, JsonObject] | None = None,
    promoted: JsonObject | None = None,
    told: Text | None = None,
) -> Ended:
    """End in the ordinary way and settle the check at PASS.

    `promoted`: what the slot that the signature promotes holds from now on.
    `told`: good news that stands above the next form, should one follow.
    """
    return Ended(keys=dict(keys or {}), result="PASS", promoted=promoted, told=told)


def failed(code: str, *, message: str = "", keys: Mapping[str, JsonObject] | None = None) -> Ended:
    """End with an error event and settle the check at FAIL."""
    return Ended(keys=dict(keys or {}), error=code, message=message, result="FAIL")


def raised(code: str, *, message: str = "", told: Text | None = None) -> Ended:
    """End with an error event.

    `told`: what the next form says above it, instead of the words that the signature has for it.
    """
    return Ended(error=code, message=message, told=told)


Answer = Outcome | Awaitable[Outcome]
Runner = Callable[[Call], Answer]
Resumer = Callable[[Call, Woken], Answer]


@dataclass(frozen=True, slots=True, kw_only=True)
class Activity:
    """A signature and the code behind it: `run`, or `enter` and `resume` of an interactive one."""

    signature: Signature
    run: Runner | None = None
    enter: Runner | None = None
    resume: Resumer | None = None


class Declared(TypedDict, total=False):
    """What a signature may say besides label, version, kind and uses; see `Signature`."""

    inputs: Sequence[Input]
    keys: Sequence[KeyUse]
    outputs: Sequence[Output]
    errors: Sequence[ErrorEvent]
    one_of: Sequence[tuple[str, ...]]
    opens: CheckUse
    settles: CheckUse
    promotes: Promotion
    form: FormUse
    decides: Decides
    bounded_by: Bound
    aliases: Sequence[str]
    awaits: Awaited
    redirects: str


def activity(
    label: str,
    *,
    version: int,
    kind: Kind,
    uses: Sequence[type] = (),
    **declared: Unpack[Declared],
) -> Callable[[Any], Activity]:
    """Describe an activity: a class if it is `interactive`, else a function.

    An interactive class has static methods `enter(call)` and `resume(call, woken)`, both giving
    `Shown | Ended`. Functions may be async. The first line of the docstring is its summary.
    The decorator registers nothing.

    Raises:
        TypeError: An interactive class lacks `enter` or `resume`.
    """

    def describe(code: Any) -> Activity:
        signature = Signature(
            label=label,
            version=version,
            kind=kind,
            inputs=tuple(declared.get("inputs", ())),
            keys=tuple(declared.get("keys", ())),
            outputs=tuple(declared.get("outputs", ())),
            errors=tuple(declared.get("errors", ())),
            one_of=tuple(declared.get("one_of", ())),
            opens=declared.get("opens"),
            settles=declared.get("settles"),
            promotes=declared.get("promotes"),
            form=declared.get("form"),
            decides=declared.get("decides"),
            bounded_by=declared.get("bounded_by"),
            aliases=tuple(declared.get("aliases", ())),
            awaits=declared.get("awaits", "answer"),
            redirects=declared.get("redirects", ""),
            uses=tuple(capability.__name__ for capability in uses),
            summary=(inspect.getdoc(code) or "").partition("\n")[0],
        )
        if kind != "interactive":
            return Activity(signature=signature, run=code)
        missing = [part for part in ("enter", "resume") if not hasattr(code, part)]
        if missing:
            reason = f"{label}: an interactive activity has {' and '.join(missing)}"
            raise TypeError(reason)
        return Activity(signature=signature, enter=code.enter, resume=code.resume)

    return describe
