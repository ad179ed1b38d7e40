"""The document and its page, for anybody: they tell what any caller would be told."""

from __future__ import annotations

from typing import Final

from starlette.responses import Response

from engine.web.answers import page, prepared
from engine.web.openapi.document import document, written
from engine.web.openapi.page import families
from engine.web.pages.frame import whole
from engine.web.request import Ask

DOCUMENT_PATH: Final = "/openapi.json"
PAGE_PATH: Final = "/docs"


async def give_document(ask: Ask) -> Response:
    """Give the OpenAPI document."""
    return Response(written(), media_type="application/json; charset=utf-8")


async def show_page(ask: Ask) -> Response:
    """Show the API as a page."""
    html = whole(
        "api.html",
        app=ask.web.config.app_name,
        assets=prepared(),
        about=document()["info"]["description"],
        families=families(),
    )
    return page(ask, html)
