"""rtas-ui in Chromium on a bank's own page: the documented example with its addresses changed."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import zxingcpp
from axe_playwright_python.base import AXE_SCRIPT
from click.testing import CliRunner
from playwright.sync_api import Browser, Page, WebSocketRoute, expect

from tests.cli.shell import Main
from tests.clients.bank import CALLBACK, REMOVED, Bank, Rtas, Served
from tests.clients.conftest import Hub
from tests.web.application import DEVICE

pytestmark = pytest.mark.browser
WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
SIZES = {"phone": (320, 720), "desk": (1280, 900)}
KEY = "7D/Iw9i3NdYLbHfw0UsVk3LcJo8PpQXoOPIRBhvF4Bk="


@pytest.fixture(scope="module")
def bank(hub: Hub) -> Iterator[Served]:
    served = Served(hub.trusted)
    made = hub.client("farol", served.base)
    rtas = Rtas(hub.base, made.client.name, made.secret)
    secret = rtas.called_back_at(served.base + CALLBACK)
    served.bank = Bank(rtas, rtas_url=hub.base, secret=secret)
    yield served
    served.close()


@pytest.fixture(scope="module")
def stranger(hub: Hub) -> Iterator[Served]:
    """A bank whose client does not name its page."""
    served = Served()
    made = hub.client("stranger")
    served.bank = Bank(Rtas(hub.base, made.client.name, made.secret), rtas_url=hub.base)
    yield served
    served.close()


@pytest.fixture(params=SIZES)
def page(browser: Browser, request: pytest.FixtureRequest) -> Iterator[Page]:
    width, height = SIZES[request.param]
    context = browser.new_context(viewport={"width": width, "height": height})
    yield context.new_page()
    context.close()


def looks(page: Page, request: pytest.FixtureRequest, name: str) -> None:
    """Let axe look, and keep a picture if asked for."""
    page.evaluate(AXE_SCRIPT)
    found = page.evaluate("tags => axe.run('#rtas', {runOnly: tags})", WCAG)
    assert [each["id"] for each in found["violations"]] == []
    assert not page.evaluate("document.documentElement.scrollWidth > innerWidth")
    folder: Path | None = request.config.getoption("pictures")
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
        width = page.viewport_size["width"] if page.viewport_size else 0
        page.screenshot(path=folder / f"rtas-{name}-{width}.png", full_page=True)


def heard(page: Page) -> list[list[Any]]:
    return list(json.loads(page.evaluate("JSON.stringify(window.heard)")))


GREY = """async (picture) => {
  const image = new Image();
  image.src = `data:image/png;base64,${picture}`;
  await image.decode();
  const canvas = new OffscreenCanvas(image.width, image.height);
  const context = canvas.getContext("2d");
  context.drawImage(image, 0, 0);
  const pixels = context.getImageData(0, 0, image.width, image.height).data;
  let text = "";
  for (let place = 0; place < pixels.length; place += 4) text += String.fromCharCode(pixels[place]);
  return [image.width, image.height, btoa(text)];
}"""


def codes_in(page: Page) -> list[str]:
    """Read every square code that can be seen, by a decoder that nobody here wrote."""
    picture = base64.b64encode(page.screenshot(full_page=True)).decode()
    width, height, pixels = page.evaluate(GREY, picture)
    shown = memoryview(base64.b64decode(pixels)).cast("B", (height, width))
    return [one.text for one in zxingcpp.read_barcodes(shown)]


TITLES = {
    "en": ("Add your phone", "Your phone is ready", "Waiting for your phone"),
    "pt": ("Adicione o seu telemóvel", "O seu telemóvel está pronto", "À espera do seu telemóvel"),
}


@pytest.mark.parametrize("language", TITLES)
def test_from_the_code_to_the_device_and_away_with_it(
    bank: Served, page: Page, language: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    pending, success, waiting = TITLES[language]
    page.goto(f"{bank.base}/{language}")

    expect(page.get_by_role("heading", name=pending)).to_be_visible()
    expect(page.get_by_role("status")).to_have_text(waiting)
    looks(page, request, f"pending-{language}")
    scanned = codes_in(page)
    assert scanned == [bank.bank.created[-1][1]]

    key = registered(scanned[0], tmp_path)

    expect(page.get_by_role("heading", name=success)).to_be_visible()
    expect(page.locator("bdi")).to_have_text("phone")
    looks(page, request, f"success-{language}")
    page.wait_for_function("window.heard.some(([name]) => name === 'close')")
    names = [name for name, _ in heard(page)]
    assert names == ["established", "pending", "success", "close"]
    told = dict(heard(page))
    assert set(told["pending"]) == {
        "application_name", "deeplink_url", "qr_code", "qr_code_expiration", "user_display_name",
        "user_id",
    }  # fmt: skip
    assert told["success"]["device_info"]["manufacturer"] == "trustflow"
    assert told["success"]["contract_key"] == key
    assert key in bank.bank.devices

    with page.expect_response("**/wrong-device"):
        page.get_by_role("button").click()

    expect(page.locator("#rtas")).to_have_text(REMOVED["PT_PT" if language == "pt" else "EN_US"])
    assert key not in bank.bank.devices
    asked = CliRunner(env=devices_in(tmp_path)).invoke(
        Main("trustflow"), ["device", "transactions"]
    )
    assert "this device was removed" in asked.output


def devices_in(folder: Path) -> dict[str, str | None]:
    return {"TRUSTFLOW_DEVICES": str(folder / "devices")}


def registered(link: str, folder: Path) -> str:
    """Be the phone that has scanned a code: give the contract's key once the bank has agreed."""
    words = ["device", "register", link, "--yes", "--json"]
    result = CliRunner(env=devices_in(folder)).invoke(Main("trustflow"), words)
    assert result.exit_code == 0, result.output
    told = json.loads(result.stdout)
    assert told["status"] == "REGISTERED"
    return str(told["contractKey"])


