"""Promises under pressure: many guesses, locked accounts, doubled clicks, lost answers."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest

from engine.adapters.memory import MemoryStore
from engine.adapters.sqlite import SqliteStore
from engine.identity.attempts import user_account
from engine.model.names import MAIN_TENANT
from engine.run.current import Current
from engine.run.entry.answers import Begun, Created, Landing, Refusal
from engine.testing import FrozenClock
from tests.bench import RIGHT, ROOT, WRONG, Bench, bench, ref

SIXTY_FOUR = (
    (ROOT / "definitions/passcode-authentication.yaml")
    .read_text()
    .replace("maxAttempts: 3", "maxAttempts: 64")
)
PATIENT = (
    (ROOT / "definitions/passcode-authentication.yaml").read_text().replace("PT4M30S", "PT40M")
)


async def ready(text: str | None = None) -> Bench:
    clock = FrozenClock()
    house = bench(MemoryStore(clock), clock)
    await house.deploy(text)
    await house.user()
    return house


def test_64_passcodes_at_once_on_one_revision_are_one_hash_and_63_current_screens() -> None:
    async def story() -> None:
        clock = FrozenClock()
        house = bench(MemoryStore(clock), clock)
        await house.deploy()
        user = await house.user()
        begun = await house.begin((await house.link()).secret)

        answers = await asyncio.gather(
            *(house.answer(begun, passcode=f"guess number {n} of many") for n in range(64))
        )

        assert house.pool.calls.count("verify") == 1
        told = [a for a in answers if isinstance(a, Current)]
        assert sum(a.still_checking or a.already_answered for a in told) == 63
        attempts = await house.store.attempts(MAIN_TENANT, user_account(user.id))
        assert attempts is not None
        assert attempts.failures == 1

    asyncio.run(story())


def test_two_programs_on_one_file_hash_one_of_64_passcodes(tmp_path: Path) -> None:
    async def prepared() -> tuple[str, str, int]:
        clock = FrozenClock()
        store = await SqliteStore.open(tmp_path / "store.db", clock=clock)
        house = bench(store, clock)
        await house.deploy()
        await house.user()
        begun = await house.begin((await house.link()).secret)
        now = (await house.at(begun)).instance
        assert now.wait is not None
        await store.close()
        return now.id, now.wait.step, now.revision

    instance, step, revision = asyncio.run(prepared())
    programs = [
        subprocess.Popen(
            [sys.executable, "-m", "tests.run.contender", str(tmp_path / "store.db"),
             instance, step, str(revision), str(first), "32"],
            cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )
        for first in (0, 32)
    ]  # fmt: skip
    for program in programs:
        assert program.stdout is not None
        assert program.stdout.readline() == "ready\n"

    told = [program.communicate("go\n", timeout=60)[0].split() for program in programs]

    hashed, verdicts, shown = (sum(int(line[n]) for line in told) for n in range(3))
    assert (hashed, verdicts, shown) == (1, 1, 63)


@pytest.mark.parametrize("ext_id", ["ines.carvalho", "nobody.knows"])
def test_64_answers_to_a_locked_or_unknown_account_each_fail_and_the_bound_ends_it(
    ext_id: str,
) -> None:
    async def story() -> None:
        house = await ready(SIXTY_FOUR)
        begun = await house.begin((await house.link(parameters={"userExternalId": ext_id})).secret)

        said = []
        for number in range(64):
            # from the sixth failure on the account waits: the right passcode fails like any other
            passcode = WRONG if number < 10 else RIGHT
            now = await house.answer(begun, passcode=passcode)
            assert isinstance(now, Current)
            said.append(now.instance.checks[0].state)

        assert said == ["FAIL"] * 64
        assert house.pool.calls.count("verify") == 64
        assert (await house.at(begun)).instance.status == "COMPLETED_ENDED_ERROR"

    asyncio.run(story())


def test_a_doubled_begin_gives_one_instance_and_a_new_session_value() -> None:
    async def story() -> None:
        house = await ready()
        secret = (await house.link()).secret
        landing = await house.visits.landing(MAIN_TENANT, secret)
        assert isinstance(landing, Landing)

        thrown_away = await house.visits.begin(
            MAIN_TENANT, secret, begin_key=landing.begin_key, language="en"
        )
        kept = await house.visits.begin(
            MAIN_TENANT, secret, begin_key=landing.begin_key, language="en"
        )

        assert isinstance(thrown_away, Begun)
        assert isinstance(kept, Begun)
        assert kept.instance == thrown_away.instance
        assert kept.session != thrown_away.session
        entered = await house.visits.enter(MAIN_TENANT, kept.instance, kept.session, reads=False)
        assert entered is not None
        now = await house.answer(kept, passcode=RIGHT)
        assert isinstance(now, Current)
        assert now.instance.status == "COMPLETED_ENDED_SUCCESS"

    asyncio.run(story())


def test_64_begins_at_once_with_one_key_make_one_instance() -> None:
    async def story() -> None:
        house = await ready()
        secret = (await house.link()).secret
        landing = await house.visits.landing(MAIN_TENANT, secret)
        assert isinstance(landing, Landing)

        begun = await asyncio.gather(
            *(
                house.visits.begin(MAIN_TENANT, secret, begin_key=landing.begin_key, language="en")
                for _ in range(64)
            )
        )

        assert len({b.instance for b in begun if isinstance(b, Begun)}) == 1
        assert all(isinstance(b, Begun) for b in begun)

    asyncio.run(story())


def test_a_link_for_one_use_is_used_after_it_and_another_key_does_not_help() -> None:
    async def story() -> None:
        house = await ready()
        secret = (await house.link()).secret
        other = await house.visits.landing(MAIN_TENANT, secret)
        assert isinstance(other, Landing)
        await house.begin(secret)

        looked = await house.visits.landing(MAIN_TENANT, secret)
        begun = await house.visits.begin(
            MAIN_TENANT, secret, begin_key=other.begin_key, language="en"
        )

        assert isinstance(looked, Refusal)
        assert looked.reason == "used"
        assert isinstance(begun, Refusal)
        assert begun.reason == "used"

    asyncio.run(story())


def test_a_begin_key_lasts_15_minutes_and_is_good_for_its_own_link_only() -> None:
    async def story() -> None:
        house = await ready()
        one, two = (await house.link()).secret, (await house.link()).secret
        landing = await house.visits.landing(MAIN_TENANT, one)
        assert isinstance(landing, Landing)

        foreign = await house.visits.begin(
            MAIN_TENANT, two, begin_key=landing.begin_key, language="en"
        )
        house.wait(minutes=15)
        old = await house.visits.begin(MAIN_TENANT, one, begin_key=landing.begin_key, language="en")

        assert isinstance(foreign, Refusal)
        assert isinstance(old, Refusal)
        assert {foreign.reason, old.reason} == {"stale"}

    asyncio.run(story())


def test_a_lost_answer_to_the_right_passcode_lets_the_person_go_on() -> None:
    async def story() -> None:
        house = await ready()
        begun = await house.begin((await house.link()).secret)
        entered = await house.visits.enter(MAIN_TENANT, begun.instance, begun.session, reads=False)
        assert entered is not None
        now = await house.at(begun)
        assert now.instance.wait is not None
        won = await house.loop.submit(
            ref(begun), step=now.instance.wait.step, revision=now.instance.revision,
            body={"passcode": [RIGHT]}, session=entered.session,
        )  # fmt: skip
        assert isinstance(won, Current)
        assert won.session is not None

        answering = await house.visits.enter(
            MAIN_TENANT, begun.instance, begun.session, reads=False
        )
        looking = await house.visits.enter(MAIN_TENANT, begun.instance, begun.session, reads=True)

        assert answering is None
        assert looking is not None
        assert looking.fresh is not None
        again = await house.visits.enter(MAIN_TENANT, begun.instance, looking.fresh, reads=False)
        assert again is not None
        spent = await house.visits.enter(MAIN_TENANT, begun.instance, begun.session, reads=True)
        assert spent is None, "once the new value is used the old one is nothing"

    asyncio.run(story())


def test_a_replaced_session_is_nothing_after_30_seconds() -> None:
    async def story() -> None:
        house = await ready()
        begun = await house.begin((await house.link()).secret)
        entered = await house.visits.enter(MAIN_TENANT, begun.instance, begun.session, reads=False)
        assert entered is not None
        now = await house.at(begun)
        assert now.instance.wait is not None
        await house.loop.submit(
            ref(begun), step=now.instance.wait.step, revision=now.instance.revision,
            body={"passcode": [RIGHT]}, session=entered.session,
        )  # fmt: skip

        house.wait(seconds=31)

        late = await house.visits.enter(MAIN_TENANT, begun.instance, begun.session, reads=True)
        assert late is None

    asyncio.run(story())


def test_a_session_opens_its_own_instance_only() -> None:
    async def story() -> None:
        house = await ready()
        one = await house.begin((await house.link()).secret)
        two = await house.begin((await house.link()).secret)

        found = await house.visits.enter(MAIN_TENANT, two.instance, one.session, reads=True)

        assert found is None

    asyncio.run(story())


def test_an_app_creates_once_per_key_and_starts_until_it_answers() -> None:
    async def story() -> None:
        house = await ready()
        secret = (await house.link()).secret
        first = await house.visits.create(MAIN_TENANT, secret, idempotency_key="order-1")
        again = await house.visits.create(MAIN_TENANT, secret, idempotency_key="order-1")
        other = await house.visits.create(MAIN_TENANT, secret, idempotency_key="order-2")
        assert isinstance(first, Created)
        assert isinstance(again, Created)

        async def start(created: Created) -> Begun | Refusal:
            return await house.visits.start(MAIN_TENANT, created.instance, created.ticket)

        lost, kept = await start(again), await start(first)
        assert isinstance(kept, Begun)
        entered = await house.visits.enter(MAIN_TENANT, kept.instance, kept.session, reads=False)
        await house.answer(kept, passcode=WRONG)
        late = await start(again)
        created = await house.visits.create(MAIN_TENANT, secret, idempotency_key="order-1")

        assert again == first
        assert again.instance == kept.instance
        assert isinstance(lost, Begun)
        assert kept.session != lost.session
        assert entered is not None
        refused = [each for each in (other, late, created) if isinstance(each, Refusal)]
        assert [each.reason for each in refused] == ["used"] * 3

    asyncio.run(story())


def test_64_starts_at_once_with_one_ticket_are_one_start() -> None:
    async def story() -> None:
        house = await ready()
        created = await house.visits.create(MAIN_TENANT, (await house.link()).secret)
        assert isinstance(created, Created)

        begun = await asyncio.gather(
            *(house.visits.start(MAIN_TENANT, created.instance, created.ticket) for _ in range(64))
        )

        assert all(isinstance(each, Begun) for each in begun)
        journal = await house.store.journal(MAIN_TENANT, created.instance)
        assert [row.kind for row in journal].count("Started") == 1

    asyncio.run(story())


def test_a_ticket_starts_again_no_longer_than_it_would_start_at_all() -> None:
    async def story() -> None:
        house = await ready(PATIENT)
        created = await house.visits.create(MAIN_TENANT, (await house.link()).secret)
        assert isinstance(created, Created)
        begun = await house.visits.start(MAIN_TENANT, created.instance, created.ticket)
        assert isinstance(begun, Begun)

        house.wait(minutes=15)

        late = await house.visits.start(MAIN_TENANT, created.instance, created.ticket)
        assert late == Refusal(reason="used")

    asyncio.run(story())
