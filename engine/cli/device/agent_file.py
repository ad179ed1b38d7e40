"""The file of an agent: its keys and contracts, read and changed by one command at a time."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NoReturn

import msgspec

from engine.cli.command import fail
from engine.cli.hints import hint
from engine.cli.terminal.page import clean
from engine.ports.signing import DeviceKeys


class HeldContract(msgspec.Struct, frozen=True, kw_only=True):
    """A contract of this device: the key that answers for one user of one application."""

    origin: str
    tenant: str
    unique_id: str
    application: str
    user: str
    public: str
    private: str


class AgentFile(msgspec.Struct, frozen=True, kw_only=True):
    """What the file of an agent holds: the device's own key, and its contracts."""

    name: str
    public: str
    private: str
    contracts: tuple[HeldContract, ...] = ()


@contextmanager
def alone(file: Path) -> Iterator[None]:
    """Let no other command read or change an agent's file until the block ends; wait for who does.

    What is locked is a file beside it that is never deleted: the agent's own is replaced at each
    change, and another file would be another lock. The system lets go of it in any case.
    """
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(file.with_suffix(".lock"), os.O_CREAT | os.O_RDWR, 0o600)
    try:
        _take(descriptor)
        yield
    finally:
        os.close(descriptor)


def look(file: Path, keys: DeviceKeys) -> AgentFile | None:
    """Read an agent's file; None where there is none, and nothing is made. Raises `Failed`."""
    if not file.exists():
        return None
    with alone(file):
        return contents(file, keys)


def contents(file: Path, keys: DeviceKeys) -> AgentFile | None:
    """Read an agent's file, while one is `alone` with it; None where there is none.

    Raises:
        Failed: It is damaged, or one of its keys is.
    """
    try:
        found = msgspec.json.decode(file.read_bytes(), type=AgentFile)
        pairs = [(one.public, one.private) for one in found.contracts]
        for public, private in ((found.public, found.private), *pairs):
            if not keys.verify(public, keys.sign(private, b""), b""):
                _damaged(file, "a private key does not fit its public one")
    except FileNotFoundError:
        return None
    except (ValueError, RecursionError) as error:
        _damaged(file, str(error))
    return found


def write(file: Path, held: AgentFile) -> None:
    """Write an agent's file anew, all or nothing, while one is `alone` with it.

    Nobody else may read it. It is on the disk before a server hears of a key that is in it.
    """
    fresh = file.with_suffix(".new")
    fresh.unlink(missing_ok=True)  # what a crash has left: with its mode, or leading elsewhere
    made = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(made, "wb") as out:
        out.write(msgspec.json.format(msgspec.json.encode(held), indent=2))
        out.flush()
        os.fsync(out.fileno())
    fresh.replace(file)


def remove(file: Path) -> bool:
    """Remove an agent's file, damaged or not, and what a crash has left of it; False: nothing."""
    if not file.parent.exists():
        return False
    with alone(file):
        there = [one for one in (file, file.with_suffix(".new")) if one.exists()]
        for one in there:
            one.unlink()
    return bool(there)


def _damaged(file: Path, reason: str) -> NoReturn:
    """Give up. Raises `Failed`."""
    forget = hint("device", "forget", "--folder", str(file.parent), "--agent", file.stem)
    fail(
        f"{clean(str(file))} is damaged: {clean(reason)}. Put a copy of it back, or give its keys"
        f" up: `{forget}`."
    )


if sys.platform == "win32":
    import msvcrt

    def _take(descriptor: int) -> None:
        """Lock an open file; wait until nobody else has."""
        while True:
            try:
                msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
            except OSError:
                time.sleep(0.05)
            else:
                return
else:
    import fcntl

    def _take(descriptor: int) -> None:
        """Lock an open file; wait until nobody else has."""
        with suppress(OSError):  # a file system without locks: what is there without them must do
            fcntl.flock(descriptor, fcntl.LOCK_EX)