TARGETS = ["ConnectionEstablished", "RegistrationCreatedEvent", "RegistrationSuccessEvent"]
LISTEN = """([url, token, transport, targets]) => {
  window.told = [];
  const connection = new signalR.HubConnectionBuilder()
    .withUrl(url, { accessTokenFactory: () => token, transport })
    .withAutomaticReconnect().build();
  for (const target of targets) {
    connection.on(target, (data) => window.told.push([target, data?.user_id ?? null]));
  }
  connection.onclose((error) => window.told.push(["closed", error ? String(error) : null]));
  return connection.start();
}"""


@pytest.mark.parametrize("client", ["signalr5", "signalr10"])
@pytest.mark.parametrize("transport", [1, 2, 4], ids=["sockets", "sse", "polls"])
def test_the_official_client_on_the_banks_page_hears_the_same(
    bank: Served, browser: Browser, official: Path, client: str, transport: int, tmp_path: Path
) -> None:
    context = browser.new_context()
    page = context.new_page()
    page.route("**/tf/create-qr*", lambda route: route.abort())  # the page makes no code of its own
    page.goto(f"{bank.base}/official")
    page.add_script_tag(path=official / f"node_modules/{client}/dist/browser/signalr.min.js")
    made = bank.bank.create_code()
    page.evaluate(LISTEN, [f"{made['rtas_url']}/rtas", made["rtas_token"], transport, TARGETS])
    page.wait_for_function("window.told.length === 2")

    registered(bank.bank.created[-1][1], tmp_path)

    page.wait_for_function("window.told.length === 4")
    assert page.evaluate("window.told") == [
        ["ConnectionEstablished", None], ["RegistrationCreatedEvent", "john.doe"],
        ["RegistrationSuccessEvent", "john.doe"], ["closed", None],
    ]  # fmt: skip
    context.close()


def test_a_code_runs_out_by_itself(
    bank: Served, page: Page, request: pytest.FixtureRequest
) -> None:
    page.goto(f"{bank.base}/en?short")

    heading = page.get_by_role("heading", name="This code has run out")
    expect(heading).to_be_visible(timeout=20_000)
    looks(page, request, "expired")
    told = dict(heard(page))
    assert told["expired"] == {
        "application_name": "Farol Mutual", "user_display_name": "John Doe", "user_id": "john.doe",
    }  # fmt: skip


def test_a_code_is_not_shown_any_more_while_a_late_success_is_waited_for(
    bank: Served, page: Page
) -> None:
    page.goto(f"{bank.base}/en?short")
    expect(page.get_by_role("heading", name="Add your phone")).to_be_visible()

    expect(page.get_by_role("heading", name="One moment")).to_be_visible()
    assert page.locator("#rtas").locator("img, a").count() == 0
    code, _ = bank.bank.created[-1]
    told = {"contract_key": KEY, "device_key": KEY, "device_info": DEVICE}
    bank.bank.called_back({"register_code_unique_id": code, **told})

    expect(page.get_by_role("heading", name="Your phone is ready")).to_be_visible()
    page.wait_for_function("window.heard.some(([name]) => name === 'close')")
    names = [name for name, _ in heard(page)]
    assert names == ["established", "pending", "success", "close"]


