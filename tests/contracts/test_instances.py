"""The contract of every store: instances, their journals, and what one commit keeps."""

import asyncio
from datetime import timedelta
from hashlib import sha256
from typing import Any

import pytest
from msgspec.structs import replace

from engine.errors import UnknownInstance
from engine.model.instance import Check, Incident, KeySlot, ProcessInstance, Wait
from engine.model.names import INIT_VARS, MAIN_TENANT, Digest, HopId, InstanceId, NodeId, TenantId
from engine.model.problem import Message
from engine.model.screen import Screen, TextPanel
from engine.ports.store import Committed, Conflict, Erasure, Hop, InstanceQuery, Store
from engine.secret import SecretRef
from engine.testing import NOON, FrozenClock, a_hop, a_row, an_instance

pytestmark = pytest.mark.anyio

FIRST = InstanceId("0" * 26)
OTHER_TENANT = TenantId("other")


def moved(revision: int, **changes: object) -> Hop:
    return a_hop(an_instance(revision=revision, **changes))


async def test_an_instance_comes_back_as_it_was_written(store: Store) -> None:
    panel = TextPanel(kind="info", text=Message(id="hello", values={"name": "Zoë"}))
    instance = an_instance(
        visits={"ask": 2},
        variables={"_initVars": {"n": 1, "x": 1.5, "on": True, "list": ["a", None]}, "é": "日本"},
        keys={
            "form1": KeySlot(
                type="Submission", state="FILLED", secrets={"p": SecretRef(name="f.p")}
            )
        },
        checks=(Check(name="passcode", state="OPEN", at=NOON),),
        wait=Wait(
            node=NodeId("ask"),
            visit=2,
            screen=Screen(step_id="ask.2", screen_id="ask", panels=(panel,)),
            since=NOON,
            due=NOON + timedelta(microseconds=1),
        ),
        presses={"ask/back": 1},
    )

    await store.commit(a_hop(instance))

    assert (await store.load(MAIN_TENANT, FIRST)).instance == instance


async def test_load_tells_the_time_of_the_store(store: Store, clock: FrozenClock) -> None:
    await store.commit(a_hop())
    clock.move(timedelta(minutes=3, microseconds=7))

    loaded = await store.load(MAIN_TENANT, FIRST)

    assert loaded.now == NOON + timedelta(minutes=3, microseconds=7) == await store.now()


async def test_an_unknown_instance_is_said_to_be_unknown(store: Store) -> None:
    with pytest.raises(UnknownInstance):
        await store.load(MAIN_TENANT, FIRST)
    with pytest.raises(UnknownInstance):
        await store.journal(MAIN_TENANT, FIRST)


async def test_the_instance_of_another_tenant_is_unknown(store: Store) -> None:
    await store.commit(a_hop())

    with pytest.raises(UnknownInstance):
        await store.load(OTHER_TENANT, FIRST)
    with pytest.raises(UnknownInstance):
        await store.journal(OTHER_TENANT, FIRST)


async def test_two_tenants_may_have_instances_of_one_id(store: Store) -> None:
    ours = await store.commit(a_hop())
    theirs = await store.commit(a_hop(an_instance(tenant=OTHER_TENANT, process="other")))

    assert ours == theirs == Committed()
    assert (await store.load(MAIN_TENANT, FIRST)).instance.process == "sign-in"
    assert (await store.load(OTHER_TENANT, FIRST)).instance.process == "other"


async def test_an_instance_is_created_once(store: Store) -> None:
    await store.commit(a_hop())

    again = await store.commit(a_hop(an_instance(process="late"), id=HopId("another")))

    assert again == Conflict(what="exists")
    assert (await store.load(MAIN_TENANT, FIRST)).instance.process == "sign-in"


async def test_a_hop_moves_the_revision_it_was_made_from(store: Store) -> None:
    await store.commit(a_hop())

    answer = await store.commit(moved(2, language="pt-PT"))

    assert answer == Committed()
    assert (await store.load(MAIN_TENANT, FIRST)).instance == an_instance(
        revision=2, language="pt-PT"
    )


@pytest.mark.parametrize("revision", [2, 4], ids=["made from an earlier one", "from a later one"])
async def test_a_hop_of_another_revision_changes_nothing(store: Store, revision: int) -> None:
    for number in (1, 2):
        await store.commit(moved(number))
    before = (await store.load(MAIN_TENANT, FIRST), await store.journal(MAIN_TENANT, FIRST))

    late = await store.commit(
        a_hop(an_instance(revision=revision, language="xx"), id=HopId("late"))
    )

    after = (await store.load(MAIN_TENANT, FIRST), await store.journal(MAIN_TENANT, FIRST))
    assert late == Conflict(what="revision")
    assert after == before
    assert not await store.has_hop(MAIN_TENANT, HopId("late"))


async def test_a_hop_of_an_instance_that_is_not_there_is_refused(store: Store) -> None:
    assert await store.commit(moved(2)) == Conflict(what="revision")


