"""The recorded result of a verifying activity."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from engine.model.value import Value

CheckState = Literal["OPEN", "PASS", "FAIL"]


class Check(Value, frozen=True, kw_only=True):
    """OPEN, PASS or FAIL, filed under the node's `check:` name.

    Else under `<check>/<attempt key>`.
    """

    name: str
    state: CheckState
    at: datetime
