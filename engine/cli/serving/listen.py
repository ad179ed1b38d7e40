"""The HTTP server: where it listens, within which limits, and how it ends."""

from __future__ import annotations

import asyncio
import errno
import signal
import socket
import ssl
import sys
from collections.abc import Callable, Coroutine, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Final, TypeVar

import uvicorn

from engine.cli.command import fail
from engine.cli.serving.heads import Impatient
from engine.signalr.framing import LONGEST_BYTES
from engine.web.gate.guard import HEAD_BYTES

if TYPE_CHECKING:
    from engine.app import Application

T = TypeVar("T")

BACKLOG: Final = 512
NEXT_PORTS: Final = 50
GRACE_SECONDS: Final = 10
"""How long requests that are being answered may still take after a signal to end."""
GOODBYE_SECONDS: Final = 1
"""For the last words to those who wait for events, before their lines are closed."""
IDLE_SECONDS: Final = 15
WEBSOCKET_BYTES: Final = LONGEST_BYTES
"""The longest frame that is read at all."""
WILDCARDS: Final = ("0.0.0.0", "::", "")  # noqa: S104 - named to be asked for an address, not bound


@dataclass(frozen=True, slots=True, kw_only=True)
class Tls:
    """PEM files of a certificate and its key."""

    certificate: Path
    key: Path

    def refuse_unfit(self) -> None:
        """Refuse files that do not fit together. Raises `Failed`."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        try:
            context.load_cert_chain(self.certificate, self.key)
        except ssl.SSLError:
            fail(f"{self.certificate} and {self.key} are not a certificate in PEM and its key.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Surface:
    """What the server shows to the world: one socket, one address, https or not."""

    socket: socket.socket
    public_url: str
    tls: Tls | None
    requests_at_once: int


def bound(host: str, port: int, *, or_next: bool = False) -> socket.socket:
    """Take a port, and listen.

    Args:
        host: An address or a name of this machine.
        port: 0: any free one.
        or_next: When it is taken, take the next free one of the following 50.

    Raises:
        Failed: It is taken, not allowed, or the host is not this machine.
    """
    last = port + NEXT_PORTS if or_next and port else port
    for number in range(port, min(last, 65_535) + 1):
        try:
            return _listening(host, number)
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                fail(f"Cannot listen at {host} port {number}: {error.strerror or error}.")
    return fail(
        f"Port {port} of {host} is taken. Choose another one with --port. Links follow"
        " TRUSTFLOW_PORT, or `port` in trustflow.toml: set it there, and the links lead to it too."
    )


def _listening(host: str, port: int) -> socket.socket:
    family, kind, protocol, _, address = socket.getaddrinfo(
        host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )[0]
    taken = socket.socket(family, kind, protocol)
    try:
        if sys.platform != "win32":  # there it would let two programs share a port
            taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind(address)
        taken.listen(BACKLOG)  # at once: two programs may bind a port that neither listens at
    except OSError:
        taken.close()
        raise
    return taken


def url_of(scheme: str, host: str, taken: socket.socket) -> str:
    """Write the address of a socket as browsers want it."""
    shown = f"[{host}]" if ":" in host else host
    return f"{scheme}://{shown}:{taken.getsockname()[1]}"


class Server(uvicorn.Server):
    """uvicorn, with a word when it listens, and an end that is quiet and always ours."""

    def __init__(
        self,
        config: uvicorn.Config,
        when_ready: Callable[[], None],
        when_ending: Callable[[], None],
    ) -> None:
        super().__init__(config)
        self._when_ready, self._when_ending = when_ready, when_ending

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, and say so once the port answers."""
        await super().startup(sockets)
        self._when_ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End: whoever waits for events is told to come again, and is not waited for."""
        self._when_ending()
        if self.server_state.tasks:
            await asyncio.wait(self.server_state.tasks, timeout=GOODBYE_SECONDS)
        await super().shutdown(sockets)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """End on SIGINT and SIGTERM; uvicorn's own way raises them once more afterwards."""
        wanted = (signal.SIGINT, signal.SIGTERM)
        before = {number: signal.signal(number, self._end) for number in wanted}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _end(self, number: int, frame: FrameType | None) -> None:
        self.force_exit = self.should_exit  # the second one does not wait for anybody
        self.should_exit = True


def config_of(
    application: Application, surface: Surface, protocol: type[Impatient] = Impatient
) -> uvicorn.Config:
    """Set uvicorn up: no access log, no server header, no trust in proxies (web sees to that)."""
    tls = surface.tls
    return uvicorn.Config(
        application.web(surface.public_url),
        http=protocol,
        ws="websockets-sansio",
        ws_per_message_deflate=False,
        ws_max_size=WEBSOCKET_BYTES,
        loop="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        limit_concurrency=surface.requests_at_once,
        backlog=BACKLOG,
        timeout_keep_alive=IDLE_SECONDS,
        timeout_graceful_shutdown=GRACE_SECONDS,
        h11_max_incomplete_event_size=HEAD_BYTES,
        ssl_certfile=tls.certificate if tls else None,
        ssl_keyfile=tls.key if tls else None,
    )


async def answer(
    application: Application, surface: Surface, *, when_ready: Callable[[], None]
) -> None:
    """Answer requests and fire timers until a signal says to end."""
    with closing(surface.socket):
        server = Server(config_of(application, surface), when_ready, application.say_goodbye)
        async with application.pumping():
            await server.serve([surface.socket])


def in_loop(work: Coroutine[None, None, T]) -> T:
    """Run until done, on uvloop where there is one. Leaves no core dump with secrets in it (D5)."""
    _no_core_dumps()
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        return runner.run(work)


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    if sys.platform == "win32":
        return None
    import uvloop

    return uvloop.new_event_loop


def _no_core_dumps() -> None:
    if sys.platform != "win32":
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
