"""Events: what becomes of a registration or transaction, as application servers say it.

Source: rtas.md 4.2 to 4.6 and 7.4. One model serves all statuses; what each requires is a table.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, Literal, TypeAlias

from engine.model.names import JsonObject, JsonValue
from engine.model.problem import Problems, wrong
from engine.realtime.channels import SUBJECT, USER, Event, Flow, Group

Status: TypeAlias = Literal["CREATED", "SUCCESS", "ACCEPTED", "DECLINED", "EXPIRED"]
LONGEST_CACHE: Final = timedelta(minutes=1440)
USUAL_CACHE: Final = timedelta(minutes=15)
ESTABLISHED: Final = "ConnectionEstablished"
"""What every connection is told first, without arguments."""
SUBJECT_NAMES: Final = ("unique_id", "registration_code_unique_id", "register_code_unique_id")
"""How the id of a registration may be spelt; the first is ours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """What a status requires and allows, besides status, id and user, and what it calls.

    Attributes:
        requires, allows: Fields of the payload, in the order of the alphabet.
        target: The method of the browser.
    """

    requires: Sequence[str]
    allows: Sequence[str] = ()
    target: str


_WHO: Final = ("application_name", "user_display_name")
_DECIDED: Final = Rule(
    requires=_WHO,
    allows=("contract_key", "custom_data", "deeplink_url", "transaction_expiration"),
    target="TransactionDecidedEvent",
)
RULES: Final[Mapping[tuple[Flow, Status], Rule]] = {
    ("registration", "CREATED"): Rule(
        requires=(*_WHO, "qr_code", "qr_code_expiration", "deeplink_url"),
        target="RegistrationCreatedEvent",
    ),
    ("registration", "SUCCESS"): Rule(
        requires=(*_WHO, "contract_key", "device_info", "device_key"),
        allows=("custom_data", "wrong_device_token"),
        target="RegistrationSuccessEvent",
    ),
    ("transaction", "CREATED"): Rule(
        requires=(*_WHO, "contract_key", "deeplink_url"),
        allows=("custom_data", "transaction_expiration"),
        target="TransactionCreatedEvent",
    ),
    ("transaction", "ACCEPTED"): _DECIDED,
    ("transaction", "DECLINED"): _DECIDED,
    ("transaction", "EXPIRED"): _DECIDED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Flags:
    """What becomes of connections and of those that come later."""

    closes: bool = False
    stores: bool = False
    cache_minutes: int = 15


def status_of(flow: Flow, text: str) -> Status | Problems:
    """Read a status: in any case, with or without the flow's name before and `_V2` behind."""
    word = text.upper().removeprefix(f"{flow.upper()}_").removesuffix("_V2")
    for known, status in RULES:
        if known == flow and status == word:
            return status
    allowed = ", ".join(status for known, status in RULES if known == flow)
    return (wrong("status", f"write {flow.upper()}_ and one of {allowed}"),)


def subject_of(given: Mapping[str, str | None]) -> str | Problems:
    """Read which registration or transaction is meant: name as it was spelt -> id."""
    said = {name: value for name, value in given.items() if value is not None}
    first = next(iter(given))
    if not said:
        return (wrong(first, "is required"),)
    if len(set(said.values())) > 1:
        return (wrong(first, f"{' and '.join(said)} say different things; send one"),)
    return next(iter(said.values()))


def group_problems(subject_name: str, group: Group) -> Problems:
    """Tell what is wrong with ids that a token or a callback names: a comma would forge a group."""
    found = []
    if SUBJECT.fullmatch(group.subject) is None:
        found.append(wrong(subject_name, "use 1 to 128 characters without space, comma and colon"))
    if USER.fullmatch(group.user_id) is None:
        found.append(wrong("user_id", "use 1 to 128 characters without comma"))
    return tuple(found)


def event_of(
    group: Group, status: Status, said: Mapping[str, JsonValue], flags: Flags
) -> Event | Problems:
    """Make the event of a callback.

    Args:
        group: Whom it is about.
        status: As `status_of` has read it.
        said: The fields that were sent, besides status, ids and flags.
        flags: What becomes of connections.
    """
    rule = RULES[group.flow, status]
    missing = [name for name in rule.requires if name not in said or said[name] in (None, "")]
    if missing:
        told = f"is required with {group.flow.upper()}_{status}"
        return tuple(wrong(name, told) for name in missing)
    known = (*rule.requires, *rule.allows)
    payload: JsonObject = {name: said[name] for name in known if said.get(name) is not None}
    payload["user_id"] = group.user_id
    if group.flow == "transaction":
        payload["transaction_id"] = group.subject
    if rule is _DECIDED:  # one event for three: the status stays in it
        payload["status"] = f"TRANSACTION_{status}"
    minutes = min(timedelta(minutes=flags.cache_minutes), LONGEST_CACHE)
    return Event(
        targets=(rule.target,),
        payload=dict(sorted(payload.items())),
        closes=flags.closes,
        cached=minutes if flags.stores else None,
    )
