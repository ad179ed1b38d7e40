"""Whether who listens still may: the client of its token, and the page that it came from (I1)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from engine.access.clients import is_active
from engine.ports.store import Records
from engine.realtime.tokens import Listener
from engine.records.realtime import RtasClient
from engine.web.hub.member import Member


@dataclass(frozen=True, slots=True, kw_only=True)
class Admitted:
    """Who was let in, and by what besides its token.

    Attributes:
        origins: The page's, where it is the client's list that lets it in; empty where it has named
            none, or one of ours.
    """

    listener: Listener
    origins: frozenset[str] = frozenset()


def lists(client: RtasClient, origins: Iterable[str]) -> bool:
    """Whether all these pages may listen with a client's tokens."""
    return set(client.origins).issuperset(origins)


async def fallen(records: Records, members: Iterable[Member]) -> Sequence[Member]:
    """Name those who would not be let in any more; each client is read once, not each member."""
    of_clients = defaultdict(list)
    for member in members:
        of_clients[member.listener.tenant, member.listener.group.client].append(member)
    found: list[Member] = []
    for (tenant, id), its_members in of_clients.items():
        client = await records.get(tenant, RtasClient, id)
        found += [one for one in its_members if not _stands(client, one)]
    return found


def _stands(client: RtasClient | None, member: Member) -> bool:
    return is_active(client) and lists(client, member.origins)
