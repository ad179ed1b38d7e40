"""Phones beside those who walk shipped journeys: what they scan, confirm, refuse and decide."""

from __future__ import annotations

import html
import re
from typing import Literal, assert_never
from urllib.parse import unquote

from engine.access.journey_client import own_client
from engine.model.names import MAIN_TENANT
from engine.ports.actor import Actor
from engine.ports.store import Committed
from engine.realtime.trustfactor import codes, contracts
from engine.records.identity import User
from engine.records.trustfactor import Confirmation, Contract, DeviceInfo, RegistrationCode
from engine.run.unit import Unit
from tests.web.agent import Agent
from tests.web.surface import Surface

Deed = Literal["register", "reject", "clash", "accept", "decline"]
PAYLOAD = re.compile(r"/web/device\?payload=([^\"&<\s]+)")


PIXEL = DeviceInfo(
    name="Pixel", manufacturer="Google", device_model="9", operating_system="Android",
    os_version="16",
)  # fmt: skip


def payload_in(page: str) -> str:
    """Read the code that a page shows."""
    found = PAYLOAD.search(html.unescape(page))
    assert found, page
    return unquote(found[1])


async def phone_of(house: Surface, user: User) -> Agent:
    """Give a user a phone that was registered before."""
    bench, phone = house.bench, Agent(house=house)
    unit = Unit(bench.store, MAIN_TENANT)
    await registered(unit, bench.actor(), user, phone.contract[1], phone.device[1])
    assert isinstance(await bench.store.write(MAIN_TENANT, unit.staged()), Committed)
    return phone


async def registered(
    unit: Unit, actor: Actor, user: User, contract_key: str, device_key: str
) -> Contract:
    """Stage a phone of a user, as a journey would have registered it."""
    client = await own_client(unit, actor)
    wanted = codes.Wanted(
        client=client.id, application="Farol Mutual", user_id=user.id, user_name="Inês"
    )
    code = codes.create(unit, actor, wanted)
    assert isinstance(code, RegistrationCode)
    scanned = codes.scan(unit, actor, code, device_key)
    assert isinstance(scanned, RegistrationCode)
    confirmation = Confirmation(
        contract_key=contract_key, device_key=device_key, device=PIXEL, address="::1", at=actor.at
    )
    confirmed = codes.confirm(unit, actor, scanned, confirmation)
    assert isinstance(confirmed, RegistrationCode)
    contract = await contracts.register(unit, unit.records, actor, confirmed)
    assert contract is not None
    return contract


async def does(house: Surface, deed: Deed, page: str, phone: Agent | None) -> None:
    """Let a phone do something about what a page shows; what is broken is done once more."""
    match deed:
        case "register":
            await Agent(house=house).register(payload_in(page))
        case "reject":
            phone = Agent(house=house)
            await phone.scan(payload_in(page))
            await phone.reject(payload_in(page))
        case "clash":
            for one in (Agent(house=house), Agent(house=house)):
                await one.scan(payload_in(page))
        case "accept" | "decline":
            assert phone is not None
            for asked in (await phone.asked()).json["transactions"]:
                await phone.decide(asked, deed.upper())
        case _:
            assert_never(deed)
