"""What end-user tokens and callbacks share: whose group is meant, and how an operation is made."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from engine.model.problem import Problems
from engine.realtime.channels import Flow, Group
from engine.realtime.events import SUBJECT_NAMES, group_problems
from engine.web.api.frame.operation import Call, Nothing, Operation
from engine.web.api.rtas.values import RTAS


def operation(name: str, path: str, summary: str, **facts: Any) -> Operation[Any, Any]:
    """Make an operation of application servers."""
    return Operation(
        name=name, method="POST", path=f"{RTAS}{path}", needs="application",
        security=("application",), summary=summary, query=Nothing, **facts,
    )  # fmt: skip


def ids_of(body: Struct) -> Mapping[str, str | None]:
    """Give a registration's id in each of its spellings."""
    return {name: getattr(body, name) for name in SUBJECT_NAMES}


def group_of(
    call: Call[Any, Nothing], flow: Flow, subject: str | Problems, user_id: str
) -> Group | Problems:
    """Name the group of the calling application that is meant."""
    if not isinstance(subject, str):
        return subject
    client = call.application.client.id
    group = Group(client=client, flow=flow, subject=subject, user_id=user_id)
    return group_problems(subject_name(flow), group) or group


def subject_name(flow: Flow) -> str:
    """Name the field that says which registration or transaction is meant."""
    return "transaction_id" if flow == "transaction" else SUBJECT_NAMES[0]