def test_a_cut_is_shown_and_mended_and_nothing_is_told_twice(
    bank: Served, hub: Hub, page: Page, request: pytest.FixtureRequest
) -> None:
    page.goto(f"{bank.base}/en")
    expect(page.get_by_role("status")).to_have_text("Waiting for your phone")
    page.route("**/rtas/negotiate*", lambda route: route.abort())

    hub.send_away()

    expect(page.get_by_role("status")).to_have_text("No connection at the moment")
    looks(page, request, "offline")
    code, _ = bank.bank.created[-1]
    told = {"contract_key": KEY, "device_key": KEY, "device_info": DEVICE}
    bank.bank.called_back({"register_code_unique_id": code, **told})
    page.unroute("**/rtas/negotiate*")
    expect(page.get_by_role("heading", name="Your phone is ready")).to_be_visible(timeout=20_000)
    assert [name for name, _ in heard(page)].count("pending") == 1


STOPPED = {
    "en": "This page no longer moves on by itself. Please load it again.",
    "pt": "Esta página já não avança sozinha. Volte a carregá-la.",
}


@pytest.mark.parametrize("language", STOPPED)
def test_a_page_that_is_sent_away_for_good_says_that_it_waits_no_more(
    bank: Served, page: Page, language: str, request: pytest.FixtureRequest
) -> None:
    """As a hub does when a token is over."""
    lines: list[WebSocketRoute] = []

    def join(socket: WebSocketRoute) -> None:
        socket.connect_to_server()
        lines.append(socket)

    page.route_web_socket("**/rtas?*", join)
    page.goto(f"{bank.base}/{language}")
    expect(page.get_by_role("status")).to_have_text(TITLES[language][2])

    lines[0].send('{"type":7}\x1e')

    expect(page.get_by_role("status")).to_have_text(STOPPED[language])
    expect(page.get_by_role("heading", name=TITLES[language][0])).to_be_visible()
    looks(page, request, f"stopped-{language}")
    assert [name for name, _ in heard(page)] == ["established", "pending", "close"]


FAILED = {
    "en": ("Sorry, something went wrong", "Please load this page again."),
    "pt": ("Lamentamos, algo correu mal", "Volte a carregar esta página."),
}
ALONE = """([url, token, language]) => {
  window.heard = [];
  new rtasui.RTASUI().setUrl(url).setToken(token).setLanguage(language).setConnectionRetries(1)
    .setOnErrorCallback(({ code }) => window.heard.push(["error", code]))
    .setOnConnectionCloseCallback(() => window.heard.push(["close", null]))
    .setRegistrationType().build();
}"""


@pytest.mark.parametrize("language", FAILED)
def test_a_page_whose_client_does_not_name_it_says_that_something_went_wrong(
    hub: Hub, stranger: Served, page: Page, language: str, request: pytest.FixtureRequest
) -> None:
    page.route("**/tf/create-qr*", lambda route: route.abort())  # the page makes no code of its own
    page.goto(f"{stranger.base}/{language}")
    token = stranger.bank.create_code()["rtas_token"]

    page.evaluate(ALONE, [hub.base, token, "pt-PT" if language == "pt" else "EN_US"])

    title, lede = FAILED[language]
    expect(page.get_by_role("heading", name=title)).to_be_focused()
    expect(page.locator(".rtas p").first).to_have_text(lede)
    looks(page, request, f"error-{language}")
    assert heard(page) == [["error", "connection"]]


def test_the_bare_page_of_a_web_view_takes_a_script_that_is_put_into_it(
    hub: Hub, bank: Served, page: Page
) -> None:
    """As an app does it: callbacks give texts in JSON to an object of the app's."""
    made = bank.bank.create_code()
    page.goto(f"{hub.base}/rtas/mobile")
    page.evaluate(
        """([url, token]) => {
          window.told = {};
          const bridge = { onPending: (json) => { window.told.pending = json; } };
          new rtasui.RTASUI().setTargetElement("#rtas").setLanguage("PT_PT").setToken(token)
            .setUrl(url).setOnErrorCallback((error) => { window.told.error = error; })
            .setRegistrationType()
            .setOnRegistrationPendingCallback((data) => bridge.onPending(JSON.stringify(data)))
            .build();
        }""",
        [made["rtas_url"], made["rtas_token"]],
    )

    expect(page.get_by_role("heading", name="Adicione o seu telemóvel")).to_be_visible()
    told = page.evaluate("window.told")
    assert json.loads(told["pending"])["user_id"] == "john.doe"
