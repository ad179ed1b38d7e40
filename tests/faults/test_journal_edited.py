"""A journal that was changed behind the engine's back is found, on both stores (P3)."""

from __future__ import annotations



