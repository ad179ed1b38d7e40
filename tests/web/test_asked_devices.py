"""Which devices of a user are asked: all of theirs, or those that are named; nobody else's."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from msgspec.structs import replace

from engine.model.names import MAIN_TENANT
from engine.ports.store import Committed, PageQuery
from engine.records.record import Absent
from engine.records.trustfactor import Contract, Transaction
from engine.run.unit import Unit
from tests.web.agent import Agent
from tests.web.application import ApplicationServer, application
from tests.web.provider_steps import showing
from tests.web.surface import Surface, play
from tests.web.town import Town, payload, told
from tests.web.trustfactor_steps import ASKED, TRANSACTIONS, asked, code

ME, HER = "john.doe", "ana"


async def phones(server: ApplicationServer, *users: str) -> list[Agent]:
    """Register a phone for each."""
    found = []
    for user in users:
        agent = Agent(house=server.house)
        await agent.register((await code(server, user_id=user))["payload"])
        server.house.bench.clock.move(timedelta(seconds=1))
        found.append(agent)
    return found


async def counted(agents: Sequence[Agent]) -> list[int]:
    return [len((await agent.asked()).json["transactions"]) for agent in agents]


def test_those_that_are_named_are_asked() -> None:
    async def story(house: Surface) -> Any:
        server = await application(house)
        mine = await phones(server, ME, ME, ME)
        await asked(server, contract_keys=[mine[0].contract[1], mine[2].contract[1]])
        return await counted(mine)

    assert play(story) == [1, 0, 1]


def test_a_key_that_is_not_the_users_is_refused_by_its_field() -> None:
    async def story(house: Surface) -> list[Any]:
        server = await application(house)
        me, her = await phones(server, ME, HER)
        other = (await phones(await application(house, "shop"), ME))[0]
        mine = me.contract[1]
        sent: tuple[dict[str, Any], ...] = (
            {"contract_keys": [mine, her.contract[1]]},
            {"contract_keys": [other.contract[1]]},
            {"contract_keys": [Agent(house=house).contract[1]]},
            {"contract_key": her.contract[1]},
            {"contract_keys": []},
            {"contract_keys": [mine], "contract_key": mine},
        )
        answers = [await server.post(TRANSACTIONS, {**ASKED, **words}) for words in sent]
        told = [(one.status, one.json["details"]["problems"][0]["field"]) for one in answers]
        return [told, await counted([me, her])]

    refused = [(400, "contract_keys")] * 3
    assert play(story) == [
        [*refused, (400, "contract_key"), (400, "contract_keys"), (400, "contract_key")], [0, 0],
    ]  # fmt: skip


def test_one_that_answers_no_more_is_left_out_and_the_others_are_asked() -> None:
    async def story(house: Surface) -> list[Any]:
        server = await application(house)
        gone, kept = await phones(server, ME, ME)
        await server.post("/trustfactor/v1/contracts/reset", {"contract_key": gone.contract[1]})
        keys = [gone.contract[1], kept.contract[1]]
        both = await server.post(TRANSACTIONS, {**ASKED, "contract_keys": keys})
        none = await server.post(TRANSACTIONS, {**ASKED, "contract_keys": keys[:1]})
        return [both.status, await counted([kept]), none.status]

    assert play(story) == [201, [1], 404]


def test_at_a_provider_only_those_are_asked_that_the_journeys_user_has() -> None:
    async def story(town: Town) -> list[Any]:
        phone, journey = Agent(house=town.vendor), await showing(town)
        await phone.register(payload(journey))
        await town.work()
        stranger = await a_strangers(town)
        await journey.look()
        await journey.answer(device="mine")
        await town.work()
        rows = (await town.vendor.bench.store.page(MAIN_TENANT, Transaction, PageQuery())).rows
        asked = [row.contracts for row in rows]
        return [asked == [(phone.contract[1],)], await counted([phone, stranger])]

    assert told(story) == [True, [1, 0]]


async def a_strangers(town: Town) -> Agent:
    """Give the same user another phone at the vendor, which we have never agreed to."""
    agent, store = Agent(house=town.vendor), town.vendor.bench.store
    known = (await store.page(MAIN_TENANT, Contract, PageQuery())).rows[0]
    row = replace(
        known, id="Z" * 26, code="Z" * 26, contract_key=agent.contract[1],
        device_key=agent.device[1], seat=None, version=1,
    )  # fmt: skip
    unit = Unit(store, MAIN_TENANT)
    unit.put(row, Absent())
    assert isinstance(await store.write(MAIN_TENANT, unit.staged()), Committed)
    return agent
