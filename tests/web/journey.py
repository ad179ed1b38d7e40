"""A person who walks a journey in a browser, with phones beside it."""

from __future__ import annotations

import html
import re
from urllib.parse import parse_qs, urlsplit

from engine.access.journey_client import known_client
from engine.model.names import MAIN_TENANT, JsonObject
from engine.ports.store import PageQuery
from engine.realtime.trustfactor import contracts
from engine.records.trustfactor import Contract
from engine.run.unit import Unit
from tests.bench import RIGHT
from tests.web.surface import Answer, Browser, Surface


class Journey:
    """A person in front of a browser, with phones beside it."""

    def __init__(self, house: Surface) -> None:
        self.house = house
        self.browser: Browser = house.browser()
        self.page: Answer

    async def begin(self, process: str, parameters: JsonObject, language: str = "en") -> None:
        """Open the link and prove the passcode."""
        minted = await self.house.bench.link(process, parameters)
        self.browser = self.house.browser(language=language)
        self.page = await self.browser.begin(minted.secret)
        await self.answer(passcode=RIGHT)

    async def answer(self, **fields: str) -> Answer:
        answer = await self.browser.answer(self.page, **fields)
        self.page = await self.browser.follow(answer) if answer.status == 303 else answer
        return self.page

    async def look(self) -> Answer:
        """Press Check again."""
        self.page = await self.browser.get(self.page.action)
        return self.page

    @property
    def link(self) -> str:
        found = re.search(r'class="button" href="([^"]*)"', self.page.text)
        assert found, self.page.text
        return html.unescape(found[1])

    @property
    def payload(self) -> str:
        return parse_qs(urlsplit(self.link).query)["payload"][0]

    @property
    def token(self) -> str:
        found = re.search(r'data-token="([^"]*)"', self.page.text)
        assert found, self.page.text
        return found[1]

    async def devices(self) -> list[str]:
        """Give what the person's registered phones are called."""
        bench = self.house.bench
        client = await known_client(Unit(bench.store, MAIN_TENANT))
        if client is None:
            return []
        user = (await bench.store.page(MAIN_TENANT, Contract, PageQuery())).rows
        ids = {one.user_id for one in user}
        unit = Unit(bench.store, MAIN_TENANT)
        found: list[Contract] = []
        for id in ids:
            found += await contracts.of_user(unit, bench.store, client.id, id)
        return [one.device.known_as for one in found]
