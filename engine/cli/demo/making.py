"""What a demo has: the shipped definitions, a store with one user, and a link for each start."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from engine.adapters.folder import PackageShelf
from engine.cli import prompt
from engine.cli.administration.tokens import SHORT
from engine.cli.command import fail
from engine.cli.opening import acting, change
from engine.cli.terminal.page import Terminal
from engine.cli.terminal.problems import show_mistakes, show_problems
from engine.compile import Source, parts_among
from engine.identity.passcodes import register
from engine.identity.policies import DEFAULT, policy_id
from engine.identity.stores import add_store
from engine.identity.users import add_user
from engine.ports.paging import every
from engine.records.deployments import Deployment
from engine.records.identity import IdentityStore, Passcode, PasscodePolicy, User
from engine.run.entry.tokens import TokenRequest

if TYPE_CHECKING:
    from engine.app import Application
    from engine.model.problem import FieldProblem
    from engine.ports.actor import Actor
    from engine.ports.outside import Shelf, ShelfText
    from engine.run.unit import Unit
    from engine.secret import Secret

PROCESS: Final = "passcode-authentication"
STORE: Final = "customers"
USER: Final = "ines.carvalho"
FIRST_NAME: Final = "Inês"
USES: Final = 20
"""Enough to play with, and soon used up should the link get about."""
SUGGESTIONS: Final = 5
"""How often another five words are drawn, should they happen to be refused as common."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """What a start has ready. `passcode`: of the first start alone."""

    link_secret: str = field(repr=False)
    passcode: Secret | None


async def make(application: Application) -> Made:
    """Make whatever is missing, and a new link. Raises `Failed`."""
    await _deploy(application)
    passcode = await _first_user(application)
    return Made(link_secret=await _link_secret(application), passcode=passcode)


async def _deploy(application: Application) -> None:
    """Deploy what travels with the program, once: later starts only see that it is there."""
    shelf = PackageShelf()
    definitions = shelf.definitions()
    parts = parts_among(Source(path=one.path, text=one.text) for one in definitions)
    forms = {key: form.text for key, form in shelf.forms().items()}
    there = await _deployed(application, forms, parts)
    there |= {part.text for part in parts.values()}
    for definition in definitions:
        if definition.text not in there:
            await _deploy_one(application, shelf, definition, parts)


async def _deployed(
    application: Application, forms: Mapping[str, bytes], parts: Mapping[str, Source]
) -> set[bytes]:
    """Give the texts of the definitions that are deployed with exactly these forms and parts."""
    return {
        row.bundle.definition.encode()
        async for row in every(application.store, application.tenant, Deployment)
        if all(forms.get(key) == text.encode() for key, text in row.bundle.forms.items())
        and all(
            key in parts and parts[key].text == t.encode() for key, t in row.bundle.parts.items()
        )
    }


async def _deploy_one(
    application: Application, shelf: Shelf, definition: ShelfText, parts: Mapping[str, Source]
) -> None:
    source = Source(path=definition.path, text=definition.text)
    forms = {key: Source(path=form.path, text=form.text) for key, form in shelf.forms().items()}
    actor = await acting(application)
    done = await application.library.deploy(
        application.tenant, source, forms, by=actor, parts=parts
    )
    if isinstance(done, tuple):
        read = (source, *forms.values(), *parts.values())
        texts = {one.path: one.text.decode(errors="replace") for one in read}
        show_problems(Terminal.here(to_errors=True), done, texts)
        fail(f"{definition.path} was not deployed. Mend it; or begin anew: demo --fresh")


async def _first_user(application: Application) -> Secret | None:
    """Make the store and its user with a random passcode, all in one; None: they are there."""
    if await application.store.get(application.tenant, IdentityStore, STORE) is not None:
        return None
    problems: tuple[FieldProblem, ...] = ()
    for _ in range(SUGGESTIONS):
        passcode = prompt.suggested(application.chance)
        first = _FirstUser(application, passcode)
        made = await change(application, first.staged)
        if not isinstance(made, tuple):
            return passcode
        problems = made
    show_mistakes(Terminal.here(to_errors=True), problems)
    return fail("The demo's user could not be made.")


@dataclass(frozen=True, slots=True)
class _FirstUser:
    """The user with this passcode, staged as often as the commit takes."""

    application: Application
    passcode: Secret

    async def staged(self, unit: Unit, actor: Actor) -> Passcode | tuple[FieldProblem, ...]:
        """Stage store, user and passcode."""
        store = await add_store(unit, actor, STORE)
        if not isinstance(store, IdentityStore):
            return store
        user = await add_user(unit, actor, store, ext_id=USER, attributes={"firstName": FIRST_NAME})
        policy = await unit.get(PasscodePolicy, policy_id(STORE, DEFAULT))
        if not isinstance(user, User) or policy is None:
            return fail("The demo's user could not be made.")
        return await register(
            unit, actor, user, policy=policy, passcode=self.passcode, pool=self.application.pool
        )


async def _link_secret(application: Application) -> str:
    request = TokenRequest(
        name=f"demo-{application.chance.id()[-SHORT:]}",
        description="Made when the demo started.",
        process=PROCESS,
        max_count=USES,
        parameters={"userExternalId": USER, "firstName": FIRST_NAME},
    )
    actor = await acting(application)
    minted = await application.office.create(application.tenant, request, by=actor)
    if isinstance(minted, tuple):
        show_mistakes(Terminal.here(to_errors=True), minted)
        fail("The demo's link could not be made.")
    return minted.secret
