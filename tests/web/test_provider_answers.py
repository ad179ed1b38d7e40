"""What another TrustFactor answers or says is a stranger's: typed, bounded, refused by field."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import pytest

from engine.model.names import MAIN_TENANT
from engine.ports.http import HttpAnswer, HttpRequest
from engine.ports.store import PageQuery
from engine.realtime.trustfactor.links import LONGEST, NOT_AN_APPS, kind_of
from engine.records.trustfactor import RegistrationCode, Transaction
from engine.records.work import Job
from engine.run.trustfactor.provider_answers import CodeMade, Token, UnfitAnswer, read
from tests.web.agent import Agent
from tests.web.application import DEVICE
from tests.web.provider_steps import showing
from tests.web.town import Town, changed, heard, payload, resigned, said, told

SCRIPT: Final = Path("engine/web/listening/rtas-ui.js")
CODES: Final = "/trustfactor/v2/registration-codes"
OURS: Final = "its answer is not what was asked for: "


class Liar:
    """A wire on which the vendor's answers at one path are changed."""

    def __init__(self, town: Town, path: str, facts: Mapping[str, Any] | bytes) -> None:
        self.town, self.path, self.facts = town, path, facts
        self.send_truly, town.wire.send = town.wire.send, self.send  # type: ignore[method-assign]  # this town's own

    async def send(self, request: HttpRequest) -> HttpAnswer:
        answer = await self.send_truly(request)
        if urlsplit(request.uri).path != self.path:
            return answer
        body = self.facts
        if not isinstance(body, bytes):
            body = json.dumps(json.loads(answer.body) | dict(body)).encode()
        return HttpAnswer(status=answer.status, headers=answer.headers, body=body)


async def letters(town: Town) -> list[tuple[str, str]]:
    rows = (await town.ours.bench.store.page(MAIN_TENANT, Job, PageQuery())).rows
    return [(row.status, row.reason) for row in rows if row.reason]


async def links(town: Town) -> list[str]:
    store, query = town.ours.bench.store, PageQuery()
    rows: list[RegistrationCode | Transaction] = []
    rows += (await store.page(MAIN_TENANT, RegistrationCode, query)).rows
    rows += (await store.page(MAIN_TENANT, Transaction, query)).rows
    return [row.remote.link for row in rows if row.remote is not None]


BAD_LINKS: Final = (
    "javascript:alert(1)", "JavaScript:alert(1)", "java\tscript:alert(1)", " javascript:alert(1)",
    "data:text/html,x", "intent://x#Intent;scheme=https;end", "file:///etc/passwd",
    "view-source:https://x.example", "https://u:p@x.example/",
    "https://", "https:///x", "//x.example", "/web/device", "x", "https://x.example/\n",
    "https://x.example/ y", 'https://x.example/"><script>', "https://x.example\\@y.example",
    "https://x.éxample/", "tel:112", "sms:112", "a:b", "https://x.example/" + "y" * LONGEST,
)  # fmt: skip


@pytest.mark.parametrize("link", BAD_LINKS)
def test_a_link_that_leads_elsewhere_is_of_no_kind(link: str) -> None:
    assert kind_of(link) is None


@pytest.mark.parametrize("link", ["javascript:alert(1)", "http://tf.vendor.example/x"])
def test_such_a_link_is_shown_to_nobody(link: str) -> None:
    async def story(town: Town) -> list[Any]:
        journey = await town.begin()
        Liar(town, CODES, {"deeplink_url": link})
        await town.work()
        page = await journey.look()
        store = town.vendor.bench.store
        theirs = (await store.page(MAIN_TENANT, RegistrationCode, PageQuery())).rows
        return [
            await letters(town), await links(town), "Open the app here" in page.words,
            [row.status for row in theirs],
        ]  # fmt: skip

    assert told(story) == [[("DEAD", f"{OURS}deeplink_url")], [], False, ["CANCELLED"]]


@pytest.mark.parametrize(
    ("link", "kind"),
    [
        ("https://open.vendor.example/register?payload=djIAAA==", "https"),
        ("https://open.vendor.example:8443/a/b?c=d&e=%20#f", "https"),
        ("https://[2001:db8::1]/x", "https"),
        ("http://127.0.0.1:8000/x", "http"),
        ("vendor-app://register?payload=djI", "app"),
        ("com.vendor.agent:/x", "app"),
    ],
)
def test_pages_and_apps_may_be_led_to(link: str, kind: str) -> None:
    assert kind_of(link) == kind


def test_an_apps_link_is_shown() -> None:
    async def story(town: Town) -> str:
        journey = await town.begin()
        Liar(town, CODES, {"deeplink_url": "vendor-app://register?payload=djI"})
        await town.work()
        await journey.look()
        return journey.link

    assert told(story) == "vendor-app://register?payload=djI"


def test_what_our_pages_lead_nowhere_is_taken_from_nobody() -> None:
    found = re.search(r"/\^\(([a-z|]+)\)\$/i\.test\(scheme\)", SCRIPT.read_text("utf-8"))

    assert found is not None
    assert set(found[1].split("|")) <= NOT_AN_APPS


