"""The store on PostgreSQL, for many machines: its rows and locks decide, every node is alike."""

from engine.adapters.postgres.store import PostgresStore

__all__ = ["PostgresStore"]
