"""The OpenAPI 3.1 document: every way in for programs, made of the rows that answer."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any, Final, get_args

import msgspec

from engine.web.answers import API_ERRORS
from engine.web.api.arthr.issuing import ISSUE
from engine.web.api.frame.operation import Described, Nothing, Operation
from engine.web.api.frame.values import PATH_PARTS
from engine.web.api.process_server import DESCRIBED
from engine.web.api.rtas.login import LOGIN
from engine.web.api.table import FOR_APPLICATIONS, OPERATIONS
from engine.web.api.trustfactor.agents import AGENTS
from engine.web.api.trustfactor.provider_callbacks import PROVIDER_CALLBACKS
from engine.web.gate.door import Needs
from engine.web.openapi.schemas import Schema, Schemas

VERSION: Final = "1"
"""Of the API: it is raised by what breaks a program."""
JSON: Final = "application/json"
ALL: Final[tuple[Described, ...]] = (
    ISSUE, *OPERATIONS, *DESCRIBED, LOGIN, *FOR_APPLICATIONS,
    *(row for row, _ in (*AGENTS, *PROVIDER_CALLBACKS)),
)  # fmt: skip
_BRACES: Final = re.compile(r"\{(\w+)\}")
_ABOUT: Final = """What an application server calls: identity stores and passcodes, process
definitions, tokens and instances, webhooks. An API key (`trustflow apikey add`) is exchanged for a
bearer token at `POST /api/arthr/apiKeys/issue`; each operation names the permission that the key
must have, and works in the key's own tenant. Every mistake is told as `{code, message, details,
requestId}`."""
_TAGS: Final = {
    "arthr": "API keys, and the bearer tokens that they are exchanged for.",
    "identity-store": "Identity stores, their users, passcode policies and passcodes.",
    "process-manager": "Process definitions, forms, tokens and instances.",
    "notification-service": "Webhooks, and what could not be delivered.",
    "process-server": "A process instance, step by step, for the app of the person.",
    "tenants": "Passcodes, in paths that name the tenant.",
    "rtas": "Real time: application servers tell browsers what becomes of registrations.",
    "trustfactor": "Devices: registered with codes, they answer transactions; agents sign.",
}
_USUAL: Final = (400, 408, 413, 415, 421, 429, 431, 500, 503)
"""What any call may be answered; of those with a body also 413 and 415."""
_NO_BODY: Final = frozenset({408, 413, 415})
_TOLD: Final[Mapping[int, str]] = {
    400: "The call cannot be taken; `details` says which values.",
    401: "There is no good bearer token, key or session.",
    403: "The key does not have the permission.",
    404: "It is not there, or is another tenant's.",
    408: "The body took too long to arrive.",
    409: "It is there already, or stands otherwise.",
    410: "It has been used, or is not valid now.",
    413: "The body is too long.",
    415: "The body must be application/json.",
    421: "This host is not served here.",
    422: "The Idempotency-Key was used for another call, or answers cannot be taken.",
    429: "Too many tries from here; wait.",
    431: "The request's head is too long.",
    500: "Something broke.",
    503: "Too much is going on; try again.",
}
_LATER: Final = {
    "Retry-After": {"description": "Seconds.", "schema": {"type": "integer", "minimum": 0}}
}


class Detail(msgspec.Struct, kw_only=True, frozen=True):
    """One mistake: the field, or the path in it, and what would be right.

    Mistakes of definitions say more.
    """

    field: str
    message: str


class RealtimeDetails(msgspec.Struct, kw_only=True, frozen=True):
    """What is wrong, field by field, and the request's id."""

    problems: list[Detail]
    request_id: str


class RealtimeError(msgspec.Struct, kw_only=True, frozen=True):
    """Why a call of RTAS was not done.

    Attributes:
        code: A word for machines.
    """

    code: str
    message: str
    details: RealtimeDetails


class ErrorShown(msgspec.Struct, rename="camel", kw_only=True, frozen=True):
    """Why a call was not done.

    Attributes:
        code: TrustX's number where it documents one, else 9000 and the status.
        request_id: To be told when something went wrong.
    """

    code: int
    message: str
    details: list[Detail]
    request_id: str


@cache
def document() -> Schema:
    """Make the document."""
    schemas = Schemas([ErrorShown, RealtimeError, *_types(ALL)])
    paths: dict[str, dict[str, Schema]] = {}
    for row in ALL:
        paths.setdefault(row.path, {})[row.method.lower()] = _operation(row, schemas)
    errors = {f"Error{status}": _error(status, schemas) for status in sorted(_TOLD)}
    for status in sorted(_TOLD):
        errors[f"RealtimeError{status}"] = _realtime_error(status, schemas)
    return {
        "openapi": "3.1.0",
        "info": {"title": "trustflow", "version": VERSION, "description": _line(_ABOUT)},
        "servers": [{"url": "/"}],
        "tags": [{"name": name, "description": words} for name, words in _TAGS.items()],
        "paths": paths,
        "components": {
            "schemas": schemas.used([ErrorShown, RealtimeError, *_types(ALL, with_query=False)]),
            "responses": errors,
            "securitySchemes": _SCHEMES,
        },
    }


@cache
def written() -> bytes:
    """Write the document as it is served."""
    return msgspec.json.encode(document())


_SCHEMES: Final = {
    "apiKey": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
    "bearer": {
        "type": "http",
        "scheme": "bearer",
        "description": "What an API key was exchanged for; good for half an hour.",
    },
    "application": {
        "type": "http",
        "scheme": "bearer",
        "description": "What an application server was given at its login; good for 60 minutes.",
    },
    "session": {
        "type": "http",
        "scheme": "bearer",
        "description": "The session token of one instance, as its start answered it.",
    },
}


def _types(rows: Iterable[Described], *, with_query: bool = True) -> Iterable[Any]:
    """Give the Structs of rows; words behind the question mark are no component of the document."""
    for row in rows:
        for one in (row.body, row.result, *([row.query] if with_query else ())):
            if one is not None and one is not Nothing:
                yield one


def _tag(path: str) -> str:
    _, first, second, *_ = path.split("/")
    return second if first == "api" else first


def _operation(row: Described, schemas: Schemas) -> Schema:
    made: Schema = {
        "operationId": row.name,
        "tags": [_tag(row.path)],
        "summary": row.summary,
    }
    words = [row.description]
    if isinstance(row, Operation) and isinstance(row.needs, Needs):
        permission = f"{row.needs.service}:{row.needs.operation}"
        made["x-permission"] = permission
        words.append(f"Permission: `TNT#{{tenant}}#{permission}`.")
    made["description"] = " ".join(word for word in words if word)
    made["security"] = [{name: []} for name in row.security] + ([{}] if row.own_key else [])
    parameters = _parameters(row, schemas)
    if parameters:
        made["parameters"] = parameters
    if row.body is not Nothing:
        content: Schema = {"schema": schemas.of(row.body)}
        if row.example is not None:
            content["example"] = row.example
        made["requestBody"] = {"required": True, "content": {JSON: content}}
    made["responses"] = _responses(row, schemas)
    return made


