"""Words to bytes: pages, ways on within our own house, JSON, and each way to stop."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Literal

import msgspec
from starlette.responses import Response

from engine.redaction import redacted
from engine.run.entry.answers import Refusal
from engine.web import pages
from engine.web.request import Ask
from engine.web.texts import DEFAULT, catalogues
from engine.web.wire import Unread, choose_language

Kind = (
    pages.StopKind
    | Literal["method", "headers", "unread", "late", "long", "type", "misdirected", "fields"]
    | Literal[
        "invalid", "client", "key", "bearer", "outdated", "denied", "exists", "reused", "passcode",
        "signature",
    ]
)  # fmt: skip
"""Why a request goes no further: a stop of the pages, or one that only programs can bring about."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiError:
    """One way an API call fails.

    `code` is TrustX's number where it documents one, else 9000 and the status.
    """

    status: int
    code: int
    message: str


API_ERRORS: Mapping[Kind, ApiError] = {
    "error": ApiError(status=500, code=1, message="Unexpected error."),
    "lost": ApiError(status=401, code=7, message="Access to the service is denied."),
    "cookies": ApiError(status=401, code=7, message="Access to the service is denied."),
    "refused": ApiError(status=403, code=7, message="Access to the service is denied."),
    "client": ApiError(status=401, code=130, message="Client id and secret do not open anything."),
    "key": ApiError(status=401, code=130, message="This API key opens nothing."),
    "bearer": ApiError(status=401, code=271, message="This bearer token is not valid."),
    "outdated": ApiError(status=401, code=279, message="This bearer token is no longer valid."),
    "signature": ApiError(status=401, code=9401, message="The signature does not fit."),
    "denied": ApiError(status=403, code=7, message="Insufficient tenant permissions."),
    "passcode": ApiError(status=400, code=2615, message="Authentication failed."),
    "invalid": ApiError(status=400, code=9400, message="Some values cannot be taken."),
    "unread": ApiError(status=400, code=9400, message="The request could not be read."),
    "missing": ApiError(status=404, code=9404, message="There is nothing here."),
    "unknown": ApiError(status=404, code=9404, message="This link is not known."),
    "method": ApiError(status=405, code=9405, message="This address does not take the method."),
    "late": ApiError(status=408, code=9408, message="The request took too long to arrive."),
    "exists": ApiError(status=409, code=9409, message="It is there already, or stands otherwise."),
    "expired": ApiError(status=410, code=9410, message="This link is no longer valid."),
    "used": ApiError(status=410, code=9410, message="This link has been used."),
    "notyet": ApiError(status=410, code=9410, message="This link does not work yet."),
    "long": ApiError(status=413, code=9413, message="The request is too long."),
    "type": ApiError(status=415, code=9415, message="The request must be application/json."),
    "misdirected": ApiError(status=421, code=9421, message="This host is not served here."),
    "fields": ApiError(status=422, code=9422, message="Some answers cannot be taken."),
    "reused": ApiError(
        status=422, code=9422, message="This Idempotency-Key was used for another call."
    ),
    "app": ApiError(status=200, code=9200, message="This link is for the app on a phone."),
    "slow": ApiError(status=429, code=9429, message="Too many tries from here."),
    "headers": ApiError(status=431, code=9431, message="The request's head is too long."),
    "busy": ApiError(status=503, code=9503, message="Too much is going on right now."),
}
"""What programs are told; a page for the same thing is sent with the same status."""

_REFUSALS: Mapping[str, Kind] = {
    "unknown": "unknown",
    "expired": "expired",
    "used": "used",
    "not yet": "notyet",
}
_UNREAD: Mapping[int, Kind] = {408: "late", 413: "long", 415: "type"}
"""By the status of what was not read; anything else was read and could not be understood."""
_PAGES: Mapping[Kind, pages.StopKind] = {
    "method": "missing",
    "headers": "refused",
    "unread": "refused",
    "late": "refused",
    "long": "refused",
    "type": "refused",
    "misdirected": "missing",
    "fields": "refused",
    "invalid": "refused",
    "client": "refused",
    "key": "refused",
    "bearer": "refused",
    "outdated": "refused",
    "denied": "refused",
    "exists": "refused",
    "reused": "refused",
    "passcode": "refused",
    "signature": "refused",
}
"""Which page a person sees for what only a program can bring about."""


@cache
def prepared() -> pages.Assets:
    """Read templates, words and files, once; the first call is at the start."""
    return pages.prepare()


def frame(ask: Ask, *, language: str, languages: tuple[str, ...], path: str) -> pages.Frame:
    """Make what a page stands in."""
    config = ask.web.config
    return pages.Frame(
        app=config.app_name,
        language=language,
        languages=languages,
        assets=prepared(),
        nonce=ask.nonce,
        path=path,
        help_url=config.help_url,
        privacy_url=config.privacy_url,
    )


def page_policy(nonce: str, connects: str = "") -> str:
    """Write the Content-Security-Policy of a page: our sheet, pictures, script and form (F1).

    `connects`: where its script may speak to; without it nowhere.
    """
    speaks = f"connect-src {connects}; " if connects else ""
    return (
        f"default-src 'none'; script-src 'nonce-{nonce}'; style-src 'self'; img-src 'self' data:; "
        f"{speaks}base-uri 'none'; object-src 'none'; form-action 'self'; frame-ancestors 'none'"
    )


