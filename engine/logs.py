"""How every line of the program's log is written: JSON, without what people typed (security D).

Knows Python's logging and of ours only what a secret looks like.
"""

from __future__ import annotations

import json
import logging
import traceback
from datetime import UTC, datetime
from pathlib import Path

from engine.redaction import redacted

_written = json.JSONEncoder(default=str).encode


def frames_of(fault: BaseException) -> list[str]:
    """List the call stack as `file:line function`, at most 12: no source lines, no locals (D5)."""
    stack = traceback.extract_tb(fault.__traceback__, limit=-12)
    return [f"{Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in stack]


class JsonLines(logging.Formatter):
    """One JSON object per line: `at` in UTC, `level`, `event`, the facts; controls escaped (D8).

    What looks like a secret is blacked out (D4).
    """

    def format(self, record: logging.LogRecord) -> str:
        """Write one record. Of a foreign exception only its type is told."""
        line: dict[str, object] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": record.getMessage(),
        }
        if record.exc_info and record.exc_info[1] is not None:
            line["type"] = type(record.exc_info[1]).__qualname__
            line["frames"] = frames_of(record.exc_info[1])
        return redacted(_written(line | getattr(record, "facts", {})))
