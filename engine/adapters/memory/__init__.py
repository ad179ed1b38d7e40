"""The store in memory: for tests and simulations, with all that the contract asks for."""

from engine.adapters.memory.store import OTHER_TASKS, MemoryStore

__all__ = ["OTHER_TASKS", "MemoryStore"]
