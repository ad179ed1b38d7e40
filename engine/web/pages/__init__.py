"""The end user's pages: values in, HTML out. Knows nothing of HTTP, sessions or the store.

Call `prepare()` once at start; then `landing`, `step`, `ending` and `stop` answer with whole pages.
"""

from engine.web.pages.assets import STATIC_PATH, Assets, StaticFile, static_files
from engine.web.pages.devices import Listening
from engine.web.pages.endings import STOPS, Stop, StopKind, ending, redirect_of, stop
from engine.web.pages.frame import Frame, prepare
from engine.web.pages.landing import landing, returning
from engine.web.pages.step import step

__all__ = [
    "STATIC_PATH",
    "STOPS",
    "Assets",
    "Frame",
    "Listening",
    "StaticFile",
    "Stop",
    "StopKind",
    "ending",
    "landing",
    "prepare",
    "redirect_of",
    "returning",
    "static_files",
    "step",
    "stop",
]
