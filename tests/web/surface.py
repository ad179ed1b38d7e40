"""A browser and an app without a network: they speak ASGI to the real surface over a real loop.

The browser keeps cookies as browsers do (name, path, Max-Age), sends fetch metadata, and follows
nothing by itself. Bodies, headers and addresses go out exactly as a test writes them.
"""

from __future__ import annotations

import asyncio
import html
import json
import re
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from typing import Any, TypeVar
from urllib.parse import unquote, urlencode

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from engine.adapters.http import SafeHttp
from engine.adapters.memory import MemoryStore
from engine.adapters.signatures.ed25519 import Ed25519Keys
from engine.adapters.signatures.rs256 import Rs256Signer
from engine.run.catalogue import Catalogue
from engine.testing import FrozenClock
from engine.web import Journeys, Offices, WebConfig, build_web
from engine.web.hub.hub import Hub
from engine.web.sources import SourceLimits
from tests.bench import Bench, bench

HOST = "id.example"
ORIGIN = f"https://{HOST}"
TWO_FORMS = """
process: two-forms
version: 1
title: Two forms
languages: [en, pt-PT]
maxDuration: PT1H
retention: P30D
flow:
  start:
    activity: Start
    next: first
  first:
    activity: Custom Data Form
    inputs: {dataFormName: person, dataFormVersion: 1, formDataKey: person1}
    timeout: {after: PT5M, to: end}
    actions: {skip: second}
    next: second
  second:
    activity: Custom Data Form
    inputs: {dataFormName: person, dataFormVersion: 1, formDataKey: person2}
    next: end
  end:
    activity: End
"""
PERSON = json.dumps(
    {
        "version": "1",
        "title": {"values": {"en": "About you", "pt-PT": "Sobre si"}},
        "components": [
            {
                "type": "text",
                "id": "name",
                "label": {"values": {"en": "Name", "pt-PT": "Nome"}},
                "validate": {"required": True, "maxLength": 60},
            },
            {
                "type": "password",
                "id": "word",
                "label": {"values": {"en": "Secret word", "pt-PT": "Palavra secreta"}},
            },
            {
                "type": "date",
                "id": "born",
                "label": {"values": {"en": "Born", "pt-PT": "Nascimento"}},
            },
        ],
        "submitButton": {"values": {"en": "Continue", "pt-PT": "Continuar"}},
    }
)
T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back. `headers`: as sent, names in lower case, doubles kept."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def words(self) -> str:
        """The page as it is read: no tags, entities resolved."""
        return html.unescape(re.sub(r"<[^>]+>", "", self.text))

    def header(self, name: str) -> str:
        return next((value for given, value in self.headers if given == name), "")

    def all(self, name: str) -> list[str]:
        return [value for given, value in self.headers if given == name]

    @property
    def location(self) -> str:
        return self.header("location")

    @property
    def title(self) -> str:
        found = re.search(r"<h1>(.*?)</h1>", self.text, re.S)
        return html.unescape(re.sub(r"<[^>]+>", "", found[1])) if found else ""

    def field(self, name: str) -> str:
        found = re.search(rf'name="{name}" value="([^"]*)"', self.text)
        assert found, f"no field {name} in\n{self.text}"
        return html.unescape(found[1])

    @property
    def hidden(self) -> dict[str, str]:
        """The three hidden fields of a step."""
        return {name: self.field(name) for name in ("_step", "_revision", "_token")}

    @property
    def action(self) -> str:
        found = re.search(r'action="([^"]*)"', self.text)
        assert found, self.text
        return html.unescape(found[1])


@dataclass(slots=True, kw_only=True)
class Cookie:
    value: str
    ends: datetime
    attributes: frozenset[str]


