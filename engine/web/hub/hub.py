"""Who listens to what on this machine: members by their secret id, rooms by channel."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import Counter
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from engine.errors import Busy, TrustflowError
from engine.logs import frames_of
from engine.model.names import TenantId
from engine.ports.hints import Hints, Place
from engine.ports.outside import Chance, Vault
from engine.ports.store import LARGEST_PAGE, PageQuery, Store
from engine.realtime.channels import cached, since
from engine.realtime.tokens import Listener
from engine.records.realtime import RtasChannel
from engine.web.hub.member import Member
from engine.web.hub.standing import Admitted, fallen

MOST_MEMBERS: Final = 2_000
CHANNEL_SHARE: Final = 0.1
"""How much of all places one channel may take: one token alone keeps nobody else out (I3)."""
CLIENT_SHARE: Final = 0.75
"""How much of them one application may take."""
BUSY_SECONDS: Final = 5
WATCH_SECONDS: Final = 1
"""How often members are looked after, and what others have published; a hint is quicker."""
OVERLAP: Final = timedelta(seconds=10)
"""How much of the past is looked at again: clocks differ, and commits take time."""

log = logging.getLogger("trustflow.hub")


def _shares(listener: Listener) -> tuple[Place, Place]:
    """Name whose places it takes: its channel's, and its client's."""
    group = listener.group
    return (listener.tenant, group.channel), (listener.tenant, f"client:{group.client}")


@dataclass(slots=True, kw_only=True)
class _Room:
    """Those on this machine who listen to one channel."""

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    members: set[Member] = field(default_factory=set)


class Hub:
    """The members of this machine. Nothing of it outlives a restart: clients come again."""

    def __init__(
        self,
        store: Store,
        vault: Vault,
        chance: Chance,
        *,
        most: int = MOST_MEMBERS,
        hints: Hints | None = None,
    ) -> None:
        """Begin with nobody; at most `most` listen at once.

        With `hints` what other machines publish is told at once; without, it is looked for.
        """
        self._most: Final = most
        self._hints: Final = hints
        self._store, self._vault, self._chance = store, vault, chance
        self._members: dict[str, Member] = {}
        self._held: Counter[Place] = Counter()
        self._rooms: dict[Place, _Room] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._watches: dict[str, asyncio.Task[None]] = {}
        self._ending = asyncio.Event()

    def now(self) -> float:
        """Seconds that only grow."""
        return asyncio.get_running_loop().time()

    def add(self, admitted: Admitted, after: int | None, *, is_ours: bool) -> tuple[str, Member]:
        """Take a new member in; its secret id opens it for whoever brings the same token.

        Raises:
            Busy: So many listen already, or so many of this channel or client.
        """
        listener = admitted.listener
        if self._is_full(listener):
            raise Busy(retry_after=BUSY_SECONDS)
        self._held.update(_shares(listener))
        member = Member(listener, after, self.now(), is_ours=is_ours)
        member.origins.update(admitted.origins)
        secret = self._chance.token()
        self._members[secret] = member
        self._watch("hub-tending", self._tending)
        self._watch("hub-looking", self._looking)
        return secret, member

    def _is_full(self, listener: Listener) -> bool:
        shares = zip(_shares(listener), (CHANNEL_SHARE, CLIENT_SHARE), strict=True)
        is_greedy = any(self._held[who] >= max(1, self._most * share) for who, share in shares)
        return is_greedy or len(self._members) >= self._most

    def find(self, secret: str, admitted: Admitted) -> Member | None:
        """Find a member: its id alone opens nothing, the token must be of the same group (I1)."""
        found, listener = self._members.get(secret), admitted.listener
        if found is None or found.listener.tenant != listener.tenant:
            return None
        if found.listener.group != listener.group:
            return None
        found.origins.update(admitted.origins)
        return found

    async def join(self, member: Member) -> None:
        """Let a member whose handshake is done listen: a greeting, what it has missed, the rest."""
        if member.has_left:  # its handshake came drop by drop
            return
        place = (member.listener.tenant, member.listener.group.channel)
        room = self._rooms.setdefault(place, _Room())
        room.members.add(member)
        async with room.lock:
            now = await self._store.now()
            channel = await self._store.get(place[0], RtasChannel, place[1])
            newest = 0 if channel is None else channel.sequence
            last = None
            if channel is not None and member.after is None:
                last = await cached(self._store, self._vault, place[0], channel, now)
            member.greet(self.now(), newest if last is None else last.sequence - 1)
            if last is not None:
                member.tell(last, {}, self.now())
            if channel is not None and member.after is not None:
                await self._catch_up(member, place, member.after, now)
            member.seen = max(member.seen or 0, newest)

    async def _catch_up(self, member: Member, place: Place, after: int, now: datetime) -> None:
        member.seen = after
        for event in await since(self._store, self._vault, *place, after, now):
            member.tell(event, {}, self.now())

    def leave(self, secret: str) -> None:
        """Forget a member; what was not sent is kept as rows."""
        member = self._members.pop(secret, None)
        if member is None:
            return
        member.has_left = True
        for share in _shares(member.listener):
            self._held[share] -= 1
            if not self._held[share]:
                del self._held[share]
        place = (member.listener.tenant, member.listener.group.channel)
        room = self._rooms.get(place)
        if room is not None:
            room.members.discard(member)
            if not room.members:
                del self._rooms[place]
        member.stirred.set()

    def hint(self, tenant: TenantId, channel: str) -> None:
        """Look at a channel now, here and elsewhere: something was published."""
        self._look_at((tenant, channel))
        if self._hints is not None:
            self._hints.give(tenant, channel)

    def _look_at(self, place: Place) -> None:
        if place in self._rooms:
            task = asyncio.create_task(self._deliver(place), name="hub-delivery")
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    def close(self) -> None:
        """End: the server does."""
        self._ending.set()
        self.send_away()

    def send_away(self) -> None:
        """End every connection, and let clients come again: here, or where they are led then."""
        for member in self._members.values():
            if member.connection is not None:
                member.connection.close(self.now(), allow_reconnect=True)
            member.stirred.set()

    async def _deliver(self, place: Place) -> None:
        room = self._rooms.get(place)
        if room is None:
            return
        try:
            async with room.lock:
                await self._tell(room, place)
        except TrustflowError as fault:  # the next look tries again
            log.error("delivery", extra={"facts": {"code": fault.code, "frames": frames_of(fault)}})

    async def _tell(self, room: _Room, place: Place) -> None:
        joined = [one for one in room.members if one.seen is not None]
        if not joined:
            return
        least = min(one.seen or 0 for one in joined)
        now = await self._store.now()
        for event in await since(self._store, self._vault, *place, least, now):
            frames: dict[tuple[str, bool], bytes] = {}
            for member in joined:
                member.tell(event, frames, self.now())

    def _watch(self, name: str, work: Callable[[], Coroutine[None, None, None]]) -> None:
        """Do it each second as long as there are members; it may be running already."""
        running = self._watches.get(name)
        if running is None or running.done():
            self._watches[name] = asyncio.create_task(work(), name=name)

    async def _second(self) -> bool:
        """Let a second pass; whether there is anything left to watch."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._ending.wait(), WATCH_SECONDS)
        return bool(self._members) and not self._ending.is_set()

    async def _hear(self) -> None:
        """Look at once where another machine says that there is something."""
        if self._hints is not None:
            async with contextlib.aclosing(self._hints.heard()) as heard:
                async for place in heard:
                    self._look_at(place)

    async def _tending(self) -> None:
        """Look after members. Waits for no store: whoever is not pinged in time goes."""
        while await self._second():
            at = self.now()
            for secret, member in list(self._members.items()):
                if member.is_left(at):
                    self.leave(secret)
                else:
                    member.tick(at)

    async def _looking(self) -> None:
        """Look for who may not listen any more, and for what other machines have published."""
        hearing = asyncio.create_task(self._hear(), name="hub-hearing")
        looked: datetime | None = None
        try:
            while await self._second():  # also where hints are heard: one may be lost
                looked = await self._looked(looked)
        finally:
            hearing.cancel()

    async def _looked(self, before: datetime | None) -> datetime | None:
        """Look once; give when, or when it was done before where it fails."""
        try:
            now = await self._store.now()
            self._end_old(now)
            self._end(await fallen(self._store, self._members.values(), now))
            await self._look((before or now) - OVERLAP)
        except TrustflowError as fault:
            log.error("look", extra={"facts": {"code": fault.code}})
            return before
        return now

    def _end_old(self, now: datetime) -> None:
        """End connections whose token is over (I4)."""
        self._end([one for one in self._members.values() if now >= one.listener.ends])

    def _end(self, members: Sequence[Member]) -> None:
        """End connections for good; who has none yet is looked at when it comes with one."""
        for member in members:
            if member.connection is not None:
                member.connection.close(self.now())
                member.stirred.set()

    async def _look(self, since: datetime) -> None:
        for tenant in {place[0] for place in self._rooms}:
            query = PageQuery(order="changed", descending=True, size=LARGEST_PAGE)
            number = 0
            while True:
                page = await self._store.page(tenant, RtasChannel, query)
                fresh = [row for row in page.rows if row.changed >= since.isoformat()]
                for row in fresh:
                    await self._deliver((tenant, row.id))
                number += 1
                if len(fresh) < LARGEST_PAGE:
                    break
                query = PageQuery(order="changed", descending=True, size=LARGEST_PAGE, page=number)
