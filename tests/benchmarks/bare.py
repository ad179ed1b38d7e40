"""A bare Starlette handler with the same rows in the same groups: `bare FOLDER CONNECTIONS`.

It takes the step API's request, commits the statements of a real hop of the same definition through
the same writer, and answers as many bytes. It knows no session, no graph, no state and no checks.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import socket
import sys
from pathlib import Path

import msgspec
import uvicorn
import uvloop
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from engine.adapters.sqlite import SqliteStore
from engine.adapters.sqlite.database import Database
from engine.adapters.sqlite.writer import Writer
from engine.adapters.system import SystemClock
from tests.benchmarks import plain, texts
from tests.benchmarks.houses import hops_of
from tests.benchmarks.measure import say

BATCH_LIMIT = 256
FIRST_REVISION = 1
ANSWER_BYTES = 960


class Step(msgspec.Struct):
    """What is sent."""

    revision: int
    data: dict[str, str]


_read = msgspec.json.Decoder(Step).decode


def instance_of(number: int) -> str:
    """Name the instance of a connection."""
    return f"{number:026d}"


async def serve(folder: Path, connections: int) -> None:
    """Make the file with an instance for each connection, and answer."""
    path = folder / "bare.db"
    store = await SqliteStore.open(path, clock=SystemClock())
    first, *_, step = (plain.Stencil.of(hop) for hop in await hops_of(store, texts.LOOP, 3))
    writer = Writer(Database(path=path), lambda point: None, BATCH_LIMIT)
    for number in range(connections):
        name = instance_of(number)
        await plain.commit(writer, first.filled(name, f"first{number}", FIRST_REVISION))
    application = Starlette(routes=[_route(writer, step)])
    with socket.create_server(("127.0.0.1", 0), backlog=512) as taken:
        say(json.dumps({"event": "ready", "url": f"http://bare:{taken.getsockname()[1]}"}))
        config = uvicorn.Config(
            application, http="httptools", loop="none", ws="none", lifespan="off",
            log_config=None, access_log=False, server_header=False, proxy_headers=False,
        )  # fmt: skip
        await uvicorn.Server(config).serve([taken])
    await writer.close()
    await store.close()


def _route(writer: Writer, stencil: plain.Stencil) -> Route:
    numbers = itertools.count()
    filler = "x" * ANSWER_BYTES

    async def answer(request: Request) -> Response:
        step = _read(await request.body())
        after = step.revision + 1
        hop = f"{next(numbers):026d}"
        await plain.commit(writer, stencil.filled(request.path_params["id"], hop, after))
        body = f'{{"revision":{after},"stepKey":"first.{after}","filler":"{filler}"}}'
        return Response(body, media_type="application/json")

    path = "/api/process-server/processInstances/{id}/steps/{step}"
    return Route(path, answer, methods=["POST"])


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve(Path(sys.argv[1]), int(sys.argv[2])))