async def test_of_many_hops_from_one_revision_one_wins(store: Store) -> None:
    await store.commit(a_hop())
    hops = [
        a_hop(an_instance(revision=2, language=f"l{n}"), id=HopId(f"racer {n}")) for n in range(64)
    ]

    answers = await asyncio.gather(*(store.commit(hop) for hop in hops))

    winners = [hop for hop, answer in zip(hops, answers, strict=True) if answer == Committed()]
    assert len(winners) == 1
    assert answers.count(Conflict(what="revision")) == 63
    assert (await store.load(MAIN_TENANT, FIRST)).instance == winners[0].instance
    assert len(await store.journal(MAIN_TENANT, FIRST)) == 2


async def test_a_hop_id_is_taken_once(store: Store) -> None:
    await store.commit(a_hop(id=HopId("the hop")))

    again = await store.commit(a_hop(an_instance(revision=2), id=HopId("the hop")))

    assert again == Conflict(what="exists")
    assert (await store.load(MAIN_TENANT, FIRST)).instance.revision == 1


async def test_a_committed_hop_is_found_by_its_id(store: Store) -> None:
    await store.commit(a_hop(id=HopId("first")))
    await store.commit(a_hop(an_instance(revision=2), id=HopId("second")))
    await store.commit(a_hop(an_instance(revision=2), id=HopId("refused")))

    assert await store.has_hop(MAIN_TENANT, HopId("first"))
    assert await store.has_hop(MAIN_TENANT, HopId("second"))
    assert not await store.has_hop(MAIN_TENANT, HopId("refused"))
    assert not await store.has_hop(OTHER_TENANT, HopId("first"))


async def test_the_journal_keeps_every_row_in_order(store: Store) -> None:
    rows = [
        a_row(n, kind=f"Kind{n}", at=NOON + timedelta(microseconds=n), payload=b'{"n":%d}' % n)
        for n in range(1, 8)
    ]
    await store.commit(a_hop(rows=tuple(rows[:3])))
    await store.commit(a_hop(an_instance(revision=2), rows=tuple(rows[3:6])))
    await store.commit(a_hop(an_instance(revision=3), rows=tuple(rows[6:])))

    assert list(await store.journal(MAIN_TENANT, FIRST)) == rows


async def test_an_erased_payload_stays_erased(store: Store) -> None:
    row = a_row(1, payload=None, salt=None, digest=b"d" * 32, chain=b"c" * 32)

    await store.commit(a_hop(rows=(row,)))

    assert list(await store.journal(MAIN_TENANT, FIRST)) == [row]


async def test_a_digest_comes_back_whether_or_not_it_fits_its_payload(store: Store) -> None:
    fits = a_row(1, digest=sha256(bytes(16) + b"{}").digest())
    changed = a_row(2, digest=b"x" * 32)

    await store.commit(a_hop(rows=(fits, changed)))

    assert list(await store.journal(MAIN_TENANT, FIRST)) == [fits, changed]


async def test_a_hop_without_rows_moves_the_instance_all_the_same(store: Store) -> None:
    await store.commit(a_hop(rows=()))

    assert (await store.load(MAIN_TENANT, FIRST)).instance.revision == 1
    assert list(await store.journal(MAIN_TENANT, FIRST)) == []


async def listed(store: Store, query: InstanceQuery, tenant: TenantId = MAIN_TENANT) -> list[str]:
    return [row.id for row in (await store.instances(tenant, query)).rows]


@pytest.fixture
async def five(store: Store) -> list[ProcessInstance]:
    statuses = ["ACTIVE", "COMPLETED_ENDED_SUCCESS", "ACTIVE", "REVIEW", "ACTIVE"]
    made = [
        an_instance(
            id=InstanceId(f"{n}{letter}" + "0" * 24),
            status=status,
            process="pin" if n == 4 else "sign-in",
            created_at=NOON + timedelta(minutes=n),
        )
        for n, (letter, status) in enumerate(zip("ABCDE", statuses, strict=True))
    ]
    for instance in made:
        await store.commit(a_hop(instance))
    await store.commit(a_hop(an_instance(tenant=OTHER_TENANT, id=InstanceId("9" * 26))))
    return made


async def test_instances_are_listed_newest_first(store: Store, five: list[ProcessInstance]) -> None:
    page = await store.instances(MAIN_TENANT, InstanceQuery())

    assert (list(page.rows), page.total) == (five[::-1], 5)


async def test_a_page_of_instances_is_a_part_of_them_all(
    store: Store, five: list[ProcessInstance]
) -> None:
    page = await store.instances(MAIN_TENANT, InstanceQuery(page=1, size=2))

    assert (list(page.rows), page.total) == ([five[2], five[1]], 5)
    assert await listed(store, InstanceQuery(page=3, size=2)) == []
    assert await listed(store, InstanceQuery(page=10**30, size=2)) == []