def page(
    ask: Ask,
    html: str,
    *,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
    listens: bool = False,
) -> Response:
    """Answer with a page; only its own script runs (F1), which `listens` to our hub alone."""
    socket = ask.web.config.origin.replace("http", "ws", 1)
    connects = f"'self' {socket}" if listens else ""
    policy = {"Content-Security-Policy": page_policy(ask.nonce, connects)}
    return Response(
        html,
        status_code=status,
        headers=policy | dict(headers or {}),
        media_type="text/html; charset=utf-8",
    )


def see_other(path: str, *, cookies: Sequence[str] = ()) -> Response:
    """Lead on, by GET, to one of our own addresses: always a path, never a host (F4)."""
    response = Response(status_code=303, headers={"Location": path})
    for cookie in cookies:
        response.headers.append("set-cookie", cookie)
    return response


def stop(
    ask: Ask,
    kind: Kind,
    *,
    at: datetime | None = None,
    retry_after: int | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Say why a request goes no further: a page for people, JSON for programs.

    Args:
        ask: The request.
        kind: Why.
        at: From when it works, of `notyet` and `slow`.
        retry_after: Seconds, of `busy` and `slow`.
        headers: Further headers.
    """
    later = {"Retry-After": str(retry_after)} if retry_after is not None else {}
    extra = later | dict(headers or {})
    if ask.is_for_programs:
        return api_error(ask, kind, headers=extra)
    html = pages.stop(
        _stop_frame(ask),
        _PAGES.get(kind, kind),  # type: ignore[arg-type]  # what is not a stop of the pages is in _PAGES
        again=ask.again,
        reference=ask.id if kind == "error" else None,
        at=ask.web.journeys.clock.now() if kind == "error" else at,
        retry_after=retry_after,
    )
    shown = redacted(html, own=(ask.nonce, ask.again or ""))  # the person's own link is theirs
    return page(ask, shown, status=API_ERRORS[kind].status, headers=extra)


def refuse_link(ask: Ask, refusal: Refusal) -> Response:
    """Say why a link, ticket or key is not taken; one that nobody knows is a failed try (C4)."""
    if refusal.reason == "unknown":
        ask.fail()
    kind = refusal_kind(refusal)
    at = refusal.token.not_before if refusal.token is not None else None
    return stop(ask, kind, at=at if kind == "notyet" else None)


def refusal_kind(refusal: Refusal) -> Kind:
    """Name why a link, ticket or key is not taken."""
    kind = _REFUSALS.get(refusal.reason, "unknown")
    if kind == "notyet" and (refusal.token is None or refusal.token.not_before is None):
        return "unknown"
    return kind


def _stop_frame(ask: Ask) -> pages.Frame:
    languages = (DEFAULT, *(tag for tag in catalogues() if tag != DEFAULT))
    language = choose_language(
        languages,
        wanted=ask.request.query_params.get("lang"),
        accepted=ask.request.headers.get("accept-language", ""),
    )
    return frame(ask, language=language, languages=languages, path=ask.again or "")


def json_answer(
    body: object, *, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """Answer in JSON."""
    return _json(msgspec.json.encode(body), status=status, headers=dict(headers or {}))


def json_bytes(written: bytes, *, status: int, headers: Mapping[str, str]) -> Response:
    """Answer in JSON that was written before."""
    return _json(written, status=status, headers=headers)


def _json(written: bytes | str, *, status: int, headers: Mapping[str, str]) -> Response:
    return Response(
        written,
        status_code=status,
        headers=headers,
        media_type="application/json; charset=utf-8",
    )


def api_error(
    ask: Ask,
    kind: Kind,
    *,
    details: Sequence[Mapping[str, object]] = (),
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Answer in the error shape of the API that was called (design 7)."""
    error = API_ERRORS[kind]
    body = _realtime_error(ask, kind, details) if ask.is_realtime else _error(ask, kind, details)
    asks = {"WWW-Authenticate": "Bearer"} if error.status == 401 else {}
    shown = redacted(msgspec.json.encode(body).decode())
    return _json(shown, status=error.status, headers=asks | dict(headers or {}))


def _error(ask: Ask, kind: Kind, details: Sequence[Mapping[str, object]]) -> Mapping[str, object]:
    error = API_ERRORS[kind]
    return {
        "code": error.code,
        "message": error.message,
        "details": list(details),
        "requestId": ask.id,
    }


def _realtime_error(
    ask: Ask, kind: Kind, details: Sequence[Mapping[str, object]]
) -> Mapping[str, object]:
    """Tell it as `/rtas` and `/trustfactor` do: the code is a word, the details an object."""
    return {
        "code": kind,
        "message": API_ERRORS[kind].message,
        "details": {"problems": list(details), "request_id": ask.id},
    }


def unread_error(ask: Ask, unread: Unread) -> Response:
    """Answer an API call whose body was not read."""
    details = [{"field": "body", "message": unread.detail}] if unread.detail else []
    return api_error(ask, _kind_of(unread), details=details, headers=closing(unread))


def stop_unread(ask: Ask, unread: Unread) -> Response:
    """Answer a form that was not read, where there is no step to show again."""
    return stop(ask, _kind_of(unread), headers=closing(unread))


def _kind_of(unread: Unread) -> Kind:
    return _UNREAD.get(unread.status, "unread")


def closing(unread: Unread) -> Mapping[str, str]:
    """Give the header that ends a connection whose body was not read to its end."""
    return {"Connection": "close"} if unread.status in (408, 413) else {}
