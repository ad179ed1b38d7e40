"""JWKS: the public keys that end-user tokens are verified with, also those just before."""

from __future__ import annotations

from typing import Final

from starlette.responses import Response

from engine.realtime.tokens import public_keys
from engine.web.answers import json_answer
from engine.web.links import HUB_PATH
from engine.web.request import Ask

JWKS_PATH: Final = f"{HUB_PATH}/.well-known/jwks.json"


async def give_keys(ask: Ask) -> Response:
    """Give the keys to anybody."""
    store = ask.web.journeys.offices.store
    return json_answer({"keys": await public_keys(store, await store.now())})
