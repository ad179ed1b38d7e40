"""What another TrustFactor is asked for journeys: codes, decisions, and the end of both.

Each is an errand of the outbox, tried until the provider has answered. What is asked for twice
under one id is done once there: the same words each time, or it would be another call. Whoever asks
ends what has ended here meanwhile, as nobody else knows the provider's id for it.
"""

from __future__ import annotations

import base64
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec

from engine.activity import Ended, TryLater
from engine.model.names import JsonObject
from engine.ports.actor import Actor
from engine.ports.hints import Hints
from engine.ports.outside import Chance, Vault
from engine.ports.store import Store
from engine.realtime.channels import publish
from engine.realtime.trustfactor import codes, links, transactions
from engine.realtime.trustfactor.paths import CODES, RESET, TRANSACTIONS
from engine.realtime.trustfactor.qr_code import png
from engine.records.trustfactor import (
    EMBEDDED,
    Provider,
    RegistrationCode,
    Remote,
    Transaction,
    remote_key,
)
from engine.records.work import Job
from engine.run.trustfactor.notifier import MOVED, Notifier, ProviderRequest, RequestKind, group_of
from engine.run.trustfactor.provider_answers import CodeMade, Empty, TransactionMade, unfit
from engine.run.trustfactor.provider_client import A, ProviderClient, Rejected, Request, endpoint_of
from engine.run.unit import Unit, is_written

TOLD: Final = "/rtas/v3/registration/callback"
DONE: Final = Ended()
NOT_THERE: Final = 404
OVER: Final = frozenset({NOT_THERE, 409, 410})
"""What is answered for what is not there, or has ended already."""
Result = Ended | TryLater | Rejected
Subject = RegistrationCode | Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One try of one row.

    Attributes:
        hints: How other machines, whose pages wait, hear of a link at once.
        key: The row's id, the same at every try.
    """

    store: Store
    vault: Vault
    chance: Chance
    client: ProviderClient
    hints: Hints | None
    unit: Unit
    key: str
    at: datetime

    async def call(self, provider: str, request: Request[A]) -> A | Rejected:
        """Call a provider. Raises `VaultRefused`."""
        kept = await self.unit.get(Provider, provider)
        if kept is None:
            return Rejected(reason="the provider was removed", again=False)
        endpoint = endpoint_of(self.vault, self.unit.tenant, kept, self.at)
        return await self.client.call(endpoint, request)

    async def do(self, provider: str, path: str, said: JsonObject | None) -> Ended | Rejected:
        """Call for what is done there, at each try anew, and tells nothing more."""
        found = await self.call(provider, Request(path=path, answer=Empty, said=said))
        return found if isinstance(found, Rejected) else DONE

    async def end(self, provider: str, path: str) -> Ended | Rejected:
        """End what is at a path there; what is over, or not there, needs no end."""
        found = await self.do(provider, path, None)
        return DONE if isinstance(found, Rejected) and found.status in OVER else found

    async def code(self, subject: str) -> RegistrationCode | None:
        """Find a code that is another provider's."""
        found = await self.unit.get(RegistrationCode, subject)
        return None if found is None or found.provider == EMBEDDED else found

    async def transaction(self, subject: str) -> Transaction | None:
        """Find a transaction that is another provider's."""
        found = await self.unit.get(Transaction, subject)
        return None if found is None or found.provider == EMBEDDED else found

    async def needs_asking(self, subject: Subject) -> bool:
        """Whether it is to be asked for: it is open, or perhaps was made by a try before.

        The answer of such a try may have been lost: under the same id it is given again, and what
        it has made can be ended. After as long again its own time has ended it.
        """
        if not _is_over(subject, self.at):
            return True
        if self.at >= subject.ends_at + (subject.ends_at - subject.created_at):
            return False
        row = await self.store.get(self.unit.tenant, Job, self.key)
        return row is not None and row.tries > 1

    async def opened(self, subject: Subject, given: Remote, named: str) -> Result:
        """Write down what a thing is there; `named`: the field of its id.

        A link that leads elsewhere is kept by nobody, and what it belongs to is ended.
        """
        key = remote_key(subject.provider, given.id)
        known = await self.unit.find(type(subject), "by_remote", key)
        if known is not None and known.id != subject.id:
            return Rejected(reason=unfit(named).reason, again=False)
        kind = links.kind_of(given.link)
        if kind is None or (kind == "http" and self.client.http.refusal(given.link) is not None):
            await self.end(subject.provider, _path(subject, given))
            return Rejected(reason=unfit("deeplink_url").reason, again=False)
        latest = await self.unit.get(type(subject), subject.id)
        if latest is not None and not await self._kept(latest, given):
            return TryLater(reason="somebody else has changed it meanwhile", at_last=DONE)
        is_open = latest is not None and not _is_over(latest, self.at)
        return DONE if is_open else await self.end(subject.provider, _path(subject, given))

    async def _kept(self, latest: Subject, given: Remote) -> bool:
        """Write it down, and let the page look anew: it has a link now."""
        unit, changed, channel = self.unit, latest, None
        if isinstance(latest, RegistrationCode):
            changed = codes.opened(unit, latest, given)
        else:
            changed = transactions.opened(unit, latest, given)
        if not _is_over(latest, self.at):
            channel = await publish(unit, self.vault, group_of(changed), MOVED, self.at)
            if isinstance(changed, RegistrationCode):
                self.notifier.request(ProviderRequest(what="created", subject=changed.id))
        is_kept = await is_written(unit, self.store)
        if is_kept and channel is not None and self.hints is not None:
            self.hints.give(unit.tenant, channel.id)
        return is_kept

    @property
    def notifier(self) -> Notifier:
        """Stage what follows in the same unit."""
        actor = Actor(name="trustfactor", at=self.at, chance=self.chance)
        return Notifier(unit=self.unit, records=self.store, vault=self.vault, actor=actor)


