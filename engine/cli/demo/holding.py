"""Holding a demo's folder: one demo at a time answers from it."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from engine.cli.command import fail
from engine.cli.terminal.page import clean

LOCK: Final = "demo.lock"
"""Never deleted, by `--fresh` neither: another file of that name would be another lock."""


@contextlib.contextmanager
def held(folder: Path) -> Iterator[None]:
    """Hold a folder, which is there, until the block ends; the system lets go of it in any case.

    Where there are no such locks (Windows, some network drives) nothing is held.

    Raises:
        Failed: Another demo holds it.
    """
    descriptor = os.open(folder / LOCK, os.O_CREAT | os.O_RDWR, 0o600)
    try:
        if not _taken(descriptor):
            fail(
                f"A demo already runs in {clean(str(folder))}. Stop it with Ctrl-C where it runs,"
                " or name another folder with --data. Nothing was changed."
            )
        yield
    finally:
        os.close(descriptor)


def _taken(descriptor: int) -> bool:
    """Take the lock, without waiting; tell whether nobody else has it."""
    try:
        import fcntl
    except ImportError:
        return True
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # a file system without locks: the demo goes on as it did without them
        return True
    return True
