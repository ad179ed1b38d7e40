"""Servers in processes of their own: `trustflow serve`, and what it is held beside."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

PATIENCE_SECONDS = 60
TRUSTFLOW = Path(sys.executable).with_name("trustflow")
TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A server that answers."""

    port: int
    pid: int

    def cpu_seconds(self) -> float:
        """Give the CPU time it has used, user's and system's."""
        stat = Path(f"/proc/{self.pid}/stat").read_text(encoding="utf-8")
        fields = stat.rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS


@asynccontextmanager
async def served(data: Path, **settings: str) -> AsyncIterator[Server]:
    """Run `trustflow serve` on a data folder, with its log, as an operator would.

    `settings`: those of its environment, by the names that it has there.
    """
    told = [f"{name}={value}" for name, value in settings.items()]
    command = ("env", *told, str(TRUSTFLOW), "serve", "--port", "0", "--data", str(data))
    async with _running(command, data / "serve.log") as server:
        yield server


@asynccontextmanager
async def bare(data: Path, connections: int) -> AsyncIterator[Server]:
    """Run the bare Starlette handler."""
    command = (sys.executable, "-m", "tests.benchmarks.bare", str(data), str(connections))
    async with _running(command, data / "bare.log") as server:
        yield server


@asynccontextmanager
async def bare_hub(data: Path) -> AsyncIterator[Server]:
    """Run bare sockets."""
    command = (sys.executable, "-m", "tests.benchmarks.bare_hub")
    async with _running(command, data / "bare-hub.log") as server:
        yield server


@asynccontextmanager
async def _running(command: tuple[str, ...], log: Path) -> AsyncIterator[Server]:
    with log.open("wb") as file:
        process = await asyncio.create_subprocess_exec(*command, stdout=file, stderr=file)
    try:
        yield Server(port=await _port(process, log), pid=process.pid)
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGINT)
        await process.wait()


async def _port(process: asyncio.subprocess.Process, log: Path) -> int:
    """Wait for the line that says `ready`."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while process.returncode is None:
            port = _told(log)
            if port is not None:
                return port
            await asyncio.wait([asyncio.ensure_future(process.wait())], timeout=0.01)
    raise RuntimeError(_text(log))


def _told(log: Path) -> int | None:
    ready = [line for line in _text(log).splitlines() if '"ready"' in line]
    return int(json.loads(ready[0])["url"].rpartition(":")[2]) if ready else None


def _text(log: Path) -> str:
    return log.read_text(encoding="utf-8")
