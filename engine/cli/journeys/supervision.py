"""What an operator may do to an `instance` besides looking at it: commands of its group."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from engine.cli.command import Documented, data_option, fail, json_option, url_option
from engine.cli.hints import hint
from engine.cli.journeys.instances import instance
from engine.cli.journeys.meant import instance_named
from engine.cli.opening import acting, with_application
from engine.cli.terminal.page import Terminal, clean, say_json
from engine.model.instance import LABELS, ProcessInstance

if TYPE_CHECKING:
    from engine.app import Application
    from engine.run.oversight.supervision import Deed

_WRONG_STATE: Final[Mapping[str, str]] = {
    "accept": "it is not in review",
    "decline": "it is not in review",
    "retry": "no incident holds it",
    "give-up": "no incident holds it",
    "cancel": "it is over",
}
"""Why nothing was done, by what was wanted."""


def _of_bearable_length(ctx: click.Context, param: click.Parameter, text: str) -> str:
    """Refuse a comment of which only the beginning would be kept."""
    from engine.run.oversight.supervision import LONGEST_COMMENT

    if len(text) > LONGEST_COMMENT:
        message = f"{len(text):,} characters are too many; {LONGEST_COMMENT:,} at most."
        raise click.BadParameter(message, ctx, param)
    return text


comment_option = click.option(
    "--comment",
    default="",
    callback=_of_bearable_length,
    help="Why; kept with the journey, 2,000 characters at most.",
)


@instance.command(
    cls=Documented,
    examples=("trustflow instance accept TF-7K2M-94QX --comment 'Called her back'",),
)
@click.argument("id")
@comment_option
@data_option
@json_option
def accept(*, id: str, comment: str, data: Path | None, as_json: bool) -> int:
    """Accept a journey in review: it goes on from its wait, or is Accepted."""
    return _done(id, "accept", data, comment=comment, as_json=as_json)


@instance.command(
    cls=Documented,
    examples=("trustflow instance decline TF-7K2M-94QX --comment 'Not the same person'",),
)
@click.argument("id")
@comment_option
@data_option
@json_option
def decline(*, id: str, comment: str, data: Path | None, as_json: bool) -> int:
    """Decline a journey in review: it goes on from its wait, or is Declined."""
    return _done(id, "decline", data, comment=comment, as_json=as_json)


@instance.command(cls=Documented, examples=("trustflow instance retry TF-7K2M-94QX",))
@click.argument("id")
@data_option
@json_option
def retry(*, id: str, data: Path | None, as_json: bool) -> int:
    """Let a journey that an incident holds go on from where it last waited.

    Mend the cause first: `instance show` names it. Time stood still meanwhile.
    """
    return _done(id, "retry", data, as_json=as_json)


@instance.command("give-up", cls=Documented, examples=("trustflow instance give-up TF-7K2M-94QX",))
@click.argument("id")
@data_option
@json_option
def give_up(*, id: str, data: Path | None, as_json: bool) -> int:
    """End a journey that an incident holds: nothing will mend it."""
    return _done(id, "give-up", data, as_json=as_json)


@instance.command(cls=Documented, examples=("trustflow instance cancel TF-7K2M-94QX",))
@click.argument("id")
@data_option
@json_option
def cancel(*, id: str, data: Path | None, as_json: bool) -> int:
    """End a journey where it stands: it is Abandoned."""
    return _done(id, "cancel", data, as_json=as_json)


@instance.command(cls=Documented, examples=("trustflow instance link TF-7K2M-94QX",))
@click.argument("id")
@url_option
@data_option
@json_option
def link(*, id: str, url: str | None, data: Path | None, as_json: bool) -> int:
    """Show the link by which a person comes back to a paused journey.

    Whoever has it may go on as that person: send it to nobody else.
    """
    from engine.cli.origin import origin_of
    from engine.cli.terminal.code import show_code

    async def work(application: Application) -> tuple[ProcessInstance, str | None]:
        from engine.model.names import InstanceId
        from engine.run.current import InstanceRef
        from engine.web.links import ResumeLink

        found = await instance_named(application, id)
        ref = InstanceRef(tenant=application.tenant, id=InstanceId(found.id))
        by = await acting(application)
        value = await application.supervisor.resume_value(ref, by)
        if value is None:
            return found, None
        base = (url or origin_of(application.settings)).rstrip("/")
        return found, ResumeLink(instance=ref.id, value=value).address_at(base)

    found, address = with_application(data, work)
    if address is None:
        fail(f"{found.reference} is {LABELS[found.status]}: no link leads back to it.")
    if as_json:
        say_json({"id": found.id, "resumeUrl": address}, shown_once=(address,))
        return 0
    terminal = Terminal.here()
    terminal.show_once(address, "link")
    terminal.say()
    show_code(terminal, address)
    return 0


def _done(id: str, deed: Deed, data: Path | None, *, as_json: bool, comment: str = "") -> int:
    async def work(application: Application) -> tuple[ProcessInstance, bool]:
        from engine.model.names import InstanceId
        from engine.run.current import InstanceRef

        found = await instance_named(application, id)
        ref = InstanceRef(tenant=application.tenant, id=InstanceId(found.id))
        by = await acting(application)
        current = await application.supervisor.act(ref, deed, by, comment)
        return current.instance, not current.already_answered

    now, was_done = with_application(data, work)
    name = now.reference
    if not was_done:
        fail(
            f"Nothing was done to {name}: {_WRONG_STATE[deed]}. It is {LABELS[now.status]}.\n"
            f"  {hint('instance', 'show', name)}"
        )
    if as_json:
        say_json({"id": now.id, "status": now.status, "label": LABELS[now.status]})
    elif now.is_held and now.incident is not None:
        fail(f"{name} broke again at {clean(now.incident.node)}: {clean(now.incident.reason)}")
    else:
        where = f", and waits at {clean(now.node)}" if now.wait is not None else ""
        Terminal.here().say(f"{name} is {LABELS[now.status]}{where}.")
    return 0
