"""Whether who listens still may: its token's key and client, and the page it came from (I1)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass
from datetime import datetime

from engine.access.rtas_clients import is_active
from engine.ports.store import Records
from engine.realtime.tokens import Listener, good_keys
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


async def fallen(records: Records, members: Iterable[Member], at: datetime) -> Sequence[Member]:
    """Name those who would not be let in any more.

    The keys of each tenant and each client are read once, not for each member.
    """
    of_clients = defaultdict(list)
    for member in members:
        of_clients[member.listener.tenant, member.listener.group.client].append(member)
    keys = {
        tenant: await good_keys(records, tenant, at) for tenant in {one[0] for one in of_clients}
    }
    found: list[Member] = []
    for (tenant, id), its_members in of_clients.items():
        client = await records.get(tenant, RtasClient, id)
        found += [one for one in its_members if not _stands(one, client, keys[tenant])]
    return found


def _stands(member: Member, client: RtasClient | None, keys: Set[str]) -> bool:
    is_known = is_active(client) and lists(client, member.origins)
    return is_known and member.listener.key in keys
