"""What the driver can raise, and what it says about a change: kept, not kept, or not known."""

from __future__ import annotations

from typing import Final

import asyncpg

FAILURES: Final = (
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    OSError,  # a time limit that has passed is one, too
)
_CONNECTION: Final = "08"
"""The class of SQLSTATE that says: there is no connection (any more)."""
_SHUTDOWN: Final = frozenset({"57P01", "57P02", "57P03"})
"""The server ends, or ended everything, or is not there yet."""
_PASSING: Final = frozenset({"40001", "40P01"})
"""Serialization failure and deadlock: the server has undone it all, and it may be run again."""


def is_lost(failure: BaseException) -> bool:
    """Say whether the server can no longer be asked, or was given up: what it did is not known."""
    if isinstance(failure, asyncpg.PostgresError):
        state = str(failure.sqlstate or _CONNECTION)
        return state.startswith(_CONNECTION) or state in _SHUTDOWN
    return not isinstance(failure, asyncpg.DataError)  # that one is raised before anything is sent


def is_passing(failure: BaseException) -> bool:
    """Say whether running the same again may go well."""
    return isinstance(failure, asyncpg.PostgresError) and failure.sqlstate in _PASSING