def _parameters(row: Described, schemas: Schemas) -> list[Schema]:
    found: list[Schema] = [
        {
            "name": name, "in": "path", "required": True, "description": PATH_PARTS[name],
            "schema": {"type": "string", "minLength": 1},
        }
        for name in _BRACES.findall(row.path)
    ]  # fmt: skip
    if row.query is not Nothing:
        for name, schema, is_needed in schemas.fields(row.query):
            found.append(_parameter(name, schema, is_needed=is_needed))
    if row.takes_key:
        found.append(
            {
                "name": "Idempotency-Key", "in": "header", "required": False,
                "description": "The same call with the same key does nothing twice.",
                "schema": {"type": "string", "pattern": "^[!-~]{1,255}$"},
            }
        )  # fmt: skip
    return found


def _parameter(name: str, schema: Schema, *, is_needed: bool) -> Schema:
    """Write a word behind the question mark; what may be left out is never sent as null."""
    choices = [part for part in schema.get("anyOf", []) if part != {"type": "null"}]
    shown = {key: value for key, value in schema.items() if key not in ("anyOf", "default")}
    if len(choices) == 1:
        shown |= choices[0]
    elif choices:
        shown["anyOf"] = choices
    if None in shown.get("enum", []):
        shown["enum"] = [value for value in shown["enum"] if value is not None]
    if schema.get("default") is not None:
        shown["default"] = schema["default"]
    found: Schema = {"name": name, "in": "query", "required": is_needed, "schema": shown}
    if "description" in shown:
        found["description"] = shown.pop("description")
    return found


