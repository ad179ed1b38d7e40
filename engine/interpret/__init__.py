"""Event -> turn. The one place that moves an instance: pure, no clock, no file, no secret.

Knows the model and expressions. Must not know how text became a graph, nor who performs effects.
"""

from engine.interpret.advance import advance, more_time, new_instance
from engine.interpret.submission import Read, read, read_device, typed

__all__ = ["Read", "advance", "more_time", "new_instance", "read", "read_device", "typed"]
