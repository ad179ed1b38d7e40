"""Webhook definitions by API: a new version each time; sensitive values go in and never out."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Annotated, Any, Final, Literal

from msgspec import Meta

from engine.model.names import JsonValue
from engine.records.webhooks import Webhook
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
from engine.web.api.frame.pages import BY_NAME, NamedWords, SpringPage, page_query, spring_page
from engine.web.api.frame.values import Answer, Moment, Sent, moment
from engine.web.gate.door import Needs
from engine.webhooks.definitions import (
    LONGEST_DESCRIPTION,
    Made,
    Wanted,
    add_webhook,
    newest,
    remove_webhook,
    rotate_secret,
    webhook_id,
)

SERVICE: Final = "/api/notification-service"
WEBHOOKS: Final = f"{SERVICE}/webhookDefinitions"
WEBHOOK: Final = f"{WEBHOOKS}/{{webhookName}}"
VERSION: Final = f"{WEBHOOK}/{{webhookVersion}}"
HIDDEN: Final = "***"

WebhookName = Annotated[
    str,
    Meta(
        pattern="^[A-Za-z0-9][A-Za-z0-9_-]{0,49}$",
        description="1 to 50 letters of ASCII, digits, - and _, beginning with a letter or digit.",
        examples=["shop"],
    ),
]
Method = Literal["POST", "GET"]
Texts = Annotated[
    dict[str, str],
    Meta(max_length=30, description="Name -> text, with {{processvar.<path>}} in it."),
]
Hidden = Annotated[dict[str, str], Meta(max_length=30, description="Name -> value, kept sealed.")]
Milliseconds = Annotated[int, Meta(ge=1, le=604_800_000)]
Body = Annotated[
    Any,
    Meta(description="JSON, with {{processvar.<path>}} in its texts; null: id, process, outcome."),
]


class NewWebhook(Sent, kw_only=True, frozen=True):
    """A webhook, or the next version of one that there is.

    `retryIntervals` are milliseconds after each try that failed; without them there are eight
    tries in 28 hours.
    """

    name: WebhookName
    uri: Annotated[str, Meta(min_length=1, max_length=2_000)]
    description: Annotated[str, Meta(max_length=LONGEST_DESCRIPTION)] = ""
    method: Method = "POST"
    headers: Texts = {}
    sensitive_headers: Hidden = {}
    parameters: Texts = {}
    body: Body = None
    retry_intervals: Annotated[list[Milliseconds], Meta(max_length=49)] | None = None


class WebhookShown(Answer, kw_only=True, frozen=True):
    """One version of a webhook; of sensitive headers the names alone."""

    id: str
    name: str
    version: int
    description: str
    method: Method
    uri: str
    headers: dict[str, str]
    sensitive_headers: dict[str, str]
    parameters: dict[str, str]
    body: Body
    retry_intervals: list[int] | None
    created_dtm: Moment
    created_by: str


class WebhookMade(WebhookShown, kw_only=True, frozen=True):
    """A new version; the first one's secret (`whsec_...`) is shown here and never again."""

    secret: str | None


class SecretMade(Answer, kw_only=True, frozen=True):
    """What messages are signed with from now on, shown once; the one before signs for a day too."""

    secret: str


def _facts(webhook: Webhook) -> dict[str, Any]:
    delays = webhook.delays
    return {
        "id": webhook.id,
        "name": webhook.name,
        "version": webhook.number,
        "description": webhook.description,
        "method": webhook.method,
        "uri": webhook.uri,
        "headers": webhook.headers,
        "sensitive_headers": dict.fromkeys(webhook.sensitive, HIDDEN),
        "parameters": webhook.parameters,
        "body": webhook.body,
        "retry_intervals": None if delays is None else [int(delay * 1_000) for delay in delays],
        "created_dtm": moment(webhook.created_at),
        "created_by": webhook.created_by,
    }


def _shown(webhook: Webhook) -> WebhookShown:
    return WebhookShown(**_facts(webhook))


async def list_webhooks(call: Call[Nothing, NamedWords]) -> Answered | Stopped:
    """List every version of every webhook."""
    words = call.query
    query = page_query(words.page, words.size, words.sort, orders=BY_NAME)
    page = await call.offices.store.page(call.tenant, Webhook, query)
    return Answered(body=spring_page(query, page, _shown))


