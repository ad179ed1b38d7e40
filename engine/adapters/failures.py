"""What a store says when its database fails: nothing was kept, or nobody knows."""

from __future__ import annotations

from typing import TypeVar

from engine.errors import StoreUnavailable, TrustflowError, UnknownOutcome

E = TypeVar("E", bound=TrustflowError)


def unavailable(cause: BaseException) -> StoreUnavailable:
    """Say that nothing was kept. The driver's message may hold values: it is the cause alone."""
    return _caused(StoreUnavailable(reason=type(cause).__name__), cause)


def unknown(cause: BaseException) -> UnknownOutcome:
    """Say that the commit's answer was lost."""
    return _caused(UnknownOutcome(reason=type(cause).__name__), cause)


def _caused(error: E, cause: BaseException) -> E:
    error.__cause__ = cause
    return error
