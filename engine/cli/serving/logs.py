"""Logs of a running server: one JSON object a line, on standard error (security D8)."""

from __future__ import annotations

import logging
import sys
from typing import Final

from engine.logs import JsonLines

OURS: Final = "trustflow"
SERVER: Final = "uvicorn.error"
"""The HTTP server's own log, besides its access log, which stays off (D5)."""


def log_to_stderr(level: int = logging.INFO) -> None:
    """Send our log from `level` on, and everybody's warnings, to standard error."""
    _ask_for_no_more_than_is_written()
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    logging.getLogger(OURS).setLevel(level)
    logging.getLogger(SERVER).setLevel(logging.WARNING)


def _ask_for_no_more_than_is_written() -> None:
    """Leave out of each record what no line tells: source line, thread and process.

    As Python's Logging HOWTO says under "Optimization".
    """
    logging._srcfile = None
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
