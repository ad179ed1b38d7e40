"""How an agent calls a server: one POST, led nowhere else, its answer read to a limit."""

from __future__ import annotations

import json
import ssl
import urllib.error
import urllib.request
from collections.abc import Mapping
from http.client import HTTPException
from typing import Final, TypeVar

import msgspec

PATIENCE_SECONDS: Final = 15
LONGEST_ANSWER: Final = 1024 * 1024
T = TypeVar("T")


class Refused(Exception):
    """A server has not taken what the agent said; `status` 0: there was no answer."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason


class _Nowhere(urllib.request.HTTPRedirectHandler):
    """Follows no redirect: what is said is signed for one address, and meant for no other."""

    def redirect_request(self, *_: object) -> None:
        """Let the redirect be the answer."""


def post(
    origin: str,
    path: str,
    body: bytes,
    headers: Mapping[str, str],
    *,
    trust: ssl.SSLContext | None,
    answer: type[T],
) -> T:
    """Say it to a server whose scheme was looked at, and read the answer. Raises `Refused`."""
    asked = urllib.request.Request(origin + path, body, dict(headers))  # noqa: S310 - as above
    opener = urllib.request.build_opener(_Nowhere(), urllib.request.HTTPSHandler(context=trust))
    try:
        with opener.open(asked, timeout=PATIENCE_SECONDS) as found:
            return msgspec.json.decode(found.read(LONGEST_ANSWER), type=answer)
    except urllib.error.HTTPError as error:
        raise Refused(error.code, _reason(error)) from error
    except (OSError, HTTPException, ValueError, RecursionError) as error:
        raise Refused(0, f"{origin} does not answer as a server of ours") from error


def _reason(refusal: urllib.error.HTTPError) -> str:
    """Read why a server refuses: the sentence of its first problem, or its own."""
    try:
        told = json.loads(refusal.read(LONGEST_ANSWER))
        problems = told["details"]["problems"]
        return str(problems[0]["message"] if problems else told["message"])
    except (OSError, HTTPException, ValueError, LookupError, TypeError, RecursionError):
        return "the server has refused it without a word"
