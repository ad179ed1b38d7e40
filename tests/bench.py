"""A whole house for tests: real loop, real activities, memory store, time that stands still."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from engine.compile import Source, parts_among
from engine.identity.passcodes import register
from engine.identity.policies import policy_id
from engine.identity.stores import add_store
from engine.identity.users import add_user
from engine.model.names import MAIN_TENANT, JsonObject
from engine.ports.actor import Actor
from engine.ports.outside import Probe
from engine.ports.store import Committed, Store
from engine.records.identity import IdentityStore, PasscodePolicy, User
from engine.run.catalogue import Catalogue
from engine.run.current import Current, InstanceRef, Invalid
from engine.run.entry.answers import Begun, Landing
from engine.run.entry.tokens import Minted, TokenOffice, TokenRequest
from engine.run.entry.visits import Visits
from engine.run.erasure import Eraser
from engine.run.hop.making import Outside
from engine.run.library import Deployed, Library
from engine.run.loop import Loop
from engine.run.oversight.supervision import Supervisor
from engine.run.unit import Unit
from engine.secret import Secret
from engine.testing import CheapPool, FrozenClock, SeededChance, SeededVault

ROOT = Path(__file__).parent.parent
RIGHT = "orbit-cactus-velvet-lantern-mango"
WRONG = "not the passcode at all, sorry"


@dataclass(slots=True, kw_only=True)
class Bench:
    """Everything wired. `deploy`, `link`, `begin`, `answer` are what tests say."""

    store: Store
    clock: FrozenClock
    chance: SeededChance
    vault: SeededVault
    pool: CheapPool
    catalogue: Catalogue
    library: Library
    loop: Loop
    visits: Visits
    office: TokenOffice
    supervisor: Supervisor
    eraser: Eraser

    def actor(self) -> Actor:
        """Give who changes something here, now."""
        return Actor(name="test", at=self.clock.now(), chance=self.chance)

    async def deploy(
        self,
        text: str | None = None,
        forms: dict[str, str] | None = None,
        *,
        shipped: str = "passcode-authentication",
    ) -> Deployed:
        """Deploy a text, or a shipped definition, with the shipped forms and `forms`."""
        path = ROOT / f"definitions/{shipped}.yaml"
        source = Source(path=path.name, text=path.read_bytes() if text is None else text.encode())
        known = shipped_forms()
        known |= {
            key: Source(path=f"{key}.json", text=t.encode()) for key, t in (forms or {}).items()
        }
        found = await self.library.deploy(
            MAIN_TENANT, source, known, by=self.actor(), parts=shipped_parts()
        )
        assert isinstance(found, Deployed), found
        return found

    async def user(self, ext_id: str = "ines.carvalho", passcode: str | None = RIGHT) -> User:
        """Add a user to `customers` (made when missing), with a passcode."""
        unit = Unit(self.store, MAIN_TENANT)
        actor = self.actor()
        kept = await unit.get(IdentityStore, "customers")
        if kept is None:
            made = await add_store(unit, actor, "customers")
            assert isinstance(made, IdentityStore), made
            kept = made
        user = await add_user(unit, actor, kept, ext_id=ext_id)
        assert isinstance(user, User), user
        policy = await unit.get(PasscodePolicy, policy_id("customers", "default"))
        assert policy is not None
        if passcode is not None:
            await register(
                unit, actor, user, policy=policy, passcode=Secret(passcode), pool=self.pool
            )
        assert isinstance(await self.store.write(MAIN_TENANT, unit.staged()), Committed)
        return user

    async def link(
        self,
        process: str = "passcode-authentication",
        parameters: JsonObject | None = None,
        **asked: object,
    ) -> Minted:
        """Make a process token."""
        given: JsonObject = parameters or {}
        if parameters is None:
            given = {"userExternalId": "ines.carvalho"}
        request = TokenRequest(
            name=f"t{self.chance.id()}",
            process=process,
            parameters=given,
            **asked,  # type: ignore[arg-type]  # fields of a request, as the test names them
        )
        minted = await self.office.create(MAIN_TENANT, request, by=self.actor())
        assert isinstance(minted, Minted), minted
        return minted

    async def begin(self, secret: str, language: str = "en") -> Begun:
        """Open the link and press Begin."""
        landing = await self.visits.landing(MAIN_TENANT, secret)
        assert isinstance(landing, Landing), landing
        begun = await self.visits.begin(
            MAIN_TENANT, secret, begin_key=landing.begin_key, language=language
        )
        assert isinstance(begun, Begun), begun
        return begun

    async def at(self, begun: Begun) -> Current:
        """See where the visit stands."""
        return await self.loop.current(ref(begun))

    async def answer(self, begun: Begun, **fields: str | Sequence[str]) -> Current | Invalid:
        """Answer the current step."""
        now = await self.at(begun)
        wait = now.instance.wait
        assert wait is not None, now.instance.status
        body = {k: [v] if isinstance(v, str) else list(v) for k, v in fields.items()}
        return await self.loop.submit(
            ref(begun), step=wait.step, revision=now.instance.revision, body=body
        )

    def wait(self, **length: float) -> None:
        """Let time pass."""
        self.clock.move(timedelta(**length))


def ref(begun: Begun) -> InstanceRef:
    """Name the instance of a visit."""
    return InstanceRef(tenant=MAIN_TENANT, id=begun.instance)


def shipped_parts() -> Mapping[str, Source]:
    """Read every shipped part."""
    found = sorted((ROOT / "definitions").glob("*.yaml"))
    return parts_among(Source(path=path.name, text=path.read_bytes()) for path in found)


def shipped_forms() -> dict[str, Source]:
    """Read every shipped form."""
    return {
        path.name.removesuffix(".json"): Source(path=path.name, text=path.read_bytes())
        for path in sorted((ROOT / "forms").glob("*.json"))
    }


def bench(
    store: Store,
    clock: FrozenClock,
    *,
    catalogue: Catalogue | None = None,
    seed: int | str = 0,
    pool: CheapPool | None = None,
    probe: Probe = lambda name: None,
    redirects: Sequence[str] = (),
) -> Bench:
    """Wire a house around a store."""
    chance, vault = SeededChance(seed), SeededVault()
    known = catalogue or Catalogue.installed()
    library = Library(store=store, catalogue=known)
    pool = pool or CheapPool(vault)
    outside = Outside(
        store=store, chance=chance, pool=pool, vault=vault,
        catalogue=known, library=library, probe=probe, allowed_redirects=redirects,
    )  # fmt: skip
    loop = Loop(outside)
    visits = Visits(
        store=store, library=library, loop=loop,
        chance=chance, vault=vault, allowed_redirects=redirects,
    )  # fmt: skip
    office = TokenOffice(store=store, library=library, allowed_redirects=redirects)
    return Bench(
        store=store, clock=clock, chance=chance, vault=vault, pool=pool, catalogue=known,
        library=library, loop=loop, visits=visits, office=office,
        supervisor=Supervisor(store=store, loop=loop, vault=vault),
        eraser=Eraser(store=store, loop=loop),
    )  # fmt: skip