async def test_instances_are_chosen_by_process_status_and_text(
    store: Store, five: list[ProcessInstance]
) -> None:
    active = await listed(store, InstanceQuery(status="ACTIVE"))
    pins = await listed(store, InstanceQuery(process="pin"))
    both = await store.instances(
        MAIN_TENANT, InstanceQuery(process="sign-in", status="ACTIVE", size=1)
    )
    text = await listed(store, InstanceQuery(text="3d0"))

    assert active == [five[4].id, five[2].id, five[0].id]
    assert pins == [five[4].id]
    assert ([row.id for row in both.rows], both.total) == ([five[2].id], 2)
    assert text == [five[3].id]


async def test_instances_are_chosen_by_definition_and_listed_either_way(
    store: Store, five: list[ProcessInstance]
) -> None:
    other = an_instance(id=InstanceId("9" + "0" * 25), bundle=Digest("f" * 64))
    await store.commit(a_hop(other))

    assert await listed(store, InstanceQuery(bundle=Digest("f" * 64))) == [other.id]
    assert await listed(store, InstanceQuery(bundle=Digest("0" * 63))) == []
    assert await listed(store, InstanceQuery(bundle=five[0].bundle, size=2)) == [
        five[4].id, five[3].id,
    ]  # fmt: skip
    oldest = InstanceQuery(bundle=five[0].bundle, oldest_first=True, size=2)
    assert await listed(store, oldest) == [five[0].id, five[1].id]


async def test_instances_are_chosen_by_time_incident_and_what_their_token_carried(
    store: Store,
) -> None:
    hour = timedelta(hours=1)
    carried = [{"who": "Ines", "n": 7}, {"who": "Rui"}, {"shop": "Ines"}, {"who": "x" * 201}, {}]
    for number, given in enumerate(carried):
        made = an_instance(
            id=InstanceId(f"{number:026}"),
            created_at=NOON + number * hour,
            variables={INIT_VARS: given},
        )
        await store.commit(a_hop(made))
    incident = Incident(code="x", node=NodeId("ask"), reason="x", at=NOON)
    first = (await store.load(MAIN_TENANT, FIRST)).instance
    held = replace(first, revision=2, incident=incident)
    await store.commit(a_hop(held))

    async def found(**query: Any) -> list[int]:
        page = await store.instances(MAIN_TENANT, InstanceQuery(**query))
        assert page.total == len(page.rows)
        return [int(row.id) for row in page.rows]

    assert await found(held=True) == [0]
    assert await found(since=NOON + hour, until=NOON + 3 * hour) == [2, 1]
    assert await found(parameter=(None, "Ines")) == [2, 0]
    assert await found(parameter=("who", "Ines")) == [0]
    assert await found(parameter=("who", "ines")) == []
    assert await found(parameter=("who", "x" * 201)) == []
    assert await found(parameter=(None, "a\x00b")) == []
    assert await found(parameter=(None, "Ines"), since=NOON + hour, status="ACTIVE") == [2]
    await store.commit(a_hop(replace(held, revision=3, incident=None)))
    assert await found(held=True) == []


async def test_an_erased_instance_is_not_found_by_what_its_token_carried(store: Store) -> None:
    made = an_instance(variables={INIT_VARS: {"who": "Ines"}}, ended_at=NOON)
    await store.commit(a_hop(made))
    after = replace(made, revision=2, variables={INIT_VARS: {}})
    query = InstanceQuery(parameter=(None, "Ines"))
    before = (await store.instances(MAIN_TENANT, query)).total

    await store.erase(Erasure(tenant=MAIN_TENANT, instance=FIRST, before=1, after=after))

    assert before == 1
    assert (await store.instances(MAIN_TENANT, query)).total == 0
    assert (await store.instances(MAIN_TENANT, InstanceQuery())).total == 1


async def test_the_status_in_a_list_is_the_one_last_written(store: Store) -> None:
    await store.commit(a_hop())
    await store.commit(moved(2, status="COMPLETED_TERMINATED"))

    assert await listed(store, InstanceQuery(status="ACTIVE")) == []
    assert await listed(store, InstanceQuery(status="COMPLETED_TERMINATED")) == [FIRST]


async def test_instances_of_another_tenant_are_not_listed(
    store: Store, five: list[ProcessInstance]
) -> None:
    assert await listed(store, InstanceQuery(text="9"), MAIN_TENANT) == []
    assert await listed(store, InstanceQuery(), OTHER_TENANT) == ["9" * 26]


async def test_a_page_holds_at_most_two_hundred(store: Store) -> None:
    for n in range(205):
        await store.commit(a_hop(an_instance(id=InstanceId(f"{n:026}"))))

    page = await store.instances(MAIN_TENANT, InstanceQuery(size=1_000_000))

    assert (len(page.rows), page.total) == (200, 205)


async def test_trying_to_write_changes_nothing(store: Store) -> None:
    instance = an_instance()
    await store.commit(a_hop(instance))
    before = await store.load(MAIN_TENANT, instance.id)

    await store.try_writing()

    assert await store.load(MAIN_TENANT, instance.id) == before
