"""Passcode sessions: begun for a user under a policy, spent by one completion (trustx 5).

A completion that fails is 2615 and nothing else, whatever its cause (B1).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Annotated, Any, Final, Literal, TypeVar

from msgspec import Meta, Struct

from engine.errors import Busy
from engine.identity import sessions
from engine.identity.authentication import Missing, Verifier
from engine.identity.choosing import Refusal, Registered
from engine.identity.sessions import Named, Started, give_back, spend, start
from engine.model.names import HopId
from engine.records.identity import Passcode, PasscodeSession, SessionKind
from engine.run.unit import TRIES, Unit, is_written
from engine.secret import Secret
from engine.web.api.frame.operation import (
    MISSING,
    Answered,
    B,
    Call,
    Nothing,
    Operation,
    Q,
    Stopped,
    exists,
)
from engine.web.api.frame.values import Answer, Moment, Sent, moment
from engine.web.api.identity_store.passcodes import PasscodeShown, shown
from engine.web.api.identity_store.paths import needs, spellings, store_of
from engine.web.texts import DEFAULT, Speech

T = TypeVar("T")
Starts = Callable[[Call[Nothing, Nothing]], Awaitable[Answered | Stopped]]
FAILED: Final = Stopped(kind="passcode")
REGISTERED: Final = exists("policyName", "the user has a passcode under this policy already")
Typed = Annotated[str, Meta(max_length=4096, examples=["orbit cactus velvet lantern"])]
"""A passcode as it was typed; what is longer than any can be is one that fails."""


class Typing(Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
    """The passcode verification parameters."""

    passcode: Typed

    def __repr__(self) -> str:
        return "Typing(***)"


class Renewing(Sent, kw_only=True, frozen=True):
    """The passcode that is good now, and the one that shall be."""

    passcode: Typed
    new_passcode: Typed

    def __repr__(self) -> str:
        return "Renewing(***)"


class RulesShown(Answer, kw_only=True, frozen=True):
    """What a new passcode must keep; lengths count code points after NFKC."""

    min_length: int
    max_length: int
    character_set: str


class SessionShown(Answer, kw_only=True, frozen=True):
    """A session that was begun."""

    session_id: str
    policy_name: str
    expires_dtm: Moment
    rules: RulesShown


class AuthenticatedShown(Answer, kw_only=True, frozen=True):
    """Who has proven to be there."""

    result: Literal["AUTHENTICATED"]
    user_id: str
    passcode_id: str


def _starter(
    kind: SessionKind,
) -> Callable[[Call[Nothing, Nothing]], Awaitable[Answered | Stopped]]:
    async def started(call: Call[Nothing, Nothing]) -> Answered | Stopped:
        path = call.path
        if await store_of(call) is None:
            return MISSING
        named = Named(
            store=path["storeName"], policy=path["policyName"],
            user_id=path.get("userId"), ext_id=path.get("userExtId"),
        )  # fmt: skip
        vault = call.ask.web.journeys.vault
        found = await start(call.unit, vault, call.actor, kind, named)
        if isinstance(found, Missing):
            return MISSING
        if isinstance(found, Registered):
            return REGISTERED
        return Answered(body=_session(found))

    return started


def _session(found: Started) -> SessionShown:
    policy = found.policy
    return SessionShown(
        session_id=found.value,
        policy_name=policy.name,
        expires_dtm=moment(found.session.expires_at),
        rules=RulesShown(
            min_length=policy.min_length,
            max_length=policy.max_length,
            character_set=policy.character_set,
        ),
    )


async def complete_authentication(call: Call[Typing, Nothing]) -> Answered | Stopped:
    """Verify a passcode."""
    passcode = Secret(call.body.passcode)
    found = await _completed(
        call,
        "authentication",
        lambda verifier, session: sessions.complete_authentication(verifier, session, passcode),
    )
    if found is None:
        return _failed(call)
    user, kept = found
    return Answered(
        body=AuthenticatedShown(result="AUTHENTICATED", user_id=user.id, passcode_id=kept.id)
    )


async def complete_registration(call: Call[Typing, Nothing]) -> Answered | Stopped:
    """Keep a first passcode."""
    passcode = Secret(call.body.passcode)
    found = await _completed(
        call,
        "registration",
        lambda verifier, session: sessions.complete_registration(verifier, session, passcode),
    )
    if isinstance(found, Registered):
        return REGISTERED
    return MISSING if found is None else _chosen(call, found, "passcode")


async def complete_renewal(call: Call[Renewing, Nothing]) -> Answered | Stopped:
    """Verify the old passcode and keep the new one."""
    old, new = Secret(call.body.passcode), Secret(call.body.new_passcode)
    found = await _completed(
        call,
        "renewal",
        lambda verifier, session: sessions.complete_renewal(verifier, session, old=old, new=new),
    )
    return _failed(call) if found is None else _chosen(call, found, "newPasscode")


def _chosen(call: Call[B, Q], found: Passcode | Refusal, field: str) -> Answered | Stopped:
    if isinstance(found, Passcode):
        return Answered(body=shown(call, found))
    said = Speech(language=DEFAULT, app=call.ask.web.config.app_name).plain_text(found.text)
    return Stopped(kind="invalid", details=[{"field": field, "message": said}])


def _failed(call: Call[B, Q]) -> Stopped:
    """Count a failure for the tenant's circuit (C4).

    The address is the application server's, not a guesser's, and is not counted.
    """
    call.ask.circuit.fail()
    return FAILED


async def _completed(
    call: Call[B, Q],
    kind: SessionKind,
    work: Callable[[Verifier, PasscodeSession], Awaitable[T]],
) -> T | None:
    """Spend the session, do the work, and commit it; None where there is no such session.

    Done again where somebody was quicker with the same rows: the session was spent once. A full
    pool gives the session back: nothing was verified.
    """
    if await store_of(call) is None:
        return None
    await call.ask.circuit.slow_down()
    store = call.offices.store
    session = await spend(store, _verifier(call, call.unit), kind, call.path["sessionId"])
    if session is None:
        return None
    for _ in range(TRIES):
        unit = Unit(store, call.tenant)
        try:
            done = await work(_verifier(call, unit), session)
        except Busy:
            back = Unit(store, call.tenant)
            give_back(back, session)
            await store.write(call.tenant, back.staged())
            raise
        if await is_written(unit, store):
            return done
    raise Busy(retry_after=1)


def _verifier(call: Call[B, Q], unit: Unit) -> Verifier:
    journeys = call.ask.web.journeys
    return Verifier(
        unit=unit,
        ledger=call.offices.store,
        step=None,
        owner=HopId(journeys.chance.id()),
        name=call.caller.name,
        pool=call.offices.pool,
        vault=journeys.vault,
        at=call.actor.at,
        chance=journeys.chance,
    )


def _starts(kind: SessionKind, plural: str, word: str) -> tuple[Operation[Any, Any], ...]:
    name = f"createPasscode{word}"
    others = {409: "A passcode is registered already."} if kind == "registration" else {}
    return tuple(
        spellings(
            f"{name}ForUser", f"/passcodes/{plural}/{{policyName}}", of_user=True, method="POST",
            needs=needs(f"{name}ForUser"),
            ext_needs=needs(f"createUserPasscode{word}ForUserByExtUserId"),
            summary=f"Begin a passcode {kind}", answer=_starter(kind), body=Nothing,
            query=Nothing, result=SessionShown, status=201, others=others, makes=True,
        )
    )  # fmt: skip


_EXAMPLE: Final = "orbit cactus velvet lantern mango"
OPERATIONS: Final[Sequence[Operation[Any, Any]]] = (
    *_starts("registration", "registrations", "Registration"),
    *_starts("authentication", "authentications", "Authentication"),
    *_starts("renewal", "renewals", "Renewal"),
    *spellings(
        "completePasscodeRegistration", "/passcodes/registrations/sessions/{sessionId}",
        of_user=False, method="POST", needs=needs("completePasscodeRegistration"),
        summary="Complete a passcode registration", answer=complete_registration,
        description="A passcode that cannot be taken is told as a detail; the session stays.",
        example={"passcode": _EXAMPLE},
        body=Typing, query=Nothing, result=PasscodeShown, status=201,
        others={409: "A passcode was registered meanwhile."},
    ),
    *spellings(
        "completePasscodeAuthentication", "/passcodes/authentications/sessions/{sessionId}",
        of_user=False, method="POST", needs=needs("completePasscodeAuthentication"),
        summary="Complete a passcode authentication", answer=complete_authentication,
        description="Every failure is 400 with the code 2615, whatever its cause.",
        example={"passcode": _EXAMPLE}, body=Typing, query=Nothing, result=AuthenticatedShown,
    ),
    *spellings(
        "completePasscodeRenewal", "/passcodes/renewals/sessions/{sessionId}",
        of_user=False, method="POST", needs=needs("completePasscodeRenewal"),
        summary="Complete a passcode renewal", answer=complete_renewal,
        description="Every failure of the old passcode is 400 with the code 2615. A new one that"
        " cannot be taken is told as a detail; the session stays.",
        example={"passcode": _EXAMPLE, "newPasscode": "copper window saddle onion tide"},
        body=Renewing, query=Nothing, result=PasscodeShown,
    ),
)  # fmt: skip
