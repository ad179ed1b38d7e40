"""Tenants: customers of one installation who know nothing of each other."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from engine.records.record import Record


class Tenant(Record, frozen=True, kw_only=True):
    """A tenant besides `main`; `id` is its name. The rows are kept among `main`'s."""

    TABLE: ClassVar[str] = "tenants"

    created_at: datetime
    created_by: str
