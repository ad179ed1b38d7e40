"""RTASBase alone in Chromium: by polls, on lines that die, and when a code runs out.

The hub is real; what stands between it and the page (a proxy without WebSockets, one that ends
polls) is put there by the browser. Where a page waits for long, its clock is moved.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest
from playwright.sync_api import Browser, Page, Request, Route, WebSocketRoute

from engine.adapters.system import SystemChance, SystemClock
from tests.clients.conftest import Hub
from tests.web.application import CREATED, SUCCESS

pytestmark = pytest.mark.browser
END = "\x1e"
SHAKEN = "{}" + END
CODE_SECONDS = 20
"""Shorter than the silence after which a page leaves a line: the hub moves no clock along."""
GRACE_SECONDS = 5
POLLS = """() => {
  window.polls = [];
  const real = window.fetch;
  window.fetch = (url, more) => {
    if (more?.method === "GET") window.polls.push(Date.now());
    return real(url, more);
  };
}"""
BUILD = """([url, token, retries]) => {
  window.told = [];
  window.errors = [];
  addEventListener("unhandledrejection", (event) => window.errors.push(String(event.reason)));
  const told = (name) => (data) => window.told.push([name, data?.code ?? data?.user_id ?? null]);
  const base = new rtasui.RTASBase().setUrl(url).setToken(token).setConnectionRetries(retries)
    .setRegistrationType();
  for (const name of ["Error", "ConnectionEstablished", "ConnectionClose", "ConnectionReconnecting",
    "ConnectionReconnected", "RegistrationPending", "RegistrationSuccess", "RegistrationExpired"]) {
    base[`setOn${name}Callback`](told(name));
  }
  base.build();
}"""
Told = list[tuple[str, str | None]]


@dataclass(slots=True, kw_only=True)
class Listening:
    """A page that listens by RTASBase to a registration of its own, and shows nothing.

    Attributes:
        asked: What it has asked of the hub over HTTP: method and last part of the path.
        thrown: Errors that escaped from the script.
    """

    hub: Hub
    page: Page
    id: str
    asked: list[tuple[str, str]] = field(default_factory=list)
    thrown: list[str] = field(default_factory=list)

    def begins(self, retries: int = 10) -> None:
        """Build it on a bare page that has the script."""

        def note(request: Request) -> None:
            self.asked.append((request.method, request.url.partition("?")[0].rpartition("/")[2]))

        self.page.on("pageerror", lambda error: self.thrown.append(str(error)))
        self.page.goto(f"{self.hub.base}/rtas/mobile")
        self.page.on("request", note)
        token = self.hub.end_user_token(self.id)
        self.page.evaluate(BUILD, [self.hub.base, token, retries])

    def tell(self, what: str, seconds: int = CODE_SECONDS) -> None:
        """Publish that it was created, with a code for so long, or that it is a success."""
        said = dict(CREATED if what == "created" else SUCCESS)
        if what == "created":
            said["qr_code_expiration"] = int(SystemClock().now().timestamp()) + seconds
        self.hub.tell(said, self.id)

    def hears(self, name: str, times: int = 1) -> None:
        """Wait until a callback was called so often."""
        self.page.wait_for_function(
            "([name, times]) => window.told.filter(([one]) => one === name).length >= times",
            arg=[name, times],
        )

    @property
    def told(self) -> list[str]:
        """The callbacks that were called, in order."""
        return [name for name, _ in self.page.evaluate("window.told")]

    @property
    def escaped(self) -> list[str]:
        """What the script has let escape."""
        return [*self.thrown, *self.page.evaluate("window.errors")]


@pytest.fixture
def one(hub: Hub, browser: Browser) -> Iterator[Listening]:
    context = browser.new_context()
    yield Listening(hub=hub, page=context.new_page(), id=SystemChance().id())
    context.close()


def without_sockets(page: Page) -> None:
    """Stand there as a proxy that knows no WebSocket."""
    page.route_web_socket("**/rtas?*", lambda socket: socket.close())


# ---- by polls -----------------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["refused", "unknown"])
def test_without_sockets_it_polls_and_hears_each_event_once(one: Listening, how: str) -> None:
    if how == "refused":
        without_sockets(one.page)
    else:
        one.page.add_init_script("delete window.WebSocket")

    one.begins()
    one.hears("ConnectionEstablished")
    one.tell("created")
    one.hears("RegistrationPending")
    one.hub.send_away()
    one.hears("ConnectionEstablished", 2)
    one.tell("success")
    one.hears("ConnectionClose")

    assert one.told == [
        "ConnectionEstablished", "RegistrationPending", "ConnectionReconnecting",
        "ConnectionReconnected", "ConnectionEstablished", "RegistrationSuccess", "ConnectionClose",
    ]  # fmt: skip
    assert one.asked.count(("POST", "negotiate")) == 4  # sockets ask for an id of their own
    assert one.escaped == []


def polls_end(letting_through: int, status: int) -> Callable[[Route], None]:
    """End each poll of an id at once, but for the first so many."""
    seen: dict[str, int] = {}

    def answer(route: Route) -> None:
        if route.request.method != "GET":
            route.continue_()
            return
        count = seen[route.request.url] = seen.get(route.request.url, 0) + 1
        if count <= letting_through:
            route.continue_()
        else:
            route.fulfill(status=status)

    return answer


@pytest.mark.parametrize("status", [204, 200, 404, 502])
@pytest.mark.parametrize("letting_through", [0, 1])
def test_polls_that_end_at_once_are_given_up_after_the_tries_that_were_set(
    one: Listening, letting_through: int, status: int
) -> None:
    without_sockets(one.page)
    one.page.route("**/rtas?*", polls_end(letting_through, status))

    one.begins(retries=2)
    one.hears("Error")

    polled = 2 if status == 200 else letting_through + 1  # an empty first poll is as it should be
    assert one.told == ["ConnectionReconnecting", "Error"]
    assert one.asked.count(("POST", "negotiate")) == 3 * 2
    assert one.asked.count(("GET", "rtas")) == 3 * polled
    assert one.escaped == []


def test_polls_that_bring_nothing_and_wait_for_nothing_are_not_asked_without_a_pause(
    one: Listening,
) -> None:
    without_sockets(one.page)
    one.page.clock.install()
    one.page.add_init_script(f"({POLLS})()")
    one.page.route("**/rtas?*", polls_end(letting_through=2, status=200))
    one.begins()
    one.hears("ConnectionEstablished")

    for _ in range(100):
        one.page.clock.run_for(100)

    later = one.page.evaluate("window.polls")[2:]  # those after the handshake
    assert len(later) > 2
    assert all(after - before >= 1_000 for before, after in itertools.pairwise(later))
    assert one.told == ["ConnectionEstablished"]


# ---- lines that die -----------------------------------------------------------------------------


def test_lines_that_die_after_their_handshake_are_given_up_too(one: Listening) -> None:
    lines: list[str] = []

    def die(socket: WebSocketRoute) -> None:
        def answer(text: str | bytes) -> None:
            lines.append(str(text))
            socket.send(SHAKEN)
            socket.close()

        socket.on_message(answer)

    one.page.route_web_socket("**/rtas?*", die)

    one.begins(retries=2)
    one.hears("ConnectionClose")

    again = ["ConnectionReconnecting", "ConnectionReconnected"]
    assert one.told == [*again, *again, "Error", "ConnectionClose"]
    assert len(lines) == 3
    assert one.asked == [("POST", "negotiate")] * 3


def test_a_line_that_has_brought_news_is_come_back_to_as_often_as_it_is_cut(one: Listening) -> None:
    one.begins(retries=1)
    one.hears("ConnectionEstablished")

    for count in range(1, 4):
        one.tell("created")
        one.hears("RegistrationPending", count)
        one.hub.send_away()
        one.hears("ConnectionEstablished", count + 1)

    assert "Error" not in one.told


def test_a_line_that_has_stood_for_a_while_is_come_back_to_as_often_as_it_is_cut(
    one: Listening,
) -> None:
    one.page.clock.install()
    one.begins(retries=1)
    one.hears("ConnectionEstablished")

    for count in range(2, 5):
        one.page.clock.run_for(6_000)
        one.hub.send_away()
        one.hears("ConnectionEstablished", count)

    assert "Error" not in one.told


@pytest.mark.parametrize("said", ["nonsense", '{"type":1}', "null"])
def test_what_cannot_be_read_ends_the_line_and_the_next_one_is_good(
    one: Listening, said: str
) -> None:
    lines: list[WebSocketRoute] = []

    def speak(socket: WebSocketRoute) -> None:
        lines.append(socket)
        if len(lines) > 1:
            socket.connect_to_server()
        else:
            socket.on_message(lambda _: socket.send(SHAKEN + said + END))

    one.page.route_web_socket("**/rtas?*", speak)

    one.begins()
    one.hears("ConnectionEstablished")

    assert one.told == ["ConnectionReconnecting", "ConnectionReconnected", "ConnectionEstablished"]
    assert one.escaped == []


@pytest.mark.parametrize("said", ['{"error":"No such protocol."}', '{"type":6}', "nonsense"])
def test_a_handshake_that_is_refused_by_socket_is_tried_by_polls(one: Listening, said: str) -> None:
    def refuse(socket: WebSocketRoute) -> None:
        socket.on_message(lambda _: socket.send(said + END))

    one.page.route_web_socket("**/rtas?*", refuse)

    one.begins()
    one.hears("ConnectionEstablished")

    assert one.told == ["ConnectionEstablished"]
    assert ("GET", "rtas") in one.asked
    assert one.escaped == []


def test_a_first_connection_that_fails_is_tried_again(one: Listening) -> None:
    one.page.route("**/rtas/negotiate*", lambda route: route.abort(), times=1)

    one.begins()
    one.hears("ConnectionEstablished")

    assert one.told == ["ConnectionReconnecting", "ConnectionReconnected", "ConnectionEstablished"]


@pytest.mark.parametrize("has_stood", [False, True])
def test_a_token_that_is_not_good_is_not_tried_again(one: Listening, has_stood: bool) -> None:
    refusal = "**/rtas/negotiate*", lambda route: route.fulfill(status=401)
    if not has_stood:
        one.page.route(*refusal)
    one.begins()
    if has_stood:
        one.hears("ConnectionEstablished")
        one.page.route(*refusal)
        one.hub.send_away()

    one.hears("Error")

    assert ["Error", "unauthorized"] in one.page.evaluate("window.told")
    before = ["ConnectionEstablished", "ConnectionReconnecting"] if has_stood else []
    assert one.told == [*before, "Error", *(["ConnectionClose"] if has_stood else [])]
    assert one.asked == [("POST", "negotiate")] * (1 + has_stood)


# ---- when a code runs out -----------------------------------------------------------------------


def test_a_success_that_comes_shortly_after_the_end_of_its_code_is_one(one: Listening) -> None:
    one.page.clock.install()
    one.begins()
    one.tell("created")
    one.hears("RegistrationPending")

    one.page.clock.run_for(1_000 * (CODE_SECONDS + 2))  # the hub's time is told in whole seconds
    one.tell("success")
    one.hears("RegistrationSuccess")
    one.hears("ConnectionClose")
    one.page.clock.run_for(60_000)

    assert one.told == [
        "ConnectionEstablished", "RegistrationPending", "RegistrationSuccess", "ConnectionClose",
    ]  # fmt: skip


def test_a_code_expires_once_and_nothing_changes_that(one: Listening) -> None:
    one.begins()
    one.tell("created", seconds=2)
    one.hears("ConnectionClose")  # behind a ping of the server's, each 15 s
    one.tell("success")
    one.page.wait_for_timeout(1_000)

    assert one.told == [
        "ConnectionEstablished", "RegistrationPending", "RegistrationExpired", "ConnectionClose",
    ]  # fmt: skip


def test_a_success_that_a_dead_line_has_lost_is_told_by_the_next_one(one: Listening) -> None:
    lost: list[bool] = []

    def pipe(socket: WebSocketRoute) -> None:
        server = socket.connect_to_server()
        socket.on_message(lambda said: None if lost else server.send(said))
        server.on_message(lambda said: None if lost else socket.send(said))

    one.page.route_web_socket("**/rtas?*", pipe)
    one.page.clock.install()
    one.begins()
    one.tell("created")
    one.hears("RegistrationPending")
    one.page.clock.run_for(5_000)
    lost.append(True)  # the network is gone, and nobody has noticed
    one.tell("success")  # in good time
    one.page.clock.run_for(1_000 * (CODE_SECONDS - 3))
    one.page.clock.run_for(1_000 * GRACE_SECONDS)
    early = one.told
    lost.clear()
    until(one, "RegistrationSuccess")

    assert "RegistrationExpired" not in early
    assert "RegistrationExpired" not in one.told


def until(one: Listening, name: str) -> None:
    """Let time pass, a second after the other, until a callback was called."""
    for _ in range(90):
        if name in one.told:
            return
        one.page.clock.run_for(1_000)
        one.page.wait_for_timeout(50)  # what comes over the wire takes its own time
    raise AssertionError(one.told)


def test_who_is_away_while_a_code_runs_out_hears_of_a_success_first(one: Listening) -> None:
    one.page.clock.install()
    one.begins()
    one.tell("created")
    one.hears("RegistrationPending")
    one.page.route("**/rtas/negotiate*", lambda route: route.abort())
    one.hub.send_away()
    one.hears("ConnectionReconnecting")

    one.page.clock.run_for(1_000 * (CODE_SECONDS + 2 * GRACE_SECONDS))
    one.tell("success")
    one.page.unroute("**/rtas/negotiate*")
    for _ in range(60):
        if "ConnectionReconnected" not in one.told:
            one.page.clock.run_for(1_000)
    one.hears("RegistrationSuccess")

    assert "RegistrationExpired" not in one.told
