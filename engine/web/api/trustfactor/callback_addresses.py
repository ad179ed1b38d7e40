"""Where an application wants to be called back, and what it knows such calls by."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Final

from msgspec import Meta, Struct

from engine.model.problem import Problems, wrong
from engine.realtime.trustfactor.paths import CALLBACKS
from engine.run.trustfactor.callback_addresses import set_addresses
from engine.web.api.frame.operation import Answered, Call, Nothing, Operation, Stopped, invalid
from engine.web.api.trustfactor.values import SentToTrustFactor
from engine.webhooks import signing

Url = Annotated[str, Meta(min_length=1, max_length=2_000)]


class NewCallbacks(SentToTrustFactor, kw_only=True, frozen=True):
    """Where calls go; what is null, or left out, is not called.

    Attributes:
        register_callback_url: A device has confirmed; a success status lets it be registered.
        transaction_callback_url: A transaction was decided, or time has ended it.
    """

    register_callback_url: Url | None = None
    transaction_callback_url: Url | None = None


class CallbacksMade(Struct, kw_only=True, frozen=True):
    """Where calls go, and the secret (`whsec_...`) that they are signed with, shown this once."""

    register_callback_url: str | None
    transaction_callback_url: str | None
    secret: str


async def set_callbacks(call: Call[NewCallbacks, Nothing]) -> Answered | Stopped:
    """Set both addresses, and make a new secret; the one before signs beside it for a day."""
    asked = call.body
    problems = _problems(call, asked)
    if problems:
        return invalid(problems)
    secret = await set_addresses(
        call.unit,
        call.actor,
        call.ask.web.journeys.vault,
        call.application.client.id,
        registration_url=asked.register_callback_url,
        transaction_url=asked.transaction_callback_url,
    )
    shown = CallbacksMade(
        register_callback_url=asked.register_callback_url,
        transaction_callback_url=asked.transaction_callback_url,
        secret=signing.written(secret),
    )
    return Answered(body=shown)


def _problems(call: Call[Any, Any], asked: NewCallbacks) -> Problems:
    found = []
    for name in ("register_callback_url", "transaction_callback_url"):
        url = getattr(asked, name)
        refusal = None if url is None else call.offices.http.refusal(url)
        if refusal is not None:
            found.append(wrong(name, refusal))
    return tuple(found)


OPERATIONS: Final[Sequence[Operation[Any, Any]]] = (
    Operation(
        name="SetCallbacks", method="POST", path=CALLBACKS, needs="application",
        security=("application",), summary="Say where this application is called back",
        description="Calls are signed as Standard Webhooks are, and made again until they are "
        "answered with a success status; `webhook-id` is the same at every try. An application "
        "without an address agrees to each device. 403, 410 and 422 refuse one.",
        answer=set_callbacks, body=NewCallbacks, query=Nothing, result=CallbacksMade,
        example={"register_callback_url": "https://bank.example/tf/registered"},
    ),
)  # fmt: skip
