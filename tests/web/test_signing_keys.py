"""Keys that end-user tokens are signed with: rotated in peace, or at once when one leaked (E4)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

import pytest

from engine.adapters.signatures.rs256 import Rs256Signer
from engine.model.names import MAIN_TENANT
from engine.realtime.tokens import KEYS, MOST_OVER, Issuer, rotate
from engine.records.realtime import SigningKeys
from engine.run.unit import Unit
from engine.web.sources import SourceLimits
from tests.web.application import CREATED, application
from tests.web.listening import connect, negotiate
from tests.web.surface import Surface, journeys_of, play, send

SIGNER: Final = Rs256Signer()
ENDED: Final = [{"type": 7}, {"closed": 1000}]


async def rotated(house: Surface, *, at_once: bool = False) -> str:
    """Rotate in the store alone, as a command does; no hub is told. Gives the new key's kid."""
    bench = house.bench
    issuer = Issuer(vault=bench.vault, signer=SIGNER, chance=bench.chance, url="")
    unit = Unit(bench.store, MAIN_TENANT)
    made = await rotate(unit, issuer, bench.actor(), at_once=at_once)
    await bench.store.write(MAIN_TENANT, unit.staged())
    return made.kid


async def published(house: Surface) -> list[str]:
    answer = await send(house.app, "GET", "/rtas/.well-known/jwks.json")
    return [str(key["kid"]) for key in answer.json["keys"]]


async def status_of(house: Surface, token: str) -> tuple[int, object]:
    """Negotiate and open a socket; give both statuses."""
    socket = await connect(house, token)
    return (await negotiate(house, token)).status, (await socket.message()).get("refused", 101)


async def kept(house: Surface) -> list[str]:
    row = await house.bench.store.get(MAIN_TENANT, SigningKeys, KEYS)
    return [] if row is None else [key.kid for key in row.keys]


def kid_of(token: str) -> str:
    return SIGNER.kid(token) or ""


def test_a_rotation_leaves_what_is_out_good_until_its_end() -> None:
    async def story(house: Surface) -> list[object]:
        server = await application(house)
        old = await server.end_user_token()
        ear = await connect(house, old)
        await ear.event()
        new = await rotated(house)
        quiet, public = await ear.is_quiet(), await published(house)
        house.bench.clock.move(timedelta(minutes=59))
        late = await status_of(house, old)
        house.bench.clock.move(timedelta(minutes=2))
        after = await published(house)
        return [quiet, public == [new, kid_of(old)], late, after == [new]]

    assert play(story) == [True, True, (200, 101), True]


def test_a_rotation_at_once_ends_tokens_listeners_and_the_published_key() -> None:
    async def story(house: Surface) -> list[object]:
        server = await application(house)
        old = await server.end_user_token()
        ear = await connect(house, old)
        await ear.event()
        new = await rotated(house, at_once=True)
        refused, public = await status_of(house, old), await published(house)
        ended = [await ear.message(), await ear.message()]
        fresh = await server.end_user_token()
        again = await connect(house, fresh)
        await again.event()
        await server.tell(CREATED)
        heard = (await again.event())[0]
        return [refused, public == [new], ended, kid_of(fresh) == new, heard]

    assert play(story) == [(401, 401), True, ENDED, True, "RegistrationCreatedEvent"]


def test_a_rotation_at_once_ends_keys_too_that_were_rotated_in_peace_before() -> None:
    async def story(house: Surface) -> list[object]:
        server = await application(house)
        old = await server.end_user_token()
        await rotated(house)
        middle = await server.end_user_token()
        new = await rotated(house, at_once=True)
        statuses = [await status_of(house, token) for token in (old, middle)]
        return [statuses, await published(house) == [new]]

    assert play(story) == [[(401, 401)] * 2, True]


def test_a_clock_that_steps_back_brings_no_leaked_key_back() -> None:
    async def story(house: Surface) -> list[object]:
        server = await application(house)
        house.bench.clock.move(timedelta(minutes=-1))
        old = await server.end_user_token()
        house.bench.clock.move(timedelta(minutes=30))
        new = await rotated(house, at_once=True)
        house.bench.clock.move(timedelta(minutes=-29))
        return [await status_of(house, old), await published(house) == [new]]

    assert play(story) == [(401, 401), True]


def test_a_clock_that_steps_back_brings_no_key_back_that_was_over_before() -> None:
    async def story(house: Surface) -> list[object]:
        server = await application(house)
        old = await server.end_user_token()
        await rotated(house)
        house.bench.clock.move(timedelta(minutes=62))  # what the old key signed is over
        await server.log_in()
        new = await rotated(house, at_once=True)
        house.bench.clock.move(timedelta(minutes=-5))
        return [await status_of(house, old), await published(house) == [new]]

    assert play(story) == [(401, 401), True]


def test_a_key_that_is_ended_while_it_signs_signs_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    async def story(house: Surface) -> tuple[int, object]:
        server = await application(house)
        await server.end_user_token()
        signer = journeys_of(house).offices.signer
        sign = signer.sign

        async def meanwhile(*given: Any) -> str:
            monkeypatch.setattr(type(signer), "sign", staticmethod(sign))
            await rotated(house, at_once=True)
            return str(await sign(*given))

        monkeypatch.setattr(type(signer), "sign", staticmethod(meanwhile))
        return await status_of(house, await server.end_user_token())

    assert play(story) == (200, 101)


def test_pages_that_were_left_open_are_not_taken_for_forgers() -> None:
    async def story(house: Surface) -> list[int]:
        server = await application(house)
        old = await server.end_user_token()
        await rotated(house, at_once=True)
        found = [(await negotiate(house, old)).status for _ in range(5)]
        return [*found, (await negotiate(house, await server.end_user_token())).status]

    limits = SourceLimits(per_minute=3, per_hour=100)
    assert play(story, limits=limits) == [401] * 5 + [200]


def test_keys_that_are_over_do_not_pile_up() -> None:
    async def story(house: Surface) -> list[bool]:
        await application(house)
        made = [await rotated(house, at_once=True) for _ in range(MOST_OVER + 3)]
        return [await kept(house) == made[::-1][: MOST_OVER + 1]]

    assert play(story) == [True]


def test_a_rotation_before_the_first_token_makes_the_first_key() -> None:
    async def story(house: Surface) -> list[object]:
        server = await application(house)
        new = await rotated(house, at_once=True)
        token = await server.end_user_token()
        return [kid_of(token) == new, await status_of(house, token)]

    assert play(story) == [True, (200, 101)]
