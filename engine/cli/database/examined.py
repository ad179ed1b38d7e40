"""What `doctor` says of a PostgreSQL database."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from engine.cli.findings import Finding, bad, fine, warning
from engine.cli.hints import hint
from engine.cli.terminal.page import counted
from engine.errors import SchemaRefused, StoreUnavailable

if TYPE_CHECKING:
    from engine.adapters.address import Address
    from engine.adapters.postgres.safety import Server

OLDEST: Final = 140_000
"""Below it PostgreSQL is no longer mended by those who make it."""
APART: Final = timedelta(seconds=60)


def examined(address: Address, now: datetime) -> Iterator[Finding]:
    """Look at the server, its promises and the schema; `now` is this machine's time."""
    from engine.adapters.postgres.safety import look
    from engine.adapters.postgres.schema import shipped

    try:
        server = asyncio.run(look(address))
    except StoreUnavailable as error:
        told = f"{address} does not answer as a primary ({error.facts.get('reason')})"
        yield bad("database", told, "Start it, or mend the setting `database`.")
        return
    except SchemaRefused:
        remedy = "Use the newer version of the program that migrated it."
        yield bad("schema", "another version of the program has migrated it", remedy)
        return
    yield of_version(server, address)
    yield of_disk(server)
    yield of_replicas(server)
    yield of_log(server)
    yield of_way(server)
    yield of_clock(server, now)
    if server.missing:
        told = f"{counted(server.missing, 'migration')} to run"
        yield bad("schema", told, f"{hint('migrate')} brings it to today's.")
    else:
        yield fine("schema", f"today's, number {len(shipped())}")


def of_version(server: Server, address: Address) -> Finding:
    """Say which server it is."""
    told = f"{address}, PostgreSQL {server.version}"
    if server.number < OLDEST:
        return bad("database", f"{told}, is too old", "Take 14 or newer.")
    return fine("database", told)


def of_disk(server: Server) -> Finding:
    """Say whether what was answered survives a power cut."""
    unsafe = {
        "fsync": server.syncs,
        "full_page_writes": server.writes_pages_whole,
        "synchronous_commit": server.waits,
    }
    off = [name for name, is_on in unsafe.items() if not is_on]
    if off:
        told = f"{' and '.join(off)} off: a power cut loses or damages what was kept"
        return bad("durability", told, f"Set {', '.join(f'{name} = on' for name in off)}.")
    return fine("durability", "every commit waits for the disk")


def of_replicas(server: Server) -> Finding:
    """Say whether what was answered survives a failover."""
    if server.replicas and not server.replicas_count:
        those = counted(server.replicas, "replica")
        told = f"{those}, and no commit waits for any: a failover loses answers"
        return bad("replicas", told, "Set synchronous_standby_names, or never fail over to them.")
    if server.replicas:
        return fine("replicas", f"{server.replicas}, and commits wait for them")
    return fine("replicas", "none")


def of_log(server: Server) -> Finding:
    """Say whether what people entered gets into the server's log (D4)."""
    if server.logs_values:
        told = "it keeps the values of statements, and with them what people entered"
        return bad("server's log", told, "Set log_parameter_max_length = 0.")
    return fine("server's log", "it keeps no values")


def of_way(server: Server) -> Finding:
    """Say whether the way there can be listened to."""
    told = "nobody in between can read it" if server.is_sealed else "it stays on this machine"
    return fine("way there", told)


def of_clock(server: Server, now: datetime) -> Finding:
    """Say whether the server's time, which decides, is this machine's as well."""
    apart = abs(server.now - now)
    if apart > APART:
        told = f"the server's is {round(apart.total_seconds()):,} s from this machine's"
        return warning("server's clock", told, "Set both: the server's decides what is due.")
    return fine("server's clock", "as this machine's")
