"""Where the process manager is, and what its permissions are called."""

from __future__ import annotations

from typing import Final

from engine.web.gate.door import Needs

PROCESS_MANAGER: Final = "/api/process-manager"


def needs(operation: str) -> Needs:
    """Name a permission of the service."""
    return Needs(service="ProcessManager", operation=operation)