async def send(
    app: ASGIApp,
    method: str,
    target: str,
    *,
    headers: Iterable[tuple[str, str]] = (),
    body: bytes | Sequence[bytes] = b"",
    client: str = "198.51.100.7",
) -> Answer:
    """Send one request as written; without a Host it is sent to ours."""
    path, _, query = target.partition("?")
    given = list(headers)
    if not any(name.lower() == "host" for name, _ in given):
        given.append(("Host", HOST))
    chunks = [body] if isinstance(body, bytes) else list(body)
    pending: list[Message] = [
        {"type": "http.request", "body": chunk, "more_body": place < len(chunks)}
        for place, chunk in enumerate(chunks, 1)
    ]
    scope: Scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "https",
        "path": unquote(path),
        "raw_path": path.encode("ascii", "replace"),
        "query_string": query.encode("utf-8", "surrogateescape"),
        "root_path": "",
        "headers": [(n.lower().encode(), v.encode("utf-8", "replace")) for n, v in given],
        "client": (client, 50_000),
        "server": ("127.0.0.1", 8000),
    }
    sent: list[Message] = []

    async def receive() -> Message:
        return pending.pop(0) if pending else {"type": "http.disconnect"}

    async def take(message: Message) -> None:
        sent.append(message)

    await app(scope, receive, take)
    begun = next((m for m in sent if m["type"] == "http.response.start"), None)
    if begun is None:
        return Answer(status=0, headers=(), body=b"")
    return Answer(
        status=begun["status"],
        headers=tuple((n.decode().lower(), v.decode("latin-1")) for n, v in begun["headers"]),
        body=b"".join(m.get("body", b"") for m in sent if m["type"] == "http.response.body"),
    )


@dataclass(slots=True, kw_only=True)
class Surface:
    """The web in front of a bench."""

    bench: Bench
    app: ASGIApp
    config: WebConfig
    is_ready: bool = True

    @property
    def host(self) -> str:
        return self.config.origin.partition("://")[2]

    def browser(self, *, language: str = "en", address: str = "198.51.100.7") -> Browser:
        return Browser(surface=self, language=language, address=address)

    async def call(
        self,
        method: str,
        target: str,
        body: object = None,
        *,
        token: str | None = None,
        headers: Iterable[tuple[str, str]] = (),
        raw: bytes | None = None,
    ) -> Answer:
        """Call the API as an app does."""
        written = raw if raw is not None else b"" if body is None else json.dumps(body).encode()
        given = [("Host", self.host), *headers]
        if written and not any(name.lower() == "content-type" for name, _ in given):
            given.append(("Content-Type", "application/json"))
        if token is not None:
            given.append(("Authorization", f"Bearer {token}"))
        return await send(self.app, method, target, headers=given, body=written)


@dataclass(slots=True, kw_only=True)
class Browser:
    """One person's browser."""

    surface: Surface
    language: str = "en"
    address: str = "198.51.100.7"
    cookies: dict[str, Cookie] = field(default_factory=dict)

    async def get(self, target: str, *, site: str = "none", method: str = "GET") -> Answer:
        return await self._send(method, target, [("Sec-Fetch-Site", site)])

    async def post(
        self,
        target: str,
        fields: Mapping[str, str] | bytes,
        *,
        headers: Sequence[tuple[str, str]] | None = None,
        keeps: bool = True,
    ) -> Answer:
        """Send a form. `keeps`: whether the answer's cookies arrive; else it got lost."""
        given = [("Sec-Fetch-Site", "same-origin")] if headers is None else list(headers)
        if not any(name.lower() == "content-type" for name, _ in given):
            given.append(("Content-Type", "application/x-www-form-urlencoded"))
        body = fields if isinstance(fields, bytes) else urlencode(fields).encode()
        return await self._send("POST", target, given, body, keeps=keeps)

    async def open(self, secret: str) -> Answer:
        """Open a link."""
        return await self.get(f"/web/trustweb?pt={secret}", site="cross-site")

    async def press(self, landing: Answer, *, keeps: bool = True) -> Answer:
        """Press Begin."""
        fields = {name: landing.field(name) for name in ("begin", "lang")}
        return await self.post(landing.action, fields, keeps=keeps)

    async def begin(self, secret: str) -> Answer:
        """Open a link, press Begin, see the first step."""
        return await self.follow(await self.press(await self.open(secret)))

    async def answer(self, step: Answer, **fields: str) -> Answer:
        """Answer a step's form."""
        return await self.post(step.action, step.hidden | fields)

    async def answer_in_vain(self, step: Answer, **fields: str) -> Answer:
        """Answer a step's form; what comes back is lost on the way."""
        return await self.post(step.action, step.hidden | fields, keeps=False)

    async def follow(self, answer: Answer) -> Answer:
        """Go where a 303 leads."""
        assert answer.status == 303, (answer.status, answer.words)
        return await self.get(answer.location, site="same-origin")

    def carries(self) -> list[tuple[str, str]]:
        """The Cookie header that would be sent now."""
        now = self.surface.bench.clock.now()
        live = {name: c.value for name, c in self.cookies.items() if c.ends > now}
        return [("Cookie", "; ".join(f"{n}={v}" for n, v in live.items()))] if live else []

    async def _send(
        self,
        method: str,
        target: str,
        headers: Sequence[tuple[str, str]],
        body: bytes = b"",
        *,
        keeps: bool = True,
    ) -> Answer:
        given = [("Host", self.surface.host), ("Accept-Language", self.language), *headers]
        answer = await send(
            self.surface.app, method, target, headers=[*given, *self.carries()], body=body,
            client=self.address,
        )  # fmt: skip
        if keeps:
            self.take(answer)
        return answer

    def take(self, answer: Answer) -> None:
        """Keep the cookies of an answer."""
        for line in answer.all("set-cookie"):
            self._keep(line)

    def _keep(self, line: str) -> None:
        pair, *attributes = line.split("; ")
        name, _, value = pair.partition("=")
        seconds = next(int(a.removeprefix("Max-Age=")) for a in attributes if "Max-Age" in a)
        if seconds <= 0:
            self.cookies.pop(name, None)
            return
        ends = self.surface.bench.clock.now() + timedelta(seconds=seconds)
        self.cookies[name] = Cookie(value=value, ends=ends, attributes=frozenset(attributes))