def _is_over(subject: Subject, at: datetime) -> bool:
    """Whether nothing is to come of it any more; not where something has."""
    if isinstance(subject, RegistrationCode):
        return codes.status_at(subject, at) in ("CANCELLED", "EXPIRED", "REJECTED", "SCANNED_TWICE")
    return transactions.status_at(subject, at) in ("CANCELLED", "EXPIRED")


def _path(subject: Subject, remote: Remote) -> str:
    place = CODES if isinstance(subject, RegistrationCode) else TRANSACTIONS
    return f"{place}/{remote.id}"


async def _again(attempt: Attempt, subject: Subject, remote: Remote) -> Ended | Rejected:
    """End what a try before has written down, and was broken off before it had ended it there."""
    if _is_over(subject, attempt.at):
        return await attempt.end(subject.provider, _path(subject, remote))
    return DONE


async def _code(attempt: Attempt, wished: ProviderRequest) -> Result:
    """Ask for a code, and let the page show its link."""
    code = await attempt.code(wished.subject)
    if code is None:
        return DONE
    if code.remote is not None:
        return await _again(attempt, code, code.remote)
    if not await attempt.needs_asking(code):
        return DONE
    said: JsonObject = {
        "user_id": code.user_id, "user_name": code.user_name,
        "application_name": code.application,
        "expires_in_seconds": _seconds(code.ends_at - code.created_at),
    }  # fmt: skip
    request = Request(path=CODES, answer=CodeMade, said=said, key=attempt.key)
    made = await attempt.call(code.provider, request)
    if isinstance(made, Rejected):
        return made
    return await attempt.opened(
        code, Remote(id=made.unique_id, link=made.deeplink_url), "unique_id"
    )


