"""What is handed over is done outside once it is committed, at least once, under one name."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from engine.activity import INTEGER, Activity, Call, Ended, Output, TryLater
from engine.adapters.memory import OTHER_TASKS, MemoryStore
from engine.adapters.sqlite import SqliteStore
from engine.errors import SettingsRefused
from engine.model.instance import ProcessInstance
from engine.model.names import MAIN_TENANT, TenantId
from engine.ports.store import AuditQuery, DueJob, PageQuery
from engine.records.record import Absent, Put, Staged
from engine.records.work import Job
from engine.run.catalogue import Catalogue
from engine.run.current import InstanceRef
from engine.run.entry.answers import Begun
from engine.run.outbox import AT_ONCE, LEASE, Outbox
from engine.run.pump import REST
from engine.testing import NOON, FrozenClock, ScriptedHttp
from tests.bench import Bench, bench
from tests.contracts.test_records import a_job
from tests.run.outside import FUSED, GOING_ON, NOT_YET, SAID, WAITING, Outside


class Yard:
    """A house with somebody outside, and what does the work between them."""

    def __init__(self, outside: Outside | None = None, seed: int = 0) -> None:
        self.clock = FrozenClock()
        self.store = MemoryStore(self.clock)
        self.outside = outside or Outside()
        self.probed: list[str] = []
        self.house = self.started(seed)
        self.outbox = outbox_of(self.house)

    def started(self, seed: int, catalogue: Catalogue | None = None) -> Bench:
        known = catalogue or self.outside.catalogue()
        return bench(self.store, self.clock, catalogue=known, seed=seed, probe=self.probed.append)

    async def begun(self, text: str = WAITING) -> Begun:
        await self.house.deploy(text, shipped="")
        return await self.house.begin((await self.house.link("visit", {"who": "Ines"})).secret)

    async def jobs(self) -> list[Job]:
        return [*(await self.store.page(MAIN_TENANT, Job, PageQuery())).rows]

    async def instance(self, begun: Begun) -> ProcessInstance:
        return (await self.store.load(MAIN_TENANT, begun.instance)).instance


def outbox_of(house: Bench) -> Outbox:
    return Outbox(
        outside=house.loop.outside, loop=house.loop, clock=house.clock, http=ScriptedHttp()
    )


def tell(story: Callable[[Yard], Awaitable[None]], outside: Outside | None = None) -> None:
    asyncio.run(story(Yard(outside)))  # type: ignore[arg-type]  # a coroutine, as stories are


def test_nothing_is_done_before_the_commit_and_the_instance_stands_still_until_it_is() -> None:
    async def story(yard: Yard) -> None:
        begun = await yard.begun()
        waiting = await yard.instance(begun)
        seen_before = len(yard.outside.calls)

        await yard.outbox.sweep()

        assert seen_before == 0
        assert waiting.wait is not None
        assert (waiting.wait.awaits, waiting.status, waiting.step) == ("result", "ACTIVE", None)
        over = await yard.instance(begun)
        assert over.status == "COMPLETED_ENDED_SUCCESS"
        assert over.variables["_size"] == 7
        assert await yard.jobs() == []

    tell(story)


def test_a_try_is_told_what_was_handed_over_and_nothing_else() -> None:
    async def story(yard: Yard) -> None:
        begun = await yard.begun()

        await yard.outbox.sweep()

        (call,) = yard.outside.calls
        assert call.inputs == {"wanted": "parcel of Ines"}
        assert call.effect_key == f"{begun.instance}/fetch/1"
        assert not call.slots
        assert not call.bag

    tell(story)


def test_an_instance_that_need_not_wait_goes_on_at_once() -> None:
    async def story(yard: Yard) -> None:
        begun = await yard.begun(GOING_ON)
        gone_on = await yard.instance(begun)
        handed = await yard.jobs()

        await yard.outbox.sweep()

        assert gone_on.status == "COMPLETED_ENDED_ERROR"
        assert [job.waits for job in handed] == [False]
        assert len(yard.outside.calls) == 1
        assert await yard.instance(begun) == gone_on
        assert await yard.jobs() == []

    tell(story)


def test_what_waits_to_be_done_lies_sealed() -> None:
    async def story(yard: Yard) -> None:
        await yard.begun()

        (job,) = await yard.jobs()

        assert "Ines" not in repr(job)
        assert "parcel" not in repr(job)

    tell(story)


def test_what_cannot_be_done_is_tried_again_under_its_own_name_as_late_as_was_said() -> None:
    async def story(yard: Yard) -> None:
        begun = await yard.begun()
        names = []
        for wait in (0, 10, 600):
            (job,) = await yard.jobs()
            names.append(job.id)
            yard.house.wait(seconds=wait * 1.1)
            assert await yard.outbox.sweep() == 1
            assert await yard.outbox.sweep() == 0

        assert len(set(names)) == 1
        assert names[0].startswith("msg_")
        assert (await yard.instance(begun)).status == "COMPLETED_ENDED_SUCCESS"

    tell(story, Outside(answers=[NOT_YET, NOT_YET, SAID]))


def test_tries_are_a_tenth_more_or_less_apart() -> None:
    async def story() -> None:
        found = set()
        for seed in range(20):
            yard = Yard(Outside(answers=[NOT_YET]), seed)
            await yard.begun()
            await yard.outbox.sweep()
            (job,) = await yard.jobs()
            assert job.due_at is not None
            found.add((job.due_at - NOON).total_seconds())

        assert min(found) >= 9
        assert max(found) <= 11
        assert len(found) > 10

    asyncio.run(story())


def test_the_other_side_may_ask_for_longer_and_never_for_ever() -> None:
    async def story(asked: timedelta, given: timedelta) -> None:
        answer = replace(NOT_YET, after=asked)
        yard = Yard(Outside(answers=[answer]))
        await yard.begun()

        await yard.outbox.sweep()

        (job,) = await yard.jobs()
        assert job.due_at == NOON + given

    asyncio.run(story(timedelta(minutes=7), timedelta(minutes=7)))
    asyncio.run(story(timedelta(days=900), timedelta(days=1)))


def test_after_the_last_try_it_is_kept_dead_and_the_instance_takes_its_way(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def story(yard: Yard) -> None:
        begun = await yard.begun()
        for wait in (0, 11, 660):
            yard.house.wait(seconds=wait)
            await yard.outbox.sweep()

        (job,) = await yard.jobs()
        assert (job.status, job.tries, job.due_at, job.ended) == ("DEAD", 3, None, None)
        assert job.reason == "nobody answers"
        over = await yard.instance(begun)
        assert over.status == "COMPLETED_ENDED_ERROR"
        assert over.variables["errorCode"] == "NotDone"
        audit = await yard.store.audit(MAIN_TENANT, AuditQuery(action="job.dead"))
        assert [row.subject for row in audit.rows] == [f"job:{job.id}"]
        yard.house.wait(days=3)
        assert await yard.outbox.sweep() == 0

    with caplog.at_level(logging.INFO, "trustflow.outbox"):
        tell(story, Outside(answers=[NOT_YET]))
    assert [record.message for record in caplog.records] == [
        "job put off",
        "job put off",
        "job dead",
    ]


def test_what_is_in_vain_is_not_tried_again() -> None:
    async def story(yard: Yard) -> None:
        begun = await yard.begun()

        await yard.outbox.sweep()

        (job,) = await yard.jobs()
        assert (job.status, job.tries) == ("DEAD", 1)
        assert (await yard.instance(begun)).status == "COMPLETED_ENDED_ERROR"

    tell(story, Outside(answers=[replace(NOT_YET, in_vain=True)]))


def test_two_programs_do_not_do_the_same_at_once() -> None:
    async def story(yard: Yard) -> None:
        begun = await yard.begun()
        others = [outbox_of(yard.started(seed)) for seed in range(1, 8)]

        await asyncio.gather(*(outbox.sweep() for outbox in (yard.outbox, *others)))

        assert len(yard.outside.calls) == 1
        assert (await yard.instance(begun)).is_over

    tell(story)


class _Died(BaseException):
    """The program is gone."""


@pytest.mark.parametrize("place", ["before-attempt", "after-attempt"])
def test_what_a_dead_program_had_taken_is_done_once_it_is_free_again(place: str) -> None:
    async def story(yard: Yard) -> None:
        begun = await yard.begun()

        def die(point: str) -> None:
            if point == place:
                raise _Died

        dying = bench(yard.store, yard.clock, catalogue=yard.outside.catalogue(), seed=9, probe=die)
        with pytest.raises(_Died):
            await outbox_of(dying).sweep()
        before = len(yard.outside.calls)
        assert await yard.outbox.sweep() == 0
        yard.clock.move(LEASE)

        await yard.outbox.sweep()

        assert len(yard.outside.calls) == before + 1
        assert len({call.effect_key for call in yard.outside.calls}) == 1
        assert (await yard.instance(begun)).status == "COMPLETED_ENDED_SUCCESS"
        assert await yard.jobs() == []

    tell(story)


def test_a_timeout_ends_the_wait_and_the_work_is_done_all_the_same() -> None:
    async def story(yard: Yard) -> None:
        begun = await yard.begun()
        yard.house.wait(hours=1)
        late = (await yard.house.at(begun)).instance

        await yard.outbox.sweep()

        assert late.status == "COMPLETED_TERMINATED"
        assert len(yard.outside.calls) == 1
        assert (await yard.instance(begun)) == late
        assert await yard.jobs() == []

    tell(story)


def test_an_instance_that_breaks_behind_the_result_stands_again_and_is_told_once_more() -> None:
    async def story(yard: Yard) -> None:
        begun = await yard.begun(FUSED)
        await yard.outbox.sweep()
        held = await yard.instance(begun)
        (job,) = await yard.jobs()
        yard.outside.is_whole = True
        ref = InstanceRef(tenant=MAIN_TENANT, id=begun.instance)
        await yard.house.supervisor.act(ref, "retry", yard.house.actor())
        yard.clock.move(REST)

        await yard.outbox.sweep()

        assert held.incident is not None
        assert held.wait is not None
        assert (job.status, job.due_at) == ("DONE", NOON + REST)
        assert len(yard.outside.calls) == 1
        assert (await yard.instance(begun)).status == "COMPLETED_ENDED_SUCCESS"
        assert await yard.jobs() == []

    tell(story, Outside(is_whole=False))


def test_code_that_breaks_is_tried_again_and_holds_the_instance_at_last() -> None:
    class Broke(Outside):
        def activity(self) -> Activity:
            made = Outside.activity(self)

            async def run(call: Call) -> Ended | TryLater:
                self.calls.append(call)
                raise ValueError(call.inputs["wanted"])

            return replace(made, attempt=run)

    async def story(yard: Yard) -> None:
        begun = await yard.begun()
        for wait in (0, 11, 660):
            yard.house.wait(seconds=wait)
            await yard.outbox.sweep()

        held = await yard.instance(begun)
        (job,) = await yard.jobs()
        assert held.incident is not None
        assert held.incident.reason == "ValueError in Fetch"
        assert (job.status, job.reason) == ("DEAD", "ValueError in Fetch")
        assert len(yard.outside.calls) == 3

    tell(story, Broke())


@pytest.mark.parametrize(
    "answer",
    [
        TryLater(reason=ValueError("no"), at_last=NOT_YET.at_last),  # type: ignore[arg-type]  # a stranger's
        TryLater(reason="x", at_last=NOT_YET.at_last, after=30),  # type: ignore[arg-type]  # a stranger's
        TryLater(reason="\ud800", at_last=NOT_YET.at_last),
        TryLater(reason="y" * 5_000_000, at_last=NOT_YET.at_last),
        TryLater(reason="x", at_last=Ended(error="Unheard")),
        TryLater(reason="x", at_last=Ended(outputs={"colour": 1})),
    ],
)
def test_whatever_a_stranger_answers_can_be_written_down(answer: TryLater, tmp_path: Path) -> None:
    async def story() -> None:
        yard = Yard(Outside(answers=[answer]))
        store = await SqliteStore.open(tmp_path / "x.db", clock=yard.clock)
        yard.house = bench(store, yard.clock, catalogue=yard.outside.catalogue())
        await yard.begun(GOING_ON)
        for _ in range(9):
            await outbox_of(yard.house).sweep()
            yard.clock.move(LEASE * 10)

        (job,) = (await store.page(MAIN_TENANT, Job, PageQuery())).rows
        assert (job.status, job.tries) == ("DEAD", 3)
        assert 0 < len(job.reason) <= 300
        await store.close()

    asyncio.run(story())


def test_what_every_program_dies_of_is_given_up() -> None:
    async def story(yard: Yard) -> None:
        begun = await yard.begun()

        def die(point: str) -> None:
            if point == "before-attempt":
                raise _Died

        for _ in range(3):
            dying = bench(
                yard.store, yard.clock, catalogue=yard.outside.catalogue(), seed=9, probe=die
            )
            with pytest.raises(_Died):
                await outbox_of(dying).sweep()
            yard.clock.move(LEASE)
        await yard.outbox.sweep()

        (job,) = await yard.jobs()
        assert (job.status, yard.outside.calls) == ("DEAD", [])
        held = await yard.instance(begun)
        assert held.incident is not None

    tell(story)


def test_rows_that_make_trouble_are_in_nobodys_way() -> None:
    async def story(yard: Yard) -> None:
        await yard.house.deploy(FUSED, shipped="")
        for _ in range(AT_ONCE + 1):
            await yard.house.begin((await yard.house.link("visit", {"who": "I"})).secret)
        known = yard.outside.catalogue().activities
        without = Catalogue.of(one for one in known if one.signature.label != "Fuse")
        outbox = outbox_of(yard.started(3, without))
        while await outbox.sweep():
            pass
        fine = WAITING.replace("process: visit", "process: other")
        await yard.house.deploy(fine, shipped="")
        yard.house.wait(seconds=2)
        begun = await yard.house.begin((await yard.house.link("other", {"who": "I"})).secret)

        await outbox.sweep()

        assert (await yard.instance(begun)).is_over

    tell(story)


def test_an_incident_that_is_let_go_on_lets_what_was_given_up_be_tried_again() -> None:
    class Mended(Outside):
        def activity(self) -> Activity:
            made = Outside.activity(self)

            async def run(call: Call) -> Ended | TryLater:
                self.calls.append(call)
                if len(self.calls) <= 3:
                    raise ValueError
                return SAID

            return replace(made, attempt=run)

    async def story(yard: Yard) -> None:
        begun = await yard.begun()
        for wait in (0, 11, 660):
            yard.house.wait(seconds=wait)
            await yard.outbox.sweep()
        held = await yard.instance(begun)
        ref = InstanceRef(tenant=MAIN_TENANT, id=begun.instance)

        await yard.house.supervisor.act(ref, "retry", yard.house.actor())
        await yard.outbox.sweep()

        assert held.incident is not None
        assert (await yard.instance(begun)).status == "COMPLETED_ENDED_SUCCESS"
        assert len({call.effect_key for call in yard.outside.calls}) == 1
        assert await yard.jobs() == []

    tell(story, Mended())


def test_an_activity_that_is_gone_loses_no_try() -> None:
    async def story(yard: Yard) -> None:
        begun = await yard.begun()
        without = outbox_of(yard.started(3, Catalogue.installed()))
        for _ in range(5):
            await without.sweep()
            yard.clock.move(REST)

        (job,) = await yard.jobs()
        assert job.tries == 0
        await yard.outbox.sweep()
        assert (await yard.instance(begun)).status == "COMPLETED_ENDED_SUCCESS"

    tell(story)


def test_an_erased_journey_leaves_nothing_to_be_done() -> None:
    async def story(yard: Yard) -> None:
        await yard.begun(GOING_ON)
        await yard.outbox.sweep()
        (job,) = await yard.jobs()
        assert job.status == "DEAD"
        yard.house.wait(days=400)
        await yard.house.eraser.sweep([MAIN_TENANT], audit_kept=timedelta(days=999))

        assert await yard.jobs() == []

    tell(story, Outside(answers=[replace(NOT_YET, in_vain=True)]))


def test_what_a_purged_journey_has_handed_over_is_still_delivered_or_given_up() -> None:
    async def story(yard: Yard) -> None:
        slow = (timedelta(hours=9), timedelta(hours=9))
        yard.outside.delays = slow
        text = GOING_ON.replace("maxDuration: P10D", "maxDuration: P10D\nretention: PT1H")
        for _ in range(2):
            await yard.begun(text)
        await yard.outbox.sweep()
        yard.house.wait(hours=2)
        await yard.house.eraser.sweep([MAIN_TENANT], audit_kept=timedelta(days=999))
        waiting = [job.status for job in await yard.jobs()]
        for _ in range(3):
            yard.house.wait(hours=11)
            await yard.outbox.sweep()

        assert waiting == ["WAITING"] * 2
        assert await yard.jobs() == []
        audit = await yard.store.audit(MAIN_TENANT, AuditQuery(action="job.dead"))
        assert audit.total == 1
        assert len(yard.outside.calls) == 5

    tell(story, Outside(answers=[NOT_YET, NOT_YET, SAID, NOT_YET]))


def test_no_tenant_has_all_places() -> None:
    async def story(yard: Yard) -> None:
        many = [
            DueJob(tenant=tenant, job=a_job(f"{tenant}{number}"))
            for tenant in (MAIN_TENANT, TenantId("acme"))
            for number in range(AT_ONCE)
        ]
        for tenant in (MAIN_TENANT, TenantId("acme")):
            rows = [Put(row=due.job, expect=Absent()) for due in many if due.tenant == tenant]
            await yard.store.write(tenant, Staged(writes=tuple(rows)))

        taken = await yard.outbox._free()

        assert Counter(due.tenant for due in taken) == {MAIN_TENANT: 64, TenantId("acme"): 64}

    tell(story)


def test_a_broken_answer_of_a_try_is_no_result() -> None:
    async def story(yard: Yard) -> None:
        begun = await yard.begun()
        await yard.outbox.sweep()

        (job,) = await yard.jobs()
        assert job.status == "WAITING"
        assert job.reason == "Fetch gave an output it does not declare"
        assert (await yard.instance(begun)).wait is not None

    tell(story, Outside(answers=[Ended(outputs={"colour": "red"})]))


def test_what_an_instance_goes_on_without_is_promised_by_nobody() -> None:
    activity = Outside().activity()
    hollow = replace(
        activity.signature, outputs=(Output(name="size", variable="_size", type=INTEGER),)
    )
    unnamed = replace(activity.signature, waits_if="what")

    with pytest.raises(SettingsRefused, match="always=False"):
        Catalogue.of([replace(activity, signature=hollow)])
    with pytest.raises(SettingsRefused, match="literal boolean"):
        Catalogue.of([replace(activity, signature=unnamed)])


class Slow(Outside):
    """The first that asks is kept waiting."""

    def __init__(self) -> None:
        super().__init__()
        self.gate = asyncio.Event()
        self.called = asyncio.Event()

    def activity(self) -> Activity:
        made = Outside.activity(self)

        async def run(call: Call) -> Ended | TryLater:
            self.calls.append(call)
            self.called.set()
            if len(self.calls) == 1:
                await self.gate.wait()
            return SAID

        return replace(made, attempt=run)


async def passing(yard: Yard, seconds: int) -> None:
    """Let time pass, and the other tasks have many turns in each second."""
    for _ in range(seconds):
        yard.clock.move(timedelta(seconds=1))
        for _ in range(50):
            await OTHER_TASKS


def test_what_is_being_tried_at_the_end_is_brought_to_its_end() -> None:
    async def story() -> None:
        slow = Slow()
        yard = Yard(slow)
        begun = await yard.begun()
        running = asyncio.create_task(yard.outbox.run())
        await slow.called.wait()

        running.cancel()
        await passing(yard, 1)
        left_open = not running.done()
        slow.gate.set()
        with pytest.raises(asyncio.CancelledError):
            await running

        assert left_open
        assert (await yard.instance(begun)).is_over
        assert await yard.jobs() == []

    asyncio.run(story())


def test_who_is_slow_to_answer_keeps_nobody_else_waiting() -> None:
    async def story() -> None:
        slow = Slow()
        yard = Yard(slow)
        first = await yard.begun()
        running = asyncio.create_task(yard.outbox.run())
        await slow.called.wait()
        second = await yard.house.begin((await yard.house.link("visit", {"who": "Rui"})).secret)

        await passing(yard, 3)

        assert (await yard.instance(second)).is_over
        assert not (await yard.instance(first)).is_over
        slow.gate.set()
        await passing(yard, 1)
        assert (await yard.instance(first)).is_over
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running

    asyncio.run(story())