def _responses(row: Described, schemas: Schemas) -> Schema:
    found: Schema = {str(row.status): _good(row, schemas)}
    for status, words in row.others.items():
        found[str(status)] = {**_other(status, row, schemas), "description": words}
    for status in _errors(row):
        found.setdefault(str(status), _error_ref(row, status))
    return dict(sorted(found.items()))


def _other(status: int, row: Described, schemas: Schemas) -> Schema:
    if status < 400:
        return _good(row, schemas)
    return _error_ref(row, status)


def _error_ref(row: Described, status: int) -> Schema:
    shape = "RealtimeError" if row.path.startswith(("/rtas/", "/trustfactor/")) else "Error"
    return {"$ref": f"#/components/responses/{shape}{status}"}


def _errors(row: Described) -> set[int]:
    skipped = frozenset() if row.method == "POST" else _NO_BODY
    found = {status for status in _USUAL if status not in skipped} | {401}
    if isinstance(row, Operation) and isinstance(row.needs, Needs):
        found.add(403)
    if "{" in row.path or row.own_key:
        found.add(404)
    if row.takes_key:
        found.add(422)
    return found


def _good(row: Described, schemas: Schemas) -> Schema:
    made: Schema = {"description": _answered(row, schemas)}
    if row.result is not None:
        made["content"] = {JSON: {"schema": schemas.of(row.result)}}
    if row.status == 307:
        made["headers"] = {"Location": {"schema": {"type": "string"}}}
    if row.links:
        made["links"] = {
            name: {"operationId": name, "parameters": dict(taken)}
            for name, taken in row.links.items()
        }
    return made


def _answered(row: Described, schemas: Schemas) -> str:
    """Say what a good answer holds, as the docstring of its Struct does."""
    if row.result is None:
        return "It is done." if row.status < 300 else "Where to go on."
    rows = [part.__name__ for part in get_args(row.result)]
    of = f" Rows: `{rows[0]}`." if rows else ""
    return f"{schemas.words(row.result)}{of}"


def _error(status: int, schemas: Schemas) -> Schema:
    codes = sorted({one.code for one in API_ERRORS.values() if one.status == status})
    made: Schema = {
        "description": f"{_TOLD[status]} Codes: {', '.join(map(str, codes))}.",
        "content": {JSON: {"schema": schemas.of(ErrorShown)}},
    }
    if status in (429, 503):
        made["headers"] = _LATER
    if status == 401:
        made["headers"] = {"WWW-Authenticate": {"schema": {"type": "string"}}}
    return made


def _realtime_error(status: int, schemas: Schemas) -> Schema:
    words = sorted(kind for kind, one in API_ERRORS.items() if one.status == status)
    made = _error(status, schemas)
    made["description"] = f"{_TOLD[status]} Codes: {', '.join(words)}."
    made["content"] = {JSON: {"schema": schemas.of(RealtimeError)}}
    return made


def _line(text: str) -> str:
    return " ".join(text.split())