async def _ask(attempt: Attempt, wished: ProviderRequest) -> Result:
    """Ask for a decision there."""
    asked = await attempt.transaction(wished.subject)
    if asked is None:
        return DONE
    if asked.remote is not None:
        return await _again(attempt, asked, asked.remote)
    if not await attempt.needs_asking(asked):
        return DONE
    display = transactions.display_of(attempt.vault, asked)
    said: JsonObject = {
        "user_id": asked.user_id, "application_name": asked.application,
        "action": display.action, "message": display.message,
        "parameters": dict(display.parameters), "contract_keys": list(asked.contracts),
        "expires_in_seconds": _seconds(asked.ends_at - asked.created_at),
    }  # fmt: skip
    request = Request(path=TRANSACTIONS, answer=TransactionMade, said=said, key=attempt.key)
    made = await attempt.call(asked.provider, request)
    if isinstance(made, Rejected):
        return made
    given = Remote(id=made.transaction_id, link=made.deeplink_url)
    return await attempt.opened(asked, given, "transaction_id")


def _seconds(life: timedelta) -> int:
    """Write how long it is good, from when on it is asked for: the same at each try."""
    return int(life.total_seconds())


async def _created(attempt: Attempt, wished: ProviderRequest) -> Result:
    """Tell its RTAS that the registration was created, for whoever listens there."""
    code = await attempt.code(wished.subject)
    if code is None or code.remote is None or _is_over(code, attempt.at):
        return DONE
    picture = png(code.remote.link, 300) or b""
    said = _told(code, "REGISTRATION_CREATED_V2") | {
        "qr_code": base64.b64encode(picture).decode(),
        "qr_code_expiration": int(code.ends_at.timestamp()),
        "deeplink_url": code.remote.link,
    }
    return await attempt.do(code.provider, TOLD, said)


async def _success(attempt: Attempt, wished: ProviderRequest) -> Result:
    """Tell its RTAS which device was registered."""
    code = await attempt.code(wished.subject)
    if code is None or code.confirmation is None or code.remote is None:
        return DONE
    said = _told(code, "REGISTRATION_SUCCESS_V2") | {
        "contract_key": code.confirmation.contract_key,
        "device_key": code.confirmation.device_key,
        "device_info": msgspec.to_builtins(code.confirmation.device),
        "close_connection_on_receive": True,
    }
    return await attempt.do(code.provider, TOLD, said)


def _told(code: RegistrationCode, status: str) -> dict[str, Any]:
    return {
        "unique_id": "" if code.remote is None else code.remote.id,
        "status": status,
        "user_id": code.user_id,
        "user_display_name": code.user_name,
        "application_name": code.application,
        "store_in_cache": True,
        "cache_expires_after_minutes": 15,
    }


async def _cancel_code(attempt: Attempt, wished: ProviderRequest) -> Result:
    return await attempt.end(wished.provider, f"{CODES}/{wished.remote}")


async def _cancel(attempt: Attempt, wished: ProviderRequest) -> Result:
    return await attempt.end(wished.provider, f"{TRANSACTIONS}/{wished.remote}")


async def _reset(attempt: Attempt, wished: ProviderRequest) -> Result:
    """Let a device answer for nobody there.

    One that is not there may be about to be: its provider has heard that we take it, and not
    written it down yet. Then its code is ended; or that was too late, and now the device is there.
    """
    said: JsonObject = {"contract_key": wished.contract_key}
    found = await attempt.do(wished.provider, RESET, said)
    if not _is_missing(found):
        return found
    if wished.remote:
        found = await attempt.do(wished.provider, f"{CODES}/{wished.remote}", None)
        if isinstance(found, Rejected) and found.status in OVER:
            found = await attempt.do(wished.provider, RESET, said)
    return DONE if _is_missing(found) else found


def _is_missing(found: Ended | Rejected) -> bool:
    return isinstance(found, Rejected) and found.status == NOT_THERE


PERFORMERS: Final[Mapping[RequestKind, Callable[[Attempt, ProviderRequest], Awaitable[Result]]]] = {
    "code": _code,
    "created": _created,
    "success": _success,
    "ask": _ask,
    "cancel-code": _cancel_code,
    "cancel": _cancel,
    "reset": _reset,
}
"""What the outbox does for each."""
