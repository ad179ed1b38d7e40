"""Process tokens: made by operators, checked against the definition, shown once (security E)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from msgspec.structs import replace

from engine.access.naming import named
from engine.compile import check_parameters
from engine.model.definition import Definition
from engine.model.names import JsonObject, TenantId
from engine.model.problem import FieldProblem, wrong
from engine.ports.actor import Actor
from engine.ports.store import Conflict, Store
from engine.records.record import Absent, AuditRow, Version
from engine.records.tokens import ProcessToken, TokenStatus, TokenType
from engine.run.library import Library
from engine.run.redirects import REDIRECTS, is_allowed
from engine.run.sessions import digest
from engine.run.unit import Unit

USUAL_LIFE: Final = timedelta(hours=24)
MOST_USES: Final = 1_000_000
SECRET_PREFIX: Final = "pt_"  # noqa: S105 - how a process token's secret begins, not one
LONGEST_DESCRIPTION: Final = 2_000
_TAKEN: Final = (wrong("name", "A token of this name exists already; choose another"),)


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenRequest:
    """What an operator asks for.

    Attributes:
        life: How long it may be used; 24 h unless another is asked for (audited). None: as long as
            its kind.
        max_count: Uses, for a count limited one.
    """

    name: str
    process: str
    process_version: int | None = None
    description: str = ""
    type: TokenType = "MULTI_USE_COUNT_LIMITED"
    max_count: int = 1
    life: timedelta | None = USUAL_LIFE
    not_before: datetime | None = None
    max_process_duration: timedelta | None = None
    parameters: JsonObject = field(default_factory=dict)
    status: TokenStatus = "ACTIVE"


@dataclass(frozen=True, slots=True, kw_only=True)
class Minted:
    """A new token and its secret, which is kept nowhere: show it now."""

    token: ProcessToken
    secret: str = field(repr=False)


@dataclass(slots=True)
class TokenOffice:
    """Makes process tokens."""

    store: Store
    library: Library
    allowed_redirects: Sequence[str]

    async def create(
        self, tenant: TenantId, request: TokenRequest, *, by: Actor
    ) -> Minted | tuple[FieldProblem, ...]:
        """Make a token, or tell every field that is wrong."""
        unit = Unit(self.store, tenant)
        made = await self.stage(unit, request, by=by)
        if isinstance(made, tuple):
            return made
        if isinstance(await self.store.write(tenant, unit.staged()), Conflict):
            return _TAKEN
        return made

    async def stage(
        self, unit: Unit, request: TokenRequest, *, by: Actor
    ) -> Minted | tuple[FieldProblem, ...]:
        """Stage a token in a unit of somebody else's, or tell every field that is wrong."""
        graph = await self.library.named(unit.tenant, request.process, request.process_version)
        if graph is None:
            return (wrong("process", "No such process is deployed in this version"),)
        definition = graph.definition
        problems = (*_shape(request), *self._parameters(definition, request))
        if not problems and await unit.find(ProcessToken, "name", request.name) is not None:
            problems = _TAKEN
        if problems:
            return problems
        checked = check_parameters(definition, request.parameters)
        assert isinstance(checked, dict)  # noqa: S101 - problems were looked at above
        secret = named(unit.tenant, by.chance.token(), SECRET_PREFIX)
        token = _token(request, checked, secret, by)
        unit.put(token, Absent())
        unit.audit(_made(token, by))
        return Minted(token=token, secret=secret)

    def _parameters(
        self, definition: Definition, request: TokenRequest
    ) -> tuple[FieldProblem, ...]:
        checked = check_parameters(definition, request.parameters)
        problems = checked if isinstance(checked, tuple) else ()
        foreign = tuple(
            wrong(name, "This address is not on the list of return addresses")
            for name in REDIRECTS
            if name in request.parameters
            and not is_allowed(str(request.parameters[name]), self.allowed_redirects)
        )
        return (*problems, *foreign)


def _token(request: TokenRequest, parameters: JsonObject, secret: str, by: Actor) -> ProcessToken:
    hashed = digest(secret)
    begins = request.not_before or by.at
    counted = request.type == "MULTI_USE_COUNT_LIMITED"
    return ProcessToken(
        id=by.chance.id(),
        name=request.name,
        description=request.description,
        secret_hash=hashed,
        prefix=hashed[:6],
        process=request.process,
        process_version=request.process_version,
        status=request.status,
        type=request.type,
        max_count=request.max_count if counted else None,
        not_before=request.not_before,
        not_after=begins + request.life if request.life is not None else None,
        max_process_duration=request.max_process_duration,
        parameters=parameters,
        created_at=by.at,
        created_by=by.name,
    )


def set_status(unit: Unit, token: ProcessToken, status: TokenStatus, *, by: Actor) -> ProcessToken:
    """Stage whether a token starts anything; journeys that began with it go on."""
    changed = replace(token, status=status, updated_at=by.at, updated_by=by.name)
    if token.status == status:
        return token
    unit.put(changed, Version(number=token.version))
    action = "token.revoke" if status == "INACTIVE" else "token.activate"
    unit.audit(by.did(action, f"token:{token.id}"))
    return changed


def _shape(request: TokenRequest) -> tuple[FieldProblem, ...]:
    found = []
    if not 1 <= len(request.name) <= 50:
        found.append(wrong("name", "Use 1 to 50 characters"))
    if len(request.description) > LONGEST_DESCRIPTION:
        found.append(wrong("description", f"Use {LONGEST_DESCRIPTION:,} characters at most"))
    if request.type == "MULTI_USE_COUNT_LIMITED" and not 1 <= request.max_count <= MOST_USES:
        found.append(wrong("maxCount", f"Use 1 to {MOST_USES:,}"))
    if request.type == "MULTI_USE_TIME_LIMITED" and request.life is None:
        found.append(wrong("notAfterDtm", "A time limited token needs an end"))
    if request.life is not None and request.life <= timedelta():
        found.append(wrong("notAfterDtm", "The end must come after the beginning"))
    longest = request.max_process_duration
    if longest is not None and longest <= timedelta():
        found.append(wrong("maxProcessDuration", "Use a length above zero such as PT1H"))
    return tuple(found)


def _made(token: ProcessToken, by: Actor) -> AuditRow:
    ends = token.not_after.isoformat() if token.not_after is not None else "never"
    uses = str(token.max_count or "any")
    return by.did("token.create", f"token:{token.id}", type=token.type, uses=uses, ends=ends)
