"""Made-up calls: one activity at a time, without a graph, with capabilities of the test's own."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from engine.activity import (
    Activity,
    Answered,
    Call,
    Check,
    JsonObject,
    JsonValue,
    KeySlot,
    Limits,
    Outcome,
    PasscodeAttempt,
    PasscodeVerdict,
    Submission,
    Text,
)
from engine.model.names import NodeId
from engine.secret import Bag, Secret, SecretRef
from engine.testing import NOON

ANA: Final[JsonObject] = {
    "id": "ana", "status": "ACTIVE", "locale": "en", "timeZone": "UTC", "attributes": {},
}  # fmt: skip
REF: Final = SecretRef(name="passcodeAuthForm1.passcode")
BAG: Final[Bag] = {REF: Secret("maple-river-zebra-tulip-stone")}


@dataclass(slots=True)
class KnownUsers:
    """Users: one, `ana`, whose external id is `a`. `asked` tells how it was looked for."""

    asked: list[tuple[str, str, str]] = field(default_factory=list)

    async def by_id(self, store: str, id: str) -> JsonObject | None:
        self.asked.append(("id", store, id))
        return ANA if id == "ana" else None

    async def by_ext_id(self, store: str, ext_id: str) -> JsonObject | None:
        self.asked.append(("extId", store, ext_id))
        return ANA if ext_id == "a" else None


@dataclass(slots=True)
class GivenVerdicts:
    """Passcodes: answers `right`, and remembers for whom attempts were begun."""

    right: bool = True
    verdict: Literal["kept", "failed", "registered", "policy", "common", "used"] = "kept"
    told: Text | None = None
    begun: list[tuple[str, str, str | None, str | None]] = field(default_factory=list)
    verified: list[JsonObject] = field(default_factory=list)

    async def start(
        self, store: str, policy: str, *, user_id: str | None, ext_id: str | None
    ) -> PasscodeAttempt:
        self.begun.append((store, policy, user_id, ext_id))
        return PasscodeAttempt(attempt={"user": "ana"}, user=ANA)

    async def start_first(self, store: str, policy: str, *, user_id: str) -> JsonObject | None:
        self.begun.append((store, policy, user_id, None))
        return {"user": user_id} if self.right else None

    async def bounds(self, attempt: JsonObject) -> Limits:
        return Limits(max_length=64)

    async def rules(self, attempt: JsonObject) -> Limits:
        return Limits(min_length=15, max_length=64)

    async def register(self, attempt: JsonObject, passcode: Secret) -> PasscodeVerdict:
        return PasscodeVerdict(answer=self.verdict, told=self.told)

    async def renew(self, attempt: JsonObject, *, old: Secret, new: Secret) -> PasscodeVerdict:
        return PasscodeVerdict(answer=self.verdict, told=self.told)

    async def verify(self, attempt: JsonObject, passcode: Secret) -> JsonObject | None:
        self.verified.append(attempt)
        return {"id": "U" * 26} if self.right else None


def a_call(
    activity: Activity,
    inputs: Mapping[str, JsonValue] | None = None,
    *,
    visit: int = 1,
    slots: Mapping[str, KeySlot] | None = None,
    checks: tuple[Check, ...] = (),
    capabilities: Mapping[str, object] | None = None,
) -> Call:
    """Make a call as the engine does: defaults filled in, key inputs holding slot names."""
    signature = activity.signature
    filled: dict[str, JsonValue] = {
        one.name: one.default for one in signature.inputs if one.default is not None
    }
    names: dict[str, JsonValue] = {key.input: key.default for key in signature.keys}
    return Call(
        node=NodeId("node"),
        visit=visit,
        at=NOON,
        effect_key=f"instance/node/{visit}",
        inputs={**filled, **names, **(inputs or {})},
        slots=slots or {},
        checks=checks,
        capabilities=capabilities or {},
        bag=BAG,
    )


def run(activity: Activity, call: Call) -> Outcome:
    """Run or enter the activity."""
    code = activity.run or activity.enter
    assert code is not None
    return _awaited(code(call))


def resume(activity: Activity, call: Call, submission: Submission) -> Outcome:
    """Wake an interactive activity by an answer."""
    assert activity.resume is not None
    return _awaited(activity.resume(call, Answered(submission=submission)))


def _awaited(answer: object) -> Outcome:
    async def waiting() -> Outcome:
        assert inspect.isawaitable(answer)
        found: Outcome = await answer
        return found

    return asyncio.run(waiting()) if inspect.isawaitable(answer) else answer  # type: ignore[return-value]  # an outcome, as the door promises
