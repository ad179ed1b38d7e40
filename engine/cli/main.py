"""The command line itself: which commands there are, and how it ends."""

from __future__ import annotations

import logging
import sys
from collections.abc import Sequence
from io import TextIOWrapper
from types import TracebackType
from typing import Final, NoReturn

import click

from engine.cli.command import Group
from engine.logs import JsonLines, frames_of
from engine.redaction import redacted

CONTEXT: Final = {"help_option_names": ["-h", "--help"]}
INTERRUPTED: Final = 130

COMMANDS: Final = {
    "demo": "engine.cli.demo.command:demo",
    "serve": "engine.cli.serve:serve",
    "check": "engine.cli.definitions:check",
    "draw": "engine.cli.definitions:draw",
    "deploy": "engine.cli.definitions:deploy",
    "activities": "engine.cli.activities:activities",
    "token": "engine.cli.administration.tokens:token",
    "store": "engine.cli.administration.stores:store",
    "policy": "engine.cli.administration.policies:policy",
    "user": "engine.cli.administration.users:user",
    "passcode": "engine.cli.administration.passcodes:passcode",
    "tenant": "engine.cli.administration.tenants:tenant",
    "apikey": "engine.cli.administration.apikeys:apikey",
    "webhook": "engine.cli.outside.webhooks:webhook",
    "rtas": "engine.cli.outside.rtas:rtas",
    "provider": "engine.cli.outside.providers:provider",
    "outbox": "engine.cli.outside.outbox:outbox",
    "device": "engine.cli.device.command:device",
    "audit": "engine.cli.administration.audit:audit",
    "instance": "engine.cli.journeys.supervision:instance",
    "keys": "engine.cli.keys:keys",
    "purge": "engine.cli.journeys.purging:purge",
    "migrate": "engine.cli.database.migrate:migrate",
    "doctor": "engine.cli.doctor:doctor",
}
SECTIONS: Final = {
    "Begin": ("demo", "serve"),
    "Try": ("device",),
    "Definitions": ("check", "draw", "deploy", "activities"),
    "Administration": (
        "token",
        "store",
        "policy",
        "user",
        "passcode",
        "tenant",
        "apikey",
        "webhook",
        "rtas",
        "provider",
        "outbox",
        "instance",
        "audit",
        "keys",
        "purge",
        "migrate",
        "doctor",
    ),
}


@click.group(cls=Group, where=COMMANDS, sections=SECTIONS, context_settings=CONTEXT)
@click.option("--tenant", metavar="NAME", help="Whose things (TRUSTFLOW_TENANT; else main).")
@click.version_option(package_name="trustflow", message="%(prog)s %(version)s")
def trustflow(tenant: str | None) -> None:
    """Run identity journeys: from a YAML definition to a person's browser.

    Begin with `trustflow demo`. Each command has examples: `trustflow check --help`.
    """


def crashed(kind: type[BaseException], fault: BaseException, where: TracebackType | None) -> None:
    """Say what broke and where, never what it said: that may hold what a person typed (D4, D5)."""
    lines = ["Something broke inside trustflow. Report these lines: they hold nothing of yours.",
             f"  {kind.__qualname__}", *(f"  {frame}" for frame in frames_of(fault))]  # fmt: skip
    click.echo(redacted("\n".join(lines)), err=True)


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run what was asked for (the process's own arguments without) and end the process.

    Exit codes: 0 fine (or warnings), 1 problems found or not done, 2 wrong usage, 130 Ctrl-C.
    """
    sys.excepthook = crashed
    if logging.lastResort is not None:  # what is logged where no command has set a log up
        logging.lastResort.setFormatter(JsonLines())
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):  # a terminal that lacks a sign shows `?` instead
            stream.reconfigure(errors="replace")
    try:
        code = trustflow.main(arguments, "trustflow", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        click.echo("\nStopped.", err=True)
        sys.exit(INTERRUPTED)
    except BrokenPipeError:
        sys.stderr.close()  # or Python tells about the pipe once more when it ends
        sys.exit(0)
    sys.exit(code if isinstance(code, int) else 0)