def surface(
    *,
    public_url: str = ORIGIN,
    limits: SourceLimits | None = None,
    redirects: Sequence[str] = ("https://shop.example/back",),
    catalogue: Catalogue | None = None,
    **settings: Any,
) -> Surface:
    """Put a surface in front of a fresh house."""
    clock = FrozenClock()
    house = bench(MemoryStore(clock), clock, redirects=redirects, catalogue=catalogue)
    return surface_of(house, public_url=public_url, limits=limits, **settings)


def surface_of(
    house: Bench,
    *,
    public_url: str = ORIGIN,
    limits: SourceLimits | None = None,
    **settings: Any,
) -> Surface:
    """Put a surface in front of a house."""
    config = WebConfig(
        app_name="Farol Mutual",
        public_url=public_url,
        secure_cookies=public_url.startswith("https:"),
        source_limits=limits
        or SourceLimits(per_minute=1000, per_hour=10_000, tenant_per_minute=10_000),
        **settings,
    )
    made = Surface(bench=house, app=_nothing, config=config)
    made.app = build_web(journeys_of(made), config)
    return made


async def _nothing(scope: Scope, receive: Receive, send: Send) -> None:
    """Stand where the surface will be."""


def journeys_of(house: Surface) -> Journeys:
    """Give what the surface asks."""
    inside = house.bench

    async def ready() -> bool:
        return house.is_ready

    return Journeys(
        loop=inside.loop, visits=inside.visits, vault=inside.vault,
        clock=inside.clock, chance=inside.chance, ready=ready,
        hub=Hub(inside.store, inside.vault, inside.chance),
        offices=Offices(
            http=SafeHttp(),
            signer=Rs256Signer(),
            device_keys=Ed25519Keys(),
            store=inside.store, pool=inside.pool, library=inside.library, tokens=inside.office,
            supervisor=inside.supervisor, eraser=inside.eraser,
        ),
    )  # fmt: skip


@cache
def _shared() -> Surface:
    house = surface()

    async def furnish() -> None:
        await house.bench.deploy()
        await house.bench.deploy(TWO_FORMS, {"person.v1": PERSON})

    asyncio.run(furnish())
    return house


def tell(story: Callable[[Surface], Awaitable[T]]) -> T:
    """Tell one of very many stories, all in front of the same surface."""
    house = _shared()

    async def told() -> T:
        return await story(house)

    return asyncio.run(told())


def run(story: Callable[[], Awaitable[T]]) -> T:
    """Tell a story that needs no house."""

    async def told() -> T:
        return await story()

    return asyncio.run(told())


def play(story: Callable[[Surface], Awaitable[T]], **settings: Any) -> T:
    """Tell a story in front of a fresh surface with a passcode journey and one of two forms."""

    async def told() -> T:
        house = surface(**settings)
        await house.bench.deploy()
        await house.bench.deploy(TWO_FORMS, {"person.v1": PERSON})
        await house.bench.user()
        return await story(house)

    return asyncio.run(told())
