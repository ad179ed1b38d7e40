"""Bare uvicorn sockets that are told what is posted: no tokens, no rows, no protocol."""

from __future__ import annotations

import asyncio
import json
import socket

import uvicorn
import uvloop
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from tests.benchmarks.measure import say


async def serve() -> None:
    """Keep sockets, and send each what is posted."""
    sockets: set[WebSocket] = set()

    async def listen(socket: WebSocket) -> None:
        await socket.accept()
        sockets.add(socket)
        try:
            while True:
                await socket.receive_text()
                await socket.send_text("{}\x1e")
        except WebSocketDisconnect:
            sockets.discard(socket)

    async def tell(request: Request) -> Response:
        text = (await request.body()).decode()
        await asyncio.gather(*[one.send_text(text) for one in sockets])
        return Response(status_code=204)

    routes = [WebSocketRoute("/rtas", listen), Route("/tell", tell, methods=["POST"])]
    with socket.create_server(("127.0.0.1", 0), backlog=512) as taken:
        say(json.dumps({"event": "ready", "url": f"http://bare:{taken.getsockname()[1]}"}))
        config = uvicorn.Config(
            Starlette(routes=routes), http="httptools", loop="none", ws="websockets-sansio",
            ws_per_message_deflate=False, lifespan="off", log_config=None, access_log=False,
            server_header=False, proxy_headers=False,
        )  # fmt: skip
        await uvicorn.Server(config).serve([taken])


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve())
