"""The store on SQLite: one file, one writer thread that commits in groups, readers apart."""

from engine.adapters.sqlite.store import SqliteStore

__all__ = ["SqliteStore"]
