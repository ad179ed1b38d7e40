"""Calling applications back: signed, until they have answered, and told once by its id."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, assert_never, cast

import msgspec

from engine.access.rtas_clients import is_active
from engine.activity import Delivered, Ended, TryLater, Undelivered
from engine.model.event import Broken
from engine.model.names import JsonObject, TenantId
from engine.ports.actor import Actor
from engine.ports.http import Http, HttpRequest
from engine.ports.outside import Chance, Vault
from engine.ports.store import Store
from engine.realtime.trustfactor import codes, contracts, transactions
from engine.records.realtime import RtasClient
from engine.records.trustfactor import CallbackAddresses, RegistrationCode, Transaction
from engine.run.delivering import tried
from engine.run.trustfactor.callback_addresses import opened
from engine.run.trustfactor.notifier import CallbackKind
from engine.run.unit import Unit, is_written
from engine.webhooks import signing

REFUSALS: Final = frozenset({403, 410, 422})
"""What an application answers that does not agree: no device is registered, and none is asked.

409 is none: it may mean that a first try was heard, and its answer lost.
"""
_GONE: Final = TryLater(reason="what it tells of is kept no longer", in_vain=True, at_last=Ended())
_OUT: Final = TryLater(reason="its application is blocked or gone", in_vain=True, at_last=Ended())
"""Nothing is sent to what is not trusted any more, not even what it has asked for."""
_DONE: Final = Ended()


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplicationCallbacks:
    """Does the rows of the outbox that call applications back."""

    store: Store
    vault: Vault
    http: Http
    chance: Chance

    async def do(self, tenant: TenantId, handed: JsonObject, id: str) -> Ended | Broken | TryLater:
        """Try once; `id` is the message's, the same at every try."""
        unit = Unit(self.store, tenant)
        what, subject = cast("CallbackKind", handed["what"]), str(handed["subject"])
        match what:
            case "registration":
                return await self._registration(unit, subject, id)
            case "decision" | "expiry":
                return await self._transaction(unit, subject, id, what)
        assert_never(what)

    async def _registration(self, unit: Unit, subject: str, id: str) -> Ended | TryLater:
        code = await unit.get(RegistrationCode, subject)
        if code is None:
            return _GONE
        actor = await self._actor()
        if code.confirmation is None or codes.status_at(code, actor.at) != "CONFIRMED":
            return _DONE
        if not is_active(await unit.get(RtasClient, code.client)):
            # Nobody is left to agree: no device is registered, also not once it is let in again.
            codes.refuse(unit, actor, code)
            written = await self._written(unit)
            return written if isinstance(written, TryLater) else _OUT
        if not await contracts.is_possible(unit, self.store, actor, code):
            # The application is not asked to agree to what cannot be.
            codes.refuse(unit, actor, code)
            return await self._written(unit)
        found = await self._told(unit, code.client, id, _registration_body(code), "registration")
        if isinstance(found, Undelivered) and found.status not in REFUSALS:
            return _later(found)
        agreed = not isinstance(found, Undelivered)
        if not agreed or await contracts.register(unit, self.store, actor, code) is None:
            codes.refuse(unit, actor, code)
        return await self._written(unit)

    async def _transaction(
        self, unit: Unit, subject: str, id: str, what: CallbackKind
    ) -> Ended | TryLater:
        transaction = await unit.get(Transaction, subject)
        if transaction is None:
            return _GONE
        ended = transactions.expire(unit, await self._actor(), transaction)
        if ended is not None:
            written = await self._written(unit)
            if isinstance(written, TryLater):
                return written
        status = (ended or transaction).status
        if what == "expiry" and status == "PENDING":  # our clock has stepped back since
            left = transaction.ends_at - await self.store.now()
            return TryLater(reason="its time is not over again", after=left, at_last=_DONE)
        is_meant = status == "EXPIRED" if what == "expiry" else status in ("ACCEPTED", "DECLINED")
        return await self._ended(unit, ended or transaction, id) if is_meant else _DONE

    async def _ended(self, unit: Unit, transaction: Transaction, id: str) -> Ended | TryLater:
        """Tell how a transaction has ended."""
        if not is_active(await unit.get(RtasClient, transaction.client)):
            return _OUT
        display = transactions.display_of(self.vault, transaction)
        digest = transactions.digest_of(transaction.id, transaction.application, display)
        body = _transaction_body(transaction, digest)
        found = await self._told(unit, transaction.client, id, body, "transaction")
        if isinstance(found, Undelivered) and found.status not in REFUSALS:
            return _later(found)
        return _DONE

    async def _told(
        self, unit: Unit, client: str, id: str, said: JsonObject, flow: str
    ) -> Delivered | Undelivered | None:
        """Send it where the application wants it now; None where it wants it nowhere any more."""
        callbacks = await unit.get(CallbackAddresses, client)
        uri = None if callbacks is None else getattr(callbacks, f"{flow}_url")
        if callbacks is None or uri is None:
            return None
        at, body = await self.store.now(), msgspec.json.encode(said)
        keys = opened(self.vault, client, callbacks.secrets, at)
        headers = (("Content-Type", "application/json"), *signing.headers(keys, id, at, body))
        request = HttpRequest(method="POST", uri=uri, headers=headers, body=body)
        return await tried(self.http, request, at)

    async def _written(self, unit: Unit) -> Ended | TryLater:
        if await is_written(unit, self.store):
            return _DONE
        return TryLater(reason="somebody else has changed it meanwhile", at_last=_DONE)

    async def _actor(self) -> Actor:
        return Actor(name="trustfactor", at=await self.store.now(), chance=self.chance)


def _later(found: Undelivered) -> TryLater:
    return TryLater(reason=found.reason, after=found.after, in_vain=found.in_vain, at_last=_DONE)


def _registration_body(code: RegistrationCode) -> JsonObject:
    """Write what RTAS's documentation names: key, contract, device, place, user, code."""
    confirmed = code.confirmation
    assert confirmed is not None  # noqa: S101 - the caller saw to it
    return {
        "app_user_unique_id": code.user_id,
        "register_code_unique_id": code.id,
        "contract_key": confirmed.contract_key,
        "device_key": confirmed.device_key,
        "device_info": msgspec.to_builtins(confirmed.device),
        "device_ip": confirmed.address,
        "device_location": confirmed.location,
    }


def _transaction_body(transaction: Transaction, digest: str) -> JsonObject:
    return {
        "app_user_unique_id": transaction.user_id,
        "transaction_id": transaction.id,
        "status": transaction.status,
        "contract_key": transaction.decided_by,
        "digest": digest,
        "signature": transaction.signature,
    }
