"""What a finished instance of the five-node journey takes on the disk, journal and all."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import apsw

from engine.adapters.sqlite import SqliteStore
from engine.adapters.system import SystemClock
from tests.benchmarks.houses import house
from tests.benchmarks.measure import Effort, Row

COUNT = 1_000


async def sizes(effort: Effort) -> list[Row]:
    """Finish 1,000 instances; give what the vacuumed file grew by, and by which tables."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "store.db"
        store = await SqliteStore.open(path, clock=SystemClock())
        one = await house(store)
        before = tables(path)
        for _ in range(COUNT):
            await one.instance()
        after = tables(path)
        await store.close()
    grown = {name: (bytes - before.get(name, 0)) / COUNT for name, bytes in after.items()}
    parts = sorted(grown.items(), key=lambda part: -part[1])
    return [
        Row(
            name="a finished instance on SQLite, with its journal",
            unit="bytes",
            ours=sum(grown.values()),
            bar=2_000,
            better="less",
            absolute=True,
            note=", ".join(f"{name} {size:.0f}" for name, size in parts if size >= 1),
        )
    ]


def tables(path: Path) -> dict[str, int]:
    """Vacuum the file; give the bytes of every table and index."""
    connection = apsw.Connection(str(path))
    connection.execute("VACUUM")
    found = dict(connection.execute("SELECT name, sum(pgsize) FROM dbstat GROUP BY name"))
    connection.close()
    return {str(name): int(str(size)) for name, size in found.items()}
