"""Passcodes that are registered: listed, read, blocked, given another end, deleted (trustx 5.1)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, Literal

from msgspec import UNSET, UnsetType

from engine.identity.passcodes import change_passcode, registered, status_at, unregister
from engine.records.identity import Passcode
from engine.web.api.frame.operation import (
    MISSING,
    Answered,
    B,
    Call,
    Nothing,
    Operation,
    Q,
    Stopped,
    invalid,
)
from engine.web.api.frame.values import Answer, At, Moment, Sent, moment, moment_or_none
from engine.web.api.identity_store.paths import needs, spellings
from engine.web.api.identity_store.users import user_of

Status = Literal["ACTIVE", "BLOCKED", "EXPIRED", "ARCHIVED"]


class PasscodeChange(Sent, kw_only=True, frozen=True):
    """What is to be otherwise: whether it opens anything, and until when; null: without end."""

    status: Literal["ACTIVE", "BLOCKED"] | UnsetType = UNSET
    expiration_dtm: At | UnsetType | None = UNSET


class PasscodeShown(Answer, kw_only=True, frozen=True):
    """A registered passcode: that it is there, never what it is."""

    id: str
    user_id: str
    policy_name: str
    status: Status
    created_dtm: Moment
    expiration_dtm: Moment | None


class PasscodesShown(Answer, kw_only=True, frozen=True):
    """A user's passcodes in use, one for each policy."""

    content: list[PasscodeShown]


def shown(call: Call[B, Q], passcode: Passcode) -> PasscodeShown:
    """Write a passcode."""
    return PasscodeShown(
        id=passcode.id,
        user_id=passcode.user,
        policy_name=passcode.policy,
        status=status_at(passcode, call.actor.at),
        created_dtm=moment(passcode.created_at),
        expiration_dtm=moment_or_none(passcode.expires_at),
    )


async def _passcode_of(call: Call[B, Q]) -> Passcode | None:
    """Find the passcode in use that the path names, of the user that it names."""
    user = await user_of(call)
    found = await call.unit.get(Passcode, call.path["passcodeId"])
    if user is None or found is None or found.user != user.id or found.status == "ARCHIVED":
        return None
    return found


async def list_passcodes(call: Call[Nothing, Nothing]) -> Answered | Stopped:
    """List a user's passcodes."""
    user = await user_of(call)
    if user is None:
        return MISSING
    rows = await registered(call.offices.store, call.tenant, user)
    return Answered(body=PasscodesShown(content=[shown(call, row) for row in rows]))


async def read_passcode(call: Call[Nothing, Nothing]) -> Answered | Stopped:
    """Read a passcode."""
    found = await _passcode_of(call)
    return MISSING if found is None else Answered(body=shown(call, found))


async def update_passcode(call: Call[PasscodeChange, Nothing]) -> Answered | Stopped:
    """Change a passcode's status or end."""
    found, asked = await _passcode_of(call), call.body
    if found is None:
        return MISSING
    ends = found.expires_at if asked.expiration_dtm is UNSET else asked.expiration_dtm
    status = found.status if asked.status is UNSET else asked.status
    changed = change_passcode(call.unit, call.actor, found, status=status, expires_at=ends)
    return (
        Answered(body=shown(call, changed)) if isinstance(changed, Passcode) else invalid(changed)
    )


async def delete_passcode(call: Call[Nothing, Nothing]) -> Answered | Stopped:
    """Delete a passcode and those before it, hashes and all."""
    found = await _passcode_of(call)
    if found is None:
        return MISSING
    await unregister(call.unit, call.actor, found)
    return Answered()


OPERATIONS: Final[Sequence[Operation[Any, Any]]] = (
    *spellings(
        "listPasscodes", "/passcodes", of_user=True, method="GET", needs=needs("listPasscodes"),
        summary="List a user's passcodes", answer=list_passcodes,
        body=Nothing, query=Nothing, result=PasscodesShown,
    ),
    *spellings(
        "getPasscode", "/passcodes/{passcodeId}", of_user=True, method="GET",
        needs=needs("getPasscode"), summary="Read a passcode", answer=read_passcode,
        body=Nothing, query=Nothing, result=PasscodeShown,
    ),
    *spellings(
        "updatePasscode", "/passcodes/{passcodeId}", of_user=True, method="POST",
        needs=needs("updatePasscode"), summary="Change a passcode's status or end",
        answer=update_passcode,
        example={"status": "BLOCKED"},
        body=PasscodeChange, query=Nothing, result=PasscodeShown,
    ),
    *spellings(
        "deletePasscode", "/passcodes/{passcodeId}", of_user=True, method="DELETE",
        needs=needs("deletePasscode"), summary="Delete a passcode", answer=delete_passcode,
        body=Nothing, query=Nothing, status=204,
    ),
)  # fmt: skip
