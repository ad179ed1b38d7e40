"""How long the server takes from the command to its first answer, and what importing it takes."""

from __future__ import annotations

import asyncio
import sys
import time
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.benchmarks import servers, texts
from tests.benchmarks.measure import Effort, Row, in_turn, middle
from tests.benchmarks.steps import deployed

READY = b"GET /readyz HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n"
BARE = """
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route
import uvicorn
"""
OURS = "import engine.app, engine.web, engine.cli.serving.listen"


async def starting(effort: Effort) -> list[Row]:
    """Start the server again and again, and import it beside its libraries."""
    with TemporaryDirectory() as folder:
        data = Path(folder) / "data"
        await deployed(data, texts.LOOP)
        (ready,) = await in_turn(effort, lambda: started(data))
    ours, bare = await in_turn(effort, lambda: imported(OURS), lambda: imported(BARE))
    return [
        Row(
            name="trustflow serve, to an answer of /readyz",
            unit="s",
            ours=middle(ready),
            bar=1.5,
            better="less",
            absolute=True,
            note="with a data folder that is there",
        ),
        Row(
            name="importing what serve needs",
            unit="s",
            ours=middle(ours),
            baseline=middle(bare),
            note="baseline: Starlette and uvicorn; both with the interpreter's own start",
        ),
    ]


async def started(data: Path) -> float:
    """Start the server; give the seconds until it is ready."""
    began = time.perf_counter()
    async with servers.served(data) as server:
        while b"200 OK" not in await _asked(server.port):
            pass
        return time.perf_counter() - began


async def _asked(port: int) -> bytes:
    with suppress(OSError):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(READY)
        answer = await reader.read()
        writer.close()
        return answer
    return b""


async def imported(text: str) -> float:
    """Run a text in an interpreter of its own; give the seconds."""
    began = time.perf_counter()
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", text)
    assert await process.wait() == 0
    return time.perf_counter() - began
