"""Messages: what one webhook says of one journey, written once, and sent as often as it takes."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Final
from urllib.parse import quote

from engine.model.graph import ActivityNode, ProcessGraph
from engine.model.instance import ProcessInstance
from engine.model.names import JsonObject, JsonValue
from engine.model.value import Value
from engine.records.webhooks import Method, Webhook
from engine.webhooks import template

LARGEST_BODY: Final = 65_536
"""Bytes of a message; a journey whose answers make a longer one is held."""
_LONGEST_VALUE: Final = 2_000


class Message(Value, frozen=True, kw_only=True):
    """What is sent, but for sensitive headers and signature, which are put to each try.

    Attributes:
        webhook, number: Whose it is.
        body: JSON, as it is sent; empty for a GET.
    """

    webhook: str
    number: int
    method: Method
    uri: str
    headers: dict[str, str]
    body: str


def written(webhook: Webhook, data: Mapping[str, JsonValue]) -> Message | None:
    """Write a message from session data; None where it is longer than any may be."""
    parameters = {n: template.filled_text(t, data) for n, t in webhook.parameters.items()}
    uri = webhook.uri
    if parameters:
        uri += ("&" if "?" in uri else "?") + _query(parameters)
    body = ""
    if webhook.method == "POST":
        said = template.usual_body() if webhook.body is None else webhook.body
        body = json.dumps(template.filled(said, data), ensure_ascii=False, separators=(",", ":"))
    if len(body.encode()) > LARGEST_BODY or len(uri) > _LONGEST_VALUE:
        return None
    return Message(
        webhook=webhook.name,
        number=webhook.number,
        method=webhook.method,
        uri=uri,
        headers={n: _plain(template.filled_text(t, data)) for n, t in webhook.headers.items()},
        body=body,
    )


def _plain(text: str) -> str:
    """Write a header's value: other characters percent-encoded, of line ends and the like none."""
    shown = "".join(sign for sign in text if sign.isprintable())
    return quote(shown, safe="".join(map(chr, range(32, 127))))[:_LONGEST_VALUE].strip()


def session_data(graph: ProcessGraph, instance: ProcessInstance, at: datetime) -> JsonObject:
    """Give what placeholders read: process variables, checks, and what the instance is.

    Links are not among them: what is kept of one is not the link (design 7). Nor is any secret:
    no variable holds one (D2).
    """
    hidden = set(_links(graph))
    variables = {n: value for n, value in instance.variables.items() if n not in hidden}
    states: list[JsonValue] = [{"name": c.name, "state": c.state} for c in instance.checks]
    return {
        "_checks": {"overallOutcome": instance.decision, "checks": states},
        "_processInstance": {
            "id": instance.id,
            "reference": instance.reference,
            "process": instance.process,
            "version": instance.version,
            "language": instance.language,
            "createdAt": instance.created_at.isoformat(timespec="milliseconds"),
            "at": at.isoformat(timespec="milliseconds"),
        },
        **variables,
    }


def _links(graph: ProcessGraph) -> Iterable[str]:
    for node in graph.nodes.values():
        if isinstance(node, ActivityNode):
            links = {output.name for output in node.signature.outputs if output.link}
            yield from (variable for name, variable in node.declared.items() if name in links)


def _query(parameters: Mapping[str, str]) -> str:
    pairs = (f"{quote(name, safe='')}={quote(text, safe='')}" for name, text in parameters.items())
    return "&".join(pairs)
