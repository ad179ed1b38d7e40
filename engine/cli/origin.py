"""Where browsers find us, to write whole links."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.cli.command import is_origin
from engine.errors import SettingsRefused

if TYPE_CHECKING:
    from engine.settings import Settings


def origin_of(settings: Settings) -> str:
    """Say where browsers find us: the public address, else where we listen.

    Raises:
        SettingsRefused: The public address is none of a web server.
    """
    if settings.public_url:
        if not is_origin(settings.public_url):
            raise SettingsRefused(setting="public_url", value=settings.public_url)
        return settings.public_url
    scheme = "https" if settings.certificate else "http"
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    return f"{scheme}://{host}:{settings.port}"