BAD_CODES: Final[dict[str, tuple[bytes, str]]] = {
    "id of a path": (b'{"unique_id": "../x", "deeplink_url": "https://x.example"}', "unique_id"),
    "id that ends a line": (b'{"unique_id": "x\\n", "deeplink_url": "x:y"}', "unique_id"),
    "id too long": (b'{"unique_id": "%b", "deeplink_url": "x:y"}' % (b"x" * 129), "unique_id"),
    "id of one dot": (b'{"unique_id": ".", "deeplink_url": "x:y"}', "unique_id"),
    "id no text": (b'{"unique_id": 7, "deeplink_url": "x:y"}', "unique_id"),
    "no link": (b'{"unique_id": "x"}', "deeplink_url"),
    "a list": (b"[]", "all of it"),
}
UNREAD: Final[dict[str, bytes]] = {
    "cut off": b'{"unique_id": "x',
    "nothing": b"",
    "no UTF-8": b'{"unique_id": "\xff"}',
    "deep": b'{"x": ' + b"[" * 30_000 + b"]" * 30_000 + b"}",
}


@pytest.mark.parametrize("how", BAD_CODES)
def test_a_wrong_answer_is_refused_by_its_field(how: str) -> None:
    body, field = BAD_CODES[how]

    assert read(body, CodeMade) == UnfitAnswer(reason=f"{OURS}{field}", again=False)


@pytest.mark.parametrize("how", UNREAD)
def test_what_cannot_be_read_may_be_another_time(how: str) -> None:
    assert read(UNREAD[how], CodeMade) == UnfitAnswer(reason="its answer is no JSON", again=True)


@pytest.mark.parametrize(
    ("body", "status", "reason"),
    [
        (b'{"unique_id": "x"}', "DEAD", f"{OURS}deeplink_url"),
        (UNREAD["deep"], "WAITING", "its answer is no JSON"),
    ],
)
def test_a_wrong_answer_is_a_reason_and_never_a_fault(
    body: bytes, status: str, reason: str
) -> None:
    async def story(town: Town) -> list[Any]:
        await town.begin()
        Liar(town, CODES, body)
        await town.work(1)
        return [await letters(town), await links(town)]

    assert told(story) == [[(status, reason)], []]


def test_an_id_that_is_anothers_already_is_refused() -> None:
    async def story(town: Town) -> list[Any]:
        await town.begin()
        await town.work()
        store = town.ours.bench.store
        known = (await store.page(MAIN_TENANT, RegistrationCode, PageQuery())).rows[0].remote
        assert known is not None
        await town.begin()
        Liar(town, CODES, {"unique_id": known.id})
        await town.work()
        return [await letters(town), len(await links(town))]

    assert told(story) == [[("DEAD", f"{OURS}unique_id")], 1]


@pytest.mark.parametrize("token", ["", "x\r\nX-Evil: 1", "x\n", "ü", "x" * 8_193])
def test_a_token_that_would_write_headers_is_none(token: str) -> None:
    found = read(json.dumps({"token": token}).encode(), Token)

    assert found == UnfitAnswer(reason=f"{OURS}token", again=False)


BAD_WORDS: Final[dict[str, tuple[dict[str, Any], str]]] = {
    "key": ({"contract_key": "x"}, "contract_key"),
    "key that ends a line": ({"contract_key": "A" * 43 + "=\n"}, "contract_key"),
    "device key": ({"device_key": "A" * 44}, "device_key"),
    "a long name": ({"device_info": {**DEVICE, "name": "x" * 201}}, "device_info.name"),
    "no name": ({"device_info": {**DEVICE, "name": ""}}, "device_info.name"),
    "a name that turns": ({"device_info": {**DEVICE, "name": "x\u202ey"}}, "device_info.name"),
    "lines": ({"device_info": {**DEVICE, "marketing_name": "x\ny"}}, "device_info.marketing_name"),
    "no device": ({"device_info": "x"}, "device_info"),
    "place": ({"device_location": "x\x1b[2J"}, "device_location"),
    "long address": ({"device_ip": "1" * 201}, "device_ip"),
}


@pytest.mark.parametrize("how", BAD_WORDS)
def test_a_device_that_is_not_told_of_as_ours_are_is_not_taken(how: str) -> None:
    facts, field = BAD_WORDS[how]

    async def story(town: Town) -> list[Any]:
        phone, journey = Agent(house=town.vendor), await showing(town)
        await phone.register(payload(journey))
        call = await heard(town)
        body = changed(call.body, **facts)
        answer = await said(town.ours, urlsplit(call.uri).path, resigned(town, body), body)
        fields = [one["field"] for one in answer.json["details"]["problems"]]
        return [answer.status in (400, 422), fields, (await journey.look()).title]

    assert told(story) == [True, [field], "Add your phone"]


def test_a_key_of_another_device_is_not_taken() -> None:
    async def story(town: Town) -> list[Any]:
        phone, journey = Agent(house=town.vendor), await showing(town)
        await phone.register(payload(journey))
        await town.work()
        await journey.look()
        await journey.answer(device="mine")
        second, other = Agent(house=town.vendor), await town.begin()
        await town.work()
        await other.look()
        await second.register(payload(other))
        town.move(timedelta(minutes=2))
        call = await heard(town)
        answers = []
        for key in (phone.contract[1], second.device[1]):
            body = changed(call.body, contract_key=key)
            answers.append(
                await said(town.ours, urlsplit(call.uri).path, resigned(town, body), body)
            )
        return [(one.status, one.json["details"]["problems"][0]["field"]) for one in answers]

    assert told(story) == [(422, "contract_key")] * 2
