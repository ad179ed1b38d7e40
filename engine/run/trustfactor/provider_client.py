"""Calls to another RTAS and TrustFactor: its address, our login there, and tokens renewed in time.

A login is renewed as long as it is good, and made anew when it is not.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec

from engine.errors import AddressRefused, HttpFailed
from engine.model.names import JsonObject, TenantId
from engine.ports.http import Http, HttpAnswer, HttpRequest
from engine.ports.outside import Vault
from engine.records.trustfactor import Provider

RENEW_AFTER: Final = timedelta(minutes=30)
LOG_IN_AFTER: Final = timedelta(minutes=55)


class Refused(Exception):
    """The provider does not do it: `again`, whether it may yet."""

    def __init__(self, reason: str, *, again: bool, status: int = 0) -> None:
        super().__init__(reason)
        self.reason = reason
        self.again = again
        self.status = status


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """A token, and when it was given."""

    token: str = field(repr=False)
    at: datetime


@dataclass(slots=True, kw_only=True)
class Client:
    """Calls a provider as its application server; keeps tokens in memory, and nowhere else."""

    http: Http
    logins: dict[tuple[TenantId, str], Login] = field(default_factory=dict)

    async def call(
        self, place: Place, path: str, said: JsonObject | None, *, key: str = ""
    ) -> JsonObject:
        """Call once, logged in; a token that is good no more is made anew. Raises `Refused`."""
        for is_last in (False, True):
            token = await self._token(place)
            headers = [("Authorization", f"Bearer {token}")]
            headers += [("Idempotency-Key", key)] if key else []
            try:
                return await self._send(place, path, said, headers)
            except Refused as refused:
                self.logins.pop(place.name, None)
                if refused.status != 401 or is_last:
                    raise
        raise AssertionError  # the second round has returned or raised

    async def log_in(self, place: Place) -> str:
        """Give a fresh token. Raises `Refused`."""
        said: JsonObject = {"client_id": place.client_id, "client_secret": place.secret}
        return str((await self._send(place, "/rtas/v1/login", said, []))["token"])

    async def _token(self, place: Place) -> str:
        kept = self.logins.get(place.name)
        age = timedelta.max if kept is None else place.at - kept.at
        if kept is not None and age < RENEW_AFTER:
            return kept.token
        token = await self._renewed(place, kept) if kept and age < LOG_IN_AFTER else None
        token = token or await self.log_in(place)
        self.logins[place.name] = Login(token=token, at=place.at)
        return token

    async def _renewed(self, place: Place, kept: Login) -> str | None:
        headers = [("Authorization", f"Bearer {kept.token}")]
        try:
            found = await self._send(place, "/rtas/v1/token/renew", {}, headers)
        except Refused:
            return None
        return str(found["token"])

    async def _send(
        self, place: Place, path: str, said: JsonObject | None, headers: list[tuple[str, str]]
    ) -> JsonObject:
        method, body = ("DELETE", b"") if said is None else ("POST", msgspec.json.encode(said))
        kind = [] if said is None else [("Content-Type", "application/json")]
        request = HttpRequest(
            method=method, uri=f"{place.address}{path}", headers=(*kind, *headers), body=body
        )
        try:
            answer = await self.http.send(request)
        except AddressRefused as refused:
            reason = f"it may not be sent there: {refused.facts['reason']}"
            raise Refused(reason, again=False) from refused
        except HttpFailed as failed:
            raise Refused(str(failed.facts["reason"]), again=True) from failed
        return _read(answer)


def _read(answer: HttpAnswer) -> JsonObject:
    if not 200 <= answer.status < 300:
        is_final = 400 <= answer.status < 500 and answer.status not in (401, 408, 425, 429)
        reason = f"it answered {answer.status}"
        raise Refused(reason, again=not is_final, status=answer.status)
    if not answer.body:
        return {}
    try:
        found: JsonObject = msgspec.json.decode(answer.body, type=dict[str, Any])
    except msgspec.DecodeError as error:
        reason = "its answer is no JSON"
        raise Refused(reason, again=True) from error
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a provider is, and what we log in there with, opened for one call."""

    name: tuple[TenantId, str]
    address: str
    client_id: str
    secret: str = field(repr=False)
    at: datetime


def place_of(vault: Vault, tenant: TenantId, provider: Provider, at: datetime) -> Place:
    """Open what a provider is called with. Raises `VaultRefused`."""
    secret = vault.unseal("trustfactor", provider.sealed_secret, bound_to(provider.id, "secret"))
    return Place(
        name=(tenant, provider.id),
        address=provider.address,
        client_id=provider.client_id,
        secret=secret.decode(),
        at=at,
    )


def bound_to(provider: str, what: str) -> bytes:
    """Name what is sealed of a provider."""
    return f"provider/{provider}/{what}".encode()
