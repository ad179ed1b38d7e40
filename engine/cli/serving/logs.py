"""Logs of a running server: one JSON object a line, on standard error (security D8)."""

from __future__ import annotations

import logging
import sys
from typing import Final

from engine.logs import JsonLines

OURS: Final = "trustflow"
SERVER: Final = "uvicorn.error"
"""The HTTP server's own log, besides its access log, which stays off (D5)."""

REFUSED: Final = "ASGI callable returned without completing handshake."
"""What it says, as an error, of each WebSocket that was refused with a status."""


def log_to_stderr(level: int = logging.INFO) -> None:
    """Send our log from `level` on, and everybody's warnings, to standard error."""
    _ask_for_no_more_than_is_written()
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    logging.getLogger(OURS).setLevel(level)
    logging.getLogger(SERVER).setLevel(logging.WARNING)
    logging.getLogger(SERVER).addFilter(_is_news)


def _is_news(record: logging.LogRecord) -> bool:
    """Leave out what our own line of the request tells; anybody could write errors with it."""
    return record.msg != REFUSED


def _ask_for_no_more_than_is_written() -> None:
    """Leave out of each record what no line tells: source line, thread and process.

    As Python's Logging HOWTO says under "Optimization".
    """
    logging._srcfile = None
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
