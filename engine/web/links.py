"""Where visits are, and the links into one: read from an address, and written as one."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qs, quote, urlsplit

from engine.access.naming import tenant_of
from engine.model.names import InstanceId, TenantId
from engine.run.entry.tokens import SECRET_PREFIX

if TYPE_CHECKING:
    from starlette.datastructures import QueryParams

LANDING_PATH: Final = "/web/trustweb"
"""Where links lead (design 7)."""
HUB_PATH: Final = "/rtas"
"""Where the hub is, and RTAS beneath it."""
NEGOTIATE_PATH: Final = f"{HUB_PATH}/negotiate"
VISITS_PATH: Final = "/web/instances/"
"""Where visits are: `<VISITS_PATH><instance id>` (design 7)."""
DEVICE_PATH: Final = "/web/device"
"""What square codes for a device's agent hold: without one, a browser is told what it is for."""
_TICKET = re.compile(r"([A-Z0-9]{26})\.([A-Za-z0-9_.-]{16,128})")
_LONGEST_LINK = 2_000


def visit_path(instance: str) -> str:
    """Name the clean address of a visit."""
    return f"{VISITS_PATH}{instance}"


def registration_link(origin: str, payload: str) -> str:
    """Write what a device's agent scans to be registered."""
    return f"{origin}{DEVICE_PATH}?payload={quote(payload, safe='')}"


def transaction_link(origin: str, tenant: TenantId, transaction: str) -> str:
    """Write what opens a device's agent where it is asked something."""
    return f"{origin}{DEVICE_PATH}?transaction={tenant}.{transaction}"


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenLink:
    """A link with a process token's secret: `?pt=`."""

    secret: str

    @property
    def tenant(self) -> TenantId:
        """Whose it says to be."""
        return tenant_of(self.secret, SECRET_PREFIX)

    @property
    def address(self) -> str:
        """Where it leads."""
        return self.address_at("")

    def address_at(self, origin: str) -> str:
        """Give the whole address, for whoever sends it to the person."""
        return f"{origin}{LANDING_PATH}?pt={quote(self.secret, safe='')}"


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketLink:
    """A link to an instance that an app created: `?ps=`, with its start ticket."""

    instance: InstanceId
    ticket: str

    @property
    def tenant(self) -> TenantId:
        """Whose it says to be."""
        return tenant_of(self.ticket)

    @property
    def address(self) -> str:
        """Where it leads."""
        return self.address_at("")

    def address_at(self, origin: str) -> str:
        """Give the whole address, for an app. Of the start address inside only `pi` is read."""
        start = f"{origin}/api/process-server/startProcess?pi={self.instance}.{self.ticket}"
        return f"{origin}{LANDING_PATH}?ps={quote(start, safe='')}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ResumeLink:
    """A link back to a paused visit: `?rs=<instance id>.<value>`."""

    instance: InstanceId
    value: str

    @property
    def tenant(self) -> TenantId:
        """Whose it says to be."""
        return tenant_of(self.value)

    @property
    def address(self) -> str:
        """Where it leads."""
        return self.address_at("")

    def address_at(self, origin: str) -> str:
        """Give the whole address, for whoever sends it to the person."""
        return f"{origin}{LANDING_PATH}?rs={self.instance}.{self.value}"


Link = TokenLink | TicketLink | ResumeLink


def link_of(query: QueryParams) -> Link | None:
    """Read which link was opened; None for anything but exactly one well-formed one."""
    found = [(name, value) for name in ("pt", "ps", "rs") for value in query.getlist(name)]
    if len(found) != 1 or len(found[0][1]) > _LONGEST_LINK:
        return None
    name, value = found[0]
    match name:
        case "pt":
            return TokenLink(secret=value)
        case "ps":
            return _ticket_link(value)
        case _:
            return _resume_link(value)


def _resume_link(text: str) -> ResumeLink | None:
    found = _TICKET.fullmatch(text)
    return ResumeLink(instance=InstanceId(found[1]), value=found[2]) if found else None


def _ticket_link(start: str) -> TicketLink | None:
    try:
        given = parse_qs(urlsplit(start).query, max_num_fields=10).get("pi", [])
    except ValueError:
        return None
    return ticket_of(given[0]) if len(given) == 1 else None


def ticket_of(text: str) -> TicketLink | None:
    """Read `<instance id>.<start ticket>`."""
    found = _TICKET.fullmatch(text)
    return TicketLink(instance=InstanceId(found[1]), ticket=found[2]) if found else None
