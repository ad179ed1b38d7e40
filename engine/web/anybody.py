"""What anybody may have: whether the process answers, and the files beside the pages."""

from __future__ import annotations

from starlette.responses import Response

from engine.web import pages
from engine.web.answers import json_answer, stop
from engine.web.request import Ask


async def alive(ask: Ask) -> Response:
    """Say that the process answers."""
    return json_answer({"status": "ok"})


async def ready(ask: Ask) -> Response:
    """Say whether the store can be written and the keys are there."""
    fine = await ask.web.journeys.ready()
    return json_answer({"status": "ok" if fine else "not ready"}, status=200 if fine else 503)


async def for_the_app(ask: Ask) -> Response:
    """Tell a browser that opens a device's link what it is for; nothing of it is looked at."""
    return stop(ask, "app")


async def static(ask: Ask) -> Response:
    """Give a file that never changes under its name."""
    file = pages.static_files().get(ask.request.path_params["name"])
    if file is None:
        return stop(ask, "missing")
    headers = {"Cache-Control": "public, max-age=31536000, immutable", "ETag": file.etag}
    if ask.request.headers.get("if-none-match") == file.etag:
        return Response(status_code=304, headers=headers)
    return Response(file.body, headers=headers, media_type=file.content_type)
