"""What external activities are lent outside a hop: HTTP, and the sending of signed messages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import msgspec

from engine.activity import Delivered, Undelivered
from engine.errors import AddressRefused, HttpFailed
from engine.model.names import JsonObject, TenantId
from engine.ports.http import Http, HttpAnswer, HttpRequest
from engine.ports.outside import Vault
from engine.ports.store import Store
from engine.records.webhooks import Webhook, WebhookSecrets
from engine.run.jobs import message_id
from engine.webhooks import signing
from engine.webhooks.definitions import secrets_at, sensitive_headers, webhook_id
from engine.webhooks.messages import Message

GONE = 410
"""By which a receiver says that it wants no more (Standard Webhooks)."""


def lent_outside(
    tenant: TenantId, *, store: Store, vault: Vault, http: Http
) -> Mapping[str, object]:
    """Give what the activities of a tenant may use, by the names of the door."""
    return {
        "Http": http,
        "Deliveries": DeliveriesOfTenant(tenant=tenant, store=store, vault=vault, http=http),
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveriesOfTenant:
    """`Deliveries` with a tenant's secrets, opened for each try and kept nowhere."""

    tenant: TenantId
    store: Store
    vault: Vault
    http: Http

    async def send(self, message: JsonObject, effect_key: str) -> Delivered | Undelivered:
        """Try once."""
        said = msgspec.convert(message, Message)
        webhook = await self.store.get(self.tenant, Webhook, webhook_id(said.webhook, said.number))
        secrets = await self.store.get(self.tenant, WebhookSecrets, said.webhook)
        if webhook is None or secrets is None:
            return Undelivered(reason="the webhook was removed", in_vain=True)
        at = await self.store.now()
        keys = secrets_at(self.vault, self.tenant, secrets, at)
        body = said.body.encode()
        headers = said.headers | sensitive_headers(self.vault, self.tenant, webhook)
        if body and "content-type" not in map(str.lower, headers):
            headers["Content-Type"] = "application/json"
        signed = signing.headers(keys, message_id(effect_key), at, body)
        request = HttpRequest(
            method=said.method, uri=said.uri, headers=(*headers.items(), *signed), body=body
        )
        return await tried(self.http, request, at)


async def tried(http: Http, request: HttpRequest, at: datetime) -> Delivered | Undelivered:
    """Send once, and say in an operator's words how it went."""
    try:
        return _taken(await http.send(request), at)
    except AddressRefused as refused:
        reason = refused.facts["reason"]
        return Undelivered(reason=f"it may not be sent there: {reason}", in_vain=True)
    except HttpFailed as failed:
        return Undelivered(reason=str(failed.facts["reason"]))


def _taken(answer: HttpAnswer, at: datetime) -> Delivered | Undelivered:
    status = answer.status
    if 200 <= status < 300:
        return Delivered(status=status)
    reason = f"it answered {status}"
    if 300 <= status < 400:
        reason += ", and no redirect is followed"
    after = retry_after(answer.headers.get("retry-after", ""), at)
    return Undelivered(reason=reason, after=after, in_vain=status == GONE, status=status)


def retry_after(text: str, at: datetime) -> timedelta | None:
    """Read a Retry-After (RFC 9110, 10.2.3): seconds, or a date; None for anything else."""
    if text.isascii() and text.isdigit() and len(text) < 9:
        return timedelta(seconds=int(text))
    try:
        then = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    if then.tzinfo is None:
        then = then.replace(tzinfo=UTC)
    return max(then - at, timedelta())