async def create_webhook(call: Call[NewWebhook, Nothing]) -> Answered | Stopped:
    """Make the next version of a webhook."""
    asked = call.body
    intervals = asked.retry_intervals
    body: JsonValue = asked.body
    wanted = Wanted(
        name=asked.name,
        uri=asked.uri,
        description=asked.description,
        method=asked.method,
        headers=asked.headers,
        sensitive_headers=asked.sensitive_headers,
        parameters=asked.parameters,
        body=body,
        delays=None if intervals is None else [timedelta(milliseconds=one) for one in intervals],
    )
    vault, http = call.ask.web.journeys.vault, call.offices.http
    made = await add_webhook(call.unit, call.actor, vault, http, wanted)
    if not isinstance(made, Made):
        return invalid(made)
    return Answered(body=WebhookMade(**_facts(made.webhook), secret=made.secret))


async def read_newest(call: Call[Nothing, Nothing]) -> Answered | Stopped:
    """Read the newest version."""
    found = await newest(call.unit, call.path["webhookName"])
    return MISSING if found is None else Answered(body=_shown(found))


async def read_version(call: Call[Nothing, Nothing]) -> Answered | Stopped:
    """Read one version."""
    found = await _version(call)
    return MISSING if found is None else Answered(body=_shown(found))


async def delete_version(call: Call[Nothing, Nothing]) -> Answered | Stopped:
    """Remove one version."""
    found = await _version(call)
    if found is None:
        return MISSING
    remove_webhook(call.unit, call.actor, found)
    return Answered()


async def exchange_secret(call: Call[Nothing, Nothing]) -> Answered | Stopped:
    """Exchange the secret."""
    vault = call.ask.web.journeys.vault
    secret = await rotate_secret(call.unit, call.actor, vault, call.path["webhookName"])
    return MISSING if secret is None else Answered(body=SecretMade(secret=secret))


async def _version(call: Call[B, Q]) -> Webhook | None:
    number = call.path["webhookVersion"]
    if not (number.isascii() and number.isdigit() and len(number) <= 6):
        return None
    return await call.unit.get(Webhook, webhook_id(call.path["webhookName"], int(number)))


def needs(operation: str) -> Needs:
    """Name the permission of an operation of this service."""
    return Needs(service="NotificationService", operation=operation)


OPERATIONS: Final[Sequence[Operation[Any, Any]]] = (
    Operation(
        name="listWebhookDefinitions", method="GET", path=WEBHOOKS,
        needs=needs("listWebhookDefinitions"), summary="List webhooks, every version of each",
        answer=list_webhooks, body=Nothing, query=NamedWords, result=SpringPage[WebhookShown],
    ),
    Operation(
        name="createWebhookDefinition", method="POST", path=WEBHOOKS,
        needs=needs("createWebhookDefinition"), answer=create_webhook, makes=True,
        summary="Make a webhook, or the next version of one",
        description="Messages are signed as Standard Webhooks; the secret comes with the first "
        "version of a name, once.",
        example={
            "name": "shop", "uri": "https://shop.example/hooks",
            "body": {"outcome": "{{processvar._checks.overallOutcome}}"},
        },
        links={
            "getWebhookDefinition": {"webhookName": "$response.body#/name"},
            "getWebhookDefinitionByNameAndVersion": {
                "webhookName": "$response.body#/name",
                "webhookVersion": "$response.body#/version",
            },
        },
        body=NewWebhook, query=Nothing, result=WebhookMade, status=201,
    ),
    Operation(
        name="getWebhookDefinition", method="GET", path=WEBHOOK,
        needs=needs("getWebhookDefinitionByNameAndVersion"), answer=read_newest,
        summary="Read the newest version of a webhook",
        body=Nothing, query=Nothing, result=WebhookShown,
    ),
    Operation(
        name="getWebhookDefinitionByNameAndVersion", method="GET", path=VERSION,
        needs=needs("getWebhookDefinitionByNameAndVersion"), answer=read_version,
        summary="Read one version of a webhook",
        body=Nothing, query=Nothing, result=WebhookShown,
    ),
    Operation(
        name="deleteWebhookDefinition", method="DELETE", path=VERSION,
        needs=needs("deleteWebhookDefinition"), answer=delete_version,
        summary="Remove one version of a webhook",
        description="What waits to be sent by it becomes a dead letter.",
        body=Nothing, query=Nothing, status=204,
    ),
    Operation(
        name="exchangeWebhookSecret", method="POST", path=f"{WEBHOOK}/secret/exchange",
        needs=needs("updateWebhookDefinition"), answer=exchange_secret, makes=True,
        summary="Exchange what a webhook's messages are signed with",
        description="For a day both secrets sign.",
        body=Nothing, query=Nothing, result=SecretMade,
    ),
)  # fmt: skip
