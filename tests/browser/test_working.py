"""A page that waits for something outside: good to look at, and it goes on by itself."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from engine.model.names import MAIN_TENANT
from engine.run.outbox import Outbox
from engine.run.unit import Unit
from engine.testing import ScriptedHttp
from engine.webhooks.definitions import Wanted, add_webhook
from tests.browser.conftest import People, Served
from tests.run.flows import HEAD

pytestmark = pytest.mark.browser

TELL = (
    HEAD.format(first="tell").replace("process: visit", "process: tell")
    + """\
  tell:
    activity: Send Webhook
    inputs: {webhookName: shop, waitForDelivery: true}
    next: end
  end:
    activity: End
    result: REVIEW
"""
)


async def prepare(served: Served) -> None:
    house = served.house
    unit = Unit(house.store, MAIN_TENANT)
    wanted = Wanted(name="shop", uri="https://shop.example/")
    await add_webhook(unit, house.actor(), house.vault, ScriptedHttp(), wanted)
    await house.store.write(MAIN_TENANT, unit.staged())
    await house.deploy(TELL)


async def told(served: Served) -> None:
    house = served.house
    outside = house.loop.outside
    await Outbox(outside=outside, loop=house.loop, clock=house.clock, http=ScriptedHttp()).sweep()


@pytest.mark.parametrize("script", [True, False])
@pytest.mark.parametrize(("locale", "width"), [("en-GB", 320), ("pt-PT", 1280)])
def test_the_page_goes_on_by_itself(
    served: Served, person: People, locale: str, width: int, script: bool
) -> None:
    served.do(lambda: prepare(served))
    someone = person(width=width, locale=locale, script=script)
    someone.opens(served.link(process="tell", parameters={}))
    words = {"en-GB": "One moment, please", "pt-PT": "Um momento, por favor"}
    over = {"en-GB": "Thank you, we are looking at it", "pt-PT": "Obrigado, estamos a analisar"}

    expect(someone.page.locator("h1")).to_have_text(words[locale])
    expect(someone.page.locator("main a.button")).to_be_visible()
    served.do(lambda: told(served))

    expect(someone.page.locator("h1")).to_have_text(over[locale])
