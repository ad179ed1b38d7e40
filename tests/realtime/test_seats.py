"""Seats: what is asked at the same moment passes no limit (J2)."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import TypeVar

import pytest

from engine.adapters.memory import MemoryStore
from engine.model.names import MAIN_TENANT
from engine.ports.actor import Actor
from engine.ports.store import Committed
from engine.realtime.trustfactor import codes, contracts, transactions
from engine.realtime.trustfactor.seats import free_seat
from engine.records.record import Absent
from engine.records.trustfactor import Confirmation, Contract, DeviceInfo, Transaction, owner_of
from engine.run.unit import Unit
from engine.testing import FrozenClock, SeededChance, SeededVault

T = TypeVar("T")
CLIENT, USER = "C", "john.doe"
INFO = DeviceInfo(
    name="N", manufacturer="M", device_model="D", operating_system="O", os_version="1"
)


class FirstFree(SeededChance):
    """Takes the first of all, so that two who choose at once choose the same."""

    def pick(self, below: int) -> int:
        return 0


class Bank:
    """An application whose user has devices, and is asked."""

    def __init__(self, chance: SeededChance | None = None) -> None:
        self.clock, self.vault = FrozenClock(), SeededVault()
        self.store = MemoryStore(self.clock)
        self.chance = chance or SeededChance(1)

    @property
    def actor(self) -> Actor:
        return Actor(name="test", at=self.clock.now(), chance=self.chance)

    async def register(self, number: int) -> Unit:
        """Stage one more device."""
        unit = Unit(self.store, MAIN_TENANT)
        wanted = codes.Wanted(client=CLIENT, application="Bank", user_id=USER, user_name="John")
        code = codes.create(unit, self.actor, wanted)
        assert not isinstance(code, tuple)
        scanned = codes.scan(unit, self.actor, code, f"device-{number}")
        assert not isinstance(scanned, str)
        said = Confirmation(
            contract_key=f"contract-{number}", device_key=f"device-{number}", device=INFO,
            address="192.0.2.1", at=self.clock.now(),
        )  # fmt: skip
        confirmed = codes.confirm(unit, self.actor, scanned, said)
        assert not isinstance(confirmed, str)
        await contracts.register(unit, self.store, self.actor, confirmed)
        return unit

    async def ask(self) -> Unit | None:
        """Stage one more question; None: too many wait."""
        unit = Unit(self.store, MAIN_TENANT)
        display = transactions.Display(action="Pay", message="Pay 5 euros")
        wanted = transactions.Wanted(
            client=CLIENT, application="Bank", user_id=USER, display=display
        )
        made = await transactions.create(unit, self.store, self.vault, self.actor, wanted)
        return unit if isinstance(made, Transaction) else None

    async def is_written(self, unit: Unit) -> bool:
        return isinstance(await self.store.write(MAIN_TENANT, unit.staged()), Committed)

    async def devices(self) -> int:
        unit = Unit(self.store, MAIN_TENANT)
        return len(await contracts.of_user(unit, self.store, CLIENT, USER))


def play(bank: Bank, story: Callable[[Bank], Awaitable[T]]) -> T:
    async def told() -> T:
        return await story(bank)

    return asyncio.run(told())


def test_of_two_devices_registered_at_once_for_the_last_seat_one_is() -> None:
    async def story(bank: Bank) -> tuple[list[bool], int]:
        for number in range(contracts.MOST_DEVICES - 1):
            assert await bank.is_written(await bank.register(number))
        both = [await bank.register(98), await bank.register(99)]
        return [await bank.is_written(one) for one in both], await bank.devices()

    assert play(Bank(), story) == ([True, False], contracts.MOST_DEVICES)


def test_of_two_transactions_asked_at_once_for_the_last_seat_one_is() -> None:
    async def story(bank: Bank) -> list[bool]:
        assert await bank.is_written(await bank.register(1))
        for _ in range(transactions.MOST_OPEN - 1):
            unit = await bank.ask()
            assert unit is not None
            assert await bank.is_written(unit)
        both = [await bank.ask(), await bank.ask()]
        assert await bank.ask() is not None  # a third would be let through by a count alone
        return [one is not None and await bank.is_written(one) for one in both]

    assert play(Bank(), story) == [True, False]


def test_whoever_was_slower_takes_another_seat() -> None:
    async def story(bank: Bank) -> list[bool]:
        assert await bank.is_written(await bank.register(1))
        both = [await bank.ask(), await bank.ask()]
        written = [one is not None and await bank.is_written(one) for one in both]
        again = await bank.ask()
        return [*written, again is not None and await bank.is_written(again)]

    assert play(Bank(FirstFree(1)), story) == [True, False, True]


def test_what_time_has_ended_gives_its_seat_back() -> None:
    async def story(bank: Bank) -> tuple[bool, bool]:
        assert await bank.is_written(await bank.register(1))
        for _ in range(transactions.MOST_OPEN):
            unit = await bank.ask()
            assert unit is not None
            await bank.is_written(unit)
        is_full = await bank.ask() is None
        bank.clock.move(transactions.LIFE + timedelta(seconds=1))
        unit = await bank.ask()
        return is_full, unit is not None and await bank.is_written(unit)

    assert play(Bank(), story) == (True, True)


def test_a_device_that_was_reset_gives_its_seat_back() -> None:
    async def story(bank: Bank) -> tuple[bool, int]:
        for number in range(contracts.MOST_DEVICES):
            await bank.is_written(await bank.register(number))
        unit = Unit(bank.store, MAIN_TENANT)
        first = await unit.find(Contract, "contract_key", "contract-0")
        assert first is not None
        contracts.reset(unit, bank.actor, first)
        assert await bank.is_written(unit)
        return await bank.is_written(await bank.register(77)), await bank.devices()

    assert play(Bank(), story) == (True, contracts.MOST_DEVICES)


@pytest.mark.parametrize("kind", [Contract, Transaction])
def test_a_row_from_before_there_were_seats_counts_and_keeps_no_other_away(
    kind: type[Contract] | type[Transaction],
) -> None:
    assert "by_seat" in kind.UNIQUE
    assert free_seat([None, 0, 1], 4, FirstFree(1)) == 2
    assert free_seat([None, 0, 1], 3, FirstFree(1)) is None


def test_a_seat_is_unique_for_its_user_alone() -> None:
    async def story(bank: Bank) -> list[bool]:
        done = []
        for user in ("john.doe", "jane.roe"):
            unit = Unit(bank.store, MAIN_TENANT)
            at = bank.clock.now()
            unit.put(
                Transaction(
                    id=user, client=CLIENT, application="Bank", user_id=user,
                    owner=owner_of(CLIENT, user), contracts=(), sealed="", created_at=at,
                    ends_at=at, expires_at=at, seat=0,
                ),
                Absent(),
            )  # fmt: skip
            done.append(await bank.is_written(unit))
        return done

    assert play(Bank(), story) == [True, True]
