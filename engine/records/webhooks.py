"""Webhooks: versioned, unchanging definitions, and the secrets that each name's are signed with."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar, Literal

from engine.model.names import JsonValue
from engine.model.value import Value
from engine.records.record import Record

Method = Literal["POST", "GET"]


class Webhook(Record, frozen=True, kw_only=True):
    """One version of a webhook; `id` is `<name>/<number>`, which sorts by number.

    Attributes:
        number: 1, 2, ...; `version` counts writes, as of every row.
        headers, parameters: Name -> text with placeholders; parameters go into the query.
        sensitive: Names of headers whose values are sealed and never shown again.
        sealed_headers: Those values.
        body: JSON with placeholders; None: the usual one.
        delays: Seconds to wait after each try that failed; None: the usual ones.
    """

    TABLE: ClassVar[str] = "webhooks"
    LISTED: ClassVar[tuple[str, ...]] = ("name",)

    name: str
    number: int
    description: str = ""
    method: Method = "POST"
    uri: str
    headers: dict[str, str] = {}
    sensitive: tuple[str, ...] = ()
    sealed_headers: str | None = None
    parameters: dict[str, str] = {}
    body: JsonValue = None
    delays: tuple[float, ...] | None = None
    created_at: datetime
    created_by: str


class SealedSecret(Value, frozen=True, kw_only=True):
    """A secret, sealed; `retires_at`: until when it signs beside the one that replaced it."""

    sealed: str
    created_at: datetime
    retires_at: datetime | None = None


class WebhookSecrets(Record, frozen=True, kw_only=True):
    """What the messages of all versions of a webhook are signed with; `id` is its name.

    Attributes:
        secrets: The newest first; the others sign until they retire.
        newest: The highest number of a version that was ever made: no number is given twice.
    """

    TABLE: ClassVar[str] = "webhook_secrets"

    secrets: tuple[SealedSecret, ...]
    newest: int
