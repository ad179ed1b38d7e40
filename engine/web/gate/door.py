"""What a way in is: its path, its permission, the object it may touch, and its answer (F7)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Literal

from starlette.responses import Response

from engine.web.request import Ask


@dataclass(frozen=True, slots=True, kw_only=True)
class Needs:
    """A permission that an API key must have, in the key's own tenant."""

    service: str
    operation: str


Named = Literal[
    "anybody", "link", "ticket", "page session", "app session", "key", "application", "end user",
    "device", "provider",
]  # fmt: skip
Permission = Named | Needs
"""What a request must bring: nothing, a link's secret, a start ticket, a living session, an API key
itself, the token of an application server or of an end user, the signature of a device or of a
provider, or the bearer value of a key that may.

A link, ticket, key, end user's token or signature is looked at by the answer itself, which knows
what each refusal says.
"""
ObjectRule = Literal[
    "none",
    "the link's own",
    "the session's own instance",
    "the key's own tenant",
    "the client's own",
    "the token's own group",
    "the device's own",
    "the provider's own",
]
Method = Literal["GET", "POST", "DELETE", "OPTIONS"]
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """One way in.

    Attributes:
        path: The template, as logs name it.
        permission: Checked before `answer` is called.
        rule: Which object the request may touch.
        answer: Called only when the permission is there. GET stands for HEAD too.
    """

    path: str
    method: Method
    permission: Permission
    rule: ObjectRule
    answer: Callable[[Ask], Awaitable[Response]]
