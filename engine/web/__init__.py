"""Bytes <-> words: routes, pages and wire formats.

Knows `run` and values; knows no activity and no adapter.
"""

from engine.web.request import Journeys, Offices, WebConfig
from engine.web.surface import build_web

__all__ = ["Journeys", "Offices", "WebConfig", "build_web"]
