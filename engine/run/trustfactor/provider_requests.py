"""What another TrustFactor is asked for journeys: codes, decisions, and the end of both.

Each is an errand of the outbox, tried until the provider has answered. What is asked for twice
under one id is done once there.
"""

from __future__ import annotations

import base64
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import msgspec

from engine.activity import Ended, TryLater
from engine.model.names import JsonObject
from engine.ports.actor import Actor
from engine.ports.outside import Chance, Vault
from engine.ports.store import Committed, Store
from engine.realtime.channels import publish
from engine.realtime.trustfactor import codes, links, transactions
from engine.realtime.trustfactor.square import png
from engine.records.trustfactor import (
    EMBEDDED,
    Provider,
    RegistrationCode,
    Remote,
    Transaction,
    remote_key,
)
from engine.run.trustfactor.provider_answers import CodeMade, Done, TransactionMade, unfit
from engine.run.trustfactor.provider_client import A, Client, Rejected, Request, place_of
from engine.run.trustfactor.telling import MOVED, Teller, Wish, group_of
from engine.run.unit import Unit

DONE: Final = Ended()
OVER: Final = frozenset({404, 409, 410})
"""What is answered for what is not there, or has ended already."""
Result = Ended | TryLater | Rejected


@dataclass(frozen=True, slots=True, kw_only=True)
class Errand:
    """One try of one row."""

    store: Store
    vault: Vault
    chance: Chance
    client: Client
    unit: Unit
    key: str
    at: datetime

    async def call(
        self, provider: str, path: str, said: JsonObject | None, answer: type[A]
    ) -> A | Rejected:
        """Call a provider under the row's id. Raises `VaultRefused`."""
        kept = await self.unit.get(Provider, provider)
        if kept is None:
            return Rejected(reason="the provider was removed", again=False)
        place = place_of(self.vault, self.unit.tenant, kept, self.at)
        request = Request(path=path, answer=answer, said=said, key=self.key)
        return await self.client.call(place, request)

    async def do(self, provider: str, path: str, said: JsonObject | None) -> Ended | Rejected:
        """Call for what is done there, and tells nothing more."""
        found = await self.call(provider, path, said, Done)
        return found if isinstance(found, Rejected) else DONE

    async def code(self, subject: str) -> RegistrationCode | None:
        """Find a code that is another provider's."""
        found = await self.unit.get(RegistrationCode, subject)
        return None if found is None or found.provider == EMBEDDED else found

    async def transaction(self, subject: str) -> Transaction | None:
        """Find a transaction that is another provider's."""
        found = await self.unit.get(Transaction, subject)
        return None if found is None or found.provider == EMBEDDED else found

    @property
    def teller(self) -> Teller:
        """Stage what follows in the same unit."""
        actor = Actor(name="trustfactor", at=self.at, chance=self.chance)
        return Teller(unit=self.unit, records=self.store, vault=self.vault, actor=actor)

    async def remote(
        self, subject: RegistrationCode | Transaction, given: Remote, named: str
    ) -> Remote | Rejected:
        """Take what a provider says that a thing is there; `named`: the field of its id."""
        kind = links.kind_of(given.link)
        if kind is None or (kind == "http" and self.client.http.refusal(given.link) is not None):
            return Rejected(reason=unfit("deeplink_url").reason, again=False)
        key = remote_key(subject.provider, given.id)
        known = await self.unit.find(type(subject), "by_remote", key)
        if known is not None and known.id != subject.id:
            return Rejected(reason=unfit(named).reason, again=False)
        return given

    async def moved(self, subject: RegistrationCode | Transaction) -> None:
        """Let the page look anew: it has a link now."""
        await publish(self.unit, self.vault, group_of(subject), MOVED, self.at)

    async def written(self) -> Result:
        """Write what was staged, unless somebody was quicker."""
        if isinstance(await self.store.write(self.unit.tenant, self.unit.staged()), Committed):
            return DONE
        return TryLater(reason="somebody else has changed it meanwhile", at_last=DONE)


