"""One call of an activity: everything it is told, by name and of the type it expects."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TypeVar, cast

from engine.compile.durations import duration
from engine.errors import ActivityFault
from engine.model.definition import FormRef
from engine.model.instance import Check, Decision, KeySlot
from engine.model.names import JsonValue, NodeId
from engine.model.value import Passing
from engine.secret import Bag, Secret

C = TypeVar("C")


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
        """Give the form named by `dataFormName` and `dataFormVersion`, or the chosen one."""
        name = self.optional_text("dynamicDataFormName") or self.text("dataFormName")
        return FormRef(name=name, version=self.integer("dataFormVersion"))

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
