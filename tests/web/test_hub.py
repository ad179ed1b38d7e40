"""The hub: who may listen, replay, order, the end of connections, relay attackers (rtas.md 13)."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace
from datetime import timedelta

import pytest

from engine.adapters.system import SystemClock
from engine.model.names import MAIN_TENANT
from engine.ports.hints import Place
from engine.realtime.channels import Event, Group, publish
from engine.realtime.tokens import Listener
from engine.records.realtime import RtasChannel
from engine.run.unit import Unit
from engine.signalr import LONG_POLLING
from engine.web import build_web
from engine.web.hub import hub as hub_of_members
from engine.web.hub import member as member_of_hub
from engine.web.hub.hub import Hub
from engine.web.hub.standing import Admitted
from engine.web.listening import requests as requests_of_hub
from tests.web.application import CREATED, SUCCESS, application
from tests.web.listening import HANDSHAKE, PATIENCE, QUIET, Elsewhere, connect, negotiate, stream
from tests.web.surface import Answer, Surface, journeys_of, play, send

BEARER = "Authorization"
PENDING = {
    "application_name", "deeplink_url", "qr_code", "qr_code_expiration", "user_display_name",
    "user_id",
}  # fmt: skip


def test_connected_before_the_event_and_after_it_the_same_is_heard() -> None:
    async def story(house: Surface) -> list[list[tuple[str, int, set[str]]]]:
        server = await application(house)
        token = await server.end_user_token()
        early = await connect(house, token)
        first = await early.event()
        await server.tell(CREATED)
        late = await connect(house, token)
        heard = [[first, await early.event()], [await late.event(), await late.event()]]
        return [[(target, len(a), set(a[0]) if a else set()) for target, a in one] for one in heard]

    early, late = play(story)

    assert early == late
    assert early == [
        ("ConnectionEstablished", 0, set()),
        ("RegistrationCreatedEvent", 1, PENDING),
    ]


def test_a_final_event_ends_connections_for_good_also_later_ones() -> None:
    async def story(house: Surface) -> list[list[object]]:
        server = await application(house)
        token = await server.end_user_token()
        early = await connect(house, token)
        await early.event()
        await server.tell(SUCCESS)
        late = await connect(house, token)
        return [
            [(await early.event())[0], await early.message(), await early.message()],
            [(await late.event())[0], (await late.event())[0], await late.message(),
             await late.message()],
        ]  # fmt: skip

    early, late = play(story)

    assert early == ["RegistrationSuccessEvent", {"type": 7}, {"closed": 1000}]
    assert late == ["ConnectionEstablished", *early]


def test_what_is_not_cached_or_no_longer_is_not_told_to_whoever_comes_later() -> None:
    async def story(house: Surface) -> list[bool]:
        server = await application(house)
        token = await server.end_user_token()
        await server.tell(CREATED, store_in_cache=False)
        one = await connect(house, token)
        await one.event()
        found = [await one.is_quiet()]
        await server.tell(CREATED, cache_expires_after_minutes=1)
        house.bench.clock.move(timedelta(minutes=1))
        two = await connect(house, token)
        await two.event()
        return [*found, await two.is_quiet()]

    assert play(story) == [True, True]


def test_an_uncached_event_leaves_the_cached_one_where_it_is() -> None:
    async def story(house: Surface) -> str:
        server = await application(house)
        token = await server.end_user_token()
        await server.tell(CREATED)
        await server.tell(SUCCESS, store_in_cache=False)
        late = await connect(house, token)
        await late.event()
        return (await late.event())[0]

    assert play(story) == "RegistrationCreatedEvent"


def test_our_own_script_is_told_every_event_once_and_in_order_after_a_cut() -> None:
    async def story(house: Surface) -> list[object]:
        server = await application(house)
        token = await server.end_user_token()
        first = await connect(house, token, after="")
        await first.event()
        await server.tell(CREATED, user_display_name="1")
        heard = [(await first.event())[1]]
        await first.go()
        for name in ("2", "3"):
            await server.tell(CREATED, user_display_name=name, store_in_cache=name == "3")
        again = await connect(house, token, after=str(heard[0][1]))
        await again.event()
        await server.tell(CREATED, user_display_name="4")
        heard += [(await again.event())[1] for _ in range(3)]
        return [(a[0]["user_display_name"], a[1]) for a in heard] + [await again.is_quiet()]

    assert play(story) == [("1", 1), ("2", 2), ("3", 3), ("4", 4), True]


def test_what_another_machine_has_published_is_heard_once_by_early_and_late() -> None:
    """Without a hint, the hub looks by itself; who came meanwhile has heard it already."""

    async def story(house: Surface) -> tuple[list[str], bool]:
        server = await application(house)
        token = await server.end_user_token()
        early = await connect(house, token)
        await early.event()
        said = Group(
            client=server.made.client.id, flow="registration", subject="7c0e", user_id="john.doe"
        )
        event = Event(targets=("Elsewhere",), payload={}, cached=timedelta(minutes=15))
        store, unit = house.bench.store, Unit(house.bench.store, MAIN_TENANT)
        await publish(unit, house.bench.vault, said, event, house.bench.clock.now())
        await store.write(MAIN_TENANT, unit.staged())
        late = await connect(house, token)
        heard = [(await late.event())[0], (await late.event())[0], (await early.event())[0]]
        return heard, await late.is_quiet()

    heard, quiet = play(story)

    assert heard == ["ConnectionEstablished", "Elsewhere", "Elsewhere"]
    assert quiet


def hinted(house: Surface) -> Elsewhere:
    """Let a house hear hints."""
    bench, hints = house.bench, Elsewhere()
    hub = Hub(bench.store, bench.vault, bench.chance, hints=hints)
    house.app = build_web(replace(journeys_of(house), hub=hub), house.config)
    return hints


def test_a_hint_of_another_machine_is_followed_at_once() -> None:
    """The event is as old as one that looking does not find: only the hint leads to it."""

    async def story(house: Surface) -> tuple[str, bool]:
        hints, server = hinted(house), await application(house)
        ear = await connect(house, await server.end_user_token())
        await ear.event()
        said = Group(
            client=server.made.client.id, flow="registration", subject="7c0e", user_id="john.doe"
        )
        event = Event(targets=("Elsewhere",), payload={}, cached=timedelta(minutes=15))
        store, unit = house.bench.store, Unit(house.bench.store, MAIN_TENANT)
        before = house.bench.clock.now() - timedelta(minutes=1)
        await publish(unit, house.bench.vault, said, event, before)
        await store.write(MAIN_TENANT, unit.staged())
        for place in ((MAIN_TENANT, "nobody's"), *[(MAIN_TENANT, said.channel)] * 2):
            hints.told.put_nowait(place)
        return (await ear.event())[0], await ear.is_quiet()

    assert play(story) == ("Elsewhere", True)


def test_what_is_published_here_is_hinted_elsewhere() -> None:
    async def story(house: Surface) -> tuple[list[Place], Place]:
        hints, server = hinted(house), await application(house)
        await server.tell(CREATED)
        said = Group(
            client=server.made.client.id, flow="registration", subject="7c0e", user_id="john.doe"
        )
        return hints.given, (MAIN_TENANT, said.channel)

    given, place = play(story)

    assert given == [place]


def test_many_that_publish_at_once_are_heard_once_each_and_in_order() -> None:
    async def story(house: Surface) -> tuple[list[int], list[int], set[int]]:
        server = await application(house)
        token = await server.end_user_token()
        one, two = await connect(house, token, after=""), await connect(house, token, after="")
        await one.event()
        await two.event()
        answers = []
        for _ in range(10):
            answers += await asyncio.gather(*[server.tell(CREATED) for _ in range(2)])
        heard = [[(await each.event())[1][1] for _ in range(20)] for each in (one, two)]
        return heard[0], heard[1], {answer.status for answer in answers}

    one, two, statuses = play(story)

    assert statuses == {204}
    assert one == two == list(range(1, 21))


def test_a_relay_attacker_gets_nothing() -> None:
    """Another registration, another user, another client, a stolen connection id."""

    async def story(house: Surface) -> tuple[list[bool], list[object]]:
        server = await application(house)
        other = await application(house, "other-app")
        own = await server.end_user_token()
        strangers = [
            await server.end_user_token(unique_id="other"),
            await server.end_user_token(user_id="jane.doe"),
            await other.end_user_token(),
        ]
        ears = [await connect(house, token) for token in strangers]
        for ear in ears:
            await ear.event()
        stolen = (await negotiate(house, own)).json["connectionToken"]
        tries: list[object] = []
        for token in [*strangers, "x" * 40, own[:-4] + "AAAA"]:
            thief = await connect(house, token, id=stolen)
            tries.append((await thief.message()).get("refused"))
        await server.tell(CREATED)
        await other.tell(CREATED, user_id="jane.doe")
        return [await ear.is_quiet() for ear in ears], tries

    quiet, tries = play(story)

    assert quiet == [True, True, True]
    assert tries == [404, 404, 404, 401, 401]


@pytest.mark.parametrize(
    ("origin", "listed", "status"),
    [
        (None, (), 200), ("https://id.example", (), 200), ("https://bank.example", (), 403),
        ("https://bank.example", ("https://bank.example",), 200), ("null", (), 403),
        ("null", ("null",), 200), ("https://bank.example.evil", ("https://bank.example",), 403),
    ],
)  # fmt: skip
def test_a_page_listens_that_its_client_names(
    origin: str | None, listed: tuple[str, ...], status: int
) -> None:
    async def story(house: Surface) -> tuple[Answer, object]:
        server = await application(house, origins=listed)
        token = await server.end_user_token()
        headers = [] if origin is None else [("Origin", origin)]
        answer = await negotiate(house, token, headers=headers)
        socket = await connect(house, token, headers=headers)
        return answer, (await socket.message()).get("refused", 200)

    answer, socket = play(story)

    assert (answer.status, socket) == (status, status)
    allowed = origin if status == 200 and origin else ""
    assert answer.header("access-control-allow-origin") == allowed
    assert answer.header("access-control-allow-credentials") == ("true" if allowed else "")


def test_a_channel_stays_for_as_long_as_somebody_may_listen_to_it() -> None:
    async def story(house: Surface) -> list[str]:
        server = await application(house)
        await server.tell(CREATED)
        house.bench.clock.move(timedelta(minutes=119))
        await server.log_in()
        token = await server.end_user_token()
        ears = [await connect(house, token), await connect(house, token, after="1")]
        for ear in ears:
            await ear.event()
        house.bench.clock.move(timedelta(minutes=3))
        await house.bench.store.forget_ended(RtasChannel, house.bench.clock.now())
        await server.tell(SUCCESS)
        ears.append(await connect(house, token, after="1"))
        await ears[-1].event()
        return [(await ear.event())[0] for ear in ears]

    assert play(story) == ["RegistrationSuccessEvent"] * 3


def test_more_than_may_listen_are_asked_to_come_later() -> None:
    async def story(house: Surface) -> tuple[Answer, object, Answer]:
        house.app = build_web(
            replace(journeys_of(house), hub=Hub(
                house.bench.store, house.bench.vault, house.bench.chance, most=1
            )),
            house.config,
        )  # fmt: skip
        server = await application(house)
        token = await server.end_user_token()
        one = await connect(house, token)
        await one.event()
        full = await negotiate(house, token)
        socket = (await (await connect(house, token)).message()).get("refused")
        await one.go()
        return full, socket, await negotiate(house, token)

    full, socket, later = play(story)

    assert (full.status, socket, later.status) == (503, 503, 200)
    assert full.header("retry-after") == "5"


def test_one_channel_takes_a_tenth_of_all_places_and_one_client_three_quarters() -> None:
    async def story(house: Surface) -> list[int]:
        house.app = build_web(
            replace(journeys_of(house), hub=Hub(
                house.bench.store, house.bench.vault, house.bench.chance, most=20
            )),
            house.config,
        )  # fmt: skip
        server = await application(house)
        tokens = [await server.end_user_token(unique_id=f"r-{number}") for number in range(9)]
        first = [(await negotiate(house, tokens[0])).status for _ in range(3)]
        others = [(await negotiate(house, one)).status for one in tokens[1:] for _ in range(2)]
        other = await (await application(house, name="other-app")).end_user_token()
        return [*first, others.count(200), (await negotiate(house, other)).status]

    assert play(story) == [200, 200, 503, 13, 200]


def test_a_reader_that_takes_nothing_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub_of_members, "WATCH_SECONDS", 0.01)
    monkeypatch.setattr(member_of_hub, "SEND_SECONDS", 0.2)

    async def story(house: Surface) -> tuple[str, bool]:
        server = await application(house)
        ear = await connect(house, await server.end_user_token(), unread=1)
        await asyncio.wait_for(ear.task, PATIENCE)
        return (await ear.outward.get())["type"], ear.outward.empty()

    assert play(story) == ("websocket.accept", True)


def test_a_preflight_is_answered_and_grants_nothing_but_the_question() -> None:
    async def story(house: Surface) -> Answer:
        return await send(
            house.app, "OPTIONS", "/rtas/negotiate", headers=[("Origin", "https://bank.example")]
        )

    answer = play(story)

    assert answer.status == 204
    assert "authorization" in answer.header("access-control-allow-headers")
    assert answer.header("access-control-allow-origin") == "https://bank.example"


def test_an_old_token_is_refused_and_ends_its_connection() -> None:
    async def story(house: Surface) -> tuple[object, Answer]:
        server = await application(house)
        token = await server.end_user_token()
        ear = await connect(house, token)
        await ear.event()
        house.bench.clock.move(timedelta(minutes=60))
        return await ear.message(), await negotiate(house, token)

    ended, late = play(story)

    assert ended == {"type": 7}
    assert late.status == 401


def test_who_sends_too_much_is_sent_away() -> None:
    async def story(house: Surface) -> object:
        server = await application(house)
        ear = await connect(house, await server.end_user_token())
        await ear.event()
        for _ in range(25):
            await ear.say('{"type":6}\x1e')
        return await ear.message()

    assert play(story) == {"type": 7, "error": "too many messages"}


def test_who_sends_too_much_at_once_is_sent_away() -> None:
    async def story(house: Surface) -> list[object]:
        server = await application(house)
        ear = await connect(house, await server.end_user_token())
        await ear.event()
        await ear.say('{"type":6}\x1e' * 10)
        quiet = await ear.is_quiet()
        await ear.say('{"type":6}\x1e' * 21)
        return [quiet, await ear.message()]

    assert play(story) == [True, {"type": 7, "error": "too many messages"}]


def test_a_stream_that_takes_nothing_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(requests_of_hub, "SEND_SECONDS", 0.1)

    async def story(house: Surface) -> tuple[list[str], int]:
        server = await application(house)
        token = await server.end_user_token()
        id = (await negotiate(house, token)).json["connectionToken"]
        sent = await stream(house, token, id, taken=1)
        head = [(BEARER, f"Bearer {token}")]
        posted = await send(house.app, "POST", f"/rtas?id={id}", headers=head, body=b"{}\x1e")
        return [message["type"] for message in sent], posted.status

    assert play(story) == (["http.response.start"], 404)


def test_a_handshake_that_comes_when_its_member_was_left_opens_nothing() -> None:
    async def story(house: Surface) -> bytes:
        journeys = journeys_of(house)
        house.app = build_web(journeys, house.config)
        server, hub = await application(house), journeys.hub
        group = Group(
            client=server.made.client.id, flow="registration", subject="7c0e", user_id="john.doe"
        )
        ends = house.bench.clock.now() + timedelta(hours=1)
        listener = Listener(tenant=MAIN_TENANT, group=group, key="main.1", ends=ends)
        secret, member = hub.add(Admitted(listener=listener), None, is_ours=False)
        connection = member.begin(LONG_POLLING, hub.now())
        hub.leave(secret)
        connection.receive(HANDSHAKE.encode(), hub.now())
        await hub.join(member)
        await server.tell(CREATED)
        await SystemClock().sleep(timedelta(seconds=QUIET))
        return connection.take()

    assert play(story) == b"{}\x1e"


@pytest.mark.parametrize("id", ['"invocationId":"0",', ""])
def test_who_calls_what_there_is_not_is_sent_away(id: str) -> None:
    async def story(house: Surface) -> list[object]:
        server = await application(house)
        ear = await connect(house, await server.end_user_token())
        await ear.event()
        await ear.say(f'{{"type":1,{id}"target":"Join","arguments":["user:jane.doe"]}}\x1e')
        return [(await ear.message()).get("type") for _ in range(2 if id else 1)]

    assert play(story) == ([3, 7] if id else [7])


def test_a_token_stands_in_no_log(caplog: pytest.LogCaptureFixture) -> None:
    async def story(house: Surface) -> str:
        server = await application(house)
        token = await server.end_user_token()
        ear = await connect(house, token)
        await ear.event()
        await ear.go()
        await connect(house, token[:-3])
        return token

    with caplog.at_level(logging.DEBUG):
        token = play(story)

    assert any("request" in record.getMessage() for record in caplog.records)
    assert not any(token[:40] in repr(record.__dict__) for record in caplog.records)


@pytest.mark.parametrize("path", ["", "/", "/hubs/some"])
def test_a_client_that_has_a_path_of_its_own_finds_the_hub(path: str) -> None:
    async def story(house: Surface) -> tuple[Answer, Answer, str]:
        server = await application(house)
        token = await server.end_user_token()
        head = [(BEARER, f"Bearer {token}"), ("Origin", "https://id.example")]
        asked = f"{path.rstrip('/')}/negotiate?negotiateVersion=1"
        made = await send(house.app, "POST", asked, headers=head)
        target = f"{path or '/'}?id={made.json['connectionToken']}"
        polled = await send(house.app, "GET", target, headers=head)
        ear = await connect(house, token, path=path or "/")
        return made, polled, (await ear.event())[0]

    made, polled, heard = play(story)

    assert (made.status, polled.status, heard) == (200, 200, "ConnectionEstablished")


def test_long_polling_from_negotiation_to_the_last_poll() -> None:
    async def story(house: Surface) -> list[tuple[int, str]]:
        server = await application(house)
        token = await server.end_user_token()
        id = (await negotiate(house, token)).json["connectionToken"]
        target, head = f"/rtas?id={id}", [(BEARER, f"Bearer {token}")]
        found = [await send(house.app, "GET", target, headers=head)]
        found.append(await send(house.app, "POST", target, headers=head, body=HANDSHAKE.encode()))
        await server.tell(SUCCESS)
        found += [await send(house.app, "GET", target, headers=head) for _ in range(2)]
        return [(answer.status, answer.text) for answer in found]

    first, posted, events, last = play(story)

    assert (first, posted, last) == ((200, ""), (200, ""), (204, ""))
    assert [name in events[1] for name in ("{}", "Established", "Success", '"type":7')] == [
        True
    ] * 4


def test_ids_without_a_token_are_worth_nothing() -> None:
    async def story(house: Surface) -> list[int]:
        server = await application(house)
        id = (await negotiate(house, await server.end_user_token())).json["connectionToken"]
        return [
            (await send(house.app, method, f"/rtas?id={id}")).status
            for method in ("GET", "POST", "DELETE")
        ]

    assert play(story) == [401, 401, 401]
