"""What a way in is: its path, its permission, the object it may touch, and its answer (F7)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Literal

from starlette.responses import Response

from engine.web.request import Ask

Permission = Literal["anybody", "link", "ticket", "page session", "app session"]
"""What a request must bring: nothing, a link's secret, a start ticket, or a living session.

A link or ticket is looked at by the answer itself, which knows what each refusal says.
"""
ObjectRule = Literal["none", "the link's own", "the session's own instance"]
Method = Literal["GET", "POST"]
SAFE = frozenset({"GET", "HEAD"})


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
