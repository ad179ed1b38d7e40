"""Passcode journeys by the JSON API, durable, beside the bare rate of the same argon2id."""

from __future__ import annotations

import asyncio
import json
import os
import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

from engine.adapters.hashing import LEAST_MEMORY_KIB, LEAST_PASSES, ArgonPool
from engine.app import open_application
from engine.compile import Source
from engine.identity.passcodes import register
from engine.identity.policies import policy_id
from engine.identity.stores import add_store
from engine.identity.users import add_user
from engine.model.names import MAIN_TENANT
from engine.ports.actor import Actor
from engine.ports.store import Committed
from engine.records.identity import IdentityStore, PasscodePolicy, User
from engine.run.entry.tokens import Minted, TokenRequest
from engine.run.library import Deployed
from engine.run.unit import Unit
from engine.secret import Secret
from engine.settings import Settings
from engine.testing import SeededVault
from tests.bench import ROOT, shipped_forms
from tests.benchmarks import servers
from tests.benchmarks.measure import Effort, Row, in_turn, middle
from tests.benchmarks.steps import STEPS, Side, started
from tests.benchmarks.walkers import Gate, Script, crowd, request

PEOPLE = 16
PASSCODE = "orbit-cactus-velvet-lantern-mango"
PROCESS = "passcode-authentication"


async def journeys(effort: Effort) -> list[Row]:
    """Measure journeys of three requests and one verification, and verifications alone, in turn."""
    with TemporaryDirectory() as folder:
        data = Path(folder) / "data"
        secrets = await signed_up(data)
        async with AsyncExitStack() as stack:
            server = await stack.enter_async_context(servers.served(data))
            walkers = await crowd(server.port, [signing_in(secret) for secret in secrets])
            await walkers.walk(effort.seconds / 2)
            side = Side(server, walkers, effort)
            ours, bare = await in_turn(effort, side.walk, lambda: verified(effort.seconds))
            walkers.leave()
    return [
        Row(
            name="passcode journeys, JSON API, durable",
            unit="/s",
            ours=middle(ours),
            baseline=middle(bare),
            bar=0.8,
            note=f"{PEOPLE} clients, {os.cpu_count()} threads; argon2id m={LEAST_MEMORY_KIB}"
            f" t={LEAST_PASSES} p=1, the floor; baseline: its bare rate in the same pool",
        )
    ]


async def verified(seconds: float) -> float:
    """Verify with the pool alone; give the verifications per second."""
    pool = ArgonPool(SeededVault())
    done, began = 0, time.perf_counter()

    async def one_after_the_other() -> None:
        nonlocal done
        while time.perf_counter() - began < seconds:
            async with pool.reserve() as slot:
                await slot.verify(pool.dummy, Secret(PASSCODE))
            done += 1

    await asyncio.gather(*(one_after_the_other() for _ in range(PEOPLE)))
    taken = time.perf_counter() - began
    pool.close()
    return done / taken


async def signed_up(data: Path) -> list[str]:
    """Make a data folder with people who have passcodes; give the secret of a token for each."""
    application = await open_application(Settings(data=data))
    text = (ROOT / "definitions" / f"{PROCESS}.yaml").read_bytes()
    source = Source(path=f"{PROCESS}.yaml", text=text)
    library = application.library
    actor = Actor(name="bench", at=application.clock.now(), chance=application.chance)
    found = await library.deploy(MAIN_TENANT, source, shipped_forms(), by=actor)
    assert isinstance(found, Deployed), found
    unit = Unit(application.store, MAIN_TENANT)
    kept = await add_store(unit, actor, "customers")
    assert isinstance(kept, IdentityStore), kept
    policy = await unit.get(PasscodePolicy, policy_id("customers", "default"))
    assert policy is not None
    for number in range(PEOPLE):
        user = await add_user(unit, actor, kept, ext_id=f"person{number}")
        assert isinstance(user, User), user
        passcode = Secret(PASSCODE)
        await register(unit, actor, user, policy=policy, passcode=passcode, pool=application.pool)
    assert isinstance(await application.store.write(MAIN_TENANT, unit.staged()), Committed)
    requests = [
        TokenRequest(
            name=f"person{number}",
            process=PROCESS,
            type="UNLIMITED",
            parameters={"userExternalId": f"person{number}"},
        )
        for number in range(PEOPLE)
    ]
    minted = [await application.office.create(MAIN_TENANT, one, by=actor) for one in requests]
    await application.close()
    return [one.secret for one in minted if isinstance(one, Minted)]


def signing_in(secret: str) -> Callable[[Gate], Script]:
    """Sign in again and again."""
    data = json.dumps({"passcode": PASSCODE})

    def script(gate: Gate) -> Script:
        while True:
            shown, instance = yield from started(secret)
            body = f'{{"revision":{shown.revision},"data":{data}}}'.encode()
            path = f"{STEPS}/{instance}/steps/{shown.stepKey}"
            answer = yield request(path, body, shown.sessionToken or "")
            assert answer.shown().status == "COMPLETED_ENDED_SUCCESS", answer
            gate.tell()

    return script
