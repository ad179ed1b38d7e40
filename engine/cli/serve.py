"""`serve`: the program as it stands behind an organisation's pages."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING

import click

from engine.cli.command import Documented, data_option, database_option, misused
from engine.cli.opening import refuse_nothing
from engine.settings import Settings, read

if TYPE_CHECKING:
    import socket

    from engine.adapters.address import Address
    from engine.cli.serving.listen import Tls

log = logging.getLogger("trustflow.serve")


@click.command(
    cls=Documented,
    short_help="Serve what is deployed.",
    examples=(
        "trustflow serve --data /srv/trustflow",
        "trustflow serve --public-url https://id.example.org",
        "trustflow serve --host 192.0.2.7 --certificate tls.pem --key tls.key",
        "trustflow serve --database postgresql://trustflow@db.example.org/trustflow?sslmode=verify-full",
    ),
)
@click.option("--host", help="Where to listen (127.0.0.1).")
@click.option("--port", type=click.IntRange(0, 65_535), help="0: any free one (8321).")
@click.option("--public-url", metavar="URL", help="Under which browsers see us.")
@click.option(
    "--certificate",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="PEM, for https without a proxy.",
)
@click.option(
    "--key", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Its key, PEM."
)
@database_option
@data_option
def serve(
    *,
    host: str | None,
    port: int | None,
    public_url: str | None,
    certificate: Path | None,
    key: Path | None,
    database: Address | None,
    data: Path | None,
) -> int:
    """Serve journeys: on this machine by http, beyond it by https alone.

    Behind a proxy say --public-url https://...; without one --certificate and --key. What is
    served is what `deploy` has kept: that begins the data folder, and `migrate` makes a PostgreSQL
    database ready; serve makes neither. Logs are
    JSON lines on standard error. Ctrl-C ends it.
    """
    settings = read(
        data, database=database, host=host, port=port, public_url=public_url,
        certificate=certificate, key=key,
    )  # fmt: skip
    from engine.cli.serving.listen import in_loop
    from engine.cli.serving.logs import log_to_stderr
    from engine.cli.serving.metrics import measured

    refuse_open(settings)
    refuse_nothing(settings)
    log_to_stderr()
    with measured(settings.metrics_port or None):
        in_loop(_serve(settings))
    log.info("ended")
    return 0


def refuse_open(settings: Settings) -> None:
    """Refuse whatever would let passcodes travel in the clear. Raises `click.UsageError`."""
    from engine.cli.serving.listen import WILDCARDS
    from engine.web.sources import is_loopback

    is_https = settings.certificate is not None or settings.public_url.startswith("https://")
    if not is_https and not is_loopback(settings.host):
        misused(
            f"{settings.host} can be reached by others, and http shows them everything. Behind a"
            " proxy say --public-url https://...; without one --certificate and --key."
        )
    if not settings.public_url and settings.host in WILDCARDS:
        misused(f"{settings.host or 'every address'} is no address to open: say --public-url.")


async def _serve(settings: Settings) -> None:
    from engine.app import open_application
    from engine.cli.serving.listen import Surface, Tls, answer, bound

    tls: Tls | None = None
    if settings.certificate is not None and settings.key is not None:
        tls = Tls(certificate=settings.certificate, key=settings.key)
        tls.refuse_unfit()
    taken = bound(settings.host, settings.port)
    surface = Surface(
        socket=taken,
        public_url=settings.public_url or _own_url(settings, taken),
        tls=tls,
        requests_at_once=settings.requests_at_once + settings.listeners_at_once,
    )
    with taken:  # closed also where the data cannot be opened
        application = await open_application(settings, traces=True)
        try:
            await answer(application, surface, when_ready=lambda: _tell(surface.public_url))
        finally:
            await application.close()


def _own_url(settings: Settings, taken: socket.socket) -> str:
    from engine.cli.serving.listen import url_of

    return url_of("https" if settings.certificate else "http", settings.host, taken)


def _tell(url: str) -> None:
    log.info("ready", extra={"facts": {"url": url}})