async def _code(work: Errand, subject: str) -> Result:
    """Ask for a code, and let the page show its link."""
    code = await work.code(subject)
    if code is None or code.remote is not None or codes.status_at(code, work.at) != "CREATED":
        return DONE
    left = max(int((code.ends_at - work.at).total_seconds()), 30)
    said: JsonObject = {
        "user_id": code.user_id, "user_name": code.user_name,
        "application_name": code.application, "expires_in_seconds": left,
    }  # fmt: skip
    made = await work.call(code.provider, "/trustfactor/v2/registration-codes", said, CodeMade)
    if isinstance(made, Rejected):
        return made
    remote = await work.remote(code, Remote(id=made.unique_id, link=made.deeplink_url), "unique_id")
    if isinstance(remote, Rejected):
        return remote
    opened = codes.opened(work.unit, code, remote)
    await work.moved(opened)
    work.teller.wish("created", code.id)
    return await work.written()


async def _created(work: Errand, subject: str) -> Result:
    """Tell its RTAS that the registration was created, for whoever listens there."""
    code = await work.code(subject)
    if code is None or code.remote is None:
        return DONE
    picture = png(code.remote.link, 300) or b""
    said = _told(code, "REGISTRATION_CREATED_V2") | {
        "qr_code": base64.b64encode(picture).decode(),
        "qr_code_expiration": int(code.ends_at.timestamp()),
        "deeplink_url": code.remote.link,
    }
    return await work.do(code.provider, "/rtas/v3/registration/callback", said)


async def _success(work: Errand, subject: str) -> Result:
    """Tell its RTAS which device was registered."""
    code = await work.code(subject)
    if code is None or code.confirmation is None or code.remote is None:
        return DONE
    said = _told(code, "REGISTRATION_SUCCESS_V2") | {
        "contract_key": code.confirmation.contract_key,
        "device_key": code.confirmation.device_key,
        "device_info": msgspec.to_builtins(code.confirmation.device),
        "close_connection_on_receive": True,
    }
    return await work.do(code.provider, "/rtas/v3/registration/callback", said)


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


async def _ask(work: Errand, subject: str) -> Result:
    """Ask for a decision there."""
    asked = await work.transaction(subject)
    if asked is None or asked.remote is not None:
        return DONE
    if transactions.status_at(asked, work.at) != "PENDING":
        return DONE
    display = transactions.display_of(work.vault, asked)
    said: JsonObject = {
        "user_id": asked.user_id, "application_name": asked.application,
        "action": display.action, "message": display.message,
        "parameters": dict(display.parameters), "contract_keys": list(asked.contracts),
        "expires_in_seconds": max(int((asked.ends_at - work.at).total_seconds()), 10),
    }  # fmt: skip
    made = await work.call(asked.provider, "/trustfactor/v1/transactions", said, TransactionMade)
    if isinstance(made, Rejected):
        return made
    given = Remote(id=made.transaction_id, link=made.deeplink_url)
    remote = await work.remote(asked, given, "transaction_id")
    if isinstance(remote, Rejected):
        return remote
    await work.moved(transactions.opened(work.unit, asked, remote))
    return await work.written()


async def _cancel_code(work: Errand, subject: str) -> Result:
    code = await work.code(subject)
    if code is None or code.remote is None:
        return DONE
    return await _gone(work, code, f"/trustfactor/v2/registration-codes/{code.remote.id}")


async def _cancel(work: Errand, subject: str) -> Result:
    asked = await work.transaction(subject)
    if asked is None or asked.remote is None:
        return DONE
    return await _gone(work, asked, f"/trustfactor/v1/transactions/{asked.remote.id}")


async def _gone(work: Errand, subject: RegistrationCode | Transaction, path: str) -> Result:
    """End it there; what is over, or not there, needs no end."""
    found = await work.do(subject.provider, path, None)
    is_over = isinstance(found, Rejected) and found.status in OVER
    return DONE if is_over else found


async def _reset(work: Errand, subject: str) -> Result:
    """Let a device that is not its user's answer for nobody there."""
    code = await work.code(subject)
    if code is None or code.confirmation is None:
        return DONE
    said: JsonObject = {"contract_key": code.confirmation.contract_key}
    return await work.do(code.provider, "/trustfactor/v1/contracts/reset", said)


WISHES: Final[Mapping[Wish, Callable[[Errand, str], Awaitable[Result]]]] = {
    "code": _code,
    "created": _created,
    "success": _success,
    "ask": _ask,
    "cancel-code": _cancel_code,
    "cancel": _cancel,
    "reset": _reset,
}
