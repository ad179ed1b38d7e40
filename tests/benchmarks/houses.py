"""A wired house for the rows that need no HTTP: the product's own wiring around a given store."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import cast

from engine.adapters.system import SystemChance, SystemClock
from engine.app import Application, wire
from engine.compile import Source
from engine.model.graph import ProcessGraph
from engine.model.names import MAIN_TENANT, Digest, InstanceId, StepKey
from engine.ports.actor import Actor
from engine.ports.store import Committed, Conflict, Hop, Redeem, Store
from engine.run.current import Current, InstanceRef
from engine.run.entry.tokens import Minted, TokenRequest
from engine.run.library import Deployed
from engine.run.loop import Fresh
from engine.run.unit import Unit
from engine.settings import Settings
from engine.testing import CheapPool, SeededVault
from tests.benchmarks import texts

ONE_USER = {"userExternalId": "ines.carvalho"}
LIFE = timedelta(hours=1)
BODY = {name: [value] for name, value in texts.PERSON.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """A house in which one definition is deployed, and a token of it that is never used up."""

    application: Application
    graph: ProcessGraph
    token: Minted

    async def begun(self) -> Current:
        """Create an instance and walk to its first wait: one commit."""
        app = self.application
        now = await app.store.now()
        fresh = Fresh(
            id=InstanceId(app.chance.id()),
            graph=self.graph,
            parameters=dict(ONE_USER),
            at=now,
            deadline=now + LIFE,
            language="en",
        )
        unit = Unit(app.store, MAIN_TENANT)
        redeem = Redeem(token=self.token.token.id, at=now)
        made = await app.loop.create(MAIN_TENANT, fresh, unit, redeem)
        assert isinstance(made, Current), made
        return made

    async def answered(self, at: Current) -> Current:
        """Answer the form an instance stands at: one commit."""
        instance = at.instance
        assert instance.wait is not None, instance.status
        ref = InstanceRef(tenant=MAIN_TENANT, id=instance.id)
        step, revision = StepKey(instance.wait.step), instance.revision
        done = await self.application.loop.submit(ref, step=step, revision=revision, body=BODY)
        assert isinstance(done, Current), done
        return done

    async def instance(self) -> Current:
        """Walk the five nodes: two commits."""
        done = await self.answered(await self.begun())
        assert done.instance.status == "COMPLETED_ENDED_SUCCESS", done.instance
        return done


async def house(store: Store, text: str = texts.FIVE) -> House:
    """Wire a house around a store; its clock and chance are the system's, its hashing cheap."""
    vault = SeededVault()
    application = wire(
        Settings(), store, SystemClock(),
        chance=SystemChance(), vault=vault, pool=CheapPool(vault),
    )  # fmt: skip
    return await furnished(application, text)


async def furnished(application: Application, text: str) -> House:
    """Deploy a text and make its token."""
    source = Source(path="bench.yaml", text=text.encode())
    actor = Actor(name="bench", at=application.clock.now(), chance=application.chance)
    found = await application.library.deploy(MAIN_TENANT, source, texts.forms(), by=actor)
    assert isinstance(found, Deployed), found
    graph = await application.library.graph(MAIN_TENANT, Digest(found.bundle.digest))
    name = found.bundle.process
    parameters = ONE_USER if graph.definition.parameters else {}
    request = TokenRequest(name=name, process=name, type="UNLIMITED", parameters=dict(parameters))
    minted = await application.office.create(MAIN_TENANT, request, by=actor)
    assert isinstance(minted, Minted), minted
    return House(application=application, graph=graph, token=minted)


class Listening:
    """A store that keeps the hops that pass through it."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.hops: list[Hop] = []

    async def commit(self, hop: Hop) -> Committed | Conflict:
        """Keep a hop and commit it."""
        self.hops.append(hop)
        return await self._store.commit(hop)

    def __getattr__(self, name: str) -> object:
        return getattr(self._store, name)


async def hops_of(store: Store, text: str, answers: int) -> list[Hop]:
    """Give the hops that one instance commits until it has been answered so often."""
    listening = Listening(store)
    one = await house(cast("Store", listening), text)
    at = await one.begun()
    for _ in range(answers):
        at = await one.answered(at)
    return listening.hops
