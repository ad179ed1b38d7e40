"""The command `demo`: everything on this machine, made on the first start, to be played with.

Nothing here is built in: keys, the user and the passcode are made by the first start and are
other ones on every machine (security J6).
"""

from __future__ import annotations

import logging
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click
from msgspec.structs import replace

from engine.cli.command import Documented, fail, misused
from engine.cli.demo.holding import held
from engine.cli.terminal.page import Terminal, clean
from engine.settings import Settings, read

if TYPE_CHECKING:
    from engine.app import Application
    from engine.cli.serving.certificate import LocalCertificate

FOLDER: Final = Path(".trustflow-demo")
MARK: Final = "demo.txt"
MARK_TEXT: Final = "Made by `trustflow demo`; `trustflow demo --fresh` empties this folder.\n"
TLS_FOLDER: Final = "tls"


@click.command(
    cls=Documented,
    short_help="Play with a sign-in on this machine.",
    examples=(
        "trustflow demo",
        "trustflow demo --lan",
        "trustflow demo --data /srv/play --port 9000",
        "trustflow demo --fresh",
    ),
)
@click.option(
    "--data",
    type=click.Path(file_okay=False, path_type=Path),
    help="The demo's data folder (TRUSTFLOW_DATA; else .trustflow-demo here).",
)
@click.option(
    "--port",
    type=click.IntRange(0, 65_535),
    help="0: any free one. (8321; when it is taken, the next free one.)",
)
@click.option("--lan", is_flag=True, help="Serve a phone beside you, by https.")
@click.option("--address", metavar="IP", help="With --lan: which of this machine's addresses.")
@click.option("--fresh", is_flag=True, help="Throw away what earlier demos made, and begin anew.")
def demo(
    *, data: Path | None, port: int | None, lan: bool, address: str | None, fresh: bool
) -> int:
    """Play with a sign-in on this machine: a link, a user, a passcode, a page.

    The first start makes keys, a database and a user with a random passcode, shown once; each
    start makes a new link. Ctrl-C ends it; everything is still there at the next start.
    """
    if address is not None and not lan:
        misused("--address goes with --lan.")
    settings = replace(read(data, usual=FOLDER, port=port), database=None)  # a folder of its own
    from engine.cli.serving.listen import in_loop
    from engine.cli.serving.logs import log_to_stderr

    make_folder(settings.data)
    with held(settings.data):
        prepare_folder(settings.data, fresh=fresh)
        log_to_stderr(logging.WARNING)
        in_loop(_play(settings, lan=lan, address=address))
    Terminal.here().say("\nThe demo has ended. The same command goes on with it.")
    return 0


def make_folder(folder: Path) -> None:
    """Make the folder, or refuse one that holds what no demo made. Raises `Failed`."""
    from engine.app import DATABASE, KEYS

    is_ours = (folder / MARK).exists()
    if not is_ours and any((folder / name).exists() for name in (DATABASE, KEYS)):
        fail(f"{clean(str(folder))} holds data that no demo made. Choose another --data.")
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)


def prepare_folder(folder: Path, *, fresh: bool) -> None:
    """Mark a folder that we hold as a demo's.

    `fresh` takes away what demos make, by name, and nothing else.
    """
    from engine.app import DATABASE, KEYS

    if fresh:
        for name in (DATABASE, f"{DATABASE}-wal", f"{DATABASE}-shm"):
            (folder / name).unlink(missing_ok=True)
        for name in (KEYS, TLS_FOLDER):
            if (folder / name).exists():
                shutil.rmtree(folder / name)
    mark = folder / MARK
    if not mark.exists():
        (folder / ".gitignore").write_text("*\n", encoding="utf-8")  # its keys belong in no commit
        mark.write_text(MARK_TEXT, encoding="utf-8")


async def _play(settings: Settings, *, lan: bool, address: str | None) -> None:
    from engine.app import open_application
    from engine.cli.demo.making import make
    from engine.cli.demo.welcome import Welcome
    from engine.cli.serving.listen import Surface, answer, bound, url_of
    from engine.web.links import TokenLink

    host = settings.host if not lan else address or lan_address()
    taken = bound(host, settings.port, or_next=True)
    application = await open_application(settings)
    try:
        certificate = _certificate(settings, host, application) if lan else None
        made = await make(application)
        url = url_of("https" if lan else "http", host, taken)
        surface = Surface(
            socket=taken, public_url=url, tls=certificate.tls if certificate else None,
            requests_at_once=settings.requests_at_once + settings.listeners_at_once,
        )  # fmt: skip
        link = TokenLink(secret=made.link_secret).address_at(url)
        welcome = Welcome(
            link=link, passcode=made.passcode, folder=settings.data,
            fingerprint=certificate.fingerprint if certificate else None,
            wanted_port=settings.port, port=taken.getsockname()[1],
        )  # fmt: skip
        await answer(application, surface, when_ready=lambda: welcome.show(Terminal.here()))
    finally:
        await application.close()


def lan_address() -> str:
    """Find the address under which this machine's neighbours see it. Nothing is sent for that."""
    import socket

    from engine.web.sources import is_loopback

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # an address for documentation: only routes are asked
            found = str(probe.getsockname()[0])
        except OSError:
            found = "127.0.0.1"
    if is_loopback(found):
        fail("This machine is in no network. If it is, name its address: --lan --address 192.0.2.7")
    return found


def _certificate(settings: Settings, host: str, application: Application) -> LocalCertificate:
    from engine.cli.serving.certificate import local_certificate

    return local_certificate(settings.data / TLS_FOLDER, host, application.clock.now())
