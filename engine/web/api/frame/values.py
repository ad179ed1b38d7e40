"""How the API writes times and lengths, and what the parts of its paths look like."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Final

from msgspec import UNSET, Meta, Struct

from engine.compile.durations import duration_text


class Sent(Struct, rename="camel", forbid_unknown_fields=True, kw_only=True, frozen=True):
    """What is sent to an operation: strictly, a field that it does not have is refused (G6)."""


class Answer(Struct, rename="camel", kw_only=True, frozen=True):
    """What an operation answers."""


def given(change: Sent) -> dict[str, Any]:
    """Give what a change says, by property: fields that were not sent are left out."""
    values = {name: getattr(change, name) for name in change.__struct_fields__}
    return {name: value for name, value in values.items() if value is not UNSET}


Moment = Annotated[
    str,
    Meta(
        description="ISO 8601 in UTC, with milliseconds.",
        examples=["2026-11-26T16:00:00.000Z"],
        extra_json_schema={"format": "date-time"},
    ),
]
Length = Annotated[
    str,
    Meta(
        description="ISO 8601, of days, hours, minutes and seconds.",
        examples=["PT15M"],
        extra_json_schema={"format": "duration"},
    ),
]
At = Annotated[datetime, Meta(tz=True, description="ISO 8601 with its offset from UTC.")]
"""A time that is sent."""


def moment(at: datetime) -> str:
    """Write a time as TrustX does: UTC, milliseconds."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def moment_or_none(at: datetime | None) -> str | None:
    """Write a time that may not be there."""
    return None if at is None else moment(at)


def length_or_none(length: timedelta | None) -> str | None:
    """Write a length that may not be there."""
    return None if length is None else duration_text(length)


PATH_PARTS: Final[Mapping[str, str]] = {
    "apiKeyId": "The key's id.",
    "clientId": "The client's id, as it logs in with it.",
    "storeName": "The identity store's name.",
    "userId": "The user's id.",
    "userExtId": "The user's external id.",
    "instance": "The process instance's id.",
    "step": "The step, as the screen's `stepKey` names it.",
    "tenantId": "The tenant: the key's own.",
    "passcodeId": "The passcode's id.",
    "sessionId": "The session's id, as it was answered when it was begun.",
    "policyName": "The passcode policy's name.",
    "processDefinitionId": "The definition's id: its digest.",
    "processDefnName": "The process's name.",
    "formId": "The form's id: its name, `.v` and its version.",
    "formName": "The form's name.",
    "processTokenId": "The process token's id.",
    "processInstanceId": "The process instance's id.",
    "webhookName": "The webhook's name.",
    "webhookVersion": "The version of the webhook, from 1.",
    "providerName": "The provider's name, as definitions have it.",
    "deviceId": "The phone's id, as the list of them has it.",
    "uniqueId": "The registration code's id, as it was answered when it was made.",
    "transactionId": "The transaction's id.",
    "tfUserId": "The application's id of its user.",
    "deadLetterId": "The message's id, as its receiver is told it.",
}
"""Name of a part of a path -> what it is. A new one is entered here."""
