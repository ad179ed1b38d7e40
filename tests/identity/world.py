"""A small world for identity tests: the memory store, a clock that stands, tiny real hashes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from engine.adapters.memory import MemoryStore
from engine.identity.authentication import Attempt, Begun, Verifier, begin, verify
from engine.identity.devices import read
from engine.identity.passcodes import register
from engine.identity.policies import add_policy, policy_id
from engine.identity.stores import add_store
from engine.identity.users import add_user
from engine.model.names import MAIN_TENANT, AccountKey, HopId, InstanceId
from engine.model.problem import Problems
from engine.ports.actor import Actor
from engine.ports.store import Attempts, ClaimKey, Committed, Conflict
from engine.ports.unit_of_work import UnitOfWork
from engine.records.identity import IdentityStore, Passcode, PasscodePolicy, User
from engine.run.unit import Unit
from engine.secret import Secret
from engine.testing import (
    CheapPool,
    FrozenClock,
    SeededChance,
    SeededVault,
    a_hop,
    an_instance,
    recorded,
)

RIGHT: Final = "maple-river-zebra-tulip-stone"
WRONG: Final = "otter-canyon-violin-peach-lamp"


@dataclass(slots=True)
class World:
    """One tenant's store with what a test puts into it.

    `calls` lists every call of a port that `verifier` lends out, in order.
    """

    clock: FrozenClock = field(default_factory=FrozenClock)
    chance: SeededChance = field(default_factory=SeededChance)
    vault: SeededVault = field(default_factory=SeededVault)
    calls: list[str] = field(default_factory=list)
    known_as: str | None = None
    store: MemoryStore = field(init=False)
    pool: CheapPool = field(init=False)

    def __post_init__(self) -> None:
        self.store = MemoryStore(self.clock)
        self.pool = CheapPool(self.vault, calls=self.calls)

    @property
    def actor(self) -> Actor:
        return Actor(name="cli", at=self.clock.now(), chance=self.chance)

    def unit(self) -> Unit:
        return Unit(self.store, MAIN_TENANT)

    async def write(self, unit: Unit) -> Committed | Conflict:
        return await self.store.write(MAIN_TENANT, unit.staged())

    async def customers(self) -> IdentityStore:
        """Make the store `customers` with its policy `default`."""
        unit = self.unit()
        store = await add_store(unit, self.actor, "customers")
        assert isinstance(store, IdentityStore)
        await self.write(unit)
        return store

    async def policy(self, store: IdentityStore, name: str) -> PasscodePolicy:
        """Give a policy of the store; a digits-only one is made as `pin`."""
        unit = self.unit()
        found = await unit.get(PasscodePolicy, policy_id(store.id, name))
        if found is not None:
            return found
        made = await add_policy(
            unit,
            self.actor,
            store,
            name,
            min_length=6,
            character_set="NUMERIC" if name == "pin" else "ANY",
            accept_risk=True,
        )
        assert isinstance(made, PasscodePolicy)
        await self.write(unit)
        return made

    async def user(
        self,
        store: IdentityStore,
        ext_id: str,
        passcode: str | None = RIGHT,
        *,
        policy: str = "default",
    ) -> User:
        """Add a user, with a passcode unless that is None."""
        unit = self.unit()
        user = await add_user(unit, self.actor, store, ext_id=ext_id)
        assert isinstance(user, User)
        assert await self.write(unit) == Committed()
        if passcode is not None:
            row = await self.registers(user, passcode, policy=await self.policy(store, policy))
            assert isinstance(row, Passcode)
        return user

    async def registers(
        self, user: User, passcode: str, *, policy: PasscodePolicy
    ) -> Passcode | Problems:
        """Register a passcode and keep it."""
        unit = self.unit()
        row = await register(
            unit, self.actor, user, policy=policy, passcode=Secret(passcode), pool=self.pool
        )
        assert await self.write(unit) == Committed()
        return row

    async def step(self, revision: int = 1) -> ClaimKey:
        """Give a step of a new instance, which can be claimed."""
        id = InstanceId(self.chance.id())
        await self.store.commit(a_hop(an_instance(id=id, revision=revision), before=None))
        return ClaimKey(tenant=MAIN_TENANT, instance=id, revision=revision)

    async def verifier(
        self, unit: UnitOfWork, step: ClaimKey | None = None, *, device: str | None = None
    ) -> Verifier:
        """Lend everything a verification takes, each call of it written down."""
        step = step or await self.step()
        return Verifier(
            unit=recorded(unit, self.calls),
            ledger=recorded(self.store, self.calls),
            step=step,
            owner=HopId(self.chance.id()),
            name="instance:test",
            pool=self.pool,
            vault=recorded(self.vault, self.calls),
            at=self.clock.now(),
            chance=self.chance,
            device=read(device),
        )

    async def begun(
        self, *, ext_id: str | None = None, user_id: str | None = None, policy: str = "default"
    ) -> Attempt:
        """Begin an attempt."""
        begun = await begin(
            self.unit(), self.vault, "customers", policy=policy, user_id=user_id, ext_id=ext_id
        )
        assert isinstance(begun, Begun)
        return begun.attempt

    async def tries(
        self, ext_id: str, passcode: str, *, policy: str = "default", device: str | None = None
    ) -> bool:
        """Try a passcode in an instance of its own, and commit what follows.

        `known_as` is what was handed out, None for nothing.
        """
        unit = Unit(self.store, MAIN_TENANT)
        attempt = await self.begun(ext_id=ext_id, policy=policy)
        verifier = await self.verifier(unit, device=device)
        right = await verify(verifier, attempt, Secret(passcode)) is not None
        assert await self.write(unit) == Committed()
        self.known_as = unit.device
        return right

    async def ledger(self, account: AccountKey) -> Attempts | None:
        return await self.store.attempts(MAIN_TENANT, account)
